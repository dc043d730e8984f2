import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { connect, type Database } from '../../../src/store/sqlite/driver.js';
import { FileIdentity, identityOf } from '../../../src/store/sqlite/file-identity.js';
import { MIGRATIONS } from '../../../src/store/sqlite/migrations.js';
import { assertLogIsThere, versionNow } from '../../../src/store/sqlite/open.js';
import { Store } from '../../../src/store/store.js';
import { tempDir } from '../support.js';

const temp = tempDir();
afterAll(temp.remove);

/** A connection to a new file, on which another process makes the tables after the first `count` pragmas. */
function overtaken(path: string, count: number): Database {
  connectNew(path).close();
  const db = connect(path, 1000);
  let left = count;
  return {
    ...db,
    pragma: (name) => {
      const value = db.pragma(name);
      left -= 1;
      if (left === 0) Store.open(path).close();
      return value;
    },
  };
}

function connectNew(path: string): Database {
  writeFileSync(path, '');
  const db = connect(path, 1000);
  db.pragma('journal_mode = WAL');
  return db;
}

test.each([1, 2, 3])('G3: a file whose tables another makes after %d of our looks is ours', (count) => {
  const path = temp.path();
  const db = overtaken(path, count);
  expect(versionNow(db, path)).toBe(0);
  expect(versionNow(db, path)).toBe(MIGRATIONS.length);
  db.close();
});

test.skipIf(process.platform === 'win32')(
  'G4: a file in use without its log is refused, a new one or one that is not there is not',
  () => {
    const path = temp.path();
    expect(() => assertLogIsThere(path, 0)).not.toThrow();
    writeFileSync(path, '');
    const holder = connect(path, 0);
    const held = <T>(look: () => T): T => {
      holder.exec('BEGIN EXCLUSIVE');
      try {
        return look();
      } finally {
        holder.exec('ROLLBACK');
      }
    };
    const check = () => assertLogIsThere(path, 0);
    // Nothing was ever written to it: another process is making it.
    expect(() => held(check)).not.toThrow();
    holder.exec('CREATE TABLE t (a)');
    expect(() => held(check)).toThrow('write-ahead log');
    expect(check).not.toThrow();
    holder.close();
  },
);

describe.skipIf(process.platform === 'win32')('G4: whether the file is still the one that was opened', () => {
  function watched() {
    const path = temp.path();
    for (const name of [path, `${path}-wal`, `${path}-shm`]) writeFileSync(name, '');
    let saved = 0;
    const identity = new FileIdentity(path, path, identityOf(path) ?? '', () => {
      saved += 1;
    });
    return { path, identity, saved: () => saved };
  }
  /** Another file under its name: one that is only written anew may get the same number. */
  const replace = (path: string) => {
    writeFileSync(`${path}.new`, '');
    renameSync(`${path}.new`, path);
  };

  test('is asked once in a millisecond', () => {
    const { path, identity } = watched();
    identity.assertSame(10);
    replace(path);
    expect(() => identity.assertSame(10)).not.toThrow();
    expect(() => identity.assertSame(10.9)).not.toThrow();
    expect(() => identity.assertSame(11)).toThrow('was deleted or replaced');
    // It may be put back.
    expect(identity.isLogLost).toBe(false);
  });

  test('is no while the file is gone, and yes when it is back', () => {
    const { path, identity } = watched();
    renameSync(path, `${path}.away`);
    expect(() => identity.assertSame(0)).toThrow('was deleted or replaced');
    renameSync(`${path}.away`, path);
    expect(() => identity.assertSame(0)).not.toThrow();
  });

  test.each([[['-wal']], [['-shm']], [['-wal', '-shm']]])(
    'a log without %j is lost for good, and what only it has is saved',
    (suffixes) => {
      const { path, identity, saved } = watched();
      identity.assertSame(0);
      for (const suffix of suffixes) rmSync(path + suffix);
      expect(() => identity.assertSame(1)).toThrow('write-ahead log');
      expect(identity.isLogLost).toBe(true);
      for (const suffix of suffixes) writeFileSync(path + suffix, '');
      expect(() => identity.assertSame(1)).toThrow('write-ahead log');
      expect(saved()).toBe(1);
    },
  );

  test.each([['-wal'], ['-shm']])('another %s in its place is not written to', (suffix) => {
    const { path, identity, saved } = watched();
    replace(path + suffix);
    expect(() => identity.assertSame(0)).toThrow('write-ahead log');
    expect(saved()).toBe(0);
  });
});
