import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clients } from '../../../src/cli/commands/clients.js';
import { install } from '../../../src/cli/commands/install.js';
import { uninstall } from '../../../src/cli/commands/uninstall.js';
import type { InstallOptions } from '../../../src/cli/install/options.js';
import { processTerminal } from '../../../src/cli/terminal.js';
import { clientsTerminal } from '../../../src/cli/this-installation.js';
import { ALLOW, Home } from '../../clients/home.js';
import { RECORDER, Rig } from '../../support/rig.js';

const DESKTOP = '.config/Claude/claude_desktop_config.json';
const BARE = '{ "mcpServers": { "afip": { "command": "mcp-afip", "args": ["-v"] } } }\n';

async function run(home: Home, options: Partial<InstallOptions> = {}): Promise<number> {
  return await install({ client: 'claude-desktop', entries: ['afip'], yes: true, ...options }, home.io);
}

/** An entry wrapped by this copy with these options, as it stood before entries named a database. */
function wrapped(home: Home, options: readonly string[], env?: object): string {
  const { node, script } = home.wrapper;
  const entry = { command: node, args: [script, ...options, '--', 'mcp-afip', '-v'], ...(env && { env }) };
  return `${JSON.stringify({ mcpServers: { afip: entry } }, null, 2)}\n`;
}

/** The wrapper's own options in the entry as it is now. */
function optionsOf(home: Home): string[] {
  const { args } = JSON.parse(home.get(DESKTOP)).mcpServers.afip;
  return args.slice(1, args.indexOf('--'));
}

async function out(home: Home): Promise<string> {
  await uninstall({ client: 'claude-desktop', entries: [], all: true, yes: true }, home.io);
  return home.get(DESKTOP);
}

