import { afterAll, describe, expect, test } from 'vitest';
import type { Charge } from '../../../src/policy/call.js';
import type { Limit } from '../../../src/policy/model.js';
import { type Admitted, Store } from '../../../src/store/store.js';
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
  const fresh = freshStore(temp);
  const call = (...charges: Charge[]): Admitted => admit(fresh.store, fresh.session, ...charges);
  const kinds = (n: number, ...charges: Charge[]): string[] =>
    Array.from({ length: n }, () => call(...charges).kind);

  describe('sliding windows', () => {
    test('G4: thirty calls pass, the thirty-first is refused, and a restart gives no fresh thirty', () => {
      const start = fresh.time.at;
      const rate = charge(limit({ max: 30 }));
      for (let i = 0; i < 30; i += 1) {
        fresh.time.at = start + i * 1000;
        expect(call(rate).kind).toBe('allowed');
      }
      fresh.store.close();

      fresh.store = Store.open(fresh.path, fresh.time);
      fresh.session = fresh.store.startSession(INFO);
      const refused = call(rate);
      expect(refused).toMatchObject({ kind: 'exceeded', exceeded: { retryAt: start + MINUTE } });
      expect(refused.kind === 'exceeded' && String(refused.exceeded.used)).toBe('30');
      fresh.time.at = start + MINUTE - 1;
      expect(call(rate).kind).toBe('exceeded');
      fresh.time.at = start + MINUTE;
      expect(call(rate).kind).toBe('allowed');
      expect(call(rate)).toMatchObject({ kind: 'exceeded', exceeded: { retryAt: start + MINUTE + 1000 } });
    });

    test('G5: a large amount waits until enough of the oldest has expired', () => {
      const money = limit({ counter: 'spend', max: 100 });
      const start = fresh.time.at;
      for (const [after, amount] of [
        [0, 30],
        [10, 20],
        [20, 50],
      ] as const) {
        fresh.time.at = start + after;
        expect(call(charge(money, amount)).kind).toBe('allowed');
      }
      fresh.time.at = start + 100;
      expect(call(charge(money, 1))).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
      expect(call(charge(money, 30))).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
      expect(call(charge(money, 31))).toMatchObject({ exceeded: { retryAt: start + MINUTE + 10 } });
      expect(call(charge(money, 51))).toMatchObject({ exceeded: { retryAt: start + MINUTE + 20 } });
      expect(call(charge(money, 100))).toMatchObject({ exceeded: { retryAt: start + MINUTE + 20 } });
      expect(call(charge(money, 101))).toMatchObject({ exceeded: { retryAt: undefined } });
    });

    test('G5: refused calls charge nothing, however many there are', () => {
      const rate = charge(limit({ max: 2 }));
      const start = fresh.time.at;
      expect(kinds(2, rate)).toEqual(['allowed', 'allowed']);
      for (let i = 1; i < 60; i += 1) {
        fresh.time.at = start + i * 1000;
        expect(call(rate).kind).toBe('exceeded');
      }
      fresh.time.at = start + MINUTE;
      expect(kinds(3, rate)).toEqual(['allowed', 'allowed', 'exceeded']);
    });

    test('a limit of zero refuses for ever', () => {
      expect(call(charge(limit({ max: 0 })))).toMatchObject({ exceeded: { retryAt: undefined } });
    });

    test('amounts add up as decimals', () => {
      const money = limit({ max: '0.3', counter: 'spend' });
      expect(call(charge(money, '0.1')).kind).toBe('allowed');
      expect(call(charge(money, '0.2')).kind).toBe('allowed');
      expect(call(charge(money, '0.0000000001')).kind).toBe('exceeded');
      expect(String(fresh.store.counters()[0]?.used)).toBe('0.3');
      fresh.time.at += MINUTE;
      expect(call(charge(money, '0.3')).kind).toBe('allowed');
      expect(damage(fresh.store)).toEqual([]);
    });

    test('sums do not overflow or lose digits beyond 2^53', () => {
      const money = limit({ max: '100000000000000000000000000', counter: 'spend' });
      expect(call(charge(money, '9007199254740993')).kind).toBe('allowed');
      expect(call(charge(money, '9007199254740993')).kind).toBe('allowed');
      expect(call(charge(money, 1)).kind).toBe('allowed');
      expect(String(fresh.store.counters()[0]?.used)).toBe('18014398509481987');
      expect(call(charge(money, '1e26')).kind).toBe('exceeded');
      expect(damage(fresh.store)).toEqual([]);
    });

    test('a negative charge is a bug, not a refund', () => {
      expect(() => call(charge(limit(), -1))).toThrow('a charge of -1');
      expect(fresh.store.log()).toEqual([]);
    });
  });

  describe('calendar windows', () => {
    test('G4, G5: a minute begins anew on the minute', () => {
      fresh.time.at = Date.UTC(2026, 10, 22, 11, 0, 59, 999);
      const rate = charge(limit({ max: 1, align: calendar('minute') }));
      expect(call(rate).kind).toBe('allowed');
      expect(call(rate)).toMatchObject({ exceeded: { retryAt: Date.UTC(2026, 10, 22, 11, 1) } });
      fresh.time.at += 1;
      expect(kinds(2, rate)).toEqual(['allowed', 'exceeded']);
    });

    test('a day begins at midnight in its own timezone', () => {
      const zone = 'America/Argentina/Buenos_Aires';
      fresh.time.at = Date.UTC(2026, 10, 22, 2, 59);
      const rate = charge(limit({ max: 1, windowMs: 86_400_000, align: calendar('day', zone) }));
      expect(call(rate).kind).toBe('allowed');
      expect(call(rate)).toMatchObject({ exceeded: { retryAt: Date.UTC(2026, 10, 22, 3) } });
      fresh.time.at = Date.UTC(2026, 10, 22, 3);
      expect(call(rate).kind).toBe('allowed');
    });

    test('a counter of calendar minutes is another than one of sliding minutes', () => {
      expect(call(charge(limit({ max: 1 }))).kind).toBe('allowed');
      expect(call(charge(limit({ max: 1, align: calendar('minute') }))).kind).toBe('allowed');
      expect(fresh.store.counters()).toHaveLength(2);
    });
  });

  describe('several limits', () => {
    test('G5: all are taken together, or none', () => {
      const wide = charge(limit({ counter: 'wide', max: 10 }));
      const narrow = charge(limit({ counter: 'narrow', max: 1 }));
      expect(call(wide, narrow).kind).toBe('allowed');
      expect(call(wide, narrow)).toMatchObject({ exceeded: { charge: narrow } });
      expect(call(narrow, wide)).toMatchObject({ exceeded: { charge: narrow } });
      expect(fresh.store.counters().map(({ name, used }) => [name, String(used)])).toEqual([
        ['narrow', '1'],
        ['wide', '1'],
      ]);
    });

    test('G5: the first that does not fit is named, but the time is when all do', () => {
      const minute = charge(limit({ counter: 'minute', max: 1 }));
      const hour = charge(limit({ counter: 'hour', max: 1, windowMs: 60 * MINUTE }));
      expect(call(minute, hour).kind).toBe('allowed');
      const start = fresh.time.at;
      expect(call(minute, hour)).toMatchObject({
        exceeded: { charge: minute, retryAt: start + 60 * MINUTE },
      });
      const never = charge(limit({ counter: 'never', max: 1 }), 2);
      expect(call(minute, never)).toMatchObject({ exceeded: { charge: minute, retryAt: undefined } });
    });

    test('G4: a counter that two limits of one call name is charged twice, and both must fit', () => {
      const all = charge(limit({ max: 3, pointer: '/all_tools/limits/x' }));
      const tool = charge(limit({ max: 3, pointer: '/tools/a/limits/x' }));
      expect(call(all, tool).kind).toBe('allowed');
      expect(String(fresh.store.counters()[0]?.used)).toBe('2');
      const refused = call(all, tool);
      expect(refused).toMatchObject({ exceeded: { charge: tool, retryAt: fresh.time.at + MINUTE } });
      expect(refused.kind === 'exceeded' && String(refused.exceeded.used)).toBe('2');
      expect(call(all).kind).toBe('allowed');
      expect(call(all).kind).toBe('exceeded');
      expect(damage(fresh.store)).toEqual([]);
    });

    test('limits that share a counter may differ in their max', () => {
      const strict = charge(limit({ max: 1 }));
      const lax = charge(limit({ max: 3 }));
      expect(call(lax).kind).toBe('allowed');
      expect(call(strict).kind).toBe('exceeded');
      expect(call(lax).kind).toBe('allowed');
    });

    test('a shorter and a longer window of one name are two counters', () => {
      const second = charge(limit({ max: 1, windowMs: 1000 }));
      const minute = charge(limit({ max: 2 }));
      expect(call(second, minute).kind).toBe('allowed');
      fresh.time.at += 1000;
      expect(call(second, minute).kind).toBe('allowed');
      fresh.time.at += 1000;
      expect(call(second, minute)).toMatchObject({ exceeded: { charge: minute } });
    });
  });

  describe('whose count it is', () => {
    const other = (changes: Partial<typeof INFO>): string =>
      fresh.store.startSession({ ...INFO, ...changes });
    const full = (scope: Limit['scope']): Charge => {
      const one = charge(limit({ max: 1, scope }));
      expect(call(one).kind).toBe('allowed');
      return one;
    };

    test.each([
      ['grant', 'another session of the same server and grant', {}, 'exceeded'],
      ['grant', 'another server', { server: 'mcp-other' }, 'allowed'],
      ['grant', 'another grant', { grant: 'second' }, 'allowed'],
      ['session', 'another session', {}, 'allowed'],
      ['machine', 'another server and grant', { server: 'mcp-other', grant: 'second' }, 'exceeded'],
      ['grant', 'a wrapper that only observes', { observe: true }, 'allowed'],
      ['machine', 'a wrapper that only observes', { observe: true }, 'allowed'],
    ] as const)('scope %s and %s', (scope, _, changes, kind) => {
      const one = full(scope);
      expect(admit(fresh.store, other(changes), one).kind).toBe(kind);
      expect(call(one).kind).toBe('exceeded');
    });

    test('names cannot be joined to make one counter of two', () => {
      const one = charge(limit({ max: 1 }));
      expect(admit(fresh.store, other({ server: 'a","b', grant: 'c' }), one).kind).toBe('allowed');
      expect(admit(fresh.store, other({ server: 'a', grant: 'b","c' }), one).kind).toBe('allowed');
    });

    test('a split counts each value by itself', () => {
      const by = limit({ max: 1, per: [{ text: 'args.cuit', root: 'args', steps: ['cuit'] }] });
      expect(call(charge(by, 1, '["20-1"]')).kind).toBe('allowed');
      expect(call(charge(by, 1, '["20-2"]')).kind).toBe('allowed');
      expect(call(charge(by, 1, '["20-1"]')).kind).toBe('exceeded');
      expect(fresh.store.counters().map(({ split }) => split)).toEqual(['["20-1"]', '["20-2"]']);
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
  });

  describe('the clock', () => {
    test('G4: set back, it gives nothing back; refused until it has caught up', () => {
      const rate = charge(limit({ max: 2 }));
      const start = fresh.time.at;
      expect(call(rate).kind).toBe('allowed');
      fresh.time.at = start - 3_600_000;
      expect(call(rate).kind).toBe('allowed');
      expect(call(rate)).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
      expect(fresh.store.counters()[0]?.aheadMs).toBe(3_600_000);
      fresh.time.at = start + MINUTE - 1;
      expect(call(rate).kind).toBe('exceeded');
      fresh.time.at = start + MINUTE;
      expect(call(rate).kind).toBe('allowed');
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

    test('set forward and back again, it holds what was charged then until that time, or a reset', () => {
      const rate = charge(limit({ max: 1 }));
      const start = fresh.time.at;
      fresh.time.at = start + 86_400_000;
      expect(call(rate).kind).toBe('allowed');
      fresh.time.at = start;
      expect(call(rate)).toMatchObject({ exceeded: { retryAt: start + 86_400_000 + MINUTE } });
      expect(done(fresh.store.resetCounter('track_logout_rate', {}, 'cli'))).toHaveLength(1);
      expect(call(rate).kind).toBe('allowed');
      expect(call(rate)).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
    });

    test('set back into the day before, a calendar day goes on', () => {
      const rate = charge(limit({ max: 1, windowMs: 86_400_000, align: calendar('day') }));
      const midnight = Date.UTC(2026, 10, 23);
      fresh.time.at = midnight;
      expect(call(rate).kind).toBe('allowed');
      fresh.time.at = midnight - 1;
      expect(call(rate)).toMatchObject({ exceeded: { retryAt: midnight + 86_400_000 } });
    });

    test('G3: a clock that says nothing refuses', () => {
      fresh.time.at = Number.NaN;
      expect(() => call(charge(limit()))).toThrow('the clock says NaN');
    });
  });

  describe('looking', () => {
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
  });

  describe('giving back', () => {
    const settle = (admitted: Admitted, outcome: Parameters<Store['settle']>[0][number]['outcome']) =>
      done(fresh.store.settle([settlement(admitted.row, outcome, 5)]));
    const used = () => fresh.store.counters().map(({ used }) => String(used));

    test.each([
      ['never', 'ok', 1],
      ['never', 'error', 1],
      ['never', 'not_sent', 0],
      ['on_error', 'ok', 1],
      ['on_error', 'error', 0],
      ['on_error', 'tool_error', 0],
      ['on_error', 'unanswered', 1],
      ['on_error', 'cancelled', 1],
      ['on_error', 'not_sent', 0],
      ['on_success', 'ok', 0],
      ['on_success', 'error', 1],
      ['on_success', 'tool_error', 1],
      ['on_success', 'cancelled', 1],
      ['on_success', 'not_sent', 0],
    ] as const)('refund %s, outcome %s: %d left', (refund, outcome, left) => {
      settle(call(charge(limit({ refund }))), outcome);
      expect(used()).toEqual([String(left)]);
      expect(damage(fresh.store)).toEqual([]);
    });

    test('each charge by its own limit, from its own window, once', () => {
      const back = charge(limit({ counter: 'back', refund: 'on_error' }), '0.5');
      const kept = charge(limit({ counter: 'kept' }));
      const first = call(back, kept);
      const second = call(back, kept);
      settle(first, 'error');
      settle(first, 'error');
      settle(first, 'not_sent');
      expect(used()).toEqual(['0.5', '2']);
      settle(second, 'ok');
      expect(used()).toEqual(['0.5', '2']);
      expect(fresh.store.log().map(({ outcome }) => outcome)).toEqual(['error', 'ok']);
    });

    test('after a restart', () => {
      const first = call(charge(limit({ max: 1, refund: 'on_error' })));
      fresh.store.close();
      fresh.store = Store.open(fresh.path, fresh.time);
      fresh.session = fresh.store.startSession(INFO);
      settle(first, 'tool_error');
      expect(call(charge(limit({ max: 1 }))).kind).toBe('allowed');
    });

    test.each([{ kind: 'sliding' } as const, calendar('minute')])(
      'a late answer takes nothing from a window that has begun since: %j',
      (align) => {
        const rate = charge(limit({ max: 5, refund: 'on_error', align }));
        const old = call(rate);
        fresh.time.at += MINUTE;
        settle(old, 'error');
        expect(used()).toEqual(['0']);
        const older = call(rate);
        fresh.time.at += MINUTE;
        call(rate);
        settle(older, 'error');
        expect(used()).toEqual(['1']);
        expect(damage(fresh.store)).toEqual([]);
      },
    );

    test('a late answer takes nothing from a counter that was reset since', () => {
      const rate = charge(limit({ max: 5, refund: 'on_error' }));
      const old = call(rate);
      done(fresh.store.resetCounter('track_logout_rate', {}, 'cli'));
      call(rate);
      settle(old, 'error');
      expect(used()).toEqual(['1']);
      expect(damage(fresh.store)).toEqual([]);
    });

    test('a refund makes room at once, and the next free instant moves', () => {
      const rate = charge(limit({ max: 2, refund: 'on_error' }));
      const start = fresh.time.at;
      const first = call(rate);
      fresh.time.at = start + 10;
      call(rate);
      expect(call(rate)).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
      settle(first, 'error');
      expect(call(rate).kind).toBe('allowed');
      expect(call(rate)).toMatchObject({ exceeded: { retryAt: start + 10 + MINUTE } });
    });

    test('a row that is not there changes nothing', () => {
      call(charge(limit({ refund: 'on_error' })));
      for (const row of [0, 999, -1, 1.5, Number.NaN])
        done(fresh.store.settle([settlement(row, 'error', undefined)]));
      expect(used()).toEqual(['1']);
      expect(fresh.store.log()[0]?.outcome).toBeUndefined();
    });
  });
});
