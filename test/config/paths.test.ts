import { describe, expect, test } from 'vitest';
import {
  configDirs,
  databaseFile,
  dataDir,
  fixedPath,
  hasVariable,
  homeFolder,
  isPrivatePlace,
  loginsFolder,
  notifyFile,
  otherDatabaseFiles,
  type Surroundings,
  triedPath,
  writtenPath,
} from '../../src/config/paths.js';

function around(
  platform: NodeJS.Platform,
  env: Record<string, string> = {},
  there: readonly string[] = [],
): Surroundings {
  const home = platform === 'win32' ? 'C:\\Users\\ana' : platform === 'darwin' ? '/Users/ana' : '/home/ana';
  return { platform, env, home, exists: (path) => there.includes(path) };
}

const LINUX = '/home/ana/.local/share/policy-wrap/policy-wrap.db';
const OLD = 'C:\\Users\\ana\\AppData\\Local\\policy-wrap\\policy-wrap.db';
const NEW = 'C:\\Users\\ana\\.policy-wrap\\policy-wrap.db';

describe('G4: the database is the same whoever starts the wrapper', () => {
  test.each<[title: string, Surroundings, string]>([
    ['a terminal on Linux', around('linux'), LINUX],
    ['VS Code of a snap', around('linux', { XDG_DATA_HOME: '/home/ana/snap/code/172/.local/share' }), LINUX],
    ['the next revision', around('linux', { XDG_DATA_HOME: '/home/ana/snap/code/current/x' }), LINUX],
    ['a Flatpak', around('linux', { XDG_DATA_HOME: '/home/ana/.var/app/com.example.App/data' }), LINUX],
    ['a home under another name', around('linux', { XDG_DATA_HOME: '/var/home/ana/.var/app/a/data' }), LINUX],
    ['a detour', around('linux', { XDG_DATA_HOME: '/home/ana/x/../snap/code/172' }), LINUX],
    ['a relative variable', around('linux', { XDG_DATA_HOME: 'data' }), LINUX],
    [
      'a folder that a person chose',
      around('linux', { XDG_DATA_HOME: '/home/ana/snapshots' }),
      '/home/ana/snapshots/policy-wrap/policy-wrap.db',
    ],
    [
      'macOS',
      around('darwin', { XDG_DATA_HOME: '/x' }),
      '/Users/ana/Library/Application Support/policy-wrap/policy-wrap.db',
    ],
    ['a terminal on Windows', around('win32', { LOCALAPPDATA: 'C:\\Users\\ana\\AppData\\Local' }), NEW],
    ['a packaged app', around('win32', { LOCALAPPDATA: 'C:\\Packages\\app\\LocalCache\\Local' }), NEW],
    ['a database at the old place', around('win32', {}, [OLD]), OLD],
    ['a database at both places', around('win32', {}, [OLD, NEW]), NEW],
  ])('%s', (_title, surroundings, expected) => {
    expect(databaseFile(surroundings)).toBe(expected);
  });

  test.each<[title: string, home: string, env: Record<string, string>, expected: string]>([
    ['as it is', '/home/ana', {}, '/home/ana'],
    ['another account keeps what it is told', '/srv/bot', {}, '/srv/bot'],
    ['a strict snap', '/home/ana/snap/tool/12', {}, '/home/ana'],
    ['a Flatpak', '/home/ana/.var/app/a', {}, '/home/ana'],
    ['an empty variable', '', {}, '/home/ana'],
    ['a relative variable', 'home', {}, '/home/ana'],
    ['a folder of that name that is no snap', '/srv/snap/tool', {}, '/srv/snap/tool'],
  ])('the home folder: %s', (_title, given, _env, expected) => {
    expect(homeFolder('linux', given, () => '/home/ana')).toBe(expected);
  });

  test('where the account has no folder, the one that was given stays', () => {
    const unknown = () => {
      throw new Error('no such account');
    };
    expect(homeFolder('linux', '/home/ana/snap/tool/12', unknown)).toBe('/home/ana/snap/tool/12');
  });
});

test('the account’s own folder is taken only where it is one, and on Windows what is given stays', () => {
  expect(homeFolder('linux', 'home', () => 'relative')).toBe('home');
  const packaged = 'C:\\x\\.var\\app\\a';
  expect(homeFolder('win32', packaged, () => 'C:\\Users\\ana')).toBe(packaged);
  expect(homeFolder('win32', 'x', () => 'C:\\Users\\ana')).toBe('C:\\Users\\ana');
});

