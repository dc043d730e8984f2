import { writeFileSync } from 'node:fs';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { PENDING_MAX } from '../../../src/store/counters/pending-charges.js';
import { connect, type Database } from '../../../src/store/sqlite/driver.js';
import { APPLICATION_ID, MIGRATIONS } from '../../../src/store/sqlite/migrations.js';
import { Store } from '../../../src/store/store.js';
import { admit, clock, damage, done, eachDriver, rows, tempDir, twoWrappers } from '../support.js';
import { admission, charge, INFO, limit, open, settlement } from '../support-shapes.js';

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
    path = temp.path();
    const two = twoWrappers(path);
    ({ time, one, other, session, elsewhere } = two);
    return two.close;
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

  test('a pause of one server stops no other, and only a pause that was there is lifted', () => {
    const second = one.startSession({ ...INFO, server: 'mcp-other' });
    done(one.pause(INFO.server, undefined, 'cli'));
    for (let i = 0; i < 2; i += 1) {
      expect(admit(one, session)).toMatchObject({ kind: 'refused', code: 'PAUSED' });
      expect(admit(one, second).kind).toBe('allowed');
    }
    expect(done(one.resume('mcp-other', 'cli'))).toBe(0);
    expect(done(one.resume(INFO.server, 'cli'))).toBe(1);
    expect(one.events().map(({ kind }) => kind)).toEqual(['pause.begun', 'pause.lifted']);
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
    done(other.settle([settlement(call.row, 'ok')]));
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
    const money = limit({ counter: 'spend', max: '40' });
    for (let i = 0; i < PENDING_MAX + 6; i += 1) {
      expect(admit(one, session, charge(money, '0.1')).kind).toBe('allowed');
      time.at += 100;
    }
    // 262 charges of 0.1, of which the first half is a minute old.
    time.at += MINUTE - 13_100 - 1;
    const [used] = one.counters().map((counter) => String(counter.used));
    expect(used).toBe('13.1');
    expect(admit(other, elsewhere, charge(money, '26.9')).kind).toBe('allowed');
    expect(admit(one, session, charge(money, '0.1')).kind).toBe('exceeded');
  });

  test('a charge is in the row of its decision at once, and compacted into its counter later', () => {
    const rate = charge(limit({ max: 10_000 }));
    const posted = () => Number(rows(path, 'SELECT upto FROM posted')[0]?.upto);
    const seen = new Set<number>();
    for (let i = 1; i <= 4 * PENDING_MAX; i += 1) {
      admit(one, session, rate);
      time.at += 1;
      seen.add(posted());
      expect(rows(path, 'SELECT count(*) AS n FROM decisions WHERE charges IS NOT NULL')[0]?.n).toBe(i);
      expect(rows(path, 'SELECT count(*) AS n FROM charges')[0]?.n).toBe(posted());
      expect(rows(path, 'SELECT used FROM counters')[0]?.used).toBe(posted());
      expect(i - posted()).toBeLessThan(PENDING_MAX);
    }
    expect(seen.size).toBeLessThanOrEqual(5);
  });

  test('what is charged at one instant is one row, of which each call is given back by itself', () => {
    const back = charge(limit({ counter: 'back', max: 100, refund: 'on_error' }), '0.1');
    const calls = Array.from({ length: PENDING_MAX + 6 }, () => admit(one, session, back));
    expect(rows(path, 'SELECT first, last, amount FROM charges')).toEqual([
      { first: 1, last: PENDING_MAX, amount: '25.6' },
    ]);
    const settle = (store: Store, call: { row: number } | undefined, outcome: 'error' | 'ok') =>
      done(store.settle([settlement(call?.row ?? 0, outcome)]));
    settle(other, calls[3], 'error');
    settle(one, calls[3], 'error');
    settle(one, calls[4], 'ok');
    settle(other, calls[PENDING_MAX + 2], 'error');
    for (const store of [one, other]) expect(String(store.counters()[0]?.used)).toBe('26');
    for (const call of calls) settle(one, call, 'error');
    expect(rows(path, 'SELECT first, last, amount FROM charges')).toEqual([
      { first: 1, last: PENDING_MAX, amount: '0.1' },
    ]);
  });

  test('a counter in use removes its expired rows by itself, and its sum stays that of the others', () => {
    const rate = charge(limit({ max: 1000 }));
    for (let i = 0; i < 3 * PENDING_MAX + 2; i += 1) {
      time.at += 1000;
      expect(admit(one, session, rate).kind).toBe('allowed');
      if (i % 100 === 0) expect(damage(one)).toEqual([]);
    }
    // Sixty seconds of them count; a few expired ones may wait for the next removal.
    expect(rows(path, 'SELECT at FROM charges').length).toBeLessThan(60 + 40);
    expect(String(one.counters()[0]?.used)).toBe('60');
    expect(damage(one)).toEqual([]);
  });

  test('G4: what had expired for one who only looked counts again when the clock is set back', () => {
    const rate = charge(limit({ max: 1 }));
    admit(one, session, rate);
    done(one.resetCounter('another', {}, 'cli'));
    time.at += 2 * MINUTE;
    expect(one.peek({ ...INFO, session }, [rate]).fits).toBe(true);
    time.at -= MINUTE + MINUTE / 2;
    expect(one.peek({ ...INFO, session }, [rate]).fits).toBe(false);
    expect(admit(one, session, rate).kind).toBe('exceeded');
  });

  test('a limit whose max was changed is shown with it from its next call on', () => {
    const shown = () => String(other.counters()[0]?.max);
    admit(one, session, charge(limit({ max: 5 })));
    expect(shown()).toBe('5');
    admit(one, session, charge(limit({ max: 7 })));
    expect(shown()).toBe('7');
    // The first charge to a counter of a call names it.
    admit(one, session, charge(limit({ max: 8 })), charge(limit({ max: 9 })));
    expect(shown()).toBe('8');
  });

  test('G4: a counter’s clock goes with its latest charge, also when the machine’s goes back by a moment', () => {
    const rate = charge(limit({ max: 2 }));
    admit(one, session, rate);
    time.at -= 500;
    admit(one, session, rate);
    const { at: back } = time;
    // Both were charged at the later instant: at the earlier one's end neither has expired.
    time.at = back + MINUTE;
    expect(admit(one, session, rate).kind).toBe('exceeded');
    time.at = back + 500 + MINUTE;
    expect(admit(one, session, rate).kind).toBe('allowed');
  });

  test('where nothing was taken no row is made, and the clock goes on all the same', () => {
    const nothing = charge(limit({ max: 1, refund: 'on_error' }), '0');
    const calls = Array.from({ length: PENDING_MAX }, () => admit(one, session, nothing));
    expect(rows(path, 'SELECT count(*) AS n FROM charges')).toEqual([{ n: 0 }]);
    expect(rows(path, 'SELECT used, clock FROM counters')).toEqual([{ used: 0, clock: time.at }]);
    for (const { row } of calls) done(one.settle([settlement(row, 'error')]));
    expect(String(other.counters()[0]?.used)).toBe('0');
  });

  test('what is given back after it was compacted makes room for the next call', () => {
    const back = charge(limit({ counter: 'back', max: PENDING_MAX, refund: 'on_error' }));
    const [first] = Array.from({ length: PENDING_MAX }, () => admit(one, session, back));
    expect(rows(path, 'SELECT upto FROM posted')).toEqual([{ upto: PENDING_MAX }]);
    expect(one.peek({ ...INFO, session }, [back]).fits).toBe(false);
    done(one.settle([settlement(first?.row ?? 0, 'error')]));
    expect(admit(one, session, back).kind).toBe('allowed');
    expect(admit(one, session, back).kind).toBe('exceeded');
  });

  test('G4: maintenance forgets no pending charge', () => {
    const short = charge(limit({ counter: 'short', max: 2, windowMs: 1000 }));
    expect(admit(one, session, short).kind).toBe('allowed');
    time.at += 1900;
    for (let i = 0; i < 2; i += 1) expect(admit(one, session, short).kind).toBe('allowed');
    time.at += 200;
    expect(one.maintain(1000)).toBe(true);
    expect(admit(one, session, short).kind).toBe('exceeded');
  });

  test('G4: nor does the removal of old rows', () => {
    const brief = Store.open(path, { ...time, retention: { rows: 1 } });
    const id = brief.startSession(INFO);
    const rate = charge(limit({ max: 5 }));
    expect(brief.maintain(1000)).toBe(true);
    for (let i = 0; i < 5; i += 1) expect(admit(brief, id, rate).kind).toBe('allowed');
    expect(brief.maintain(1000)).toBe(true);
    expect(rows(path, 'SELECT count(*) AS n FROM decisions')).toEqual([{ n: 1 }]);
    brief.close();
    expect(admit(one, session, rate).kind).toBe('exceeded');
  });

  test('G4: a charge that is given back late takes nothing from a counter that was emptied meanwhile', () => {
    const back = charge(limit({ counter: 'back', max: 10, refund: 'on_error' }));
    const before = [admit(one, session, back), admit(one, session, back)];
    done(other.resetCounter('back', {}, 'cli'));
    // At the same instant, as far as the clock tells.
    for (let i = 0; i < 10; i += 1) expect(admit(one, session, back).kind).toBe('allowed');
    done(one.settle(before.map(({ row }) => settlement(row, 'error'))));
    expect(admit(one, session, back).kind).toBe('exceeded');
  });

  test('G4: a pending charge expires like the rest, and not before', () => {
    const rate = charge(limit({ max: 2 }));
    expect(admit(one, session, rate).kind).toBe('allowed');
    time.at += 1000;
    expect(admit(one, session, rate).kind).toBe('allowed');
    time.at += MINUTE - 1001;
    expect(admit(other, elsewhere, rate)).toMatchObject({ exceeded: { retryAt: time.at + 1 } });
    time.at += 1;
    expect(admit(one, session, rate).kind).toBe('allowed');
    expect(admit(other, elsewhere, rate)).toMatchObject({ exceeded: { retryAt: time.at + 1000 } });
  });

  test('calls that come together are many rows or few, and each is there', () => {
    const rate = charge(limit({ max: 60 }));
    for (const count of [1, 7, 8, 9, 64]) {
      const admitted = done(one.admit(session, Array(count).fill(admission(open(rate)))));
      const ids = admitted.map(({ row }) => row);
      expect(rows(path, `SELECT id FROM decisions WHERE id >= ${ids[0]} ORDER BY id`)).toEqual(
        ids.map((id) => ({ id })),
      );
    }
    const [allowed] = rows(path, `SELECT count(*) AS n FROM decisions WHERE decision = 'allow'`);
    expect(allowed?.n).toBe(60);
  });
});

