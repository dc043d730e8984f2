import { describe, expect, test } from 'vitest';
import type { Charge } from '../../../src/policy/call.js';
import type { Limit } from '../../../src/policy/model.js';
import type { Admitted, Outcome } from '../../../src/store/store.js';
import { charge, limit, settlement } from '../support-shapes.js';
import { admit, type Ground, wait } from './ground.js';

const MINUTE = 60_000;
const calendar = (unit: 'minute' | 'day' | 'month', timezone = 'UTC'): Limit['align'] => ({
  kind: 'calendar',
  unit,
  timezone,
});

async function settled(ground: Ground, of: Admitted | Promise<Admitted>, outcome: Outcome): Promise<void> {
  await ground.settle([settlement((await of).row, outcome, 5)]);
}

/** Windows, amounts, scopes, refunds and a clock that is set back (G4, G5): wherever calls are counted. */
export function limitsContract(ground: Ground): void {
  const call = (...charges: Charge[]) => admit(ground, ground.own, ...charges);
  const kinds = async (count: number, ...charges: Charge[]): Promise<string[]> => {
    const all: string[] = [];
    for (let i = 0; i < count; i += 1) all.push((await call(...charges)).kind);
    return all;
  };

  describe('sliding windows', () => {
    test('G4: thirty calls pass, the thirty-first is refused, and a restart gives no fresh thirty', async () => {
      const start = ground.at;
      const rate = charge(limit({ max: 30 }));
      for (let i = 0; i < 30; i += 1) {
        await ground.moveTo(start + i * 1000);
        expect((await call(rate)).kind).toBe('allowed');
      }
      await ground.restart();
      const refused = await call(rate);
      expect(refused).toMatchObject({ kind: 'exceeded', exceeded: { retryAt: start + MINUTE } });
      expect(refused.kind === 'exceeded' && String(refused.exceeded.used)).toBe('30');
      await ground.moveTo(start + MINUTE - 1);
      expect((await call(rate)).kind).toBe('exceeded');
      await ground.moveTo(start + MINUTE);
      expect((await call(rate)).kind).toBe('allowed');
      expect(await call(rate)).toMatchObject({
        kind: 'exceeded',
        exceeded: { retryAt: start + MINUTE + 1000 },
      });
    });

    test('G5: a large amount waits until enough of the oldest has expired', async () => {
      const money = limit({ counter: 'spend', max: 100 });
      const start = ground.at;
      for (const [after, amount] of [
        [0, 30],
        [10, 20],
        [20, 50],
      ] as const) {
        await ground.moveTo(start + after);
        expect((await call(charge(money, amount))).kind).toBe('allowed');
      }
      await ground.moveTo(start + 100);
      expect(await call(charge(money, 1))).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
      expect(await call(charge(money, 30))).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
      expect(await call(charge(money, 31))).toMatchObject({ exceeded: { retryAt: start + MINUTE + 10 } });
      expect(await call(charge(money, 51))).toMatchObject({ exceeded: { retryAt: start + MINUTE + 20 } });
      expect(await call(charge(money, 100))).toMatchObject({ exceeded: { retryAt: start + MINUTE + 20 } });
      expect(await call(charge(money, 101))).toMatchObject({ exceeded: { retryAt: undefined } });
    });

    test('G5: refused calls charge nothing, however many there are', async () => {
      const rate = charge(limit({ max: 2 }));
      const start = ground.at;
      expect(await kinds(2, rate)).toEqual(['allowed', 'allowed']);
      for (let i = 1; i < 60; i += 1) {
        await ground.moveTo(start + i * 1000);
        expect((await call(rate)).kind).toBe('exceeded');
      }
      await ground.moveTo(start + MINUTE);
      expect(await kinds(3, rate)).toEqual(['allowed', 'allowed', 'exceeded']);
    });

    test('a limit of zero refuses for ever', async () => {
      expect(await call(charge(limit({ max: 0 })))).toMatchObject({ exceeded: { retryAt: undefined } });
    });

    test('amounts add up as decimals', async () => {
      const money = limit({ max: '0.3', counter: 'spend' });
      expect((await call(charge(money, '0.1'))).kind).toBe('allowed');
      expect((await call(charge(money, '0.2'))).kind).toBe('allowed');
      expect((await call(charge(money, '0.0000000001'))).kind).toBe('exceeded');
      expect(String((await ground.counters())[0]?.used)).toBe('0.3');
      await wait(ground, MINUTE);
      expect((await call(charge(money, '0.3'))).kind).toBe('allowed');
      await ground.isSound();
    });

    test('sums do not overflow or lose digits beyond 2^53', async () => {
      const money = limit({ max: '100000000000000000000000000', counter: 'spend' });
      expect((await call(charge(money, '9007199254740993'))).kind).toBe('allowed');
      expect((await call(charge(money, '9007199254740993'))).kind).toBe('allowed');
      expect((await call(charge(money, 1))).kind).toBe('allowed');
      expect(String((await ground.counters())[0]?.used)).toBe('18014398509481987');
      expect((await call(charge(money, '1e26'))).kind).toBe('exceeded');
      await ground.isSound();
    });
  });

  describe('calendar windows', () => {
    test('G4, G5: a minute begins anew on the minute', async () => {
      await ground.moveTo(Date.UTC(2026, 10, 22, 11, 0, 59, 999));
      const rate = charge(limit({ max: 1, align: calendar('minute') }));
      expect((await call(rate)).kind).toBe('allowed');
      expect(await call(rate)).toMatchObject({ exceeded: { retryAt: Date.UTC(2026, 10, 22, 11, 1) } });
      await wait(ground, 1);
      expect(await kinds(2, rate)).toEqual(['allowed', 'exceeded']);
    });

    test('a day begins at midnight in its own timezone', async () => {
      const zone = 'America/Argentina/Buenos_Aires';
      await ground.moveTo(Date.UTC(2026, 10, 22, 2, 59));
      const rate = charge(limit({ max: 1, windowMs: 86_400_000, align: calendar('day', zone) }));
      expect((await call(rate)).kind).toBe('allowed');
      expect(await call(rate)).toMatchObject({ exceeded: { retryAt: Date.UTC(2026, 10, 22, 3) } });
      await ground.moveTo(Date.UTC(2026, 10, 22, 3));
      expect((await call(rate)).kind).toBe('allowed');
    });

    test('a counter of calendar minutes is another than one of sliding minutes', async () => {
      expect((await call(charge(limit({ max: 1 })))).kind).toBe('allowed');
      expect((await call(charge(limit({ max: 1, align: calendar('minute') })))).kind).toBe('allowed');
      expect(await ground.counters()).toHaveLength(2);
    });
  });

  describe('several limits', () => {
    test('G5: all are taken together, or none', async () => {
      const wide = charge(limit({ counter: 'wide', max: 10 }));
      const narrow = charge(limit({ counter: 'narrow', max: 1 }));
      expect((await call(wide, narrow)).kind).toBe('allowed');
      expect(await call(wide, narrow)).toMatchObject({ exceeded: { charge: narrow } });
      expect(await call(narrow, wide)).toMatchObject({ exceeded: { charge: narrow } });
      expect((await ground.counters()).map(({ name, used }) => [name, String(used)])).toEqual([
        ['narrow', '1'],
        ['wide', '1'],
      ]);
    });

    test('G5: the first that does not fit is named, but the time is when all do', async () => {
      const minute = charge(limit({ counter: 'minute', max: 1 }));
      const hour = charge(limit({ counter: 'hour', max: 1, windowMs: 60 * MINUTE }));
      expect((await call(minute, hour)).kind).toBe('allowed');
      const start = ground.at;
      expect(await call(minute, hour)).toMatchObject({
        exceeded: { charge: minute, retryAt: start + 60 * MINUTE },
      });
      const never = charge(limit({ counter: 'never', max: 1 }), 2);
      expect(await call(minute, never)).toMatchObject({ exceeded: { charge: minute, retryAt: undefined } });
    });

    test('G4: a counter that two limits of one call name is charged twice, and both must fit', async () => {
      const all = charge(limit({ max: 3, pointer: '/all_tools/limits/x' }));
      const tool = charge(limit({ max: 3, pointer: '/tools/a/limits/x' }));
      expect((await call(all, tool)).kind).toBe('allowed');
      expect(String((await ground.counters())[0]?.used)).toBe('2');
      const refused = await call(all, tool);
      expect(refused).toMatchObject({ exceeded: { charge: tool, retryAt: ground.at + MINUTE } });
      expect(refused.kind === 'exceeded' && String(refused.exceeded.used)).toBe('2');
      expect((await call(all)).kind).toBe('allowed');
      expect((await call(all)).kind).toBe('exceeded');
      await ground.isSound();
    });

    test('limits that share a counter may differ in their max', async () => {
      const strict = charge(limit({ max: 1 }));
      const lax = charge(limit({ max: 3 }));
      expect((await call(lax)).kind).toBe('allowed');
      expect((await call(strict)).kind).toBe('exceeded');
      expect((await call(lax)).kind).toBe('allowed');
    });

    test('a shorter and a longer window of one name are two counters', async () => {
      const second = charge(limit({ max: 1, windowMs: 1000 }));
      const minute = charge(limit({ max: 2 }));
      expect((await call(second, minute)).kind).toBe('allowed');
      await wait(ground, 1000);
      expect((await call(second, minute)).kind).toBe('allowed');
      await wait(ground, 1000);
      expect(await call(second, minute)).toMatchObject({ exceeded: { charge: minute } });
    });
  });

  describe('whose count it is', () => {
    const full = async (scope: Limit['scope']): Promise<Charge> => {
      const one = charge(limit({ max: 1, scope }));
      expect((await call(one)).kind).toBe('allowed');
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
    ] as const)('scope %s and %s', async (scope, _, changes, kind) => {
      const one = await full(scope);
      expect((await admit(ground, await ground.session(changes), one)).kind).toBe(kind);
      expect((await call(one)).kind).toBe('exceeded');
    });

    test('names cannot be joined to make one counter of two', async () => {
      const one = charge(limit({ max: 1 }));
      expect((await admit(ground, await ground.session({ server: 'a","b', grant: 'c' }), one)).kind).toBe(
        'allowed',
      );
      expect((await admit(ground, await ground.session({ server: 'a', grant: 'b","c' }), one)).kind).toBe(
        'allowed',
      );
    });

    test('a split counts each value by itself', async () => {
      const by = limit({ max: 1, per: [{ text: 'args.cuit', root: 'args', steps: ['cuit'] }] });
      expect((await call(charge(by, 1, '["20-1"]'))).kind).toBe('allowed');
      expect((await call(charge(by, 1, '["20-2"]'))).kind).toBe('allowed');
      expect((await call(charge(by, 1, '["20-1"]'))).kind).toBe('exceeded');
      expect((await ground.counters()).map(({ split }) => split)).toEqual(['["20-1"]', '["20-2"]']);
    });
  });

  describe('the clock', () => {
    test.each([
      ['', {}],
      [', counted by session', { scope: 'session' as const }],
      [', counted by machine', { scope: 'machine' as const }],
    ])(
      'G4: forward and back again while nothing is called and old rows are removed: no fresh count%s',
      async (_, changes) => {
        const begin = ground.at;
        const rate = charge(limit({ windowMs: 10_000, max: 3, ...changes }));
        expect(await kinds(3, rate)).toEqual(['allowed', 'allowed', 'allowed']);
        await ground.moveTo(begin + 13_000);
        await ground.tidy();
        await ground.moveTo(begin + 1000);
        expect(await call(rate)).toMatchObject({ kind: 'exceeded', exceeded: { retryAt: begin + 10_000 } });
        await ground.moveTo(begin + 10_000 - 1);
        expect((await call(rate)).kind).toBe('exceeded');
        await ground.moveTo(begin + 10_000);
        expect((await call(rate)).kind).toBe('allowed');
        await ground.isSound();
      },
    );

    test('G4: set back, it gives nothing back; refused until it has caught up', async () => {
      const rate = charge(limit({ max: 2 }));
      const start = ground.at;
      expect((await call(rate)).kind).toBe('allowed');
      await ground.moveTo(start - 3_600_000);
      expect((await call(rate)).kind).toBe('allowed');
      expect(await call(rate)).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
      expect((await ground.counters())[0]?.aheadMs).toBe(3_600_000);
      await ground.moveTo(start + MINUTE - 1);
      expect((await call(rate)).kind).toBe('exceeded');
      await ground.moveTo(start + MINUTE);
      expect((await call(rate)).kind).toBe('allowed');
    });

    test('set forward and back again, it holds what was charged then until that time, or a reset', async () => {
      const rate = charge(limit({ max: 1 }));
      const start = ground.at;
      await ground.moveTo(start + 86_400_000);
      expect((await call(rate)).kind).toBe('allowed');
      await ground.moveTo(start);
      expect(await call(rate)).toMatchObject({ exceeded: { retryAt: start + 86_400_000 + MINUTE } });
      expect(await ground.resetCounter('track_logout_rate')).toHaveLength(1);
      expect((await call(rate)).kind).toBe('allowed');
      expect(await call(rate)).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
    });

    test('set back into the day before, a calendar day goes on', async () => {
      const rate = charge(limit({ max: 1, windowMs: 86_400_000, align: calendar('day') }));
      const midnight = Date.UTC(2026, 10, 23);
      await ground.moveTo(midnight);
      expect((await call(rate)).kind).toBe('allowed');
      await ground.moveTo(midnight - 1);
      expect(await call(rate)).toMatchObject({ exceeded: { retryAt: midnight + 86_400_000 } });
    });
  });

  describe('giving back', () => {
    const settle = (admitted: Admitted | Promise<Admitted>, outcome: Outcome) =>
      settled(ground, admitted, outcome);
    const used = async () => (await ground.counters()).map(({ used }) => String(used));

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
    ] as const)('refund %s, outcome %s: %d left', async (refund, outcome, left) => {
      await settle(call(charge(limit({ refund }))), outcome);
      expect(await used()).toEqual([String(left)]);
      await ground.isSound();
    });

    test('each charge by its own limit, from its own window, once', async () => {
      const back = charge(limit({ counter: 'back', refund: 'on_error' }), '0.5');
      const kept = charge(limit({ counter: 'kept' }));
      const first = await call(back, kept);
      const second = await call(back, kept);
      await settle(first, 'error');
      await settle(first, 'error');
      await settle(first, 'not_sent');
      expect(await used()).toEqual(['0.5', '2']);
      await settle(second, 'ok');
      expect(await used()).toEqual(['0.5', '2']);
      expect((await ground.log()).map(({ outcome }) => outcome)).toEqual(['error', 'ok']);
    });

    test.each([{ kind: 'sliding' } as const, calendar('minute')])(
      'a late answer takes nothing from a window that has begun since: %j',
      async (align) => {
        const rate = charge(limit({ max: 5, refund: 'on_error', align }));
        const old = await call(rate);
        await wait(ground, MINUTE);
        await settle(old, 'error');
        expect(await used()).toEqual(['0']);
        const older = await call(rate);
        await wait(ground, MINUTE);
        await call(rate);
        await settle(older, 'error');
        expect(await used()).toEqual(['1']);
        await ground.isSound();
      },
    );

    test('a late answer takes nothing from a counter that was reset since', async () => {
      const rate = charge(limit({ max: 5, refund: 'on_error' }));
      const old = await call(rate);
      await ground.resetCounter('track_logout_rate');
      await call(rate);
      await settle(old, 'error');
      expect(await used()).toEqual(['1']);
      await ground.isSound();
    });

    test('a refund makes room at once, and the next free instant moves', async () => {
      const rate = charge(limit({ max: 2, refund: 'on_error' }));
      const start = ground.at;
      const first = await call(rate);
      await ground.moveTo(start + 10);
      await call(rate);
      expect(await call(rate)).toMatchObject({ exceeded: { retryAt: start + MINUTE } });
      await settle(first, 'error');
      expect((await call(rate)).kind).toBe('allowed');
      expect(await call(rate)).toMatchObject({ exceeded: { retryAt: start + 10 + MINUTE } });
    });
  });
}