test('an empty variable is as good as none', () => {
  const env = { APPDATA: '', LOCALAPPDATA: '', XDG_CONFIG_HOME: '', XDG_DATA_HOME: '' };
  for (const platform of ['linux', 'win32', 'darwin'] as const) {
    expect(configDirs(around(platform, env))).toEqual(configDirs(around(platform)));
    expect(databaseFile(around(platform, env, [OLD]))).toBe(databaseFile(around(platform, {}, [OLD])));
  }
  expect(configDirs(around('win32', { APPDATA: 'D:\\roaming' }))[1]).toBe('D:\\roaming\\policy-wrap');
});

test('logins lie with the data, and how to be told with the policies', () => {
  const chosen = around('linux', { XDG_DATA_HOME: '/d', XDG_CONFIG_HOME: '/c' });
  expect([loginsFolder(chosen), notifyFile(chosen)]).toEqual([
    '/d/policy-wrap/logins',
    '/c/policy-wrap/notify.json',
  ]);
  expect(notifyFile(around('win32'))).toBe('C:\\Users\\ana\\.policy-wrap\\notify.json');
  expect(loginsFolder(around('darwin'))).toBe('/Users/ana/Library/Application Support/policy-wrap/logins');
});

describe('other places where a database may lie', () => {
  const listed = (folders: Record<string, string[]>) => (folder: string) => folders[folder] ?? [];

  test('on Linux: revisions of snaps, Flatpaks, and what the environment names', () => {
    const list = listed({
      '/home/ana/snap': ['code', 'empty'],
      '/home/ana/snap/code': ['171', 'current'],
      '/home/ana/.var/app': ['com.example.App'],
    });
    const shares = (env: Record<string, string>) =>
      otherDatabaseFiles(around('linux', env), list).map((file) =>
        file.replace('/policy-wrap/policy-wrap.db', ''),
      );
    const packaged = [
      '/home/ana/snap/code/171/.local/share',
      '/home/ana/snap/code/current/.local/share',
      '/home/ana/.var/app/com.example.App/data',
    ];
    expect(shares({})).toEqual(['/home/ana/.local/share', ...packaged]);
    expect(shares({ XDG_DATA_HOME: '/d' })).toEqual(['/home/ana/.local/share', '/d', ...packaged]);
    for (const none of ['', 'relative'])
      expect(shares({ XDG_DATA_HOME: none })).toEqual(['/home/ana/.local/share', ...packaged]);
  });

  test('on Windows: packaged apps and the former place; on macOS there are none', () => {
    const local = 'C:\\Users\\ana\\AppData\\Local';
    const list = listed({ [`${local}\\Packages`]: ['Claude'] });
    expect(otherDatabaseFiles(around('win32'), list)).toEqual([
      NEW,
      OLD,
      `${local}\\Packages\\Claude\\LocalCache\\Local\\policy-wrap\\policy-wrap.db`,
    ]);
    expect(otherDatabaseFiles(around('darwin'), () => ['x'])).toEqual([]);
  });

  test.each<[NodeJS.Platform, path: string, boolean]>([
    ['linux', '/home/ana/snap/code/171/a.db', true],
    ['linux', '/home/ana/snap/a.db', true],
    ['linux', '/home/ana/x/../snap/a.db', true],
    ['linux', '/home/ana/.var/app/x/a.db', true],
    ['linux', '/home/ana/snaps/a.db', false],
    ['linux', '/srv/a.db', false],
    ['win32', 'C:\\Users\\ana\\AppData\\Local\\a.db', true],
    ['win32', 'C:/users/ana/appdata/local/a.db', true],
    ['win32', 'C:\\Users\\ana\\.policy-wrap\\a.db', false],
  ])('%s %s is found by one app alone: %s', (platform, path, expected) => {
    expect(isPrivatePlace(path, around(platform))).toBe(expected);
  });
});

test('G3: a policy at the old place is found, after the new place', () => {
  expect(configDirs(around('win32'))).toEqual([
    'C:\\Users\\ana\\.policy-wrap',
    'C:\\Users\\ana\\AppData\\Roaming\\policy-wrap',
  ]);
  expect(configDirs(around('linux', { XDG_CONFIG_HOME: '/home/ana/.var/app/a/config' }))).toEqual([
    '/home/ana/.config/policy-wrap',
  ]);
  expect(dataDir(around('win32'))).toBe('C:\\Users\\ana\\.policy-wrap');
});

