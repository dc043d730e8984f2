import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  BACKUPS_KEPT,
  backupsOf,
  findBackup,
  keepBackup,
  listedBackups,
  pruneBackups,
} from '../../src/config/backups.js';
import {
  deletedPolicies,
  historyFolder,
  keptUnder,
  policyVersions,
  versionText,
} from '../../src/config/policy-history.js';
import { MAX_TEXT_FILE } from '../../src/config/text-file.js';
import { PolicyWrapError } from '../../src/errors.js';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'policy-wrap-history-')));
  return () => rmSync(folder, { recursive: true, force: true });
});

const AT = Date.UTC(2026, 10, 22, 11, 5, 12, 345);
/** Keeps a copy of `file`. @returns its path */
function keep(file: string, text: string, at = AT, into = historyFolder(file)): string {
  return keepBackup(file, Buffer.from(text), into, new Date(at));
}

describe('copies of a file', () => {
  const copies = () => join(folder, 'copies');
  const file = () => join(folder, 'a.json');
  const texts = () => listedBackups(file(), copies()).map(({ stamp, extra }) => `${stamp}-${extra}`);

  test('are listed newest first, those of one instant by their number, also past ten', () => {
    expect(texts()).toEqual([]);
    for (const [at, text] of [[AT, 'b'] as const, [AT + 1, 'c'] as const]) keep(file(), text, at, copies());
    for (let n = 0; n < 10; n += 1) keep(file(), String(n), AT + 1, copies());
    expect(texts().slice(0, 3)).toEqual([
      '20261122T110512346Z-10',
      '20261122T110512346Z-9',
      '20261122T110512346Z-8',
    ]);
    expect(texts().slice(-2)).toEqual(['20261122T110512346Z-0', '20261122T110512345Z-0']);
  });

  test('go on growing in name where the clock stepped back', () => {
    keep(file(), 'late', AT, copies());
    const early = keep(file(), 'early', AT - 1, copies());
    expect(backupsOf(file(), copies())[0]).toBe(early);
    expect(texts()).toEqual(['20261122T110512345Z-1', '20261122T110512345Z-0']);
    keep(file(), 'next', AT + 1, copies());
    expect(texts()[0]).toBe('20261122T110512346Z-0');
  });

  test('are what we made: neither links nor folders, nor names of another form or file', () => {
    const own = keep(file(), 'x', AT, copies());
    const name = (change: (name: string) => string) => join(copies(), change(basename(own)));
    writeFileSync(
      name((one) => one.replace('.bak', '.txt')),
      '',
    );
    writeFileSync(
      name((one) => `x${one}`),
      '',
    );
    writeFileSync(
      name((one) => one.replace('345Z', '345Z-1234567890')),
      '',
    );
    mkdirSync(name((one) => one.replace('345Z', '346Z')));
    if (process.platform !== 'win32')
      symlinkSync(
        own,
        name((one) => one.replace('345Z', '347Z')),
      );
    keep(join(folder, 'b.json'), 'y', AT, copies());
    expect(backupsOf(file(), copies())).toEqual([own]);
  });

  test('bear the name of their file, as far as there is room for it', () => {
    const shown = (name: string) =>
      basename(keep(join(folder, name), 'x', AT, copies())).replace(/\.[0-9a-f]{12}\.[^.]+\.bak$/, '');
    for (const name of ['a.json', 'x'.repeat(200), 'ñ'.repeat(100)]) expect(shown(name)).toBe(name);
    expect(shown('x'.repeat(201))).toBe('x'.repeat(40));
    expect(shown('ñ'.repeat(101))).toBe('ñ'.repeat(40));
  });

  test('beyond the newest ten, or as many as are asked for, go', () => {
    const all = Array.from({ length: BACKUPS_KEPT + 2 }, (_, n) => keep(file(), 'x', AT + n, copies()));
    pruneBackups(file(), copies());
    expect(backupsOf(file(), copies())).toEqual(all.slice(2).reverse());
    pruneBackups(file(), copies(), 1);
    expect(backupsOf(file(), copies())).toEqual(all.slice(-1));
  });

  test('are found by their path or their name, with the file that they are of', () => {
    const other = join(folder, 'b.json');
    const own = keep(file(), 'x', AT, copies());
    const found = { file: file(), path: own, bytes: Buffer.from('x') };
    expect(findBackup(own, copies(), [other, file()])).toEqual(found);
    expect(findBackup(join('/elsewhere', basename(own)), copies(), [other, file()])).toEqual(found);
    const refusal = (path: string, files: string[]) => {
      try {
        return findBackup(path, copies(), files).path;
      } catch (error) {
        return PolicyWrapError.is(error) && `${error.code}: ${error.hint}`;
      }
    };
    expect(refusal(own, [other])).toBe(`NOT_FOUND: There are none in ${copies()}.`);
    expect(refusal(join(copies(), 'none.bak'), [file()])).toBe(`NOT_FOUND: There are: ${basename(own)}`);
    expect(refusal(`${own.replace('345Z', '999Z')}`, [file()])).toBe(
      `NOT_FOUND: There are: ${basename(own)}`,
    );
  });

  test('where none can be kept nothing is, and it is said', () => {
    writeFileSync(copies(), '');
    expect(() => keep(file(), 'x', AT, copies())).toThrow(
      expect.objectContaining({ code: 'CONFIG_CONFLICT', message: expect.stringContaining('no backup') }),
    );
  });
});

