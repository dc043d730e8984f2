import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { install } from '../../../src/cli/commands/install.js';
import { uninstall } from '../../../src/cli/commands/uninstall.js';
import type { InstallOptions } from '../../../src/cli/install/options.js';
import { ALLOW, Home } from '../../clients/home.js';

const DESKTOP = '.config/Claude/claude_desktop_config.json';
const ENTRY = '{ "command": "mcp-afip", "args": ["-v"], "env": { "AFIP_TOKEN": "s3cret" } }';
const CONFIG = `{\n  "mcpServers": {\n    "afip": ${ENTRY},\n    "remote": { "type": "ws", "url": "wss://x" }\n  }\n}\n`;

const wordsOf = (started: Home['started'][number] | undefined) =>
  Array.isArray(started?.words) ? started.words : [];

async function run(home: Home, options: Partial<InstallOptions>): Promise<number> {
  return await install({ client: 'claude-desktop', entries: [], ...options }, home.io);
}

/** The error of a call that must fail. */
async function failure(running: Promise<unknown>): Promise<unknown> {
  try {
    await running;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

describe('install', () => {
  test('shows the change, writes it, starts the server once, and says how to go on and back', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    expect(await run(home, { entries: ['afip'], yes: true })).toBe(0);
    const { node, script } = home.wrapper;
    expect(home.get(DESKTOP)).toBe(
      CONFIG.replace(
        '"mcp-afip", "args": ["-v"]',
        `${JSON.stringify(node)}, "args": [${JSON.stringify(script)}, "--server", "afip", "--db", ${JSON.stringify(home.database)}, "--", "mcp-afip", "-v"]`,
      ),
    );
    expect(home.started).toEqual([
      {
        words: [node, script, '--server', 'afip', '--db', home.database, '--', 'mcp-afip', '-v'],
        env: { AFIP_TOKEN: 's3cret' },
        cwd: undefined,
      },
    ]);
    expect(home.out).toContain('@@ -1,6 +1,6 @@');
    expect(home.out).toContain('"env": { "AFIP_TOKEN": "***" }');
    expect(home.out).toContain('afip: wrapped; test start: 20 tools\n');
    expect(home.out).toContain('Next: Quit Claude Desktop fully');
    expect(home.out).toContain('Undo: policy-wrap uninstall claude-desktop afip\n');
    expect(home.out + home.err).not.toContain('s3cret');
    const [backup] = home.list(home.backups);
    expect(home.get(`data/backups/${backup}`)).toBe(CONFIG);
    expect(home.err).toContain(`${backup}\n`);
  });

  test('again: nothing to do, nothing written, exit code 0', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    await run(home, { entries: ['afip'], yes: true });
    const before = statSync(home.path(DESKTOP)).ino;
    expect(await run(home, { entries: ['afip'] })).toBe(0);
    expect(home.err).toContain('afip: wrapped already\n');
    expect(statSync(home.path(DESKTOP)).ino).toBe(before);
    expect(home.list(home.backups)).toHaveLength(1);
  });

  test('--dry-run shows the change and writes nothing', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    expect(await run(home, { entries: ['afip'], dryRun: true })).toBe(0);
    expect(home.out).toContain('+    "afip": { "command": ');
    expect(home.get(DESKTOP)).toBe(CONFIG);
    expect(home.list(home.backups)).toEqual([]);
    expect(home.started).toEqual([]);
  });

  test('--all wraps what can be wrapped and says what cannot', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    expect(await run(home, { all: true, yes: true })).toBe(0);
    expect(home.err).toContain(
      'remote: a remote server that cannot be wrapped in place: it is reached by WebSocket',
    );
    expect(home.started).toHaveLength(1);
  });

  test('asks which, asks whether, and takes no for an answer', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    home.interactive = true;
    home.answers = ['afip', 'n'];
    expect(await run(home, {})).toBe(0);
    expect(home.asked.map(({ question }) => question)).toEqual([
      'Wrap which of "afip"? (names, or all) ',
      'Wrap "afip"? [y/N] ',
    ]);
    expect(home.err).toContain('Nothing was written.');
    // Standard output goes elsewhere here: what the question is about stands beside it.
    expect(home.err).toContain('+    "afip": { "command": ');
    expect(home.get(DESKTOP)).toBe(CONFIG);
    home.answers = ['all', 'yes'];
    expect(await run(home, {})).toBe(0);
    expect(home.get(DESKTOP)).not.toBe(CONFIG);
  });

  test.each<[title: string, options: Partial<InstallOptions>, error: object]>([
    [
      'no terminal and no --yes',
      { entries: ['afip'] },
      { code: 'USAGE', message: 'nobody can be asked here' },
    ],
    [
      'no terminal and no names',
      { yes: true },
      { code: 'USAGE', hint: 'Name them, or say --all. There are: "afip".' },
    ],
    [
      'an unknown entry',
      { entries: ['x'], yes: true },
      { code: 'NOT_FOUND', hint: 'There are: afip, remote.' },
    ],
    ['a remote entry by name', { entries: ['afip', 'remote'], yes: true }, { code: 'CONFIG_INVALID' }],
    ['an unknown client', { client: 'x', yes: true }, { code: 'USAGE', message: 'no client called x' }],
    ['no client', { client: undefined }, { code: 'USAGE', message: 'which client?' }],
    ['a client of which only the snippet is known', { client: 'junie', entries: ['a'] }, { code: 'USAGE' }],
    [
      'a scope that the client has not',
      { scope: 'local', entries: ['a'] },
      { code: 'USAGE', hint: 'It has: user.' },
    ],
    ['a policy that is not there', { entries: ['afip'], policy: 'x.json' }, { code: 'POLICY_NOT_FOUND' }],
    [
      '--add of a name that is there',
      { add: 'afip', command: ['a'], yes: true },
      { code: 'CONFIG_CONFLICT' },
    ],
    ['--add without a command', { add: 'new', yes: true }, { code: 'USAGE' }],
    [
      '--add with an environment that is not set',
      { add: 'new', command: ['a'], env: ['NOPE'], yes: true },
      { code: 'USAGE' },
    ],
  ])('refused, and nothing written: %s', async (_title, options, error) => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    expect(await failure(run(home, options))).toMatchObject(error);
    expect(home.get(DESKTOP)).toBe(CONFIG);
    expect(home.list(home.backups)).toEqual([]);
    expect(home.started).toEqual([]);
  });

  test('a file that cannot be parsed: its place is named, and not a byte is written', async () => {
    using home = new Home();
    const text = '{\n  "mcpServers": {\n    "afip": { "command": "a", }\n  }\n}\n';
    const path = home.put(DESKTOP, text);
    expect(await failure(run(home, { entries: ['afip'], yes: true }))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${path}:3:29: a comma before the closing bracket, which this client does not accept`,
    });
    expect(home.get(DESKTOP)).toBe(text);
    expect(home.list(home.path('.config/Claude'))).toEqual(['claude_desktop_config.json']);
  });

  test.runIf(process.platform !== 'win32')('a read-only file', async () => {
    using home = new Home();
    const path = home.put(DESKTOP, CONFIG);
    chmodSync(path, 0o400);
    expect(await failure(run(home, { entries: ['afip'], yes: true }))).toMatchObject({
      code: 'CONFIG_CONFLICT',
      message: `${path}: the file is read-only`,
    });
    expect(home.get(DESKTOP)).toBe(CONFIG);
  });

  test('a file that changes while the question stands', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    home.interactive = true;
    const io = {
      ...home.io,
      ask: async () => {
        home.put(DESKTOP, `${CONFIG} `);
        return 'y';
      },
    };
    expect(await failure(install({ client: 'claude-desktop', entries: ['afip'] }, io))).toMatchObject({
      code: 'CONFIG_CONFLICT',
    });
    expect(home.get(DESKTOP)).toBe(`${CONFIG} `);
  });

  test('a symbolic link stays one', async () => {
    using home = new Home();
    const target = home.put('dotfiles/claude.json', CONFIG);
    mkdirSync(home.path('.config/Claude'), { recursive: true });
    symlinkSync(target, home.path(DESKTOP));
    await run(home, { entries: ['afip'], yes: true });
    expect(home.get('dotfiles/claude.json')).not.toBe(CONFIG);
    expect(await uninstall({ client: 'claude-desktop', entries: ['afip'], yes: true }, home.io)).toBe(0);
    expect(home.get('dotfiles/claude.json')).toBe(CONFIG);
  });

  test('a server that does not start is written all the same, and the exit code says so', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    home.tools = () => {
      throw new Error('spawn mcp-afip ENOENT\u001b[0m');
    };
    expect(await run(home, { entries: ['afip'], yes: true })).toBe(1);
    expect(home.out).toContain('afip: wrapped, but the test start failed: spawn mcp-afip ENOENT\\u{1b}[0m\n');
    expect(home.out).toContain('Undo: ');
  });

  test('a server whose values only the client knows is not started', async () => {
    using home = new Home();
    home.put(
      '.config/Code/User/mcp.json',
      JSON.stringify({ servers: { a: { command: 'm', args: ['$\u007binput:x}'] } } }),
    );
    expect(await run(home, { client: 'vscode', entries: ['a'], yes: true })).toBe(0);
    expect(home.started).toEqual([]);
    expect(home.out).toContain('not started for a test');
  });

  test('warns while an app runs that rewrites its file', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    home.running = ['/usr/lib/claude-desktop/claude-desktop'];
    await run(home, { entries: ['afip'], yes: true });
    expect(home.err).toContain('Claude Desktop seems to be running. It writes this file itself');
    home.err = '';
    home.running = undefined;
    home.put('project/pol.json', ALLOW);
    await run(home, { entries: ['afip'], policy: 'pol.json', yes: true });
    expect(home.err).not.toContain('running');
  });

  test('a policy is written with its absolute path, and a later one takes its place', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    home.put('project/one.json', ALLOW);
    home.put('project/two.json', ALLOW);
    for (const policy of ['one.json', 'two.json']) {
      await run(home, { entries: ['afip'], policy, yes: true });
      const named = ['--server', 'afip', '--db', home.database, '--policy', home.path(`project/${policy}`)];
      expect([...wordsOf(home.started.at(-1))].slice(2)).toEqual([...named, '--', 'mcp-afip', '-v']);
    }
    await uninstall({ client: 'claude-desktop', entries: ['afip'], yes: true }, home.io);
    expect(home.get(DESKTOP)).toBe(CONFIG);
  });

  test('warns of the same server in another client', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    const cursor = home.put('.cursor/mcp.json', '{"mcpServers": {"taxes": {"command": "mcp-afip"}}}');
    await run(home, { entries: ['afip'], yes: true });
    // Its words differ only in arguments, which make no other server.
    expect(home.err).toContain(`Cursor still starts the same server without a policy: taxes in ${cursor}\n`);
  });

  test('scopes: user and local without being asked, project only when named', async () => {
    using home = new Home();
    const entry = { a: { command: 'mcp-a' }, p: { command: 'mcp-p' } };
    home.put(
      '.claude.json',
      JSON.stringify({
        mcpServers: { a: entry.a },
        projects: { [home.path('project')]: { mcpServers: { a: entry.a } } },
      }),
    );
    home.put('project/.mcp.json', JSON.stringify({ mcpServers: entry }));
    const { mcpServers } = JSON.parse(home.get('.claude.json'));
    await run(home, { client: 'claude-code', entries: ['a'], yes: true });
    const after = JSON.parse(home.get('.claude.json'));
    expect(after.mcpServers.a.command).toBe(home.wrapper.node);
    expect(after.projects[home.path('project')].mcpServers.a.command).toBe(home.wrapper.node);
    expect(JSON.parse(home.get('project/.mcp.json')).mcpServers.a).toEqual(mcpServers.a);
    expect(await failure(run(home, { client: 'claude-code', entries: ['p'], yes: true }))).toMatchObject({
      code: 'NOT_FOUND',
      hint: 'It is in the project scope: add --scope project.',
    });
    await run(home, { client: 'claude-code', entries: ['p'], scope: 'project', yes: true });
    expect(home.err).toContain('The file belongs to the project.');
    expect(home.out).toContain('Undo: policy-wrap uninstall claude-code --scope project p\n');
  });

  test('a file of 5 MB, of which one entry changes', async () => {
    using home = new Home();
    const history = Array.from(
      { length: 9_000 },
      (_, i) => `      { "display": "${'x'.repeat(500)}", "n": ${i} }`,
    ).join(',\n');
    const text = `{\n  "projects": {\n    "/p": { "history": [\n${history}\n    ] }\n  },\n  "mcpServers": {\n    "a": { "command": "mcp-a" }\n  }\n}\n`;
    expect(text.length).toBeGreaterThan(4_500_000);
    home.put('.claude.json', text);
    await run(home, { client: 'claude-code', entries: ['a'], yes: true });
    expect(home.get('.claude.json').length - text.length).toBeLessThan(500);
    expect(home.out.length).toBeLessThan(3_000);
    await uninstall({ client: 'claude-code', entries: ['a'], yes: true }, home.io);
    expect(home.get('.claude.json')).toBe(text);
  });

  test.each<[file: string, content: string]>([
    [
      'zed.json',
      '// Zed\n{ "context_servers": { "a": { "source": "custom", "command": "mcp-a", "args": [] } } }\n',
    ],
    ['opencode.jsonc', '{ "mcp": { "a": { "type": "local", "command": ["mcp-a", "x"] } } }\n'],
    ['other.toml', '[mcp_servers.a]\ncommand = "mcp-a"\n'],
    ['goose.yaml', '# Goose\nextensions:\n  a:\n    cmd: mcp-a\n    args:\n      - x # first\n'],
  ])('--config %s', async (file, content) => {
    using home = new Home();
    home.put(`project/${file}`, content);
    // Without a client, the first word is an entry.
    expect(await run(home, { client: 'a', config: file, yes: true })).toBe(0);
    expect(home.get(`project/${file}`)).toContain('policy-wrap.js');
    expect(home.out).toContain(`Undo: policy-wrap uninstall --config ${file} a\n`);
    await uninstall({ client: 'a', entries: [], config: file, yes: true }, home.io);
    expect(home.get(`project/${file}`)).toBe(content);
  });

  test.each<[client: string, file: string, fixture: string, entries: string[]]>([
    ['copilot-cli', '.copilot/mcp-config.json', 'copilot-cli.before.json', ['afip', 'bare']],
    ['opencode', '.config/opencode/opencode.jsonc', 'opencode.before.json', []],
    ['cline', '.cline/data/settings/cline_mcp_settings.json', 'cline.before.json', ['afip', 'off']],
    ['zed', '.config/zed/settings.json', 'zed.before.json', []],
    ['kiro', '.kiro/settings/mcp.json', 'kiro.before.json', ['afip', 'bare']],
    ['qwen', '.qwen/settings.json', 'qwen.before.json', ['afip']],
    ['kilo', '.config/kilo/kilo.jsonc', 'kilo.before.json', ['afip', 'alone']],
    [
      'goose',
      '.config/goose/config.yaml',
      'goose.before.yaml',
      ['afip', 'bare', 'flow', 'short', 'empty', 'wide'],
    ],
  ])(
    '%s by name: wrapped where it keeps its servers, and back to the same bytes',
    async (client, file, fixture, entries) => {
      using home = new Home();
      const before = readFileSync(join(import.meta.dirname, '../../fixtures/clients', fixture), 'utf8');
      home.put(file, before);
      expect(await run(home, { client, entries: [], all: true, yes: true })).toBe(0);
      for (const entry of entries) expect(home.out).toContain(`${entry}: wrapped`);
      expect(home.get(file)).not.toBe(before);
      await uninstall({ client, entries: [], all: true, yes: true }, home.io);
      expect(home.get(file)).toBe(before);
    },
  );

  test('--print shows the wrapped entry and writes nothing', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    expect(await run(home, { entries: ['afip'], print: true })).toBe(0);
    expect(JSON.parse(home.out)).toEqual({
      mcpServers: {
        afip: {
          command: home.wrapper.node,
          args: [home.wrapper.script, '--server', 'afip', '--db', home.database, '--', 'mcp-afip', '-v'],
        },
      },
    });
    expect(home.get(DESKTOP)).toBe(CONFIG);
  });

  test('says so when the wrapper itself lies in the cache of npx', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    const script = home.put('.npm/_npx/1a2b/node_modules/policy-wrap/bin/policy-wrap.js', '');
    await install(
      { client: 'claude-desktop', entries: ['afip'], yes: true },
      { ...home.io, wrapper: { node: process.execPath, script } },
    );
    expect(home.err).toContain('lies in the cache of npx');
  });
});

/** A file of each client, where that client keeps it on Linux. */
const EACH: readonly [client: string, fixture: string, path: string][] = [
  ['claude-desktop', 'claude-desktop.before.json', DESKTOP],
  ['claude-code', 'claude-code.before.json', '.claude.json'],
  ['cursor', 'cursor.before.json', '.cursor/mcp.json'],
  ['vscode', 'vscode.before.json', '.config/Code/User/mcp.json'],
  ['windsurf', 'windsurf.before.json', '.codeium/windsurf/mcp_config.json'],
  ['gemini', 'gemini.before.json', '.gemini/settings.json'],
  ['codex', 'codex.before.toml', '.codex/config.toml'],
];

describe.each(EACH)('%s', (client, fixture, path) => {
  const before = readFileSync(join(import.meta.dirname, '../../fixtures/clients', fixture), 'utf8');
  const all = { client, entries: [], all: true, yes: true };

  async function bothWays(home: Home, text: string): Promise<void> {
    expect(await install(all, home.io)).toBe(0);
    expect(home.get(path).split('policy-wrap.js').length).toBeGreaterThan(1);
    expect(await uninstall(all, home.io)).toBe(0);
    expect(home.get(path)).toBe(text);
  }

  test('in and out again', async () => {
    using home = new Home();
    home.put(path, before);
    await bothWays(home, before);
  });

  test('through a symbolic link', async () => {
    using home = new Home();
    const target = home.put('dotfiles/file', before);
    mkdirSync(dirname(home.path(path)), { recursive: true });
    symlinkSync(target, home.path(path));
    await bothWays(home, before);
    expect(lstatSync(home.path(path)).isSymbolicLink()).toBe(true);
    expect(home.get('dotfiles/file')).toBe(before);
  });

  test('a file of more than 5 MB', async () => {
    using home = new Home();
    const long = 'x'.repeat(5_500_000);
    const text = fixture.endsWith('.toml')
      ? `# ${long}\n${before}`
      : before.replace('{', `{"long": "${long}",`);
    home.put(path, text);
    await bothWays(home, text);
    expect(home.out.length).toBeLessThan(20_000);
  });

  test.runIf(process.platform !== 'win32')('read-only: refused', async () => {
    using home = new Home();
    chmodSync(home.put(path, before), 0o444);
    const error = { code: 'CONFIG_CONFLICT', message: `${home.path(path)}: the file is read-only` };
    expect(await failure(install(all, home.io))).toMatchObject(error);
    expect(home.get(path)).toBe(before);
  });

  test('cut off in the middle: refused with line and column', async () => {
    using home = new Home();
    const text = before.slice(0, before.indexOf('"env') > 0 ? before.indexOf('"env') + 2 : 60);
    home.put(path, text);
    const error = await failure(install(all, home.io));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(/:\d+:\d+: /) });
    expect(home.get(path)).toBe(text);
    expect(home.list(home.backups)).toEqual([]);
  });
});

