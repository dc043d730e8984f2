import { afterAll, beforeEach, expect, test } from 'vitest';
import { connect } from '../../src/state/driver.js';
import { APPLICATION_ID, MIGRATIONS } from '../../src/state/schema.js';
import { Store } from '../../src/state/store.js';
import { admit, clock, done, eachDriver, rows, tempDir } from './support.js';
import { admission, charge, INFO, limit, open } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const MINUTE = 60_000;

/** Two wrappers on one file: what each remembers must never hide what the other did. */
eachDriver('what is remembered between transactions', () => {
  let time = clock();
  let path = '';
  let one: Store;
  let other: Store;
  let session = '';
  let elsewhere = '';
  beforeEach(() => {
    time = clock();
    path = temp.path();
    one = Store.open(path, time);
    other = Store.open(path, time);
    session = one.startSession(INFO);
    elsewhere = other.startSession(INFO);
    return () => {
      expect(one.check()).toEqual([]);
      one.close();
      other.close();
    };
  });

  test('G4: calls of two wrappers in turn are counted together, however they alternate', () => {
    const rate = charge(limit({ max: 100 }));
    let allowed = 0;
    // Runs of different lengths, so that rows are brought up to date in the middle of some.
    for (let run = 0; allowed < 100; run += 1) {
      const [store, id] = run % 2 === 0 ? ([one, session] as const) : ([other, elsewhere] as const);
      for (let i = 0; i <= run && allowed < 100; i += 1) {
        expect(admit(store, id, rate).kind).toBe('allowed');
        allowed += 1;
      }
    }
    expect(admit(one, session, rate).kind).toBe('exceeded');
    expect(admit(other, elsewhere, rate).kind).toBe('exceeded');
    expect(String(other.counters()[0]?.used)).toBe('100');
  });

  test('G4: limits of two tools with one counter are one count', () => {
    const first = charge(limit({ max: 2 }));
    const second = charge(limit({ max: 2 }));
    expect(admit(one, session, first).kind).toBe('allowed');
    expect(admit(one, session, second).kind).toBe('allowed');
    expect(admit(one, session, first).kind).toBe('exceeded');
  });

  test('a pause by another wrapper holds from the next call on, and so does its end', () => {
    expect(admit(one, session).kind).toBe('allowed');
    done(other.pause(undefined, undefined, 'cli'));
    expect(admit(one, session)).toMatchObject({ kind: 'refused', code: 'PAUSED' });
    done(other.resume(undefined, 'cli'));
    expect(admit(one, session).kind).toBe('allowed');
    done(one.pause(INFO.server, undefined, 'cli'));
    expect(admit(one, session)).toMatchObject({ kind: 'refused', code: 'PAUSED' });
    done(one.resume(INFO.server, 'cli'));
    expect(admit(one, session).kind).toBe('allowed');
  });

  test('a counter that was emptied, here or elsewhere, is empty for the next call', () => {
    const rate = charge(limit({ max: 1 }));
    for (const store of [one, other]) {
      expect(admit(one, session, rate).kind).toBe('allowed');
      expect(admit(one, session, rate).kind).toBe('exceeded');
      done(store.resetCounter(rate.limit.counter, {}, 'cli'));
    }
    expect(admit(one, session, rate).kind).toBe('allowed');
  });

  test('what another wrapper gave back is there for the next call', () => {
    const breaker = charge(limit({ max: 1, refund: 'on_success' }));
    const call = admit(one, session, breaker);
    expect(admit(one, session, breaker).kind).toBe('exceeded');
    done(other.settle([{ auditId: call.auditId, outcome: 'ok', latencyMs: 1 }]));
    expect(admit(one, session, breaker).kind).toBe('allowed');
  });

  test('what was charged in a transaction that failed is not remembered', () => {
    const rate = limit({ max: 3 });
    expect(admit(one, session, charge(rate)).kind).toBe('allowed');
    expect(() =>
      one.admit(session, [admission(open(charge(rate))), admission(open(charge(rate, -1)))]),
    ).toThrow(RangeError);
    expect(admit(one, session, charge(rate)).kind).toBe('allowed');
    expect(admit(one, session, charge(rate)).kind).toBe('allowed');
    expect(admit(one, session, charge(rate)).kind).toBe('exceeded');
  });

  test('G4: a process that dies leaves every charge, whether or not the row held it', () => {
    const rate = charge(limit({ max: 40 }));
    for (let i = 0; i < 39; i += 1) admit(one, session, rate);
    // No end of any kind: another connection reads what is in the file.
    expect(admit(other, elsewhere, rate).kind).toBe('allowed');
    expect(admit(other, elsewhere, rate)).toMatchObject({
      kind: 'exceeded',
      exceeded: { retryAt: time.at + MINUTE },
    });
  });

  test('exact decimals, expired and not, whoever adds them up', () => {
    const money = limit({ counter: 'spend', max: '10' });
    for (let i = 0; i < 70; i += 1) {
      expect(admit(one, session, charge(money, '0.1')).kind).toBe('allowed');
      time.at += 100;
    }
    // 70 charges of 0.1, of which the first half is a minute old.
    time.at += MINUTE - 3500 - 1;
    const [used] = one.counters().map((counter) => String(counter.used));
    expect(used).toBe('3.5');
    expect(admit(other, elsewhere, charge(money, '6.5')).kind).toBe('allowed');
    expect(admit(one, session, charge(money, '0.1')).kind).toBe('exceeded');
  });

  test('the row of a counter is written now and then, its charges always', () => {
    const rate = charge(limit({ max: 1000 }));
    const upto = () => Number(rows(path, 'SELECT upto FROM counters')[0]?.upto);
    const seen = new Set<number>();
    for (let i = 0; i < 128; i += 1) {
      admit(one, session, rate);
      seen.add(upto());
      expect(rows(path, 'SELECT count(*) AS n FROM charges')[0]?.n).toBe(i + 1);
    }
    expect(seen.size).toBeLessThanOrEqual(5);
    expect(128 - upto()).toBeLessThan(32);
  });
});

eachDriver('a file of the first version', () => {
  test('G4: its counts are kept, and are the sums of all their charges', () => {
    const path = temp.path();
    const time = clock();
    const old = Store.open(path, time);
    const rate = charge(limit({ max: 40 }));
    const session = old.startSession(INFO);
    for (let i = 0; i < 39; i += 1) admit(old, session, rate);
    old.close();
    const db = connect(path, 0);
    db.exec(`UPDATE counters SET used = 39; ALTER TABLE counters DROP COLUMN upto; PRAGMA user_version = 1`);
    expect(db.pragma('application_id')).toBe(APPLICATION_ID);
    db.close();

    const store = Store.open(path, time);
    expect(store.check()).toEqual([]);
    const next = store.startSession(INFO);
    expect(admit(store, next, rate).kind).toBe('allowed');
    expect(admit(store, next, rate).kind).toBe('exceeded');
    expect(store.check()).toEqual([]);
    store.close();
    expect(rows(path, 'PRAGMA user_version')[0]?.user_version).toBe(MIGRATIONS.length);
  });
});
