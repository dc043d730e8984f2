import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { PYTHON, QUICK } from './asking.js';
import { BLOCKS, blocksOf } from './documents.js';
import { BIN, type Message, Rig } from './rig.js';

const AFIP = {
  version: '1',
  default: 'allow',
  approvals: { expires: '24h' },
  tools: { create_invoice: { action: 'approve' } },
};
const PASTED = {
  version: '1',
  default: 'deny',
  tools: { track_logout: { limits: [{ counter: 'track_logout_rate', window: 'day', max: 30 }] } },
};
const INTERCEPT =
  'version: "1"\ndefault: allow\ntools:\n  drop_table:\n    rules:\n      - { name: never, action: deny, on_deny: No }\n';

/** The file of each client, with an entry `afip`; `wrapped` is one that `uninstall` can take the wrapper out of. */
const entry = { command: 'mcp-afip', args: [] as string[], env: { AFIP_ENV: 'test' } };
const CLIENT_FILES: Readonly<Record<string, string>> = {
  '.claude.json': JSON.stringify({ mcpServers: { afip: entry } }),
  '.cursor/mcp.json': JSON.stringify({ mcpServers: { afip: entry } }),
  '.config/Code/User/mcp.json': JSON.stringify({ servers: { afip: entry } }),
  '.codeium/windsurf/mcp_config.json': JSON.stringify({ mcpServers: { afip: entry } }),
  '.gemini/settings.json': JSON.stringify({ mcpServers: { afip: entry } }),
  '.codex/config.toml': '[mcp_servers.afip]\ncommand = "mcp-afip"\n',
  '.copilot/mcp-config.json': JSON.stringify({ mcpServers: { afip: { ...entry, tools: ['*'] } } }),
  '.config/opencode/opencode.json': JSON.stringify({
    mcp: { afip: { type: 'local', command: ['mcp-afip'] } },
  }),
  '.cline/data/settings/cline_mcp_settings.json': JSON.stringify({ mcpServers: { afip: entry } }),
  '.config/zed/settings.json': JSON.stringify({ context_servers: { afip: { source: 'custom', ...entry } } }),
  '.kiro/settings/mcp.json': JSON.stringify({ mcpServers: { afip: entry } }),
  '.qwen/settings.json': JSON.stringify({ mcpServers: { afip: entry } }),
  '.config/kilo/kilo.jsonc': JSON.stringify({ mcp: { afip: { type: 'local', command: ['mcp-afip'] } } }),
  '.config/goose/config.yaml': 'extensions:\n  afip:\n    cmd: mcp-afip\n    type: stdio\n',
};
const DESKTOP = '.config/Claude/claude_desktop_config.json';

/**
 * A home in which the command lines of the documents make sense: clients with entries, policies, a database with calls
 * in it, of which some wait, and the bundled stand-ins under the names of the servers.
 */
export class Scene implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'policy-wrap-scene-'));
  readonly #template = join(this.#folder, 'template');
  /** What waits; a line that decides gets one of these in the place of the example's. */
  #approval = '';
  #count = 0;

  static async make(): Promise<Scene> {
    const scene = new Scene();
    try {
      await scene.#fill();
      return scene;
    } catch (error) {
      scene[Symbol.dispose]();
      throw error;
    }
  }

  async #fill(): Promise<void> {
    const put = (name: string, content: string | object): void => {
      const path = join(this.#template, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    };
    const shown = blocksOf('docs/writing.md');
    const example = shown.findLast(({ info }) => info === 'json policy')?.text ?? '';
    const cases = shown.find(({ info }) => info === 'json cases')?.text ?? '';
    for (const [name, content] of Object.entries(CLIENT_FILES)) put(name, content);
    put(DESKTOP, { mcpServers: { afip: entry } });
    put('my-policy.json', example);
    put('cases.json', cases);
    put('intercept.yaml', INTERCEPT);
    for (const { document, info, text } of BLOCKS.filter((block) =>
      block.document.startsWith('docs/recipes/'),
    )) {
      const name = `${basename(document, '.md')}.json`;
      if (info === 'json policy') put(name, text);
      if (info === 'json cases') put(join('cases', name), text);
    }
    put('afip-policy.json', AFIP);
    put('legiti-policy.json', PASTED);
    for (const kind of ['afip', 'legiti']) {
      put(`bin/mcp-${kind}`, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" stand-in ${kind}\n`);
      chmodSync(join(this.#template, `bin/mcp-${kind}`), 0o755);
    }
    put('package.json', { name: 'scene', private: true });
    for (const folder of ['bin', 'node_modules/.bin']) {
      mkdirSync(join(this.#template, folder), { recursive: true });
      symlinkSync(BIN, join(this.#template, folder, 'policy-wrap'));
    }
    await using rig = new Rig();
    const run = async (kind: string, calls: readonly (readonly [string, object])[]): Promise<Message[]> => {
      const policy = join(this.#template, `${kind}-policy.json`);
      const wrapper = rig.spawn(['--policy', policy, '--', `mcp-${kind}`], {
        env: this.env(this.#template),
      });
      await wrapper.initialize();
      await wrapper.request('tools/list');
      const answers: Message[] = [];
      for (const [tool, args] of calls) answers.push(await wrapper.call(tool, args));
      await wrapper.end();
      return answers;
    };
    const invoice = { amount_total: 100, doc_number: 1 };
    const [refused] = await run('afip', [
      ['create_invoice', invoice],
      ['get_server_status', {}],
    ]);
    this.#approval = refused?.result?._meta['policy-wrap/decision'].approvalId;
    await run('legiti', [
      ['track_logout', {}],
      ['no_such_tool', {}],
    ]);
    const written = await this.#run('policy-wrap recommend --server mcp-afip -o draft.json', this.#template);
    if (written.code !== 0) throw new Error(written.shown);
  }

  /** @returns a fresh copy of the home */
  home(): string {
    const home = join(this.#folder, String(this.#count++));
    cpSync(this.#template, home, { recursive: true, verbatimSymlinks: true });
    return home;
  }

  /** Types a line in a fresh copy of the home. */
  async type(line: string): Promise<{ readonly code: number; readonly shown: string }> {
    const home = this.home();
    // These lines are about what earlier ones have left.
    if (/ recommend .*-o draft\.json/.test(line)) rmSync(join(home, 'draft.json'));
    if (/ install claude-desktop --add afip/.test(line)) writeFileSync(join(home, DESKTOP), '{}\n');
    if (/ uninstall /.test(line)) await this.#run('policy-wrap install claude-desktop afip --yes', home);
    return await this.#run(line.replace(/\b7k2x9q\b/, this.#approval), home);
  }

  #run(line: string, home: string): Promise<{ code: number; shown: string }> {
    const argv = [...QUICK, resolve('test/fixtures/person.py'), '/bin/sh', '-c', line];
    return new Promise((done) => {
      execFile(
        String(PYTHON),
        argv,
        { cwd: home, env: this.env(home), maxBuffer: 1 << 26 },
        (error, stdout, stderr) =>
          done({ code: error ? Number(error.code ?? -1) : 0, shown: stdout + stderr }),
      );
    });
  }

  /** What programs find in such a home. */
  env(home: string): NodeJS.ProcessEnv {
    const path = [join(home, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
    return { PATH: path, HOME: home, TERM: 'xterm', XDG_CONFIG_HOME: undefined, XDG_DATA_HOME: undefined };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
