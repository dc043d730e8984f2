import { statSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { StateSession } from '../../src/proxy/state-session.js';
import { connect } from '../../src/store/sqlite/driver.js';
import { Store, type StoreOptions } from '../../src/store/store.js';
import { admit, clock, damage, done, eachDriver, rows, tempDir } from './support.js';
import { admission, charge, INFO, limit, open } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const DAY = 86_400_000;
const MINUTE = 60_000;

eachDriver('maintenance', () => {
  function start(retention: StoreOptions['retention'] = {}) {
    const path = temp.path();
    const time = clock();
    const store = Store.open(path, { now: time.now, retention });
    const session = store.startSession(INFO);
    const calls = (n: number, ...charges: ReturnType<typeof charge>[]) =>
      done(store.admit(session, Array(n).fill(admission(open(...charges)))));
    const count = (table: string) => rows(path, `SELECT count(*) AS n FROM ${table}`)[0]?.n;
    return { path, time, store, session, calls, count };
  }

  test('rows older than the retention go, the newest always stays', () => {
    const { time, store, calls, count } = start({ ageMs: 10 * DAY });
    calls(250);
    time.at += 5 * DAY;
    calls(3);
    time.at += 5 * DAY;
    expect(store.maintain(1000)).toBe(true);
    expect(count('decisions')).toBe(253);
    time.at += 1;
    expect(store.maintain(1000)).toBe(true);
    expect(count('decisions')).toBe(3);
    time.at += 100 * DAY;
    expect(store.maintain(1000)).toBe(true);
    expect(store.log().map(({ auditId }) => auditId)).toEqual(['253']);
    expect(calls(1)[0]?.row).toBe(254);
    expect(store.log({ since: time.at })).toHaveLength(1);
    expect(store.log({ since: 0 })).toHaveLength(2);
    store.close();
  });

  test('the newest 20,000 events stay', () => {
    const { path, store, time } = start();
    const db = connect(path, 1000);
    db.exec(`INSERT INTO events (at, who, kind, detail)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20250)
      SELECT ${time.at}, 'cli', 'pause.begun', '{"i":' || i || '}' FROM n`);
    db.close();
    while (!store.maintain(1000));
    const [found] = rows(path, 'SELECT count(*) AS n, max(id) - min(id) AS span FROM events');
    expect(found).toEqual({ n: 20_000, span: 19_999 });
    expect(store.events({ limit: 1 })).toMatchObject([{ detail: { i: 20_250 } }]);
    store.close();
  });

  test('of too many rows the oldest go', () => {
    const { store, calls } = start({ rows: 120 });
    calls(500);
    expect(store.maintain(1000)).toBe(true);
    const ids = store.log({ limit: 1000 }).map(({ auditId }) => Number(auditId));
    expect(ids).toEqual(Array.from({ length: 120 }, (_, i) => 381 + i));
    store.close();
  });

  test('the file does not grow beyond its bound, whatever it is fed', () => {
    const { path, store, session } = start({ bytes: 4_000_000 });
    const wide = admission(open(charge(limit({ max: 1e9 }))), { argumentsText: 'x'.repeat(20_000) });
    for (let i = 0; i < 60; i += 1) {
      done(store.admit(session, Array(10).fill(wide)));
      store.maintain(1000);
    }
    expect(statSync(path).size).toBeLessThan(5_000_000);
    expect(store.log({ limit: 1000 }).length).toBeGreaterThan(100);
    expect(damage(store)).toEqual([]);
    store.close();
  });

  test('counters whose charges have all expired go, others stay', () => {
    const { time, store, calls, count } = start();
    const many = limit({ counter: 'many', max: 10_000, windowMs: 1000 });
    calls(750, charge(many));
    calls(2, charge(limit({ counter: 'hour', max: 10, windowMs: 60 * MINUTE })));
    time.at += 2 * MINUTE;
    expect(store.maintain(1000)).toBe(true);
    expect(store.counters().map(({ name, used }) => `${name} ${used}`)).toEqual(['hour 2']);
    expect(count('charges')).toBe(1);
    expect(damage(store)).toEqual([]);
    store.close();
  });

  test.each([99, 100, 101])(
    'behind %d counters that still count those that do not are found too',
    (count) => {
      const { time, store, calls } = start();
      const by = limit({
        counter: 'by',
        windowMs: DAY,
        per: [{ text: 'args.n', root: 'args', steps: ['n'] }],
      });
      calls(1, ...Array.from({ length: count }, (_, n) => charge(by, 1, String(n))));
      calls(1, charge(limit({ counter: 'brief', windowMs: 1000 })));
      time.at += 1000;
      expect(store.maintain(1000)).toBe(true);
      expect(store.counters({ name: 'brief' })).toEqual([]);
      expect(store.counters()).toHaveLength(count);
      store.close();
    },
  );

  test('in small steps, between which sums are right and calls go on', () => {
    const { time, store, session, calls, count } = start();
    const many = limit({ counter: 'many', max: 1000, windowMs: 1000 });
    for (let i = 0; i < 1000; i += 1) {
      calls(1, charge(many));
      if (i % 2 === 0) time.at += 1;
    }
    time.at += 1000;
    const left: number[] = [];
    while (!store.maintain(0)) {
      expect(damage(store)).toEqual([]);
      left.push(Number(count('charges')));
    }
    expect(new Set(left).size).toBeGreaterThan(5);
    expect(left.at(-1)).toBe(0);
    expect(admit(store, session, charge(many, 1000)).kind).toBe('allowed');
    expect(admit(store, session, charge(many, 1)).kind).toBe('exceeded');
    expect(damage(store)).toEqual([]);
    store.close();
  });

  test('G4: a counter that is ahead of the clock is not forgotten', () => {
    const { time, store, session } = start();
    const one = charge(limit({ max: 1 }));
    const before = time.at;
    time.at = before + DAY;
    expect(admit(store, session, one).kind).toBe('allowed');
    time.at = before + MINUTE;
    expect(store.maintain(1000)).toBe(true);
    expect(admit(store, session, one).kind).toBe('exceeded');
    store.close();
  });

  test('G4: a long day of a calendar is over when it is over', () => {
    const { time, store, session } = start();
    // The clocks go back in Berlin on 25 October 2026: that day has 25 hours.
    const align = { kind: 'calendar', unit: 'day', timezone: 'Europe/Berlin' } as const;
    const one = charge(limit({ max: 1, windowMs: DAY, align }));
    time.at = Date.UTC(2026, 9, 24, 22);
    expect(admit(store, session, one).kind).toBe('allowed');
    time.at = Date.UTC(2026, 9, 25, 22, 30);
    expect(store.maintain(1000)).toBe(true);
    expect(admit(store, session, one)).toMatchObject({ exceeded: { retryAt: Date.UTC(2026, 9, 25, 23) } });
    store.close();
  });

  test('ended sessions go when no row names them any more', () => {
    const { time, store, session, calls } = start({ ageMs: 10 * DAY });
    calls(1);
    const ended = store.startSession(INFO);
    store.endSession(ended);
    const dead = store.startSession({ ...INFO, pid: 2 ** 22 + 1 });
    admit(store, dead);
    time.at += DAY;
    store.maintain(1000);
    expect(store.sessions().map(({ id, live }) => [id, live])).toEqual([
      [dead, false],
      [ended, false],
      [session, true],
    ]);
    time.at += 20 * DAY;
    calls(1);
    store.maintain(1000);
    store.maintain(1000);
    expect(store.log().length).toBe(1);
    expect(store.sessions().map(({ id }) => id)).not.toContain(ended);
    expect(store.log()[0]?.server).toBe('mcp-afip');
    store.close();
  });

  test('one that ended before the oldest row goes at once, also where that row is of this moment', () => {
    const { time, store, session, calls } = start();
    const ended = store.startSession(INFO);
    store.endSession(ended);
    time.at += 2 * MINUTE;
    calls(1);
    store.maintain(1000);
    expect(store.sessions().map(({ id }) => id)).toEqual([session]);
    store.close();
  });

  test('approvals that time has ended are written down as expired, and old ones go', () => {
    const { time, store, session, count } = start({ ageMs: 10 * DAY });
    const ask = { code: 'APPROVAL_REQUIRED', rule: '/x', authorText: undefined, explanation: 'x' } as const;
    const approval = { argumentsHash: 'a', argumentsText: '{}', expiresMs: 1000 };
    done(store.admit(session, [admission({ kind: 'open', charges: [], ask }, { approval })]));
    time.at += 1000;
    store.maintain(1000);
    expect(store.approvals(true)).toMatchObject([{ state: 'expired', decidedBy: 'wrapper' }]);
    expect(store.events().map(({ kind }) => kind)).toEqual(['approval.asked', 'approval.expired']);
    time.at += 11 * DAY;
    store.maintain(1000);
    expect(count('approvals')).toBe(0);
    expect(count('events')).toBe(0);
    store.close();
  });

  test('the write-ahead log is copied and cut', () => {
    const { path, store, session } = start();
    const wide = admission(open(), { argumentsText: 'x'.repeat(60_000) });
    done(store.admit(session, Array(200).fill(wide)));
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(8 * 1024 * 1024);
    expect(store.maintain(1000)).toBe(true);
    expect(statSync(`${path}-wal`).size).toBe(0);
    store.close();
  });

  test('a log of some size is copied and not cut, a small one is left, and while calls keep coming any', () => {
    const { path, store, session } = start();
    const sizes = () => [path, `${path}-wal`].map((name) => statSync(name).size);
    const write = (count: number) => {
      const wide = admission(open(), { argumentsText: 'x'.repeat(60_000) });
      done(store.admit(session, Array(count).fill(wide)));
      return sizes();
    };
    const small = write(3);
    store.maintain(1000);
    expect(sizes()[0]).toBe(small[0]);
    const [, log] = write(10);
    store.maintain(1000, false);
    expect(sizes()[0]).toBe(small[0]);
    store.maintain(1000);
    expect(sizes()[0]).toBeGreaterThan(13 * 60_000);
    expect(sizes()[1]).toBeGreaterThanOrEqual(log ?? 0);
    store.close();
  });

  describe('by the time of this process', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['performance'] });
      return () => vi.useRealTimers();
    });
    const brief = charge(limit({ counter: 'brief', max: 5, windowMs: 1000 }));

    test('one step is made where there is no time, and the next run goes on', () => {
      const { store } = start();
      expect(Array.from({ length: 6 }, () => store.maintain(0))).toEqual([...Array(5).fill(false), true]);
      store.close();
    });

    test('dead sessions are looked for every ten seconds while calls keep coming, and whenever it is quiet', () => {
      const { store } = start();
      const dead = () => store.startSession({ ...INFO, pid: 2 ** 22 + 1 });
      const isEnded = (id: string) => store.sessions().find((one) => one.id === id)?.endedAt !== undefined;
      const first = dead();
      store.maintain(1000, false);
      expect(isEnded(first)).toBe(true);
      const second = dead();
      vi.advanceTimersByTime(9999);
      store.maintain(1000, false);
      expect(isEnded(second)).toBe(false);
      vi.advanceTimersByTime(1);
      store.maintain(1000, false);
      expect(isEnded(second)).toBe(true);
      const third = dead();
      store.maintain(1000);
      expect(isEnded(third)).toBe(true);
      store.close();
    });

    test('counters are looked through once a minute', () => {
      const { store, time, calls } = start();
      store.maintain(1000);
      calls(1, brief);
      time.at += MINUTE - 1;
      store.maintain(1000);
      expect(store.counters()).toHaveLength(1);
      time.at += 1;
      store.maintain(1000);
      expect(store.counters()).toEqual([]);
      store.close();
    });

    test('G4: in the ten minutes after the clock jumped by more than a day none is removed', () => {
      const { store, time, calls } = start();
      const maintained = (ms: number) => {
        time.at += ms;
        store.maintain(1000);
        return store.counters().length;
      };
      maintained(0);
      calls(1, brief);
      expect(maintained(DAY)).toBe(0);
      calls(1, brief);
      expect(maintained(DAY + 1)).toBe(1);
      const later = (ms: number) => {
        vi.advanceTimersByTime(ms);
        return maintained(ms);
      };
      expect(later(10 * MINUTE - 1)).toBe(1);
      expect(later(1)).toBe(0);
      store.close();
    });
  });

  test('a step removes a bounded number of rows from a large file', () => {
    const { store, session, time, count } = start({ rows: 1000 });
    const chunk = Array(500).fill(admission(open(charge(limit({ max: 1e6, windowMs: 1000 })))));
    for (let i = 0; i < 20; i += 1) done(store.admit(session, chunk));
    time.at += MINUTE;
    const size = () =>
      ['decisions', 'charges', 'counters'].reduce((sum, name) => sum + Number(count(name)), 0);
    const removed: number[] = [];
    for (let over = false, before = size(); !over && removed.length < 10_000; ) {
      // No time at all: one step.
      over = store.maintain(0);
      removed.push(before - size());
      before -= removed.at(-1) ?? 0;
    }
    expect(Math.max(...removed)).toBeLessThanOrEqual(200);
    expect(store.counters()).toEqual([]);
    expect(store.log({ limit: 5000 })).toHaveLength(1000);
    store.close();
  });

  describe('a wrong clock', () => {
    /** A hundred calls on each of thirty days. */
    function month(retention: StoreOptions['retention'] = {}) {
      const used = start(retention);
      for (let day = 0; day < 30; day += 1) {
        used.calls(100);
        used.time.at += DAY;
      }
      return used;
    }

    test('one visit to the far future leaves the log, the events and the approvals as they are', () => {
      const { time, store, calls, count } = month();
      done(store.pause(undefined, undefined, 'cli'));
      done(store.resume(undefined, 'cli'));
      const now = time.at;
      time.at = Date.UTC(2099, 0, 1);
      for (let i = 0; i < 50; i += 1) store.maintain(1000);
      calls(4);
      for (let i = 0; i < 50; i += 1) store.maintain(1000);
      expect(count('decisions')).toBe(3004);
      expect(count('events')).toBe(2);
      expect(store.log({ limit: 1 })[0]?.server).toBe('mcp-afip');
      time.at = now;
      calls(1);
      for (let i = 0; i < 50; i += 1) store.maintain(1000);
      expect(count('decisions')).toBe(3005);
      expect(store.log({ since: now, limit: 10 }).map(({ at }) => at)).toContain(now);
      store.close();
    });

    test('a visit of the future in the middle of the log does not keep the rest for ever', () => {
      const { time, store, calls, count } = start({ ageMs: 10 * DAY });
      calls(50);
      const now = time.at;
      time.at = Date.UTC(2099, 0, 1);
      calls(50);
      time.at = now;
      for (let day = 0; day < 20; day += 1) {
        time.at += DAY;
        calls(10);
      }
      while (!store.maintain(1000));
      expect(count('decisions')).toBeLessThanOrEqual(110);
      expect(count('decisions')).toBeGreaterThanOrEqual(100);
      store.close();
    });

    test('a jump of half a year costs no more than the oldest month', () => {
      const { time, store, count } = month({ ageMs: 90 * DAY });
      time.at += 180 * DAY;
      while (!store.maintain(1000));
      expect(count('decisions')).toBe(3000);
      store.close();
    });
  });

  test('a row holds a bounded number of bytes, and still says which arguments a call had', () => {
    const { path, store, session } = start();
    const names = (count: number, length: number) =>
      JSON.stringify(Array.from({ length: count }, (_, i) => `${i}_${'\u20ac'.repeat(length)}`));
    const requestId = JSON.stringify('\u20ac'.repeat(5000));
    for (const argumentsText of [
      names(1, 60_000),
      names(20_000, 0),
      names(500, 100),
      `{"a":"${'x'.repeat(100_000)}","b":1}`,
    ])
      done(
        store.admit(session, [
          admission(open(), { tool: '\u20ac'.repeat(60_000), argumentsText, requestId }),
        ]),
      );
    const widths = rows(
      path,
      'SELECT length(CAST(tool AS BLOB)) + length(CAST(arguments AS BLOB)) + length(CAST(request AS BLOB)) AS n FROM decisions',
    );
    for (const { n } of widths) expect(Number(n)).toBeLessThan(6000);
    const shown = store.log().map((entry) => JSON.parse(entry.arguments) as string[]);
    expect(shown[0]?.[0]).toMatch(/^0_\u20ac+…$/);
    expect(shown[1]?.slice(0, 3)).toEqual(['0_', '1_', '2_']);
    expect(shown[1]?.at(-1)).toBe('…');
    expect(shown[3]).toEqual(['a', 'b']);
    store.close();
  });
});

test('the file stays bounded while calls keep coming, without a quiet moment', () => {
  const path = temp.path();
  const bound = 4_000_000;
  const stateSession = new StateSession({
    openStore: () => Store.open(path, { retention: { bytes: bound } }),
    session: INFO,
    toolsChanged: () => {},
    warn: (text) => {
      throw new Error(text);
    },
  });
  const refusal = { code: 'REQUIRE', rule: '/x', authorText: undefined, explanation: 'x' } as const;
  const refused = (i: number) =>
    admission(
      { kind: 'refused', refusal },
      { argumentsText: JSON.stringify([`${i}${'x'.repeat(60_000)}`, ...Array(200).fill('y'.repeat(100))]) },
    );
  for (let i = 0; i < 3000; i += 10) {
    expect(stateSession.admit(Array.from({ length: 10 }, (_, n) => refused(i + n)))).toHaveLength(10);
    expect(statSync(path).size).toBeLessThan(1.5 * bound);
    expect(statSync(`${path}-wal`).size).toBeLessThan(32 * 1024 * 1024);
  }
  stateSession.close();
  const store = Store.open(path);
  expect(store.log({ limit: 10_000 }).length).toBeGreaterThan(300);
  expect(damage(store)).toEqual([]);
  store.close();
});
