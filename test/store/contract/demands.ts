import { describe, expect, test } from 'vitest';
import { evaluateLayers, stack } from '../../../src/policy/evaluate/layers.js';
import type { Admitted, SessionInfo } from '../../../src/store/store.js';
import { policyOf } from '../../policy/support.js';
import { admission } from '../support-shapes.js';
import { type Ground, wait } from './ground.js';

const OFFICE = { days: 'mon-fri', from: '09:00', to: '18:00' };
const at = (text: string): number => Date.parse(text);
const brief = (admitted: Admitted): unknown => {
  if (admitted.kind === 'unmet') return [admitted.unmet.demand.kind, admitted.unmet.retryAt];
  return admitted.kind === 'exceeded' ? ['limit', admitted.exceeded.retryAt] : admitted.kind;
};

/** A wrapper in front of a server, with its policy. @returns what calls a tool of it */
async function wrapping(ground: Ground, policy: object, info: Partial<SessionInfo> = {}) {
  const layers = stack(policyOf(policy));
  const session = await ground.session(info);
  return async (tool: string, asking: object = {}): Promise<Admitted> => {
    const evaluation = evaluateLayers(layers, { tool, args: {}, env: {} });
    const approval = { argumentsHash: tool, argumentsText: '{}', expiresMs: 600_000, ...asking };
    const [admitted] = await ground.admit(session, [admission(evaluation, { tool, approval })]);
    if (!admitted) throw new Error('no answer');
    return admitted;
  };
}

