import { existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { otherDatabases } from '../../src/cli/databases.js';
import { Home } from '../clients/home.js';

const USUAL = '.local/share/policy-wrap/policy-wrap.db';

function entries(home: Home, all: Record<string, { args: string[]; env?: object; bare?: boolean }>): string {
  const { node, script } = home.wrapper;
  return JSON.stringify({
    mcpServers: Object.fromEntries(
      Object.entries(all).map(([name, { args, env, bare }]) => [
        name,
        {
          command: bare ? 'mcp' : node,
          args: bare ? args : [script, ...args, '--', 'mcp'],
          ...(env && { env }),
        },
      ]),
    ),
  });
}

function found(home: Home, usual = home.path(USUAL), env: Record<string, string> = {}) {
  const machine = { ...home.machine, env: { ...home.env, ...env } };
  const { databases, unclear } = otherDatabases(usual, machine);
  return {
    databases: databases.map(({ path, namedBy }) => `${path.replace(home.root, '~')}: ${namedBy}`),
    unclear: unclear.map(({ text, namedBy, reason }) => `${text}: ${namedBy}: ${reason}`),
  };
}

describe('G4: every database that wrappers may be using is known', () => {
  test('those that entries name, each once', () => {
    using home = new Home();
    home.put(
      '.cursor/mcp.json',
      entries(home, {
        usual: { args: ['--db', home.path(USUAL)] },
        none: { args: [] },
        a: { args: ['--db', home.path('a.db')] },
        again: { args: [`--db=${home.path('a.db')}`] },
        b: { args: ['--db', '~/b.db'] },
        c: { args: ['--observe'], env: { POLICY_WRAP_DB: home.path('c.db') } },
        d: { args: ['--db', home.path('d.db')], env: { POLICY_WRAP_DB: home.path('never.db') } },
        bare: { args: ['--db', home.path('servers-own.db')], bare: true },
        relative: { args: ['--db', 'e.db'] },
        variable: { args: ['--db', `\${env:HOME}/f.db`] },
      }),
    );
    home.put('project/.mcp.json', entries(home, { p: { args: ['--db', home.path('p.db')] } }));
    expect(found(home)).toEqual({
      databases: [
        '~/p.db: p in Claude Code',
        '~/a.db: a in Cursor',
        '~/b.db: b in Cursor',
        '~/c.db: c in Cursor',
        '~/d.db: d in Cursor',
      ],
      unclear: [
        'e.db: relative in Cursor: --db e.db: a relative path',
        `\${env:HOME}/f.db: variable in Cursor: --db \${env:HOME}/f.db: variables are not filled in here`,
      ],
    });
  });

  test('those at places that packaged apps and earlier versions had, where they are there', () => {
    using home = new Home();
    for (const share of ['snap/code/171/.local/share', 'snap/code/172/.local/share', '.var/app/a.b.C/data'])
      home.put(`${share}/policy-wrap/policy-wrap.db`, '');
    mkdirSync(home.path('snap/other/1'), { recursive: true });
    expect(found(home).databases).toEqual([
      '~/snap/code/171/.local/share/policy-wrap/policy-wrap.db: a usual place',
      '~/snap/code/172/.local/share/policy-wrap/policy-wrap.db: a usual place',
      '~/.var/app/a.b.C/data/policy-wrap/policy-wrap.db: a usual place',
    ]);
    // Where a person has the usual one elsewhere, that of launchers without the variable is another.
    home.put(USUAL, '');
    expect(found(home, home.path('own.db')).databases[0]).toBe(`~/${USUAL}: a usual place`);
  });

  test('the one that an entry reaches through its own environment', () => {
    using home = new Home();
    home.put(
      '.cursor/mcp.json',
      entries(home, {
        a: { args: [], env: { XDG_DATA_HOME: home.path('share') } },
        b: { args: [], env: { HOME: home.path('other') } },
        c: { args: [], env: { TOKEN: 'x' } },
      }),
    );
    expect(found(home).databases).toEqual([
      '~/share/policy-wrap/policy-wrap.db: a in Cursor',
      `~/other/${USUAL}: b in Cursor`,
    ]);
  });

  test('two names of one file are one database', () => {
    using home = new Home();
    home.put(USUAL, '');
    symlinkSync(home.path(USUAL), home.path('link.db'));
    home.put('.cursor/mcp.json', entries(home, { a: { args: ['--db', home.path('link.db')] } }));
    expect(found(home).databases).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')(
    'under sudo also those of the person who typed it, and of them no file that is not theirs',
    () => {
      using root = new Home();
      using ana = new Home();
      ana.put(USUAL, '');
      ana.put('own.db', '');
      ana.put(
        '.cursor/mcp.json',
        entries(ana, {
          a: { args: ['--db', ana.path('own.db')] },
          b: { args: ['--db', ana.path('not-yet.db')] },
          c: { args: ['--db', '/etc/passwd'] },
        }),
      );
      const accounts = () => `root:x:0:0::${root.root}:/bin/sh\nana:x:1000:1000::${ana.root}:/bin/sh\n`;
      const look = (env: Record<string, string>) =>
        otherDatabases(root.path(USUAL), { ...root.machine, env }, accounts).databases;
      const uid = String(statSync(ana.path(USUAL)).uid);
      // Where the tests run as root, /etc/passwd is theirs too.
      const found = look({ SUDO_USER: 'ana', SUDO_UID: uid }).filter(({ path }) => path !== '/etc/passwd');
      expect(found.map(({ path, isNamed }) => `${path.replace(ana.root, '~')} ${isNamed}`)).toEqual([
        '~/own.db false',
        `~/${USUAL} false`,
      ]);
      expect(look({ SUDO_USER: 'ana', SUDO_UID: '4294967294' })).toEqual([]);
      expect(look({ SUDO_USER: 'nobody-else', SUDO_UID: uid })).toEqual([]);
      expect(look({})).toEqual([]);
    },
  );

  test('on Windows the old place and those of packaged apps', () => {
    const there = [
      'C:\\Users\\ana\\AppData\\Local\\policy-wrap\\policy-wrap.db',
      'C:\\Users\\ana\\AppData\\Local\\Packages\\Claude_x\\LocalCache\\Local\\policy-wrap\\policy-wrap.db',
    ];
    const { databases } = otherDatabases('C:\\Users\\ana\\.policy-wrap\\policy-wrap.db', {
      platform: 'win32',
      home: 'C:\\Users\\ana',
      cwd: 'C:\\',
      env: {},
      list: (folder) => (folder.endsWith('\\Packages') ? ['Claude_x', 'Paint_y'] : []),
      exists: (path) => there.includes(path),
    });
    expect(databases.map(({ path }) => path)).toEqual(there);
  });

  test('nothing is made by looking', () => {
    using home = new Home();
    home.put('.cursor/mcp.json', entries(home, { a: { args: ['--db', home.path('new/a.db')] } }));
    found(home);
    expect(existsSync(dirname(home.path('new/a.db')))).toBe(false);
    expect(home.list(join(home.root, '.local'))).toEqual([]);
  });
});