describe('G4: an entry names its database, whoever starts it', () => {
  test('a new one, and the policy that is found for it now; unwrapping gives the bytes back', async () => {
    using home = new Home();
    home.put(DESKTOP, BARE);
    const policy = home.put('config/policy-wrap/afip.json', ALLOW);
    home.policies.set('afip', policy);
    expect(await run(home)).toBe(0);
    expect(optionsOf(home)).toEqual([
      ...['--server', 'afip', '--db', home.database],
      ...['--policy', policy],
    ]);
    home.err = '';
    expect(await run(home)).toBe(0);
    expect(home.err).toContain('wrapped already');
    expect(await out(home)).toBe(BARE);
  });

  test('one that --db names, relative to where it is typed', async () => {
    using home = new Home();
    home.put(DESKTOP, BARE);
    await run(home, { db: 'own.db' });
    expect(optionsOf(home)).toEqual(['--server', 'afip', '--db', home.path('project/own.db')]);
    await run(home, { db: '~/own.db' });
    expect(optionsOf(home)).toEqual(['--server', 'afip', '--db', home.path('own.db')]);
    expect(await out(home)).toBe(BARE);
  });

  test.each<[title: string, before: string[], env: object | undefined, after: (home: Home) => string[]]>([
    ['without one', ['--observe'], undefined, ({ database }) => ['--observe', '--db', database]],
    ['with its own', ['--db', '/srv/own.db'], undefined, () => ['--db', '/srv/own.db']],
    ['with its own, joined by =', ['--db=/srv/own.db'], undefined, () => ['--db=/srv/own.db']],
    ['in the home folder', ['--db', '~/own.db'], undefined, (home) => ['--db', home.path('own.db')]],
    ['relative', ['--db', 'own.db'], undefined, ({ database }) => ['--db', database]],
    ['that only the client knows', ['--db', `\${env:X}/a`], undefined, () => ['--db', `\${env:X}/a`]],
    ['named by its environment', ['--observe'], { POLICY_WRAP_DB: '/srv/e.db' }, () => ['--observe']],
    [
      'in front of a preset',
      ['--preset', 'afip'],
      undefined,
      ({ database }) => ['--preset', 'afip', '--db', database],
    ],
    [
      'whose policy is named by a value that looks like the option',
      ['--server', '--db', '--policy', '~/p.json'],
      undefined,
      (home) => ['--server', '--db', '--policy', home.path('p.json'), '--db', home.database],
    ],
    [
      'with a policy in the home folder',
      ['-p', '~/p.json', '--db', '/srv/own.db'],
      undefined,
      (home) => ['--policy', home.path('p.json'), '--db', '/srv/own.db'],
    ],
  ])('a wrapped one %s', async (_title, before, env, after) => {
    using home = new Home();
    home.policies.set('other', '/never.json');
    home.put('p.json', ALLOW);
    home.put(DESKTOP, wrapped(home, before, env));
    expect(await run(home)).toBe(0);
    expect(optionsOf(home)).toEqual(after(home));
    expect(JSON.parse(await out(home)).mcpServers.afip).toEqual({
      command: 'mcp-afip',
      args: ['-v'],
      ...(env && { env }),
    });
  });

  test('a wrapped one gets the policy of its own name, unless it names one', async () => {
    for (const [options, env, expected] of [
      [['--server', 'x'], false, 'x.json'],
      [['--server=x'], false, 'x.json'],
      [['--server', 'x', '--preset', 'afip'], false, undefined],
      [['--server', 'x', '--policy', '~/own.json'], false, 'own.json'],
      [['--server', 'x'], true, undefined],
    ] as const) {
      using home = new Home();
      for (const name of ['x.json', 'afip.json', 'own.json', 'e.json']) home.put(name, ALLOW);
      home.policies.set('x', home.path('x.json')).set('afip', home.path('afip.json'));
      home.put(
        DESKTOP,
        wrapped(home, options, env ? { POLICY_WRAP_POLICY: home.path('e.json') } : undefined),
      );
      await run(home);
      const now = optionsOf(home);
      const at = now.indexOf('--policy');
      expect(at === -1 ? undefined : now[at + 1]).toBe(expected && home.path(expected));
    }
  });

  test('the entry that --add and --print show', async () => {
    using home = new Home();
    home.put(DESKTOP, '{}');
    await run(home, { entries: [], add: 'new', command: ['mcp-new'], print: true });
    expect(home.out).toContain(`"--db", ${JSON.stringify(home.database)}`);
    await run(home, { entries: [], add: 'new', command: ['mcp-new'] });
    expect(JSON.parse(home.get(DESKTOP)).mcpServers.new.args).toContain(home.database);
  });

  test('what this machine says: POLICY_WRAP_DB, else the folder that all launchers share', () => {
    const { database, policyOf } = clientsTerminal(processTerminal());
    const before = { ...process.env };
    try {
      Object.assign(process.env, { HOME: '/home/ana', XDG_DATA_HOME: '/home/ana/snap/code/1/.local/share' });
      if (process.platform === 'linux')
        expect(database()).toBe('/home/ana/.local/share/policy-wrap/policy-wrap.db');
      process.env.POLICY_WRAP_DB = '~/x.db';
      if (process.platform === 'linux') expect(database()).toBe('/home/ana/x.db');
      expect(policyOf(['no-such-server'])).toBeUndefined();
    } finally {
      for (const name of ['HOME', 'XDG_DATA_HOME', 'POLICY_WRAP_DB']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });
});

test('--print --add without a client prints an entry for any', async () => {
  using home = new Home();
  const options = { client: undefined, entries: [], add: 'afip', command: ['mcp-afip'], print: true };
  expect(await install(options, home.io)).toBe(0);
  expect(JSON.parse(home.out).mcpServers.afip.args.slice(-2)).toEqual(['--', 'mcp-afip']);
  expect(home.err).toContain('any client');
});

test('--print shows no secret of a command line', async () => {
  using home = new Home();
  home.put(DESKTOP, '{"mcpServers": {"afip": {"command": "a", "args": ["--token", "s3cret"]}}}');
  await run(home, { print: true });
  await run(home, {
    client: 'cursor',
    entries: [],
    add: 'b',
    command: ['b', '--password', '-s3cret'],
    print: true,
  });
  expect(home.out).not.toContain('s3cret');
  expect(home.out).toContain('"--token", "***"');
  expect(home.err).toContain('*** stands for what is not shown');
});

test('the diff of install shows no secret, behind a flag or in a comment', async () => {
  using home = new Home();
  home.put(
    '.cursor/mcp.json',
    `{ "mcpServers": {
    // KEY=s3cret
    "a": {
      // run it with --password s3cret
      "command": "mcp-a",
      "args": ["--password", "-s3cret"] // TOKEN: s3cret
    } } }\n`,
  );
  await run(home, { client: 'cursor', entries: ['a'], dryRun: true });
  expect(home.out).toContain('"--password", "***"');
  expect(home.out).toContain('// KEY=***');
  expect(home.out).not.toContain('s3cret');
});

describe('a byte order mark', () => {
  test.each<[client: string, file: string, refused: boolean]>([
    ['claude-desktop', DESKTOP, true],
    ['claude-code', '.claude.json', true],
    ['gemini', '.gemini/settings.json', true],
    ['cursor', '.cursor/mcp.json', false],
    ['windsurf', '.codeium/windsurf/mcp_config.json', false],
  ])('%s', async (client, file, refused) => {
    using home = new Home();
    const text = `\uFEFF${BARE}`;
    const path = home.put(file, text);
    const running = run(home, { client });
    if (refused) {
      await expect(running).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: `${path}:1:1: begins with a byte order mark, with which this client refuses or empties the file`,
        hint: expect.stringContaining('without a byte order mark'),
      });
    } else {
      expect(await running).toBe(0);
      await uninstall({ client, entries: [], all: true, yes: true }, home.io);
    }
    expect(home.get(file)).toBe(text);
  });
});

