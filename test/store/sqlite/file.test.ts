import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Parts } from '../../../src/store/parts.js';
import { connect } from '../../../src/store/sqlite/driver.js';
import { BUSY, StateFile } from '../../../src/store/sqlite/file.js';
import { inspect } from '../../../src/store/sqlite/inspect.js';
import { setAside } from '../../../src/store/sqlite/set-aside.js';
import { Store } from '../../../src/store/store.js';
import { admit, Children, clock, damage, done, eachDriver, rows, tempDir } from '../support.js';
import { admission, charge, INFO, limit, open, settlement } from '../support-shapes.js';

const temp = tempDir();
/** Whether a file is still the same is looked at again after a millisecond. */
const lookedAtAgain = () => new Promise((resume) => setTimeout(resume, 5));
const children = new Children(temp.path('child.mjs'));
afterAll(async () => {
  await children.stop();
  temp.remove();
});

const code = (expected: string, text?: string) =>
  expect.objectContaining({
    name: 'PolicyWrapError',
    code: expected,
    ...(text !== undefined && { message: expect.stringContaining(text) }),
  });

/** A closed database with a few hundred rows in it. */
function filled(): string {
  const path = temp.path();
  const store = Store.open(path);
  const session = store.startSession(INFO);
  done(store.admit(session, Array(300).fill(admission(open(charge(limit({ max: 1000 })))))));
  store.close();
  return path;
}

