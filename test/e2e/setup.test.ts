import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { atTerminal, PYTHON } from '../support/asking.js';
import { type CliResult, cli } from '../support/cli.js';
import { RECORDER, Rig, refusalCode } from '../support/rig.js';

const DESKTOP = '.config/Claude/claude_desktop_config.json';
const CURSOR = '.cursor/mcp.json';
const tools = (...names: string[]) => ({
  command: process.execPath,
  args: [RECORDER, JSON.stringify({ tools: names })],
});
/** The same under a program's name of its own. */
const program = (account: Account, name: string, ...names: string[]) => {
  const { command, args } = tools(...names);
  account.put(`bin/${name}`, `#!/bin/sh\nexec "${command}" "${args[0]}" '${args[1]}'\n`);
  chmodSync(account.path(`bin/${name}`), 0o755);
  return { command: account.path(`bin/${name}`) };
};
/** One that starts, one whose command is missing, one remote; odd bytes, to be had back. */
const CONFIG = `{
\t"mcpServers" : {
\t\t"files": ${JSON.stringify(tools('read_file', 'write_file', 'delete_file'))},
\t\t"ghost": { "command": "mcp-ghost-that-is-not-there" },
\t\t"linear": { "url": "wss://mcp.example.com/ws", "type": "ws" }
\t}
}
`;

/** A home in which nothing but these files is. */
class Account implements AsyncDisposable {
  readonly rig = new Rig();
  readonly env = {
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: this.rig.folder,
    TERM: 'xterm-256color',
  };

  put(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  path = (name: string): string => join(this.rig.folder, name);
  get = (name: string): string => readFileSync(this.path(name), 'utf8');
  run = (...args: string[]): CliResult => cli(args, { env: this.env, cwd: this.rig.folder });

  /** @returns what the terminal showed, without its colours */
  async type(args: readonly string[], answers: readonly (readonly [string, string])[]): Promise<string> {
    const { stdout } = await atTerminal(args, answers, this.env);
    return stripVTControlCharacters(stdout).replaceAll('\r', '');
  }

  /** Every file of ours, by path. */
  files(): string[] {
    return ['.config/policy-wrap', '.local/share/policy-wrap'].flatMap((folder) =>
      existsSync(this.path(folder)) ? readdirSync(this.path(folder)).map((name) => `${folder}/${name}`) : [],
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.rig[Symbol.asyncDispose]();
  }
}

/** The words with which a client starts an entry. */
const entryOf = (text: string, name: string): { command: string; args: string[] } =>
  JSON.parse(text).mcpServers[name];

const ENTER = '\r';
const DOWN = '\u001b[B';
const ALL_YES = ['setup', '--client', 'claude-desktop', '--all', '--strength', 'brake', '--yes'];

describe('a script', () => {
  test('protects with one line; a second changes nothing and says so; one other line gives the bytes back', async () => {
    await using account = new Account();
    account.put(DESKTOP, CONFIG);
    const first = account.run(...ALL_YES);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toMatch(/^ {2}passes +read_file$/m);
    expect(first.stdout).toMatch(
      /^ {2}limited +write_file: 5 with the same arguments per 10 minutes \(same_change\)$/m,
    );
    expect(first.stdout).toMatch(/^ {2}asks you +delete_file$/m);
    expect(first.stdout).toMatch(
      /^ {2}together +60 per minute \(calls\), 10 that fail per 10 minutes \(failures\), 30\s+with\s+the\s+same\s+arguments/m,
    );
    expect(first.stdout).toMatch(/^ {2}ghost +does not start: mcp-ghost-that-is-not-there was not found/m);
    expect(first.stdout).toMatch(
      /^ {2}linear +a remote server that cannot be wrapped in place: it is reached by WebSocket$/m,
    );
    expect(first.stdout).toMatch(/^ {2}restart +Quit Claude Desktop fully/m);
    const undo = /^ {2}undo +policy-wrap (.*)$/m.exec(first.stdout)?.[1];
    expect(undo).toBe('uninstall claude-desktop files');

    const { args } = entryOf(account.get(DESKTOP), 'files');
    const wrapper = account.rig.spawn(args.slice(1), { env: account.env });
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('read_file', { path: 'a' }))).toBeUndefined();
    expect(refusalCode(await wrapper.call('delete_file', { path: 'a' }))).toBe('APPROVAL_REQUIRED');
    for (let n = 0; n < 5; n++)
      expect(refusalCode(await wrapper.call('write_file', { path: 'a' }))).toBeUndefined();
    expect(refusalCode(await wrapper.call('write_file', { path: 'a' }))).toBe('LIMIT');
    await wrapper.end();

    const before = account.get(DESKTOP);
    const again = account.run(...ALL_YES);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to change') });
    expect(again.stdout).not.toContain('To be written');
    expect(account.get(DESKTOP)).toBe(before);

    expect(account.run(...String(undo).split(' '), '--yes').code).toBe(0);
    expect(account.get(DESKTOP)).toBe(CONFIG);
  });

  test('several clients at once, and all of them out again', async () => {
    await using account = new Account();
    account.put(DESKTOP, CONFIG);
    const cursor = JSON.stringify({ mcpServers: { notes: program(account, 'mcp-notes', 'get_note') } });
    account.put(CURSOR, cursor);
    account.put('.codeium/windsurf/mcp_config.json', '{ broken');
    const done = account.run('setup', '--all', '--yes');
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toMatch(/Left alone: .*mcp_config\.json/);
    expect(done.stderr).toContain('notes has no policy yet, so it gets brake');
    expect(done.stdout).toMatch(/^ {2}undo +policy-wrap uninstall --all$/m);
    expect(account.run('uninstall', '--all', '--yes').code).toBe(0);
    expect([account.get(DESKTOP), account.get(CURSOR)]).toEqual([CONFIG, cursor]);
    expect(account.run('uninstall', '--all', '--yes')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('No client has a wrapped server.'),
    });
  });

