import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/clients/finding.js';
import { findAll, findTrackedSecrets, trackedByGit } from '../../src/clients/findings.js';
import { identityOfWords, type PlaceReport, sameServer, takeInventory } from '../../src/clients/inventory.js';
import { CLIENTS, type Client, clientById } from '../../src/clients/known-clients.js';
import { Home } from './home.js';

function reports(home: Home, clients?: readonly Client[]): PlaceReport[] {
  return takeInventory(home.machine, home.wrapper, clients);
}

function brief({ code, client, entry, fix }: Finding): string {
  return `${code} ${client} ${entry ?? '-'}: ${fix}`;
}

function wrapped(home: Home, words: string[], wrapper = home.wrapper): object {
  return { command: wrapper.node, args: [wrapper.script, '--db', '/srv/state.db', '--', ...words] };
}

function servers(entries: Record<string, object>): string {
  return JSON.stringify({ mcpServers: entries });
}

const untracked = async (): Promise<boolean> => false;

describe('findAll', () => {
  test('nothing is wrong with a home without clients, nor with entries as install leaves them', async () => {
    using home = new Home();
    expect(await findAll(reports(home), untracked)).toEqual([]);
    home.put(
      '.cursor/mcp.json',
      servers({ a: wrapped(home, ['mcp-a']), b: { command: 'mcp-b' }, c: { url: 'https://c' } }),
    );
    expect(await findAll(reports(home), untracked)).toEqual([]);
  });

  test('a file that cannot be parsed, and an entry without a server', async () => {
    using home = new Home();
    const path = home.put('.config/Claude/claude_desktop_config.json', '{\n  "mcpServers": {},\n}');
    home.put('.cursor/mcp.json', servers({ a: { command: 'policy-wrap', args: ['mcp-a'] } }));
    const found = await findAll(reports(home), untracked);
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
      `UNREADABLE ${path}:2:19: a comma before the closing bracket, which this client does not accept`,
      'BROKEN_ENTRY a starts policy-wrap without `--` before a server.',
    ]);
  });

  test('a Node or a script that is gone, and another copy of the wrapper', async () => {
    using home = new Home();
    const other = { ...home.wrapper, script: home.put('other/bin/policy-wrap.js', '') };
    home.put(
      '.cursor/mcp.json',
      servers({
        'no node': wrapped(home, ['a'], { ...home.wrapper, node: '/gone/node' }),
        'no-script': wrapped(home, ['b'], { ...home.wrapper, script: '/gone/bin/policy-wrap.js' }),
        other: wrapped(home, ['c'], other),
        byhand: { command: 'npx', args: ['policy-wrap', '--db', '/srv/state.db', '--', 'd'] },
      }),
    );
    home.put('project/.mcp.json', servers({ p: wrapped(home, ['e'], other) }));
    expect((await findAll(reports(home), untracked)).map(brief)).toEqual([
      'OTHER_SCRIPT claude-code p: policy-wrap install claude-code p --scope project',
      "NODE_GONE cursor no node: policy-wrap install cursor 'no node'",
      'SCRIPT_GONE cursor no-script: policy-wrap install cursor no-script',
      'OTHER_SCRIPT cursor other: policy-wrap install cursor other',
    ]);
  });

  test('G4: a wrapped entry that leaves its database to who starts it, or to the working directory', async () => {
    using home = new Home();
    const { node, script } = home.wrapper;
    const entry = (options: string[], env?: object) => ({
      command: node,
      args: [script, ...options, '--', 'mcp'],
      ...(env && { env }),
    });
    home.put(
      '.cursor/mcp.json',
      servers({
        none: entry(['--server', '--db']),
        byhand: { command: 'npx', args: ['-y', 'policy-wrap', '--', 'mcp'] },
        env: entry([], { POLICY_WRAP_DB: '~/x.db' }),
        good: entry(['--db=/srv/x.db', '-p', '~/p.json']),
        relative: entry(['--db', 'x.db']),
        policy: entry(['--db', '/x.db', '--policy', './p.json']),
        variable: entry(['--db', `\${env:X}/x.db`]),
        'env variable': entry(['--db', '/x.db'], { POLICY_WRAP_POLICY: '%APPDATA%/p.json' }),
        bare: { command: 'mcp', args: ['--db', 'x.db'] },
      }),
    );
    const found = await findAll(reports(home), untracked, home.machine);
    expect(
      found
        .filter(({ code }) => code !== 'UNWRAPPED_TWIN' && code !== 'SPLIT_NAME')
        .map(({ code, message, fix }) => `${code} ${message} ${fix}`),
    ).toEqual([
      'NO_DATABASE none names no database (--db): which one it uses depends on who starts it. policy-wrap install cursor none',
      'NO_DATABASE byhand names no database (--db): which one it uses depends on who starts it. policy-wrap install cursor byhand',
      'MOVING_PLACE relative: --db x.db: a relative path. The wrapper refuses to start. policy-wrap install cursor relative',
      'MOVING_PLACE policy: --policy ./p.json: a relative path. The wrapper refuses to start. Write an absolute path.',
      `MOVING_PLACE variable: --db \${env:X}/x.db: variables are not filled in here. The wrapper refuses to start, unless the client fills it in. Write an absolute path.`,
      'MOVING_PLACE env variable: POLICY_WRAP_POLICY %APPDATA%/p.json: variables are not filled in here. The wrapper refuses to start, unless the client fills it in. Write an absolute path.',
    ]);
  });

  test('a byte order mark, with which a client refuses or empties its file', async () => {
    using home = new Home();
    const path = home.put('.config/Claude/claude_desktop_config.json', `\uFEFF${servers({})}`);
    home.put('.cursor/mcp.json', `\uFEFF${servers({})}`);
    expect(await findAll(reports(home), untracked)).toMatchObject([
      {
        code: 'UNREADABLE',
        path,
        message: expect.stringContaining('begins with a byte order mark'),
        fix: 'Save it as UTF-8 without a byte order mark (BOM), then try again.',
      },
    ]);
  });

  test('every client by name is told of, where it starts the same server without the wrapper', async () => {
    using home = new Home();
    home.put(
      '.config/Claude/claude_desktop_config.json',
      servers({ afip: wrapped(home, ['npx', '-y', '@codespar/mcp-afip@alpha']) }),
    );
    const bare = { afip: { command: 'npx', args: ['-y', '@codespar/mcp-afip'] } };
    const listed = { afip: { type: 'local', command: ['npx', '-y', '@codespar/mcp-afip'] } };
    for (const [file, content] of [
      ['.copilot/mcp-config.json', servers(bare)],
      ['.config/opencode/opencode.json', JSON.stringify({ mcp: listed })],
      [
        '.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
        servers(bare),
      ],
      ['.cline/data/settings/cline_mcp_settings.json', servers(bare)],
      ['.config/zed/settings.json', JSON.stringify({ context_servers: bare })],
      ['.kiro/settings/mcp.json', servers(bare)],
      ['.qwen/settings.json', servers(bare)],
      ['.config/kilo/kilo.jsonc', JSON.stringify({ mcp: listed })],
      ['.kilocode/cli/global/settings/mcp_settings.json', servers(bare)],
      [
        '.config/goose/config.yaml',
        'extensions:\n  afip:\n    cmd: npx\n    args: [-y, "@codespar/mcp-afip"]\n',
      ],
    ] as const)
      home.put(file, content);
    expect((await findAll(reports(home), untracked)).map(({ client }) => client)).toEqual([
      ...['copilot-cli', 'opencode', 'cline', 'cline', 'zed', 'kiro', 'qwen', 'kilo', 'kilo', 'goose'],
    ]);
  });

  test('the same server without the wrapper, in another client, another scope or another version', async () => {
    using home = new Home();
    home.put(
      '.config/Claude/claude_desktop_config.json',
      servers({ afip: wrapped(home, ['npx', '-y', '@codespar/mcp-afip@alpha']) }),
    );
    home.put(
      '.cursor/mcp.json',
      servers({
        taxes: { command: 'mcp-afip' },
        other: { command: 'npx', args: ['@else/mcp-afip'] },
        off: { command: 'mcp-afip', disabled: true },
      }),
    );
    home.put(
      '.claude.json',
      JSON.stringify({
        projects: { '/elsewhere': { mcpServers: { l: { command: 'bunx', args: ['@codespar/mcp-afip'] } } } },
      }),
    );
    home.put(
      '.codex/config.toml',
      '[mcp_servers.afip]\ncommand = "npx"\nargs = ["policy-wrap", "--db", "/d", "--", "mcp-afip"]\n',
    );
    expect((await findAll(reports(home), untracked)).map(brief)).toEqual([
      'UNWRAPPED_TWIN claude-code l: policy-wrap install claude-code l --scope local',
      'UNWRAPPED_TWIN cursor taxes: policy-wrap install cursor taxes',
      // Its package is another, but Codex starts a bare `mcp-afip`, which may be anyone's.
      'UNWRAPPED_TWIN cursor other: policy-wrap install cursor other',
    ]);
  });

  test.each<[title: string, usual: object | undefined, msix: object | undefined, expected: string[]]>([
    ['wrapped in both', { a: 1 }, { a: 1 }, []],
    ['wrapped in the usual file only', { a: 1 }, { a: 0 }, ['msix.json', 'msix.json']],
    ['missing from the packaged one', { a: 1 }, {}, ['msix.json']],
    ['the packaged file is absent', { a: 1 }, undefined, ['msix.json']],
    ['wrapped in the packaged file only', { a: 0 }, { a: 1 }, ['usual.json', 'usual.json']],
    ['missing from the usual one, which is not read', {}, { a: 1 }, []],
  ])('MSIX: %s', async (_title, usual, msix, expected) => {
    using home = new Home();
    const desktop = clientById('claude-desktop');
    if (desktop === undefined) throw new Error('no client');
    const write = (name: string, entries: object | undefined): void => {
      if (entries === undefined) return;
      const made = Object.entries(entries).map(([key, is]) => [
        key,
        is === 1 ? wrapped(home, ['m']) : { command: 'm' },
      ]);
      home.put(name, servers(Object.fromEntries(made)));
    };
    write('usual.json', usual);
    write('msix.json', msix);
    const place = { scope: 'user', at: ['mcpServers'] } as const;
    const windows: Client = {
      ...desktop,
      places: () => [
        { ...place, path: home.path('usual.json') },
        { ...place, path: home.path('msix.json'), variant: 'MSIX' },
      ],
    };
    const found = await findAll(reports(home, [windows]), untracked);
    // A bare entry beside a wrapped one is a way around the policy as well.
    expect(found.map(({ path }) => path.slice(home.root.length + 1))).toEqual(expected);
    if (expected.length > 0) expect(found[0]?.code).toBe('MSIX_TWIN');
  });
});