describe('install --add', () => {
  const variables = [
    { name: 'AFIP_CUIT', description: 'taxpayer number', secret: false, required: true },
    { name: 'AFIP_TOKEN', description: 'access token', secret: true, required: true },
    { name: 'AFIP_ENV', description: 'environment', secret: false, required: false },
  ];

  test('asks for what the server needs, a secret without echo, and shows none of it', async () => {
    using home = new Home();
    home.put(DESKTOP, '{}');
    home.interactive = true;
    home.variables = variables;
    home.answers = ['20111111112', 's3cret', '', 'y'];
    expect(await run(home, { add: 'afip', command: ['mcp-afip'] })).toBe(0);
    expect(home.asked).toEqual([
      { question: 'AFIP_CUIT (taxpayer number): ', secret: false },
      { question: 'AFIP_TOKEN (access token): ', secret: true },
      { question: 'AFIP_ENV (environment; may stay empty): ', secret: false },
      { question: 'Add "afip"? [y/N] ', secret: false },
    ]);
    expect(JSON.parse(home.get(DESKTOP))).toEqual({
      mcpServers: {
        afip: {
          command: home.wrapper.node,
          args: [home.wrapper.script, '--server', 'afip', '--db', home.database, '--', 'mcp-afip'],
          env: { AFIP_CUIT: '20111111112', AFIP_TOKEN: 's3cret' },
        },
      },
    });
    expect(home.out + home.err).not.toMatch(/s3cret|20111111112/);
    expect(home.started[0]?.env).toEqual({ AFIP_CUIT: '20111111112', AFIP_TOKEN: 's3cret' });
  });

  test('without a terminal: values from the environment by name, and what is missing is said', async () => {
    using home = new Home();
    mkdirSync(home.path('.cursor'));
    home.env.AFIP_TOKEN = 's3cret';
    home.variables = variables;
    expect(
      await run(home, {
        client: 'cursor',
        add: 'afip',
        command: ['npx', '-y', 'mcp-afip'],
        env: ['AFIP_TOKEN', 'X=1'],
        yes: true,
      }),
    ).toBe(0);
    expect(home.err).toContain('AFIP_CUIT is left out; the server needs it: taxpayer number\n');
    expect(JSON.parse(home.get('.cursor/mcp.json')).mcpServers.afip.env).toEqual({
      AFIP_TOKEN: 's3cret',
      X: '1',
    });
    if (process.platform !== 'win32')
      expect(statSync(home.path('.cursor/mcp.json')).mode & 0o777).toBe(0o600);
  });

  test('an app that is not there is not given a configuration', async () => {
    using home = new Home();
    expect(await failure(run(home, { add: 'a', command: ['a'], yes: true }))).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(home.list(home.path('.config'))).toEqual([]);
  });

  test('a blank file is a place to begin; one with content is not', async () => {
    using home = new Home();
    home.put(DESKTOP, ' \n');
    await run(home, { add: 'a', command: ['mcp-a'], yes: true });
    expect(JSON.parse(home.get(DESKTOP)).mcpServers.a).toBeDefined();
    expect(home.list(home.backups)).toHaveLength(1);
  });

  test.each<[client: string, scope: 'project' | 'local', file: string]>([
    ['vscode', 'project', 'project/.vscode/mcp.json'],
    ['claude-code', 'project', 'project/.mcp.json'],
    ['claude-code', 'local', '.claude.json'],
    ['codex', 'project', 'project/.codex/config.toml'],
    ['goose', 'project', 'project/.goose/config.yaml'],
    ['zed', 'project', 'project/.zed/settings.json'],
    ['qwen', 'local', 'project/.qwen/settings.local.json'],
  ])('%s, scope %s', async (client, scope, file) => {
    using home = new Home();
    if (scope === 'local') home.put('.claude.json', '{"projects": {}}');
    expect(await run(home, { client, scope, add: 'a', command: ['mcp-a'], yes: true })).toBe(0);
    const before = home.get(file);
    expect(before).toContain('policy-wrap.js');
    await uninstall({ client, scope, entries: ['a'], yes: true }, home.io);
    expect(home.get(file)).toContain('"mcp-a"');
    expect(home.get(file)).not.toContain('policy-wrap.js');
  });

  test('a program named by a relative path is written as an absolute one', async () => {
    using home = new Home();
    home.put(DESKTOP, '{}');
    await run(home, { add: 'a', command: ['./server', './data'], yes: true });
    expect(wordsOf(home.started[0]).slice(-2)).toEqual([home.path('project/server'), './data']);
    expect(home.err).toContain('A relative path among the arguments');
  });

  test.each([
    ['goose', 'extensions:\n  afip:\n'],
    ['zed', '{\n  "context_servers": {\n    "afip": {\n      "source": "custom",\n'],
    ['codex', '[mcp_servers.afip]\n'],
    ['cursor', '{\n  "mcpServers": {\n    "afip": {\n'],
  ])('--print for %s shows names of the environment, no values', async (client, start) => {
    using home = new Home();
    home.variables = variables;
    home.env.AFIP_TOKEN = 's3cret';
    expect(
      await run(home, { client, add: 'afip', command: ['mcp-afip'], env: ['AFIP_TOKEN'], print: true }),
    ).toBe(0);
    expect(home.out.startsWith(start)).toBe(true);
    expect(home.out).toContain('AFIP_TOKEN');
    expect(home.out).not.toContain('s3cret');
  });
});