eachDriver('file', () => {
  describe('opening', () => {
    test.skipIf(process.platform === 'win32')(
      'G4: by a link to the file and by its own name it is one',
      () => {
        const path = filled();
        const link = temp.path();
        symlinkSync(path, link);
        const stores = [Store.open(link), Store.open(path)];
        const passed = stores.flatMap((store) => {
          const session = store.startSession(INFO);
          return Array.from({ length: 3 }, () =>
            admit(store, session, charge(limit({ counter: 'linked', max: 4 }))),
          );
        });
        expect(passed.map(({ kind }) => kind)).toEqual([
          ...Array(4).fill('allowed'),
          ...Array(2).fill('exceeded'),
        ]);
        expect(inspect(link, Date.now())).toMatchObject({ ours: true, damage: [] });
        for (const store of stores) store.close();
      },
    );

    test.skipIf(process.platform === 'win32')('G3: a link that leads nowhere is refused', () => {
      const link = temp.path();
      symlinkSync(join(temp.path(), 'nowhere'), link);
      expect(() => Store.open(link)).toThrow(code('STATE_UNAVAILABLE'));
    });

    test.skipIf(process.platform === 'win32')('folders are 0700, and every file 0600', () => {
      const umask = process.umask(0);
      try {
        const path = join(temp.path('new-folder'), 'deeper', 'state.db');
        const store = Store.open(path);
        admit(store, store.startSession(INFO));
        const modeOf = (name: string) => (statSync(name).mode & 0o777).toString(8);
        expect(modeOf(dirname(path))).toBe('700');
        expect(modeOf(dirname(dirname(path)))).toBe('700');
        expect(readdirSync(dirname(path)).sort()).toEqual(['state.db', 'state.db-shm', 'state.db-wal']);
        for (const name of readdirSync(dirname(path))) expect(modeOf(join(dirname(path), name))).toBe('600');
        store.close();
        chmodSync(path, 0o644);
        Store.open(path).close();
        expect(modeOf(path)).toBe('600');
      } finally {
        process.umask(umask);
        rmSync(temp.path('new-folder'), { recursive: true });
      }
    });

    test('a write-ahead log, and no waiting once it is open', () => {
      const file = StateFile.open(temp.path());
      expect(file.db.pragma('journal_mode')).toBe('wal');
      expect(file.db.pragma('busy_timeout')).toBe(0);
      expect(file.db.pragma('synchronous')).toBe(1);
      file.close();
      const full = StateFile.open(temp.path(), { synchronous: 'full', waitMs: 1500 });
      expect(full.db.pragma('busy_timeout')).toBe(1500);
      expect(full.db.pragma('synchronous')).toBe(2);
      full.close();
    });

    test('a command that only looks makes no file', () => {
      const path = temp.path();
      expect(() => Store.open(path, { mustExist: true })).toThrow(code('NOT_FOUND'));
      expect(existsSync(path)).toBe(false);
    });

    test('a file from a newer version is refused and left alone', () => {
      const path = filled();
      const db = connect(path, 0);
      db.exec('PRAGMA user_version = 99');
      db.close();
      const before = readFileSync(path);
      expect(() => Store.open(path)).toThrow(code('STATE_NEWER'));
      expect(readFileSync(path).equals(before)).toBe(true);
    });

    test('G3: a file that a newer version migrates while it is open is not written any more', () => {
      const path = temp.path();
      const store = Store.open(path);
      const session = store.startSession(INFO);
      admit(store, session);
      const db = connect(path, 0);
      db.exec('PRAGMA user_version = 99');
      db.close();
      expect(() => admit(store, session)).toThrow(code('STATE_NEWER'));
      store.close();
      expect(rows(path, 'SELECT id FROM decisions')).toHaveLength(1);
    });

    test("another program's database is refused and left alone", () => {
      const path = temp.path();
      writeFileSync(path, '');
      const db = connect(path, 0);
      db.exec('CREATE TABLE bookmarks (url TEXT)');
      db.close();
      expect(() => Store.open(path)).toThrow(code('STATE_CORRUPT', 'another program'));
      expect(rows(path, 'SELECT name FROM sqlite_schema')).toHaveLength(1);
    });

    test('an empty file is taken as a new one', () => {
      const path = temp.path();
      writeFileSync(path, '');
      const store = Store.open(path);
      expect(damage(store)).toEqual([]);
      store.close();
    });

    test.skipIf(!existsSync('/proc/self'))('a folder that cannot be made is told, and at once', () => {
      expect(() => Store.open('/proc/nowhere/deeper/x.db')).toThrow(
        code('STATE_UNAVAILABLE', '/proc/nowhere'),
      );
    });

    test('a file that lost its version, or was given another, is not called newer', () => {
      const path = filled();
      const store = Store.open(path);
      const session = store.startSession(INFO);
      const db = connect(path, 0);
      db.exec('PRAGMA user_version = 0');
      db.close();
      const other = code('STATE_CORRUPT', 'another program');
      expect(() => admit(store, session)).toThrow(other);
      store.close();
      expect(() => Store.open(path)).toThrow(other);
    });

    test('a folder in the way', () => {
      const path = temp.path();
      mkdirSync(path);
      expect(() => Store.open(path)).toThrow(code('STATE_UNAVAILABLE'));
    });
  });

  describe('G3: damage', () => {
    test('a file that is no database is refused, not overwritten', () => {
      const path = temp.path();
      const garbage = Buffer.from('this is not a database, it is a diary. '.repeat(200));
      writeFileSync(path, garbage);
      expect(() => Store.open(path)).toThrow(code('STATE_CORRUPT', 'is not a state database'));
      expect(readFileSync(path).equals(garbage)).toBe(true);
    });

    test('a damaged header', () => {
      const path = filled();
      const bytes = readFileSync(path);
      bytes.fill(0x5a, 0, 100);
      writeFileSync(path, bytes);
      expect(() => Store.open(path)).toThrow(code('STATE_CORRUPT'));
      expect(readFileSync(path).equals(bytes)).toBe(true);
    });

    test('bytes flipped in the middle: refused when they are read, and nothing is written', () => {
      const path = filled();
      const bytes = readFileSync(path);
      // Every page but the first, which holds the schema: type and number of cells in the page header.
      for (let page = 1; page * 4096 < bytes.length; page += 1)
        for (let i = 0; i < 8; i += 1) bytes[page * 4096 + i] = (bytes[page * 4096 + i] ?? 0) ^ 0xff;
      writeFileSync(path, bytes);
      // At the opening where the schema itself is hit, else at the first look.
      const opened = (use: (store: Store) => void) => {
        const store = Store.open(path);
        try {
          use(store);
        } finally {
          store.close();
        }
      };
      expect(() =>
        opened((store) => admit(store, store.startSession(INFO), charge(limit({ max: 1000 })))),
      ).toThrow(code('STATE_CORRUPT', 'is damaged'));
      expect(() => opened((store) => store.log())).toThrow(code('STATE_CORRUPT'));
      expect(readFileSync(path).equals(bytes)).toBe(true);
    });

    test('a file that was cut short', () => {
      const path = filled();
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.subarray(0, 3 * 4096));
      expect(() => {
        const store = Store.open(path);
        try {
          admit(store, store.startSession(INFO), charge(limit({ max: 1000 })));
        } finally {
          store.close();
        }
      }).toThrow(code('STATE_CORRUPT'));
    });

    test('a counter that holds no number', () => {
      const path = filled();
      const db = connect(path, 0);
      db.exec("UPDATE counters SET used = 'many'");
      db.close();
      const store = Store.open(path);
      const session = store.startSession(INFO);
      expect(() => admit(store, session, charge(limit({ max: 1000 })))).toThrow(
        code('STATE_CORRUPT', 'many'),
      );
      store.close();
    });

    test('check names a counter whose sum is wrong', () => {
      const path = filled();
      const db = connect(path, 0);
      db.exec('UPDATE counters SET used = 299');
      db.close();
      const store = Store.open(path);
      expect(damage(store)).toEqual([expect.stringContaining('says 299, its charges add up to 300')]);
      store.close();
    });
  });

  describe('G3: failures while running', () => {
    test('locked by another process: BUSY at once, nothing changed, then all is made up for', () => {
      const path = temp.path();
      const store = Store.open(path);
      const other = connect(path, 0);
      other.exec('BEGIN IMMEDIATE');
      // SQLite itself waits for no lock.
      expect((Reflect.get(store, 'parts') as Parts).file.db.pragma('busy_timeout')).toBe(0);
      const session = store.startSession(INFO);
      store.describeClient(session, 'claude-ai', '1');
      expect(store.admit(session, [admission(open(charge(limit())))])).toBe(BUSY);
      expect(store.settle([settlement(1, 'ok')])).toBe(BUSY);
      expect(store.resetCounter('x', {}, 'cli')).toBe(BUSY);
      expect(store.decideApproval('x', 'approved', 'cli')).toBe(BUSY);
      expect(store.maintain(100)).toBe(false);
      expect(store.log()).toEqual([]);
      expect(store.counters()).toEqual([]);
      expect(store.sessions()).toEqual([]);
      other.exec('ROLLBACK');
      other.close();
      expect(admit(store, session, charge(limit({ max: 1 }))).kind).toBe('allowed');
      expect(store.log()).toMatchObject([{ clientName: 'claude-ai', session }]);
      store.close();
    });

    test('a full disk: refused, the failed call leaves nothing, and it goes on when there is room', () => {
      const path = temp.path();
      const file = StateFile.open(path);
      const store = new Store(file);
      const session = store.startSession(INFO);
      const rate = charge(limit({ max: 100_000 }));
      admit(store, session, rate);
      file.db.exec(`PRAGMA max_page_count = ${Number(file.db.pragma('page_count')) + 4}`);
      let passed = 1;
      const wide = { argumentsText: JSON.stringify(['x'.repeat(900)]) };
      expect(() => {
        for (; passed < 10_000; passed += 1) done(store.admit(session, [admission(open(rate), wide)]));
      }).toThrow(code('STATE_UNAVAILABLE', 'the disk is full'));
      expect(passed).toBeLessThan(100);
      expect(store.log({ limit: 10_000 })).toHaveLength(passed);
      expect(Number(store.counters()[0]?.used)).toBe(passed);
      // A counter that is new to this process while nothing can be written must not be mistaken for another later.
      const other = charge(limit({ counter: 'other', max: 1 }));
      expect(() => done(store.admit(session, [admission(open(other), wide)]))).toThrow(
        code('STATE_UNAVAILABLE'),
      );
      file.db.exec('PRAGMA max_page_count = 100000');
      expect(admit(store, session, charge(limit({ counter: 'third', max: 1 }))).kind).toBe('allowed');
      expect(admit(store, session, other).kind).toBe('allowed');
      expect(admit(store, session, other).kind).toBe('exceeded');
      expect(damage(store)).toEqual([]);
      store.close();
    });

    test('the id of a row that was not written becomes that of another, to which its charge is given back', () => {
      const file = StateFile.open(temp.path());
      const store = new Store(file);
      const session = store.startSession(INFO);
      file.db.exec(`PRAGMA max_page_count = ${Number(file.db.pragma('page_count'))}`);
      const wide = { argumentsText: JSON.stringify({ a: 'x'.repeat(9000) }) };
      const rate = open(charge(limit({ counter: 'rate', max: 10 })));
      expect(() => done(store.admit(session, [admission(rate, wide)]))).toThrow(code('STATE_UNAVAILABLE'));
      file.db.exec('PRAGMA max_page_count = 100000');
      const back = charge(limit({ counter: 'back', max: 1, refund: 'on_error' }));
      const { row } = admit(store, session, back);
      expect(row).toBe(1);
      done(store.settle([settlement(row, 'error')]));
      expect(admit(store, session, back).kind).toBe('allowed');
      store.close();
    });

    test('a file that cannot be written', () => {
      const file = StateFile.open(temp.path());
      const store = new Store(file);
      const session = store.startSession(INFO);
      file.db.exec('PRAGMA query_only = ON');
      expect(() => admit(store, session, charge(limit()))).toThrow(
        code('STATE_UNAVAILABLE', 'cannot be written'),
      );
      expect(store.log()).toEqual([]);
      store.close();
    });

    test.skipIf(process.platform === 'win32')(
      'deleted while running: refused, and not made anew',
      async () => {
        const path = temp.path();
        const store = Store.open(path);
        const session = store.startSession(INFO);
        admit(store, session);
        for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix);
        await lookedAtAgain();
        expect(() => admit(store, session)).toThrow(code('STATE_UNAVAILABLE', 'was deleted or replaced'));
        expect(() => store.settle([])).toThrow(code('STATE_UNAVAILABLE'));
        expect(() => store.log()).toThrow(code('STATE_UNAVAILABLE'));
        store.close();
        expect(existsSync(path)).toBe(false);
      },
    );

    test.skipIf(process.platform === 'win32')('G4: replaced while running: refused', async () => {
      const path = temp.path();
      const store = Store.open(path);
      const session = store.startSession(INFO);
      const one = charge(limit({ max: 1 }));
      expect(admit(store, session, one).kind).toBe('allowed');
      for (const suffix of ['', '-wal', '-shm']) renameSync(path + suffix, `${path}.old${suffix}`);
      const next = Store.open(path);
      await lookedAtAgain();
      expect(() => admit(store, session, charge(limit({ max: 2 })))).toThrow(code('STATE_UNAVAILABLE'));
      expect(admit(next, next.startSession(INFO), one).kind).toBe('allowed');
      store.close();
      next.close();
    });

    test('closed', () => {
      const store = Store.open(temp.path());
      const session = store.startSession(INFO);
      store.close();
      store.close();
      expect(() => admit(store, session)).toThrow(code('STATE_UNAVAILABLE', 'is closed'));
    });

    test('a bug in the middle of a call leaves nothing behind', () => {
      const store = Store.open(temp.path());
      const session = store.startSession(INFO);
      const broken = { ...charge(limit()), amount: undefined } as never;
      expect(() => store.admit(session, [admission(open(charge(limit()))), admission(open(broken))])).toThrow(
        TypeError,
      );
      expect(store.log()).toEqual([]);
      expect(store.counters()).toEqual([]);
      store.close();
    });
  });

  describe('setting aside', () => {
    test('keeps the file and its log under a name with the time in it', () => {
      const path = filled();
      const { at } = clock();
      writeFileSync(`${path}-wal`, 'log');
      const aside = setAside(path, at);
      expect(aside).toBe(`${path}.2026-11-22T11-00-00-000Z`);
      expect(existsSync(path)).toBe(false);
      expect(readFileSync(`${aside}-wal`, 'utf8')).toBe('log');
      writeFileSync(path, 'garbage');
      expect(setAside(path, at)).toBe(`${aside}-2`);
      expect(readFileSync(`${aside}-2`, 'utf8')).toBe('garbage');
      const store = Store.open(path);
      expect(store.log()).toEqual([]);
      store.close();
    });

    test('there must be one', () => {
      expect(() => setAside(temp.path(), 0)).toThrow(code('NOT_FOUND'));
    });
  });
});