test.skipIf(process.platform === 'win32')(
  'a program called git in the project is not started, where PATH has a relative element',
  async () => {
    using home = new Home();
    const path = home.put('project/.mcp.json', '{}');
    chmodSync(home.put('project/git', '#!/bin/sh\ntouch "$(dirname "$0")/started"\n'), 0o755);
    mkdirSync(home.path('project/bin'));
    chmodSync(home.put('project/bin/git', '#!/bin/sh\ntouch "$(dirname "$0")/started"\n'), 0o755);
    const before = process.env.PATH;
    for (const element of ['', '.', 'bin', './bin']) {
      process.env.PATH = `${element}:${before}`;
      try {
        await trackedByGit(path);
      } finally {
        process.env.PATH = before;
      }
    }
    expect(home.list(home.path('project'))).not.toContain('started');
    expect(home.list(home.path('project/bin'))).toEqual(['git']);
  },
);

describe('secrets in files that git tracks', () => {
  const reference = (name: string): string => `\${${name}}`;
  const file = servers({
    literal: { command: 'a', env: { AFIP_TOKEN: 'abc', AFIP_ENV: 'prod' } },
    reference: {
      command: 'a',
      env: { A_TOKEN: reference('A_TOKEN'), B_TOKEN: '$B_TOKEN', C_KEY: '%C_KEY%' },
    },
    default: { command: 'a', env: { A_TOKEN: reference('A_TOKEN:-abc') } },
    argument: { command: 'a', args: ['--api-key', 'abc'] },
    remote: { url: 'https://x' },
    port: { command: 'a', args: ['-p', '8080', '-p8081'] },
  });

  test('a project file in the repository', async () => {
    using home = new Home();
    home.put('project/.mcp.json', file);
    home.put('.claude.json', file);
    const git = (...args: string[]): void => {
      execFileSync('git', args, { cwd: home.path('project'), stdio: 'ignore' });
    };
    expect(await findTrackedSecrets(reports(home))).toEqual([]);
    git('init');
    expect(await trackedByGit(home.path('project/.mcp.json'))).toBe(false);
    expect(await findTrackedSecrets(reports(home))).toEqual([]);
    git('add', '.mcp.json');
    expect(await trackedByGit(home.path('project/.mcp.json'))).toBe(true);
    const found = await findTrackedSecrets(reports(home));
    expect(found.map(({ code, entry, message }) => `${code} ${entry}: ${message}`)).toEqual([
      'TRACKED_SECRET literal: literal has a secret (AFIP_TOKEN) in a file that git tracks.',
      'TRACKED_SECRET default: default has a secret (A_TOKEN) in a file that git tracks.',
      'TRACKED_SECRET argument: argument has a secret (arguments) in a file that git tracks.',
    ]);
  });

  test('without git, or outside a repository, nothing is said', async () => {
    using home = new Home();
    const path = home.put('project/.mcp.json', file);
    expect(await trackedByGit(path)).toBeUndefined();
    const before = process.env.PATH;
    process.env.PATH = '';
    try {
      expect(await trackedByGit(path)).toBeUndefined();
      expect(await findTrackedSecrets(reports(home))).toEqual([]);
    } finally {
      process.env.PATH = before;
    }
  });
});

