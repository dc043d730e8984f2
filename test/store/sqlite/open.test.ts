import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { connect, type Database } from '../../../src/store/sqlite/driver.js';
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