test('in the home folder each file is listed once, through a link too', async () => {
  using home = new Home();
  home.put('.cursor/mcp.json', BARE);
  home.put('.gemini/settings.json', BARE);
  home.put('.claude.json', '{"mcpServers": {}, "projects": {}}');
  const list = async (cwd: string) => {
    home.out = '';
    await clients({ json: true }, { ...home.io, machine: { ...home.machine, cwd } });
    return JSON.parse(home.out).places.map(
      ({ client, scope }: { client: string; scope: string }) => `${client} ${scope}`,
    );
  };
  const once = ['claude-code user', 'claude-code local', 'cursor user', 'gemini user'];
  expect(await list(home.root)).toEqual(once);
  mkdirSync(home.path('project/.cursor'));
  symlinkSync(home.path('.cursor/mcp.json'), home.path('project/.cursor/mcp.json'));
  expect(await list(home.path('project'))).toEqual(once);
});

describe('the test start', () => {
  test('is given the working directory of the entry', async () => {
    using home = new Home();
    home.put(DESKTOP, '{"mcpServers": {"afip": {"command": "mcp-afip", "cwd": "/srv/afip"}}}');
    await run(home);
    expect(home.started[0]?.cwd).toBe('/srv/afip');
  });

  test('is left out where only the client knows the working directory', async () => {
    using home = new Home();
    const entry = { command: 'mcp-afip', cwd: `\${workspaceFolder}` };
    home.put('.config/Code/User/mcp.json', JSON.stringify({ servers: { afip: entry } }));
    await run(home, { client: 'vscode' });
    expect(home.started).toEqual([]);
  });

  test('starts the server there', async () => {
    await using rig = new Rig();
    const config = JSON.stringify({ tools: ['one', 'two'] });
    writeFileSync(
      join(rig.folder, 'server.mjs'),
      `process.argv[2] = ${JSON.stringify(config)};\nawait import(${JSON.stringify(RECORDER)});\n`,
    );
    expect(
      await clientsTerminal(processTerminal()).probe(process.execPath, ['server.mjs'], {}, rig.folder),
    ).toBe(2);
  });
});