  test.each<[title: string, args: string[], code: number, says: string]>([
    ['nobody can be asked', ['setup'], 2, '--strength brake --yes'],
    [
      'no servers are named',
      ['setup', '--yes'],
      2,
      'policy-wrap setup files --yes, or say --all. There are: files',
    ],
    ['a server that is not there', ['setup', 'nope', '--yes'], 1, 'There are: files, ghost'],
    ['a client that is not known', ['setup', '--client', 'emacs', '--all', '--yes'], 2, 'emacs'],
    [
      'a client without servers',
      ['setup', '--client', 'cursor', '--all', '--yes'],
      1,
      'Cursor: no MCP server.\n  Looked in: ~/.cursor/mcp.json. Claude Desktop has some: policy-wrap setup --client claude-desktop',
    ],
    ['half of a name of a client', ['setup', '--client', 'cluade'], 2, '--strength brake --yes'],
    [
      'half of a name of a client, to a script',
      ['setup', '--client', 'cluade', '--all', '--yes'],
      2,
      'Did you mean "claude-desktop" or "claude-code"?',
    ],
    [
      'a strength that there is not',
      ['setup', '--all', '--yes', '--strength', 'braek'],
      2,
      '"braek" is none of',
    ],
  ])('%s: refused, and nothing is written or started', async (_title, args, code, says) => {
    await using account = new Account();
    account.put(DESKTOP, CONFIG);
    const done = account.run(...args);
    expect(done).toMatchObject({ code, stderr: expect.stringContaining(says) });
    expect(done.stderr + done.stdout).not.toContain('Starting');
    expect([account.get(DESKTOP), account.files()]).toEqual([CONFIG, []]);
  });

