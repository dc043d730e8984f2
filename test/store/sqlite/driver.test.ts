import { dirname } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { connect, faultOf } from '../../../src/store/sqlite/driver.js';
import { isPassing, stateError } from '../../../src/store/sqlite/faults.js';
import { DRIVERS, eachDriver, tempDir } from '../support.js';

const temp = tempDir();
const before = process.env.POLICY_WRAP_SQLITE;
afterEach(() => {
  if (before === undefined) delete process.env.POLICY_WRAP_SQLITE;
  else process.env.POLICY_WRAP_SQLITE = before;
});

eachDriver('driver', () => {
  test('rows, integers up to 2^53, decimals as text, null', () => {
    const db = connect(':memory:', 0);
    db.exec('CREATE TABLE t (a ANY, b ANY, c ANY, d ANY) STRICT');
    const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?, ?)');
    expect(Number(insert.run(Number.MAX_SAFE_INTEGER, '0.10', null, 1.5).changes)).toBe(1);
    const select = db.prepare('SELECT * FROM t');
    const row = { a: Number.MAX_SAFE_INTEGER, b: '0.10', c: null, d: 1.5 };
    expect({ ...select.get() }).toEqual(row);
    expect(select.all().map((each) => ({ ...each }))).toEqual([row]);
    expect([...select.iterate()].map((each) => ({ ...each }))).toEqual([row]);
    expect(db.pragma('user_version')).toBe(0);
    db.close();
  });

  test('a walk that is left early leaves the connection free', () => {
    const db = connect(':memory:', 0);
    db.exec('CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2), (3)');
    for (const row of db.prepare('SELECT a FROM t').iterate()) if (row.a === 2) break;
    db.prepare('INSERT INTO t VALUES (?)').run(4);
    expect(db.prepare('SELECT count(*) AS n FROM t').get()?.n).toBe(4);
    db.close();
  });

  test('one that is opened for itself alone keeps others out, until it is closed', () => {
    const path = temp.path();
    connectNew(path).close();
    const alone = connect(path, 0, 'EXCLUSIVE');
    alone.exec('CREATE TABLE t (a)');
    const read = () => {
      const other = connect(path, 0);
      try {
        return other.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n;
      } finally {
        other.close();
      }
    };
    expect(faultBy(read)).toBe('busy');
    alone.close();
    expect(read()).toBe(1);
  });

  test('busy, read-only, full and not a database are told apart', () => {
    const path = temp.path();
    const first = connectNew(path);
    first.exec('CREATE TABLE t (a)');
    const second = connect(path, 0);
    first.exec('BEGIN IMMEDIATE');
    expect(faultBy(() => second.exec('BEGIN IMMEDIATE'))).toBe('busy');
    first.exec('ROLLBACK; PRAGMA query_only = ON');
    expect(faultBy(() => first.exec('INSERT INTO t VALUES (1)'))).toBe('readonly');
    second.exec('PRAGMA max_page_count = 2');
    expect(faultBy(() => second.exec('INSERT INTO t VALUES (zeroblob(100000))'))).toBe('full');
    expect(faultBy(() => second.exec('SELECT nonsense'))).toBe('other');
    first.close();
    second.close();
    expect(faultBy(() => connect(import.meta.filename, 0).pragma('user_version'))).toBe('notadb');
    expect(faultBy(() => connect(dirname(path), 0))).toBe('cantopen');
  });
});

function connectNew(path: string) {
  // The addon opens existing files alone.
  process.getBuiltinModule('node:fs').writeFileSync(path, '');
  return connect(path, 0);
}

function faultBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return faultOf(error);
  }
  return 'nothing was thrown';
}

describe('choosing', () => {
  test('what is not from SQLite is no fault', () => {
    expect(faultOf(new Error('x'))).toBeUndefined();
    expect(faultOf(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBeUndefined();
    expect(faultOf('SQLITE_BUSY')).toBeUndefined();
  });

  test.each([
    [{ code: 'SQLITE_BUSY_SNAPSHOT' }, 'busy'],
    [{ code: 'SQLITE_NOSUCH' }, 'other'],
    [{ errcode: 5 }, 'busy'],
    [{ errcode: 5 | (2 << 8) }, 'busy'],
    [{ errcode: 15 }, 'busy'],
    [{ errcode: 11 | (1 << 8) }, 'corrupt'],
    [{ errcode: 10 | (5 << 8), code: 'ERR_SQLITE_ERROR' }, 'io'],
    [{ errcode: 99 }, 'other'],
  ])('G3: either driver says what went wrong in its own way: %j is %s', (words, fault) => {
    expect(faultOf(Object.assign(new Error('x'), words))).toBe(fault);
  });

  test.each([
    [{ code: 'ENOSPC', syscall: 'write' }, 'the disk is full'],
    [{ code: 'EDQUOT', syscall: 'write' }, 'the disk is full'],
    [{ code: 'EIO', syscall: 'read' }, 'the disk reports an error'],
    [{ code: 'EACCES', syscall: 'open' }, 'cannot be opened'],
    [{ code: 'SQLITE_BUSY' }, 'is locked by another process'],
  ])('G3: a person is told what a failure of the file comes to: %j', (words, says) => {
    const cause = Object.assign(new Error('x'), words);
    const error = stateError(cause, '/a.db');
    expect(error).toMatchObject({ name: 'PolicyWrapError', message: expect.stringContaining(says), cause });
    expect(isPassing(error)).toBe(words.code === 'SQLITE_BUSY');
    expect(isPassing(cause)).toBe(false);
    expect(stateError(error, '/b.db')).toBe(error);
  });

  test('what is a fault of ours is told as it is', () => {
    const own = new TypeError('x');
    expect(stateError(own, '/a.db')).toBe(own);
    expect(stateError(undefined, '/a.db')).toBeUndefined();
  });

  test('the addon comes first, where it loads', () => {
    delete process.env.POLICY_WRAP_SQLITE;
    const expected = DRIVERS.find(({ missing }) => missing === undefined)?.name;
    const db = connect(':memory:', 0);
    expect(db.driver).toBe(expected);
    db.close();
  });

  test('an unknown name is the fault of who set it', () => {
    process.env.POLICY_WRAP_SQLITE = 'oracle';
    expect(() => connect(':memory:', 0)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  for (const { name, missing } of DRIVERS)
    test.skipIf(missing === undefined)(`where ${name} is the only one allowed, and is not there`, () => {
      process.env.POLICY_WRAP_SQLITE = name;
      expect(() => connect(':memory:', 0)).toThrow(
        expect.objectContaining({
          code: 'STATE_UNAVAILABLE',
          message: expect.stringContaining(`allows ${name} alone`),
          hint: 'Unset it.',
        }),
      );
    });
});