/** What a call must meet that depends on the moment, and what is told of limits that fill: wherever calls are decided. */
export function demandsContract(ground: Ground): void {
  describe('hours', () => {
    test('G5: a refused call is refused until retryAt, and allowed at it', async () => {
      await ground.moveTo(at('2026-11-27T18:00:00Z'));
      const call = await wrapping(ground, { tools: { pay: { hours: OFFICE } } });
      const monday = at('2026-11-30T09:00:00Z');
      expect(brief(await call('pay'))).toEqual(['hours', monday]);
      await ground.moveTo(monday - 1);
      expect(brief(await call('pay'))).toEqual(['hours', monday]);
      await ground.moveTo(monday);
      expect(brief(await call('pay'))).toBe('allowed');
      expect((await ground.log()).map(({ decision, code, rule }) => [decision, code, rule])).toEqual([
        ['deny', 'HOURS', '/tools/pay/hours'],
        ['deny', 'HOURS', '/tools/pay/hours'],
        ['allow', undefined, undefined],
      ]);
    });

    test('G5: hours and limits together name the instant at which neither refuses, and a refusal charges nothing', async () => {
      await ground.moveTo(at('2026-11-27T17:00:00Z'));
      const limits = [{ counter: 'c', window: '24h', max: 1 }];
      const call = await wrapping(ground, {
        all_tools: { hours: { from: '10:00' } },
        tools: { pay: { hours: OFFICE, limits } },
      });
      expect(brief(await call('pay'))).toBe('allowed');
      const monday = at('2026-11-30T10:00:00Z');
      // The limit has room on Saturday at five, and Monday is open for all tools from ten on.
      expect(brief(await call('pay'))).toEqual(['limit', monday]);
      await ground.moveTo(at('2026-11-27T18:30:00Z'));
      expect(brief(await call('pay'))).toEqual(['hours', monday]);
      await ground.moveTo(monday - 1);
      expect(brief(await call('pay'))).toEqual(['hours', monday]);
      await ground.moveTo(monday);
      expect(brief(await call('pay'))).toBe('allowed');
      await ground.moveTo(at('2026-12-01T09:30:00Z'));
      // Still full half an hour after all tools are open.
      expect(brief(await call('pay'))).toEqual(['hours', at('2026-12-01T10:00:00Z')]);
    });

    test('G5: hours that never are open together name no time, nor does a limit beside them', async () => {
      await ground.moveTo(at('2026-11-27T08:00:00Z'));
      const call = await wrapping(ground, {
        all_tools: { hours: { to: '09:00' } },
        tools: { pay: { hours: { from: '10:00' } } },
      });
      expect(brief(await call('pay'))).toEqual(['hours', undefined]);
    });

    test('G5 G10: outside of them a person is asked; an approval serves then, and not outside of hours that refuse', async () => {
      await ground.moveTo(at('2026-11-27T17:59:00Z'));
      const asks = await wrapping(ground, { tools: { pay: { hours: { ...OFFICE, outside: 'approve' } } } });
      const refuses = await wrapping(ground, { tools: { pay: { hours: OFFICE, action: 'approve' } } });
      expect((await asks('pay')).kind).toBe('allowed');
      const asked = await refuses('pay', { argumentsHash: 'other', expiresMs: 30 * 86_400_000 });
      if (asked.kind !== 'asked') throw new Error(asked.kind);
      await ground.decideApproval(asked.approval.id, 'approved', 'cli');
      await ground.moveTo(at('2026-11-27T18:01:00Z'));
      // Approved in time, used too late: judged again, and the approval is not used up.
      expect(brief(await refuses('pay', { argumentsHash: 'other' }))).toEqual([
        'hours',
        at('2026-11-30T09:00:00Z'),
      ]);
      expect((await ground.approval(asked.approval.id))?.state).toBe('approved');
      await ground.moveTo(at('2026-11-30T09:00:00Z'));
      expect((await refuses('pay', { argumentsHash: 'other' })).kind).toBe('allowed');
      expect((await ground.approval(asked.approval.id))?.state).toBe('consumed');

      await ground.moveTo(at('2026-11-30T19:00:00Z'));
      const outside = await asks('pay', { argumentsHash: 'late' });
      if (outside.kind !== 'asked') throw new Error(outside.kind);
      expect(outside.approval).toMatchObject({ rule: '/tools/pay/hours' });
      expect(outside.approval.reason).toBe(
        'calls pass mon-fri from 09:00 to 18:00 (UTC), and it is mon 19:00 there',
      );
      await ground.decideApproval(outside.approval.id, 'approved', 'cli');
      expect((await asks('pay', { argumentsHash: 'late' })).kind).toBe('allowed');
      expect((await asks('pay', { argumentsHash: 'late' })).kind).toBe('asked');
    });

    test('where nobody is asked the refusal says why somebody should be', async () => {
      await ground.moveTo(at('2026-11-28T12:00:00Z'));
      const policy = { tools: { pay: { hours: { ...OFFICE, outside: 'approve', on_deny: 'Weekend.' } } } };
      expect(await (await wrapping(ground, policy))('pay')).toMatchObject({ kind: 'asked' });
      expect(await (await wrapping(ground, policy, { observe: true }))('pay')).toMatchObject({
        kind: 'refused',
        code: 'APPROVAL_REQUIRED',
        ask: { rule: '/tools/pay/hours', authorText: 'Weekend.' },
      });
    });
  });

  describe('after and before', () => {
    test('G5: what was called before refuses for its time, on this server and, where the rule says so, on others', async () => {
      const call = await wrapping(ground, {
        tools: {
          read: {},
          send: { after: [{ tools: ['read'], within: '1h' }] },
          mine: { after: [{ tools: ['read'], within: '1h', scope: 'grant' }] },
        },
      });
      const other = await wrapping(ground, { tools: { read: {} } }, { server: 'mcp-other' });
      expect((await call('send')).kind).toBe('allowed');
      await other('read');
      const until = ground.at + 3_600_000;
      expect(brief(await call('send'))).toEqual(['after', until]);
      expect((await call('mine')).kind).toBe('allowed');
      await ground.moveTo(until - 1);
      expect(brief(await call('send'))).toEqual(['after', until]);
      await ground.moveTo(until);
      expect((await call('send')).kind).toBe('allowed');
    });

    test('what must have been answered before counts once it was, and not when it failed', async () => {
      const call = await wrapping(ground, {
        tools: { preview: {}, issue: { before: [{ tools: ['preview'], within: '10m' }] } },
      });
      expect(brief(await call('issue'))).toEqual(['before', undefined]);
      const row = async () => (await call('preview')).row;
      const first = await row();
      expect((await call('issue')).kind).toBe('unmet');
      const session = (await ground.log()).at(-1)?.session ?? '';
      const outcome = (of: number, what: 'ok' | 'error') =>
        ground.settle([{ first: of, last: of, outcome: what, latencyMs: 1 }], session);
      await outcome(first, 'error');
      expect((await call('issue')).kind).toBe('unmet');
      await outcome(await row(), 'ok');
      expect((await call('issue')).kind).toBe('allowed');
      await wait(ground, 600_000);
      expect((await call('issue')).kind).toBe('unmet');
    });
  });

  describe('a limit that fills', () => {
    const POLICY = {
      tools: {
        pay: { limits: [{ counter: 'spend', window: 'hour', max: 10, warn_at: 0.8, amount: 2 }] },
        batch: { limits: [{ counter: 'big', window: 'hour', max: 10, warn_at: 1, amount: 10 }] },
        plain: { limits: [{ counter: 'c', window: 'hour', max: 2 }] },
      },
    };
    const warned = (admitted: Admitted) =>
      admitted.kind === 'allowed' ? admitted.filled?.map(({ used }) => used.toNumber()) : admitted.kind;
    const filling = async () => (await ground.events()).filter(({ kind }) => kind === 'limit.filling');
    const times = async (count: number, call: () => Promise<Admitted>) => {
      const all: unknown[] = [];
      for (let i = 0; i < count; i += 1) all.push(warned(await call()));
      return all;
    };

    test('is told at the call that takes it there, which passes, once; and once more in the next window', async () => {
      const call = await wrapping(ground, POLICY);
      const none = undefined;
      expect(await times(6, () => call('pay'))).toEqual([none, none, none, [8], none, 'exceeded']);
      const [told, ...more] = await filling();
      expect(more).toEqual([]);
      expect(told?.by).toBe('wrapper');
      const { used, max, ...detail } = told?.detail ?? {};
      expect([Number(used), Number(max)]).toEqual([8, 10]);
      expect(detail).toEqual({
        ...{ name: 'spend', server: 'mcp-afip', tool: 'pay', rule: '/tools/pay/limits/spend' },
      });
      await wait(ground, 3_600_000);
      expect(await times(4, () => call('pay'))).toEqual([none, none, none, [8]]);
      expect(await filling()).toHaveLength(2);
      expect(warned(await call('batch'))).toEqual([10]);
      expect(await times(2, () => call('plain'))).toEqual([none, none]);
    });

    test('is told once a window where a sliding count goes up and down over the line', async () => {
      const call = await wrapping(ground, POLICY);
      let told = 0;
      // One call every 15 minutes holds the count between 6 and 8.
      for (let i = 0; i < 16; i += 1) {
        if (warned(await call('pay'))) told += 1;
        await wait(ground, 900_000);
      }
      expect(told).toBeGreaterThan(1);
      expect(told).toBeLessThanOrEqual(4);
      expect(await filling()).toHaveLength(told);
    });

    test('is told to whoever takes it there, of several wrappers', async () => {
      const [one, other] = [await wrapping(ground, POLICY), await wrapping(ground, POLICY)];
      const all: unknown[] = [];
      for (const call of [one, other, one, other]) all.push(warned(await call('pay')));
      expect(all).toEqual([undefined, undefined, undefined, [8]]);
    });

    test('is exact in decimals', async () => {
      const limits = [{ counter: 'c', window: 'hour', max: 0.3, warn_at: 0.7, amount: 0.07 }];
      const call = await wrapping(ground, { tools: { t: { limits } } });
      expect(await times(4, () => call('t'))).toEqual([undefined, undefined, [0.21], undefined]);
    });
  });
}
