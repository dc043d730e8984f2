import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import {
  createFile,
  overwriteFile,
  preflight,
  replaceFile,
} from '../../../src/clients/files/atomic-write.js';
import { readSnapshot, type Snapshot } from '../../../src/clients/files/read.js';
import { BACKUPS_KEPT, backupsOf, findBackup } from '../../../src/config/backups.js';
import { Home } from '../home.js';

const POSIX = process.platform !== 'win32';

function snapshot(path: string): Snapshot {
  const found = readSnapshot(path);
  if (found === undefined) throw new Error(`no ${path}`);
  return found;
}

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

/** What lies in the home folder besides its own. */
function left(home: Home): string[] {
  return home.list(home.root).filter((name) => name !== 'project' && name !== 'pw');
}

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('reading', () => {
  test.each<[title: string, content: Buffer, message: string]>([
    [
      'UTF-16',
      Buffer.from('\uFEFF{}', 'utf16le'),
      'the configuration is UTF-16, not UTF-8: save it as UTF-8',
    ],
    [
      'invalid UTF-8',
      Buffer.from([0x7b, 0xff, 0x7d]),
      'the configuration is not UTF-8 (line 1): save it as UTF-8',
    ],
  ])('%s is refused', (_title, content, message) => {
    using home = new Home();
    const path = home.put('f.json', content);
    expect(thrown(() => readSnapshot(path))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${path}: ${message}`,
    });
  });

  test('a folder, and a link that leads nowhere, are refused; an absent file is absent', () => {
    using home = new Home();
    mkdirSync(home.path('folder'));
    symlinkSync(home.path('gone'), home.path('link'));
    expect(thrown(() => readSnapshot(home.path('folder')))).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(thrown(() => readSnapshot(home.path('link')))).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(readSnapshot(home.path('nothing'))).toBeUndefined();
  });

  test('a byte order mark stays in the text', () => {
    using home = new Home();
    expect(snapshot(home.put('f', '\uFEFF{}')).text).toBe('\uFEFF{}');
  });
});

describe('writing', () => {
  // Only root may give a file away; under sudo the client's file must stay the person's.
  test.skipIf(process.getuid?.() !== 0).each([
    [12_345, 23_456],
    [12_345, process.getgid?.() ?? 0],
    [process.getuid?.() ?? 0, 23_456],
  ])('keeps the owner and the group of the file: %i, %i', (owner, group) => {
    using home = new Home();
    const path = home.put('app/f.json', 'old');
    chownSync(path, owner, group);
    replaceFile(snapshot(path), Buffer.from('new'), home.backups, home.now);
    const { uid, gid } = statSync(path);
    expect([home.get('app/f.json'), uid, gid]).toEqual(['new', owner, group]);
  });

  test('replaces the content, keeps the mode, and keeps a backup that only its owner reads', () => {
    using home = new Home();
    const path = home.put('app/f.json', 'old');
    chmodSync(path, 0o640);
    const backup = replaceFile(snapshot(path), Buffer.from('new'), home.backups, home.now);
    expect(home.get('app/f.json')).toBe('new');
    expect(readFileSync(backup, 'utf8')).toBe('old');
    expect(backup).toMatch(/f\.json\.[0-9a-f]{12}\.20261122T110512345Z\.bak$/);
    // Nothing else is left in the folder.
    expect(home.list(home.path('app'))).toEqual(['f.json']);
    if (POSIX) {
      expect(mode(path)).toBe(0o640);
      expect(mode(backup)).toBe(0o600);
      expect(mode(home.backups)).toBe(0o700);
    }
  });

  test('a symbolic link stays one; its target is replaced, where it lies', () => {
    using home = new Home();
    const target = home.put('dotfiles/f.json', 'old');
    mkdirSync(home.path('app'));
    symlinkSync('../dotfiles/f.json', home.path('app/f.json'));
    replaceFile(snapshot(home.path('app/f.json')), Buffer.from('new'), home.backups, home.now);
    expect(lstatSync(home.path('app/f.json')).isSymbolicLink()).toBe(true);
    expect(lstatSync(target).isFile()).toBe(true);
    expect(home.get('dotfiles/f.json')).toBe('new');
    expect(home.list(home.path('app'))).toEqual(['f.json']);
  });

  test.runIf(POSIX)('a read-only file is refused even where the system would let us', () => {
    using home = new Home();
    const path = home.put('f.json', 'old');
    chmodSync(path, 0o444);
    expect(
      thrown(() => replaceFile(snapshot(path), Buffer.from('new'), home.backups, home.now)),
    ).toMatchObject({
      code: 'CONFIG_CONFLICT',
      message: `${path}: the file is read-only`,
      hint: `Make it writable: chmod u+w ${path}`,
    });
    expect(home.get('f.json')).toBe('old');
    expect(home.list(home.backups)).toEqual([]);
  });

  test.runIf(POSIX)('so is a file in a read-only folder', () => {
    using home = new Home();
    const path = home.put('app/f.json', 'old');
    chmodSync(home.path('app'), 0o555);
    expect(thrown(() => preflight(snapshot(path)))).toMatchObject({ code: 'CONFIG_CONFLICT' });
    chmodSync(home.path('app'), 0o755);
  });

  test('a file with a second hard link is refused: the other name would keep the old content', () => {
    using home = new Home();
    const path = home.put('f.json', 'old');
    linkSync(path, home.path('other'));
    expect(thrown(() => preflight(snapshot(path)))).toMatchObject({ code: 'CONFIG_CONFLICT' });
  });

  test.runIf(POSIX)('a file of another user is refused, unless root asks', () => {
    using home = new Home();
    const found = snapshot(home.put('app/f.json', 'old'));
    const asked = (user: number) => {
      const getuid = vi.spyOn(process, 'getuid').mockReturnValue(user);
      try {
        return thrown(() => preflight({ ...found, uid: 1000 }));
      } finally {
        getuid.mockRestore();
      }
    };
    expect(asked(1001)).toMatchObject({
      code: 'CONFIG_CONFLICT',
      message: expect.stringContaining('belongs to another user'),
    });
    expect(asked(1000)).toBeUndefined();
    expect(asked(0)).toBeUndefined();
  });

  test('a file that changed since it was read is left alone, and no backup is made', () => {
    using home = new Home();
    const path = home.put('f.json', 'old');
    const before = snapshot(path);
    writeFileSync(path, 'theirs');
    expect(thrown(() => replaceFile(before, Buffer.from('new'), home.backups, home.now))).toMatchObject({
      code: 'CONFIG_CONFLICT',
      message: `${path}: the file changed while we worked on it`,
    });
    expect(home.get('f.json')).toBe('theirs');
    expect(home.list(home.backups)).toEqual([]);
  });

  test('so is one that changes while the backup is made', () => {
    using home = new Home();
    const path = home.put('app/f.json', 'old');
    const before = snapshot(path);
    // The name of the backup is asked for between the two looks at the file.
    const now = Object.assign(new Date(home.now), {
      toISOString: () => {
        writeFileSync(path, 'theirs');
        return home.now.toISOString();
      },
    });
    expect(thrown(() => replaceFile(before, Buffer.from('new'), home.backups, now))).toMatchObject({
      code: 'CONFIG_CONFLICT',
      message: `${path}: the file changed while we worked on it`,
    });
    expect(home.get('app/f.json')).toBe('theirs');
    expect(home.list(home.path('app'))).toEqual(['f.json']);
  });

  test('without a place for the backup nothing is written', () => {
    using home = new Home();
    const path = home.put('f.json', 'old');
    home.put('data', 'a file where the folder should be');
    expect(
      thrown(() => replaceFile(snapshot(path), Buffer.from('new'), home.backups, home.now)),
    ).toMatchObject({ code: 'CONFIG_CONFLICT' });
    expect(home.get('f.json')).toBe('old');
  });

  test('a new file is for its owner alone, and never takes the place of another', () => {
    using home = new Home();
    createFile(home.path('f.json'), Buffer.from('new'));
    expect(home.get('f.json')).toBe('new');
    if (POSIX) expect(mode(home.path('f.json'))).toBe(0o600);
    expect(thrown(() => createFile(home.path('f.json'), Buffer.from('x')))).toMatchObject({
      code: 'CONFIG_CONFLICT',
    });
    expect(home.get('f.json')).toBe('new');
    expect(left(home)).toEqual(['f.json']);
  });

  test('a file of ours may be written over; a link of that name goes, what it leads to stays', () => {
    using home = new Home();
    const target = home.put('dotfiles/f.json', 'theirs');
    symlinkSync(target, home.path('f.json'));
    chmodSync(target, 0o644);
    overwriteFile(home.path('f.json'), 'ours');
    overwriteFile(home.path('f.json'), 'ours again');
    expect(lstatSync(home.path('f.json')).isFile()).toBe(true);
    expect(home.get('f.json')).toBe('ours again');
    expect(home.get('dotfiles/f.json')).toBe('theirs');
    if (POSIX) expect(mode(home.path('f.json'))).toBe(0o600);
    expect(left(home)).toEqual(['dotfiles', 'f.json']);
  });

  test('a new file is no way through a link either, wherever that leads', () => {
    using home = new Home();
    symlinkSync(home.path('nowhere'), home.path('f.json'));
    expect(thrown(() => createFile(home.path('f.json'), 'x', 'Name another.'))).toMatchObject({
      code: 'CONFIG_CONFLICT',
      message: `${home.path('f.json')}: the file already exists`,
      hint: 'Name another.',
    });
    expect(left(home)).toEqual(['f.json']);
  });

  test('what cannot be written leaves nothing behind, and says why', () => {
    using home = new Home();
    mkdirSync(home.path('folder/full'), { recursive: true });
    expect(thrown(() => createFile(home.path('none/f.json'), 'x'))).toMatchObject({
      code: 'CONFIG_CONFLICT',
      message: `${home.path('none/f.json')}: could not be written (ENOENT); it is as it was`,
    });
    expect(thrown(() => overwriteFile(home.path('folder'), 'x'))).toMatchObject({ code: 'CONFIG_CONFLICT' });
    expect(left(home)).toEqual(['folder']);
  });
});

describe('backups', () => {
  test(`at one instant get names of their own; the newest ${BACKUPS_KEPT} stay`, () => {
    using home = new Home();
    const path = home.put('f.json', '0');
    const other = home.put('other/f.json', 'x');
    const kept = replaceFile(snapshot(other), Buffer.from('y'), home.backups, home.now);
    for (let n = 1; n <= 13; n++) replaceFile(snapshot(path), Buffer.from(String(n)), home.backups, home.now);
    const contents = backupsOf(path, home.backups).map((backup) => readFileSync(backup, 'utf8'));
    expect(contents).toEqual(['12', '11', '10', '9', '8', '7', '6', '5', '4', '3']);
    // Those of a file of the same name elsewhere are not counted, nor removed.
    expect(readFileSync(kept, 'utf8')).toBe('x');
  });

  test('stay in the order in which they were made when the clock steps back', () => {
    using home = new Home();
    const path = home.put('f.json', 'a');
    replaceFile(snapshot(path), Buffer.from('b'), home.backups, new Date('2026-11-22T10:00:00Z'));
    replaceFile(snapshot(path), Buffer.from('c'), home.backups, new Date('2027-01-01T00:00:00Z'));
    replaceFile(snapshot(path), Buffer.from('d'), home.backups, new Date('2026-12-01T00:00:00Z'));
    const contents = backupsOf(path, home.backups).map((backup) => readFileSync(backup, 'utf8'));
    expect(contents).toEqual(['c', 'b', 'a']);
  });

  test('are found by name or path, for their own file only', () => {
    using home = new Home();
    const path = home.put('f.json', 'old');
    const backup = replaceFile(snapshot(path), Buffer.from('new'), home.backups, home.now);
    const name = backup.slice(home.backups.length + 1);
    expect(findBackup(backup, home.backups, [path])).toMatchObject({ file: path, path: backup });
    expect(findBackup(home.path(`elsewhere/${name}`), home.backups, [path])).toMatchObject({ path: backup });
    expect(thrown(() => findBackup(backup, home.backups, [home.path('g.json')]))).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(thrown(() => findBackup(home.path('x.bak'), home.backups, [path]))).toMatchObject({
      code: 'NOT_FOUND',
      hint: `There are: ${name}`,
    });
  });
});