describe('the versions of a policy', () => {
  test('have the time at which they were replaced, and their text by path or name', () => {
    const file = join(folder, 'shop.json');
    expect(policyVersions(file)).toEqual([]);
    const paths = [keep(file, 'one'), keep(file, 'two', AT + 1000)];
    expect(policyVersions(file)).toEqual([
      { path: paths[1], replacedAt: AT + 1000 },
      { path: paths[0], replacedAt: AT },
    ]);
    for (const name of [String(paths[0]), basename(String(paths[0]))])
      expect(versionText(file, name)).toBe('one');
    expect(versionText(file, 'shop.json')).toBeUndefined();
    // Whatever lies there is not read for one that it is no version of.
    expect(versionText(join(folder, 'other.json'), String(paths[0]))).toBeUndefined();
  });

  test('that no policy could have have no text', () => {
    const file = join(folder, 'shop.json');
    expect(versionText(file, keep(file, ' '.repeat(MAX_TEXT_FILE + 1)))).toBeUndefined();
    expect(versionText(file, keep(file, '{}\u0000', AT + 1))).toBeUndefined();
    expect(versionText(file, keep(file, '{}', AT + 2))).toBe('{}');
  });

  test.skipIf(process.platform === 'win32')(
    'are kept under its real path, also when it or its folder is gone',
    () => {
      const link = join(folder, 'link');
      mkdirSync(join(folder, 'real'));
      symlinkSync(join(folder, 'real'), link);
      expect(keptUnder(join(link, 'shop.json'))).toBe(join(folder, 'real', 'shop.json'));
      writeFileSync(join(folder, 'target.json'), '{}');
      symlinkSync(join(folder, 'target.json'), join(link, 'shop.json'));
      expect(keptUnder(join(link, 'shop.json'))).toBe(join(folder, 'target.json'));
      expect(keptUnder(join(folder, 'none', 'shop.json'))).toBe(join(folder, 'none', 'shop.json'));
    },
  );

  test('tell which policies were deleted', () => {
    expect(deletedPolicies(folder)).toEqual([]);
    const [there, gone] = ['there.json', 'gone.json'].map((name) => join(folder, name)) as [string, string];
    writeFileSync(there, '{}');
    keep(there, 'x');
    keep(gone, 'x');
    keep(gone, 'y');
    const history = historyFolder(gone);
    // Names of such a form that no version has.
    writeFileSync(join(history, 'stray.json.0123456789ab.20261122T110512345Z.bak'), '');
    writeFileSync(join(history, 'notes.txt'), '');
    expect(deletedPolicies(folder)).toEqual([gone]);
    expect(existsSync(there)).toBe(true);
  });
});