test.each<[a: string, b: string, same: boolean]>([
  ['mcp-afip', '/usr/bin/mcp-afip', true],
  ['mcp-afip', 'C:\\bin\\mcp-afip.cmd', true],
  ['mcp-afip', 'npx -y @codespar/mcp-afip@alpha', true],
  ['npx @codespar/mcp-afip', 'pnpm dlx @codespar/mcp-afip@1', true],
  ['npx @codespar/mcp-afip', 'cmd /c npx -y @codespar/mcp-afip', true],
  ['npx @codespar/mcp-afip', 'npx @other/mcp-afip', false],
  ['npx @a/mcp', 'npx @b/mcp', false],
  ['node /a/index.js', 'node /a/index.js', true],
  ['node /a/index.js', 'node /b/index.js', false],
  ['docker run a', 'docker run b', false],
  ['uvx mcp-git', 'mcp-git', true],
  ['npx', 'npx', true],
  ['env AFIP_ENV=production mcp-afip', 'mcp-afip', true],
  ['npx -y --registry https://r.example @codespar/mcp-afip', 'mcp-afip', true],
  ['npx -p @codespar/mcp-afip mcp-afip', 'npx @other/mcp-afip', false],
  ['npx github:org/a#v1', 'npx github:org/a#v2', true],
  ['npx github:org/a', 'npx github:org/b', false],
  ['uvx mcp-git==1.2', 'mcp-git', true],
  ['npx mcp-remote https://a.example/mcp', 'npx mcp-remote https://b.example/mcp', false],
  ['npx mcp-remote https://a.example/mcp', 'npx -y mcp-remote@1 https://a.example/mcp', true],
  ['tsx /a/index.ts', 'tsx /b/index.ts', false],
  ['ssh a mcp-afip', 'ssh b mcp-afip', false],
])('%s and %s: the same server is %s', (a, b, same) => {
  const [one, two] = [identityOfWords(a.split(' ')), identityOfWords(b.split(' '))];
  expect(one !== undefined && two !== undefined && sameServer(one, two)).toBe(same);
});

test('the inventory covers every client', () => {
  using home = new Home();
  expect(new Set(reports(home).map(({ client }) => client.id)).size).toBe(CLIENTS.length);
});
