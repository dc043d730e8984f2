import fs, {
  chmodSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { linkAs, renameOver, writePrivate, writeWhole } from '../../src/files/whole-file.js';

class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'policy-wrap-files-'));
  readonly file = join(this.path, 'file.json');

  get names(): string[] {
    return readdirSync(this.path);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a private file is its owner’s alone, and so is the folder that is made for it', () => {
  using folder = new Folder();
  const inner = join(folder.path, 'made', 'inner');
  const before = process.umask(0);
  try {
    writePrivate(join(inner, 'file'), 'secret');
  } finally {
    process.umask(before);
  }
  expect(readFileSync(join(inner, 'file'), 'utf8')).toBe('secret');
  expect(readdirSync(inner)).toEqual(['file']);
  if (process.platform === 'win32') return;
  expect(modeOf(join(inner, 'file'))).toBe(0o600);
  expect(modeOf(inner)).toBe(0o700);
});

test('an owner’s own mask does not keep the owner from reading it', () => {
  using folder = new Folder();
  const before = process.umask(0o777);
  try {
    writePrivate(folder.file, 'secret');
  } finally {
    process.umask(before);
  }
  if (process.platform !== 'win32') expect(modeOf(folder.file)).toBe(0o600);
});

test.skipIf(process.platform === 'win32')('a link with its name is replaced, not followed', () => {
  using folder = new Folder();
  const elsewhere = join(folder.path, 'elsewhere');
  writeFileSync(elsewhere, 'as it was');
  symlinkSync(elsewhere, folder.file);
  writePrivate(folder.file, 'new');
  expect(readFileSync(elsewhere, 'utf8')).toBe('as it was');
  expect(lstatSync(folder.file).isSymbolicLink()).toBe(false);
  expect(readFileSync(folder.file, 'utf8')).toBe('new');
});

test('what fails leaves the old file, and no draft', () => {
  using folder = new Folder();
  writeFileSync(folder.file, 'old');
  let draft = '';
  const fails = () =>
    writeWhole(folder.file, 'new', (path) => {
      draft = readFileSync(path, 'utf8');
      throw new Error('no room');
    });
  expect(fails).toThrow('no room');
  expect(draft).toBe('new');
  expect(readFileSync(folder.file, 'utf8')).toBe('old');
  expect(folder.names).toEqual(['file.json']);
});

test('the draft has its mode before it gets the name', () => {
  using folder = new Folder();
  const modes: number[] = [];
  writeWhole(
    folder.file,
    'new',
    (draft) => {
      modes.push(modeOf(draft));
      renameOver(draft, folder.file);
    },
    { mode: 0o644, flush: false },
  );
  if (process.platform !== 'win32') expect(modes).toEqual([0o644]);
  expect(folder.names).toEqual(['file.json']);
});

test('what a killed process left behind goes with the next write; what is being written, and what is not ours, stays', () => {
  using folder = new Folder();
  const name = (rest: string) => join(folder.path, rest);
  const old = ['.file.json.99-0123456789ab.tmp', '.file.json.bak.tmp', '.other.json.99-0123456789ab.tmp'];
  for (const each of [...old, '.file.json.98-0123456789ab.tmp']) writeFileSync(name(each), 'secret');
  for (const each of old) utimesSync(name(each), new Date(0), new Date(0));
  writeWhole(folder.file, 'new', (draft) => renameOver(draft, folder.file));
  const [gone, ...kept] = old;
  expect(folder.names.sort()).toEqual([...kept, '.file.json.98-0123456789ab.tmp', 'file.json'].sort());
  expect(folder.names).not.toContain(gone);
});

test('a file with the longest name there is, is written too', () => {
  using folder = new Folder();
  const file = join(folder.path, `${'ñ'.repeat(125)}.json`);
  writePrivate(file, 'new');
  expect(readFileSync(file, 'utf8')).toBe('new');
});

test('a draft is taken for left behind after ten minutes, and only a write that is flushed looks for it', () => {
  using folder = new Folder();
  const aged = (name: string, minutes: number) => {
    const at = new Date(Date.now() - minutes * 60_000);
    writeFileSync(join(folder.path, name), 'secret');
    utimesSync(join(folder.path, name), at, at);
  };
  const [old, young] = ['.file.json.1-0123456789ab.tmp', '.file.json.2-0123456789ab.tmp'];
  aged(old, 11);
  aged(young, 9);
  writePrivate(folder.file, 'new', { flush: false });
  expect(folder.names.sort()).toEqual([old, young, 'file.json']);
  writePrivate(folder.file, 'new');
  expect(folder.names.sort()).toEqual([young, 'file.json']);
  // Whatever it is that bears such a name: what cannot be removed is in nobody's way.
  mkdirSync(join(folder.path, old));
  utimesSync(join(folder.path, old), new Date(0), new Date(0));
  writePrivate(folder.file, 'newer');
  expect(readFileSync(folder.file, 'utf8')).toBe('newer');
});