/** Permissions do not bind root, so root runs these as another user. */
const OTHER_USER: { uid?: number; gid?: number } = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

describe.skipIf(process.platform === 'win32')('G3: permissions', () => {
  /** A database with one decision, in a folder that everyone can reach. */
  function usedIn(folder: string): string {
    const path = join(folder, 'state.db');
    const store = Store.open(path);
    admit(store, store.startSession(INFO));
    store.close();
    chmodSync(dirname(folder), 0o755);
    return path;
  }

  async function refusedToOther(path: string): Promise<void> {
    const child = children.start(['once', path], OTHER_USER);
    child.go();
    expect(await child.next()).toBe('ready');
    expect(await child.next()).toMatchObject({
      code: 'STATE_UNAVAILABLE',
      hint: expect.stringContaining('for this user'),
    });
    await child.end();
  }

  test.each([
    ['a file that may only be read', 0o755, 0o444],
    ['a file that may not be read', 0o755, 0o000],
    ['a folder that may not be entered', 0o000, 0o644],
  ])('%s: refused, with a hint', async (_, folder, file) => {
    const inner = temp.path(`locked-${folder}-${file}`);
    mkdirSync(inner);
    const path = usedIn(inner);
    chmodSync(path, file);
    chmodSync(inner, folder);
    await refusedToOther(path);
    chmodSync(inner, 0o700);
  });

  test('a file that its own owner made read-only: refused, and left as it is', async () => {
    const inner = temp.path('own-read-only');
    mkdirSync(inner);
    const path = usedIn(inner);
    chmodSync(path, 0o444);
    const { uid, gid } = OTHER_USER;
    if (uid !== undefined) for (const each of [inner, path]) chownSync(each, uid, gid ?? uid);
    await refusedToOther(path);
    expect(statSync(path).mode & 0o777).toBe(0o400);
  });
});
