import { afterAll, expect, test } from 'vitest';
import type { Charge } from '../../../src/policy/call.js';
import type { Limit } from '../../../src/policy/model.js';
import { type Admitted, Store } from '../../../src/store/store.js';
import { localGround } from '../contract/ground.js';
import { limitsContract } from '../contract/limits.js';
import { admit, damage, done, eachDriver, freshStore, rows, tempDir } from '../support.js';
import { charge, INFO, limit, settlement } from '../support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const MINUTE = 60_000;
const calendar = (unit: 'minute' | 'day' | 'month', timezone = 'UTC'): Limit['align'] => ({
  kind: 'calendar',
  unit,
  timezone,
});

eachDriver('counters', () => {
  limitsContract(localGround(temp));
});

eachDriver('counters of this machine', () => {
  const fresh = freshStore(temp);
  const call = (...charges: Charge[]): Admitted => admit(fresh.store, fresh.session, ...charges);
  const settle = (admitted: Admitted, outcome: Parameters<Store['settle']>[0][number]['outcome']) =>
    done(fresh.store.settle([settlement(admitted.row, outcome, 5)]));
  const used = () => fresh.store.counters().map(({ used }) => String(used));

  test('a negative charge is a bug, not a refund', () => {
    expect(() => call(charge(limit(), -1))).toThrow('a charge of -1');
    expect(fresh.store.log()).toEqual([]);
  });

  test('ten thousand values of a split are more than are remembered, and still exact', () => {
    const by = limit({ max: 1, per: [{ text: 'args.n', root: 'args', steps: ['n'] }] });
    for (let i = 0; i < 5000; i += 1) {
      if (call(charge(by, 1, String(i))).kind !== 'allowed') throw new Error(`${i} was refused`);
    }
    expect(call(charge(by, 1, '0')).kind).toBe('exceeded');
    expect(call(charge(by, 1, '4999')).kind).toBe('exceeded');
  });

  test.each([
    ['the environment', [{ text: 'env.KEY', root: 'env', steps: ['KEY'] }]],
    ['all arguments', [{ text: 'args', root: 'args', steps: [] }]],
  ] as const)('a split by %s leaves no value in the file', (_, per) => {
    const secret = 'sk-test-0123456789';
    expect(call(charge(limit({ max: 1, per }), 1, JSON.stringify([secret]))).kind).toBe('allowed');
    expect(call(charge(limit({ max: 1, per }), 1, JSON.stringify([secret]))).kind).toBe('exceeded');
    expect(fresh.store.counters()[0]?.split).toMatch(/^(env\.[A-Z_]+ )?#[\w-]{10}$/);
    for (const { name } of rows(fresh.path, `SELECT name FROM sqlite_schema WHERE type = 'table'`))
      expect(JSON.stringify(rows(fresh.path, `SELECT * FROM ${name}`))).not.toContain(secret);
  });

  test('G4: what expired before the clock was set back does not come back, nor does room', () => {
    const rate = charge(limit({ max: 1 }));
    const start = fresh.time.at;
    expect(call(rate).kind).toBe('allowed');
    fresh.time.at = start + MINUTE;
    // Refused, but the expired charge is dropped at this instant.
    expect(call(charge(limit({ max: 1 }), 2)).kind).toBe('exceeded');
    fresh.time.at = start + 1;
    expect(call(rate)).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
    fresh.time.at = start + MINUTE;
    expect(call(rate).kind).toBe('allowed');
    fresh.time.at = start + 1;
    expect(call(rate)).toMatchObject({ exceeded: { retryAt: start + 2 * MINUTE } });
  });

  test('G5: a refused call does not move it, even where it tells the counter a new max', () => {
    const start = fresh.time.at;
    expect(call(charge(limit({ max: 2 }))).kind).toBe('allowed');
    fresh.time.at = start + 10;
    expect(call(charge(limit({ max: 1 }))).kind).toBe('exceeded');
    expect(String(fresh.store.counters()[0]?.max)).toBe('1');
    fresh.time.at = start;
    expect(call(charge(limit({ max: 2 }))).kind).toBe('allowed');
    expect(fresh.store.counters()[0]?.aheadMs).toBe(0);
  });

  test('G3: a clock that says nothing refuses', () => {
    fresh.time.at = Number.NaN;
    expect(() => call(charge(limit()))).toThrow('the clock says NaN');
  });

  test('peek answers as admit would and charges nothing', () => {
    const rate = charge(limit({ max: 1 }));
    const owner = { server: INFO.server, grant: INFO.grant, session: '', observe: false };
    expect(fresh.store.peek(owner, [rate]).fits).toBe(true);
    expect(fresh.store.counters()).toEqual([]);
    expect(call(rate).kind).toBe('allowed');
    for (let i = 0; i < 3; i += 1) {
      const { fits, checks: standings } = fresh.store.peek(owner, [rate]);
      expect(fits).toBe(false);
      expect(standings).toMatchObject([{ charge: rate, fits: false, retryAt: fresh.time.at + MINUTE }]);
      expect(String(standings[0]?.used)).toBe('1');
    }
    expect(fresh.store.log()).toHaveLength(1);
  });

  test('counters tells what is used and when it falls below max', () => {
    const start = fresh.time.at;
    const money = limit({ counter: 'spend', max: 100 });
    call(charge(money, 60));
    fresh.time.at = start + 10;
    call(charge(money, 40));
    call(charge(limit({ counter: 'rate', max: 5, align: calendar('minute') })));
    const { counters } = { counters: fresh.store.counters() };
    expect(counters).toMatchObject([
      { name: 'rate', freesAt: undefined, calendar: { unit: 'minute', timezone: 'UTC' }, scope: 'grant' },
      { name: 'spend', freesAt: start + MINUTE, calendar: undefined, server: 'mcp-afip', grant: 'default' },
    ]);
    expect(counters.map(({ used, max }) => `${used}/${max}`)).toEqual(['1/5', '100/100']);
    fresh.time.at = start + MINUTE + 5;
    expect(fresh.store.counters().map(({ used }) => String(used))).toEqual(['0', '40']);
  });

  test('reset empties the named counters alone and leaves a trace', () => {
    const rate = limit({ max: 1, per: [{ text: 'args.n', root: 'args', steps: ['n'] }] });
    call(charge(rate, 1, '1'));
    call(charge(rate, 1, '2'));
    call(charge(limit({ counter: 'other', max: 1 })));
    expect(done(fresh.store.resetCounter('track_logout_rate', { split: '1' }, 'cli'))).toMatchObject([
      { split: '1' },
    ]);
    expect(fresh.store.counters().map(({ name, split }) => name + split)).toEqual([
      'other',
      'track_logout_rate2',
    ]);
    expect(fresh.store.events()).toMatchObject([
      { who: 'cli', kind: 'counter.reset', detail: { name: 'track_logout_rate', split: '1', used: 1 } },
    ]);
    expect(call(charge(rate, 1, '1')).kind).toBe('allowed');
    expect(damage(fresh.store)).toEqual([]);
  });

  test('after a restart', () => {
    const first = call(charge(limit({ max: 1, refund: 'on_error' })));
    fresh.store.close();
    fresh.store = Store.open(fresh.path, fresh.time);
    fresh.session = fresh.store.startSession(INFO);
    settle(first, 'tool_error');
    expect(call(charge(limit({ max: 1 }))).kind).toBe('allowed');
  });

  test('a row that is not there changes nothing', () => {
    call(charge(limit({ refund: 'on_error' })));
    for (const row of [0, 999, -1, 1.5, Number.NaN])
      done(fresh.store.settle([settlement(row, 'error', undefined)]));
    expect(used()).toEqual(['1']);
    expect(fresh.store.log()[0]?.outcome).toBeUndefined();
  });
});
