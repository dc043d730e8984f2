import { afterAll, beforeEach, expect, test } from 'vitest';
import { connect, type Row } from '../../src/store/sqlite/driver.js';
import type { Store } from '../../src/store/store.js';
import { admit, done, eachDriver, rows, tempDir, twoWrappers } from './support.js';
import { admission, charge, INFO, limit, open } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

/** Calls that follow one another at once share a snapshot: it must never be older than what others have written. */
eachDriver('a snapshot that is kept from call to call', () => {
  let path = '';
  let one: Store;
  let other: Store;
  let session = '';
  let elsewhere = '';
  beforeEach(() => {
    path = temp.path();
    const two = twoWrappers(path);
    ({ one, other, session, elsewhere } = two);
    return two.close;
  });
  const rate = charge(limit({ max: 1000 }));

  /** Whether a snapshot that is older than the newest row keeps the log from being copied to its end. */
  function isKept(): boolean {
    const db = connect(path, 0);
    try {
      const { log, checkpointed } = db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get() as Row;
      return Number(log) > Number(checkpointed);
    } finally {
      db.close();
    }
  }

  /** So many that one is kept, however slow the machine is and whatever was written by another before. */
  async function keep(): Promise<void> {
    await expect
      .poll(
        () => {
          for (let i = 0; i < 5; i += 1) expect(admit(one, session).kind).toBe('allowed');
          return isKept();
        },
        { timeout: 10_000 },
      )
      .toBe(true);
  }

  test('is let go by rest, by whatever else is written or read, and by the end', async () => {
    for (const letGo of [
      () => one.rest(),
      () => one.counters(),
      () => done(one.settle([])),
      () => one.maintain(0),
      () => expect(() => one.admit(session, [admission(open(charge(limit(), -1)))])).toThrow(RangeError),
      () => one.close(),
    ]) {
      await keep();
      letGo();
      expect(isKept()).toBe(false);
    }
  });

  test('G4: what another has charged meanwhile counts', async () => {
    const few = charge(limit({ counter: 'few', max: 3 }));
    expect(admit(one, session, few).kind).toBe('allowed');
    await keep();
    expect(admit(other, elsewhere, few).kind).toBe('allowed');
    expect(admit(one, session, few).kind).toBe('allowed');
    expect(admit(one, session, few).kind).toBe('exceeded');
    await keep();
    expect(admit(other, elsewhere, few).kind).toBe('exceeded');
  });

  test('a pause by another holds from the next call on', async () => {
    await keep();
    done(other.pause(undefined, undefined, 'cli'));
    expect(admit(one, session)).toMatchObject({ kind: 'refused', code: 'PAUSED' });
    done(other.resume(undefined, 'cli'));
    expect(admit(one, session).kind).toBe('allowed');
  });

  test('a counter that another has emptied is empty for the next call', async () => {
    const single = charge(limit({ counter: 'single', max: 1 }));
    expect(admit(one, session, single).kind).toBe('allowed');
    await keep();
    done(other.resetCounter('single', {}, 'cli'));
    expect(admit(one, session, single).kind).toBe('allowed');
    expect(admit(one, session, single).kind).toBe('exceeded');
  });

  test('what another has written is seen by whoever reads', async () => {
    await keep();
    for (let i = 0; i < 3; i += 1) admit(other, elsewhere, rate);
    expect(String(one.counters()[0]?.used)).toBe('3');
    expect(one.peek({ ...INFO, session }, [rate]).checks[0]?.used.toString()).toBe('3');
  });

  test('G3: a lock of another is told as such, and nothing is lost', async () => {
    await keep();
    const [newest] = rows(path, 'SELECT max(id) AS id FROM decisions');
    const db = connect(path, 0);
    db.exec('BEGIN IMMEDIATE');
    expect(() => admit(one, session, rate)).toThrow('locked');
    db.exec('COMMIT');
    db.close();
    expect(admit(one, session, rate)).toEqual({ kind: 'allowed', row: Number(newest?.id) + 1 });
  });
});