describe('uninstall', () => {
  test('is not for an agent: what is unwrapped is judged by nobody', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    await run(home, { entries: ['afip'], yes: true });
    const wrapped = home.get(DESKTOP);
    home.env.OPENCODE = '1';
    const options = { client: 'claude-desktop', entries: [], all: true };
    await expect(uninstall({ ...options, yes: true }, home.io)).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(uninstall({ ...options, restore: 'x', yes: true }, home.io)).rejects.toMatchObject({
      code: 'REFUSED',
    });
    expect(home.get(DESKTOP)).toBe(wrapped);
    expect(await uninstall({ ...options, dryRun: true }, home.io)).toBe(0);
  });

  test('nor is another policy for what is wrapped, which may let more through', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    await run(home, { entries: ['afip'], yes: true });
    const wrapped = home.get(DESKTOP);
    home.env.OPENCODE = '1';
    const policy = home.put('loose.json', '{"version":"1","default":"allow"}');
    for (const place of [{ policy }, { db: home.put('other.db', '') }]) {
      const options = { entries: ['afip'], ...place };
      await expect(run(home, { ...options, yes: true })).rejects.toMatchObject({ code: 'REFUSED' });
      expect(home.get(DESKTOP)).toBe(wrapped);
      expect(await run(home, { ...options, dryRun: true })).toBe(0);
    }
    expect(await run(home, { entries: ['afip'], yes: true })).toBe(0);
  });

  test('later edits survive; --restore brings the old file back', async () => {
    using home = new Home();
    const path = home.put(DESKTOP, CONFIG);
    await run(home, { entries: ['afip'], yes: true });
    const [backup = ''] = home.list(home.backups);
    writeFileSync(path, home.get(DESKTOP).replace('"-v"', '"-v", "--later"').replace('s3cret', 'changed'));
    const edited = home.get(DESKTOP);
    expect(await uninstall({ client: 'claude-desktop', entries: [], all: true, yes: true }, home.io)).toBe(0);
    expect(home.get(DESKTOP)).toBe(CONFIG.replace('"-v"', '"-v", "--later"').replace('s3cret', 'changed'));
    expect(
      await uninstall({ client: 'claude-desktop', entries: [], restore: backup, yes: true }, home.io),
    ).toBe(0);
    expect(home.get(DESKTOP)).toBe(CONFIG);
    // Each step kept what it replaced.
    const contents = home.list(home.backups).map((name) => readFileSync(`${home.backups}/${name}`, 'utf8'));
    expect(contents).toContain(edited);
    expect(home.out).not.toMatch(/s3cret|changed/);
  });

  test('says what is kept and where, and how to be rid of it once nothing is wrapped any more', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG.replace('"remote":', `"second": ${ENTRY}, "remote":`));
    home.put('config/policy-wrap/afip.json', ALLOW);
    const rid =
      'Nothing is wrapped any more. To be rid of it all, delete these folders, then\n  npm uninstall -g policy-wrap\n';
    const kept = (data: string) =>
      [
        home.path('config/policy-wrap'),
        'policies',
        home.path('data'),
        `counters, approvals, the log, ${data}`,
      ].join(' ');
    const shown = () => (home.out.split('Kept:')[1] ?? '').trim().replace(/\s+/g, ' ');
    const undo = { client: 'claude-desktop', yes: true };
    await run(home, { entries: ['afip', 'second'], yes: true });
    home.out = '';
    await uninstall({ ...undo, entries: ['afip'] }, home.io);
    expect(shown()).toBe(kept('backups'));
    home.put('data/logins/a.json', '{}');
    home.put('.cache/policy-wrap/compiled/x', '');
    home.out = '';
    await uninstall({ ...undo, entries: [], all: true }, home.io);
    const all = `${kept('logins, backups')} ${home.path('.cache/policy-wrap')} compiled code`;
    expect(shown()).toBe(`${all} ${rid.trim().replace(/\s+/g, ' ')}`);
    expect(home.out.endsWith(rid)).toBe(true);
  });

  test('--restore mends a file that cannot even be parsed, and one that is gone', async () => {
    using home = new Home();
    const path = home.put(DESKTOP, CONFIG);
    await run(home, { entries: ['afip'], yes: true });
    const [backup = ''] = home.list(home.backups);
    for (const damage of [() => writeFileSync(path, '{'), () => rmSync(path)]) {
      damage();
      await uninstall({ client: 'claude-desktop', entries: [], restore: backup, yes: true }, home.io);
      expect(home.get(DESKTOP)).toBe(CONFIG);
    }
  });

  test.each<[title: string, options: object, error: object]>([
    ['a backup of nothing', { restore: 'x.bak', yes: true }, { code: 'NOT_FOUND' }],
    ['an unknown entry', { entries: ['x'], yes: true }, { code: 'NOT_FOUND' }],
    [
      'no terminal, no names',
      { yes: true },
      { code: 'USAGE', hint: 'Name them, or say --all. There are: "afip".' },
    ],
    ['no terminal, no --yes', { entries: ['afip'] }, { code: 'USAGE' }],
  ])('refused: %s', async (_title, options, error) => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    await run(home, { entries: ['afip'], yes: true });
    const before = home.get(DESKTOP);
    expect(
      await failure(uninstall({ client: 'claude-desktop', entries: [], ...options }, home.io)),
    ).toMatchObject(error);
    expect(home.get(DESKTOP)).toBe(before);
  });

  test('what is not wrapped stays as it is', async () => {
    using home = new Home();
    home.put(DESKTOP, CONFIG);
    expect(await uninstall({ client: 'claude-desktop', entries: ['afip'], yes: true }, home.io)).toBe(0);
    expect(await uninstall({ client: 'claude-desktop', entries: [], all: true, yes: true }, home.io)).toBe(0);
    expect(home.err).toContain('afip: not wrapped\n');
    expect(home.err).toContain('Claude Desktop has no wrapped servers.\n');
    expect(home.get(DESKTOP)).toBe(CONFIG);
  });
});