eachDriver('files of earlier versions', () => {
  /** As such a file was made. */
  function old(version: number): { readonly path: string; readonly db: Database } {
    const path = temp.path();
    writeFileSync(path, '');
    const db = connect(path, 0);
    for (const step of MIGRATIONS.slice(0, version)) if (typeof step === 'string') db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`);
    return { path, db };
  }

  const rate = charge(limit({ max: 40 }));
  /** The row of `rate`'s counter, but for what it holds. */
  function counterRow(): string {
    const path = temp.path();
    const store = Store.open(path, clock());
    admit(store, store.startSession(INFO), rate);
    store.close();
    const [row] = rows(path, 'SELECT * FROM counters');
    const { key, name, scope, server, grant_name: grant } = row as Record<string, string>;
    return `1, '${key}', '${name}', '${scope}', '${server}', '${grant}', NULL, '', 60000, NULL, NULL, 0, '40'`;
  }

  test('G4: the first knew no pending charges: its counts are kept', () => {
    const { path, db } = old(1);
    const time = clock();
    db.exec(`INSERT INTO counters VALUES (${counterRow()}, ${time.at}, 39)`);
    for (let i = 1; i <= 39; i += 1) db.exec(`INSERT INTO charges VALUES (1, ${time.at}, ${i}, 0, 1)`);
    db.close();
    const store = Store.open(path, time);
    expect(damage(store)).toEqual([]);
    const next = store.startSession(INFO);
    expect(admit(store, next, rate).kind).toBe('allowed');
    expect(admit(store, next, rate).kind).toBe('exceeded');
    expect(damage(store)).toEqual([]);
    store.close();
    expect(rows(path, 'PRAGMA user_version')[0]?.user_version).toBe(MIGRATIONS.length);
  });

  test('G4: in the second, charges had rows that their counters did not hold: all of them count', () => {
    const { path, db } = old(2);
    const time = clock();
    // Five calls, of which the row of the counter holds two; the last was charged for two limits.
    db.exec(`INSERT INTO counters VALUES (${counterRow()}, ${time.at - 50_000}, '0.3', 2)`);
    const charges = [
      [time.at - 60_000, 1, 0, `'0.1'`],
      [time.at - 50_000, 2, 0, `'0.2'`],
      [time.at - 40_000, 3, 0, '5'],
      [time.at - 40_000, 4, 0, '5'],
      [time.at - 30_000, 5, 0, `'0.4'`],
      [time.at - 30_000, 5, 1, `'0.5'`],
    ];
    for (const charge of charges) db.exec(`INSERT INTO charges VALUES (1, ${charge.join(', ')})`);
    for (let i = 1; i <= 5; i += 1)
      db.exec(
        `INSERT INTO decisions (id, at, session, tool, decision, arguments) VALUES (${i}, 1, 1, 't', 'allow', '[]')`,
      );
    db.close();
    const store = Store.open(path, time);
    expect(damage(store)).toEqual([]);
    expect(String(store.counters()[0]?.used)).toBe('11.1');
    expect(admit(store, store.startSession(INFO), rate).row).toBe(6);
    expect(rows(path, 'SELECT clock FROM counters')[0]?.clock).toBe(time.at - 30_000);
    expect(String(store.counters()[0]?.used)).toBe('12.1');
    expect(damage(store)).toEqual([]);
    store.close();
  });

  test('G10: in the third, approvals that were over kept their values: names are left, and what waits is whole', () => {
    const { path, db } = old(3);
    // The third step is code: what it makes is written out.
    db.exec(`
      DROP TABLE charges;
      CREATE TABLE charges (counter INTEGER NOT NULL, at INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        amount ANY NOT NULL, PRIMARY KEY (counter, at, last)) STRICT, WITHOUT ROWID;
      CREATE TABLE posted (upto INTEGER NOT NULL) STRICT;
      INSERT INTO posted VALUES (0);
      ALTER TABLE counters DROP COLUMN upto;
    `);
    const time = clock();
    const approval = db.prepare(
      `INSERT INTO approvals VALUES (?, 's', 'g', 't', ?, 'p', ?, '/x', 'args.b is 2', 0, 'u', ?, ?, 1000, ?, NULL, NULL, NULL)`,
    );
    for (const state of ['pending', 'approved', 'rejected', 'consumed', 'expired'])
      approval.run(state, state, '{"b":2,"a":{"c":1}}', state, time.at, time.at + 1000);
    approval.run('odd', 'odd', 'not JSON', 'rejected', time.at, time.at + 1000);
    db.exec(`INSERT INTO pins (server, tool, hash, definition, seen_at) VALUES ('s', 't', 'h', '{}', 1)`);
    db.close();
    const store = Store.open(path, time);
    const kept = store.approvals(true).map(({ id, arguments: text, reason }) => [id, text, reason]);
    const whole = ['{"b":2,"a":{"c":1}}', 'args.b is 2'];
    const names = ['["a","b"]', ''];
    expect(kept).toEqual([
      ['approved', ...whole],
      ['consumed', ...names],
      ['expired', ...names],
      ['odd', '[]', ''],
      ['pending', ...whole],
      ['rejected', ...names],
    ]);
    expect(store.pins()).toHaveLength(1);
    expect(damage(store)).toEqual([]);
    store.close();
    expect(rows(path, 'SELECT server, tools, is_full FROM pin_totals')).toEqual([
      { server: 's', tools: 1, is_full: 0 },
    ]);
    expect(rows(path, 'PRAGMA user_version')[0]?.user_version).toBe(MIGRATIONS.length);
  });
});