  test('--dry-run shows the change and writes nothing; --no-start starts nothing', async () => {
    await using account = new Account();
    const marker = account.path('started');
    const touch = `require('fs').writeFileSync(${JSON.stringify(marker)}, '')`;
    const config = JSON.stringify({ mcpServers: { x: { command: process.execPath, args: ['-e', touch] } } });
    account.put(DESKTOP, config);
    const { code, stdout } = account.run('setup', '--all', '--yes', '--dry-run', '--no-start');
    expect(code).toBe(0);
    expect(stdout).toMatch(/not started, so it\s+goes\s+by\s+the\s+names\s+of\s+tools\s+alone/);
    expect(stdout).toContain('"--policy"');
    // The whole line, and the whole policy.
    expect(stdout).toContain(JSON.stringify(touch));
    expect(stdout).toMatch(/^\+ +"default": "allow"/m);
    expect([account.get(DESKTOP), account.files(), existsSync(marker)]).toEqual([config, [], false]);
  });

  test('a policy that is there is kept, and a strength that is not used is told', async () => {
    await using account = new Account();
    account.put(DESKTOP, CONFIG);
    expect(account.run(...ALL_YES).code).toBe(0);
    const file = '.config/policy-wrap/files.json';
    const policy = account.get(file);
    expect(account.run('uninstall', '--all', '--yes').code).toBe(0);
    const { code, stdout } = account.run('setup', '--all', '--strength', 'careful', '--yes');
    expect(code).toBe(0);
    expect(stdout).toContain(
      'Kept as it is\n  files  keeps ~/.config/policy-wrap/files.json (brake); careful is not used: move the file away',
    );
    expect(account.get(file)).toBe(policy);
  });

  test("what counts in a team's store is told with its team, and a server whose entry lacks that store stays as it is", async () => {
    await using account = new Account();
    const store = 'postgres://alice@127.0.0.1:9/app?team=billing';
    const { command, args } = tools('read_file');
    const wrapper = ['policy-wrap', '--server', 'shared', '--store', store, '--', command, ...args];
    const config = JSON.stringify({
      mcpServers: {
        shared: { command: 'npx', args: ['-y', ...wrapper] },
        invoices: tools('read_invoice'),
        files: tools('read_file', 'write_file'),
      },
    });
    account.put(DESKTOP, config);
    for (const [name, team] of [
      ['shared', 'billing'],
      ['invoices', 'billing'],
    ])
      account.put(
        `.config/policy-wrap/${name}.json`,
        JSON.stringify({ version: '1', default: 'allow', store: team }),
      );
    const { stdout } = account.run('setup', '--all', '--strength', 'brake', '--yes', '--no-start');
    expect(stdout).toMatch(/^ {2}shared +wrapped already, with the store of the team billing$/m);
    expect(stdout).toMatch(
      /^ {2}counts +in the store of the team billing:\n +policy-wrap status --store 'postgres:/m,
    );
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'invoices its policy counts in the store of the team billing, and its entry names none, so every call would be refused: ' +
        "policy-wrap install claude-desktop invoices --store 'postgres://<login>@<host>/<database>?team=billing'",
    );
    const { mcpServers } = JSON.parse(account.get(DESKTOP));
    expect(mcpServers.invoices).toEqual(tools('read_invoice'));
    expect(mcpServers.files.args).toContain('--policy');
    expect(mcpServers.shared.args).toContain(store);
  });

  test('an agent is told that this is for a person', async () => {
    await using account = new Account();
    account.put(DESKTOP, CONFIG);
    const { code, stderr } = cli(ALL_YES, { env: { ...account.env, CODEX_SANDBOX: '1' } });
    expect([code, account.get(DESKTOP)]).toEqual([1, CONFIG]);
    expect(stderr).toContain('Codex');
  });
});