test('a draft has the name of its file in its own, as far as there is room for it', () => {
  using folder = new Folder();
  const draftOf = (name: string): string => {
    let found = '';
    writeWhole(join(folder.path, name), 'new', (draft) => {
      found = basename(draft);
    });
    return found.replace(/\d+-[0-9a-f]{12}\.tmp$/, '');
  };
  expect(draftOf('file.json')).toBe('.file.json.');
  expect(draftOf('x'.repeat(200))).toBe(`.${'x'.repeat(200)}.`);
  expect(draftOf('x'.repeat(201))).toBe('.policy-wrap.');
  expect(folder.names).toEqual([]);
});

test('a name that something has already is not taken', () => {
  using folder = new Folder();
  const draft = join(folder.path, 'draft');
  writeFileSync(draft, 'new');
  linkAs(draft, folder.file);
  expect(readFileSync(folder.file, 'utf8')).toBe('new');
  writeFileSync(folder.file, 'old');
  expect(() => linkAs(draft, folder.file)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  expect(readFileSync(folder.file, 'utf8')).toBe('old');
  expect(() => linkAs(join(folder.path, 'none'), join(folder.path, 'other'))).toThrow(
    expect.objectContaining({ code: 'ENOENT', syscall: 'copyfile' }),
  );
});

test('what cannot get its name says why', () => {
  using folder = new Folder();
  mkdirSync(folder.file);
  expect(() => writePrivate(folder.file, 'new')).toThrow(expect.objectContaining({ syscall: 'rename' }));
  expect(folder.names).toEqual(['file.json']);
});

test('of a folder that can be written to and not looked into, files are written all the same', () => {
  using folder = new Folder();
  const inner = join(folder.path, 'inner');
  mkdirSync(inner);
  chmodSync(inner, 0o300);
  writePrivate(join(inner, 'file'), 'new');
  chmodSync(inner, 0o700);
  expect(readFileSync(join(inner, 'file'), 'utf8')).toBe('new');
});

test('a draft of ten minutes is not left behind yet, and one of a moment more is', () => {
  using folder = new Folder();
  const draft = join(folder.path, '.file.json.1-0123456789ab.tmp');
  writeFileSync(draft, 'secret');
  const written = Date.UTC(2026, 10, 22, 11);
  utimesSync(draft, new Date(written), new Date(written));
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(written + 600_000);
  writePrivate(folder.file, 'new');
  expect(existsSync(draft)).toBe(true);
  vi.setSystemTime(written + 600_001);
  writePrivate(folder.file, 'new');
  expect(existsSync(draft)).toBe(false);
});

describe('what the system is asked for', () => {
  test.skipIf(process.platform === 'win32')(
    'a file that must last is flushed, and then the folder that names it; another is not',
    () => {
      using folder = new Folder();
      const flushed: string[] = [];
      const { fsyncSync } = fs;
      vi.spyOn(fs, 'fsyncSync').mockImplementation((handle) => {
        const isFolder = fstatSync(handle).isDirectory();
        flushed.push(isFolder ? `folder with ${folder.names}` : 'file');
        fsyncSync(handle);
      });
      syncBuiltinESMExports();
      writePrivate(folder.file, 'new', { flush: false });
      expect(flushed).toEqual([]);
      writePrivate(folder.file, 'new');
      expect(flushed.at(-1)).toBe('folder with file.json');
    },
  );

  /** Renaming fails so many times. @returns how often it was tried */
  function failing(platform: NodeJS.Platform, code: string, times: number): { readonly tries: () => number } {
    vi.stubGlobal('process', Object.create(process, { platform: { value: platform } }));
    let tries = 0;
    vi.spyOn(fs, 'renameSync').mockImplementation(() => {
      tries += 1;
      if (tries <= times) throw Object.assign(new Error(code), { code });
    });
    syncBuiltinESMExports();
    return { tries: () => tries };
  }

  test('a file that another program holds on Windows gets its name when it is let go of', () => {
    const { tries } = failing('win32', 'EBUSY', 2);
    renameOver('a', 'b');
    expect(tries()).toBe(3);
  });

  test.each<[NodeJS.Platform, string, number]>([
    ['win32', 'EPERM', 10],
    ['win32', 'ENOENT', 1],
    ['linux', 'EPERM', 1],
  ])('on %s %s is told after so many tries: %d', (platform, code, most) => {
    const { tries } = failing(platform, code, 99);
    expect(() => renameOver('a', 'b')).toThrow(code);
    expect(tries()).toBe(most);
  });
});