describe('paths that a person wrote', () => {
  test.each<[NodeJS.Platform, written: string, expected: string]>([
    ['linux', '~/state.db', '/home/ana/state.db'],
    ['linux', '~', '/home/ana'],
    ['linux', '~\\state.db', '/base/~\\state.db'],
    ['linux', '/srv/~/state.db', '/srv/~/state.db'],
    ['linux', '../state.db', '/state.db'],
    ['linux', '/srv/100%/a$1.db', '/srv/100%/a$1.db'],
    ['win32', '~\\state.db', 'C:\\Users\\ana\\state.db'],
    ['win32', '~/state.db', 'C:\\Users\\ana\\state.db'],
  ])('%s %s is %s', (platform, written, expected) => {
    const base = platform === 'win32' ? 'C:\\base' : '/base';
    expect(writtenPath(written, '--db', base, around(platform))).toBe(expected);
  });

  test.each([
    '$HOME/state.db',
    '/srv/$X/state.db',
    `\${HOME}/state.db`,
    `\${env:HOME}/state.db`,
    '$(pwd)/a',
    '%APPDATA%\\x',
    '%X%',
  ])('G4: a variable is not taken for a name: %s', (written) => {
    for (const platform of ['linux', 'win32'] as const) {
      expect(() => writtenPath(written, '--db', '/base', around(platform))).toThrow(
        /^--db .*: variables are not filled in here$/,
      );
      expect(() => fixedPath(written, '--db', '/base', around(platform))).toThrow(/variables/);
    }
  });

  test.each<[NodeJS.Platform, written: string]>([
    ['linux', 'state.db'],
    ['linux', './state.db'],
    ['linux', '~ana/state.db'],
    ['linux', ''],
    ['linux', 'C:\\state.db'],
    ['win32', 'state.db'],
    ['win32', '\\state.db'],
    ['win32', '/home/ana/state.db'],
    ['win32', 'C:state.db'],
  ])('G4: on %s a wrapper refuses %j, whose folder is anyone’s guess', (platform, written) => {
    const base = platform === 'win32' ? 'C:\\base' : '/base';
    expect(() => fixedPath(written, '--db', base, around(platform))).toThrow(/^--db .*(relative|empty)/);
  });

  test.each<[NodeJS.Platform, written: string]>([
    ['linux', '/srv/state.db'],
    ['linux', '~/state.db'],
    ['win32', 'C:/state.db'],
    ['win32', '\\\\server\\share\\state.db'],
    ['win32', '~\\state.db'],
  ])('on %s a wrapper takes %s', (platform, written) => {
    expect(() => fixedPath(written, '--db', '/base', around(platform))).not.toThrow();
  });

  test('the refusal names the path to write', () => {
    const hint = (written: string) => {
      try {
        fixedPath(written, '--db', '/base', around('linux', { HOME: '/home/ana', SECRET: 'hunter2' }));
      } catch (error) {
        return (error as { hint?: string }).hint;
      }
      return undefined;
    };
    expect(hint('a/state.db')).toContain('/base/a/state.db');
    expect(hint('$HOME/state.db')).toContain('/home/ana/state.db');
    expect(hint(`\${HOME}/state.db`)).toContain('/home/ana/state.db');
    expect(hint('$SECRET/state.db')).not.toContain('hunter2');
    expect(hint('$HOME/$SECRET/state.db')).toMatch(/^Write the path itself: an absolute one/);
  });

  test('a path in an entry of a client is read the same way, and what is wrong with it is said', () => {
    expect(triedPath('~/state.db', '--db', '/base', around('linux'))).toEqual({ path: '/home/ana/state.db' });
    expect(triedPath('state.db', '--db', '/base', around('linux'))).toEqual({
      problem: '--db state.db: a relative path',
    });
    expect(triedPath('', '--db', '/base', around('linux'))).toEqual({ problem: '--db is empty' });
    const broken = { ...around('linux'), env: undefined as unknown as Surroundings['env'] };
    expect(() => triedPath('$HOME/x', '--db', '/base', broken)).toThrow(TypeError);
    expect(['$HOME/a', '%X%', `\${env:A}`, 'a$1', '100%'].map(hasVariable)).toEqual([
      ...[true, true, true],
      ...[false, false],
    ]);
  });
});