describe.skipIf(PYTHON === undefined)('a person at a terminal of 80 columns', () => {
  test('types policy-wrap alone, answers with Enter, and is protected', async () => {
    await using account = new Account();
    account.put(DESKTOP, CONFIG);
    const shown = await account.type(
      [],
      [
        ['Set it up now?', ENTER],
        ['Start files, ghost once, to see what they can do?', ENTER],
        ['Which servers shall be protected?', ENTER],
        ['How strict for files?', ENTER],
        ['Write this?', ENTER],
      ],
    );
    expect(shown).toContain('files  3 tools: 1 read, 1 write, 1 destroy\n');
    expect(shown).toMatch(/^ {2}started +yes, with 3 tools for your client$/m);
    expect(entryOf(account.get(DESKTOP), 'files').args).toContain('--policy');
    // The whole of it is looked at in test/recording.
    const screen = shown.slice(shown.indexOf('\nfiles in Claude Desktop\n'));
    expect(screen.length).toBeGreaterThan(100);
    for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('who wants no server started has none started, also after the change', async () => {
    await using account = new Account();
    const marker = account.path('started');
    const touch = `require('fs').writeFileSync(${JSON.stringify(marker)}, '')`;
    account.put(
      DESKTOP,
      JSON.stringify({ mcpServers: { x: { command: process.execPath, args: ['-e', touch] } } }),
    );
    const shown = await account.type(
      ['setup'],
      [
        ['Start x once, to see what they can do?', 'n'],
        ['Which servers shall be protected?', ENTER],
        ['How strict for x?', ENTER],
        ['Write this?', ENTER],
      ],
    );
    expect(shown).toMatch(/^ {2}started +not now, as you wished; your client starts it$/m);
    expect(entryOf(account.get(DESKTOP), 'x').args).toContain('--policy');
    expect(existsSync(marker)).toBe(false);
  });

  test('chooses the clients, the servers and a strength for each', async () => {
    await using account = new Account();
    account.put(DESKTOP, CONFIG);
    const notes = program(account, 'mcp-notes', 'get_note');
    const mail = program(account, 'mcp-mail', 'send_mail');
    account.put(CURSOR, JSON.stringify({ mcpServers: { notes, mail } }));
    await account.type(
      ['setup'],
      [
        ['Which clients?', ENTER],
        ['once, to see what they can do?', ENTER],
        // Without the first.
        ['Which servers shall be protected?', ` ${ENTER}`],
        ['How strict?', `${DOWN}${DOWN}${DOWN}${DOWN}${ENTER}`],
        ['How strict for notes?', `${DOWN}${ENTER}`],
        ['How strict for mail?', `${DOWN}${DOWN}${ENTER}`],
        ['Write this?', ENTER],
      ],
    );
    expect(account.get(DESKTOP)).toBe(CONFIG);
    const policyOf = (name: string) => {
      const { args } = entryOf(account.get(CURSOR), name);
      return readFileSync(String(args[args.indexOf('--policy') + 1]), 'utf8');
    };
    expect([policyOf('notes'), policyOf('mail')]).toEqual([
      expect.stringContaining('// careful: '),
      expect.stringContaining('// watch: '),
    ]);
  });

  test('an Enter typed before a question is no answer; Ctrl-C leaves none on the screen', async () => {
    await using account = new Account();
    account.put(DESKTOP, CONFIG);
    // In the mode that a terminal is in before a question, Enter comes as a line feed.
    const shown = await account.type([], [['Set it up now?', '\n\u0003']]);
    expect(shown.slice(shown.lastIndexOf('Set it up now?'))).toContain('Cancelled\n');
    expect(shown).not.toContain('lists the commands');
    const yes = await account.type(
      [],
      [
        ['Set it up now?', `\n${ENTER}`],
        ['to see what they can do?', '\u0003'],
      ],
    );
    expect(yes).toContain('to see what they can do?');
    expect(account.get(DESKTOP)).toBe(CONFIG);
  });

  test.each<[title: string, answers: [string, string][]]>([
    ['no to the offer', [['Set it up now?', 'n']]],
    ['Ctrl-C at the first question', [['Set it up now?', '\u0003']]],
    [
      'no to the change',
      [
        ['Set it up now?', ENTER],
        ['to see what they can do?', ENTER],
        ['Which servers', ENTER],
        ['How strict', ENTER],
        ['Write this?', `${DOWN}${DOWN}${ENTER}`],
      ],
    ],
  ])('%s: nothing is written', async (_title, answers) => {
    await using account = new Account();
    account.put(DESKTOP, CONFIG);
    const shown = await account.type([], answers);
    expect(shown).not.toMatch(/^ {2}started /m);
    expect([account.get(DESKTOP), account.files()]).toEqual([CONFIG, []]);
  });
});
