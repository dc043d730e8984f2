import { afterAll, describe, expect, test } from 'vitest';
import { evaluateLayers, type Layers, stack } from '../../src/policy/evaluate/layers.js';
import type { Admitted } from '../../src/store/store.js';
import { Store } from '../../src/store/store.js';
import { policyOf } from '../policy/support.js';
import { clock, done, eachDriver, tempDir } from './support.js';
import { admission, INFO } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

/** A wrapper in front of a server, with its policy, on a database and a clock that others share. */
class Wrapper {
  readonly #store: Store;
  readonly #layers: Layers;
  readonly #session: string;

  constructor(store: Store, policy: object, info: Partial<typeof INFO> = {}) {
    this.#store = store;
    this.#layers = stack(policyOf(policy));
    this.#session = store.startSession({ ...INFO, ...info });
  }

  /** @param approvals undefined where nobody can be asked */
  call(tool: string, approvals: object | undefined = { expiresMs: 600_000 }): Admitted {
    const evaluation = evaluateLayers(this.#layers, { tool, args: {}, env: {} });
    const approval = approvals && {
      argumentsHash: tool,
      argumentsText: '{}',
      expiresMs: 600_000,
      ...approvals,
    };
    const [admitted] = done(this.#store.admit(this.#session, [admission(evaluation, { tool, approval })]));
    if (!admitted) throw new Error('no answer');
    return admitted;
  }
}

const OFFICE = { days: 'mon-fri', from: '09:00', to: '18:00' };
const at = (text: string): number => Date.parse(text);
const brief = (admitted: Admitted): unknown => {
  if (admitted.kind === 'unmet') return [admitted.unmet.demand.kind, admitted.unmet.retryAt];
  return admitted.kind === 'exceeded' ? ['limit', admitted.exceeded.retryAt] : admitted.kind;
};

eachDriver('hours', () => {
  test('G5: a refused call is refused until retryAt, and allowed at it', () => {
    const time = clock(at('2026-11-27T18:00:00Z'));
    const store = Store.open(temp.path(), { now: time.now });
    const wrapper = new Wrapper(store, { tools: { pay: { hours: OFFICE } } });
    const monday = at('2026-11-30T09:00:00Z');
    expect(brief(wrapper.call('pay'))).toEqual(['hours', monday]);
    time.at = monday - 1;
    expect(brief(wrapper.call('pay'))).toEqual(['hours', monday]);
    time.at = monday;
    expect(brief(wrapper.call('pay'))).toBe('allowed');
    expect(store.log().map(({ decision, code, rule }) => [decision, code, rule])).toEqual([
      ['deny', 'HOURS', '/tools/pay/hours'],
      ['deny', 'HOURS', '/tools/pay/hours'],
      ['allow', undefined, undefined],
    ]);
    store.close();
  });

  test('G5: hours and limits together name the instant at which neither refuses, and a refusal charges nothing', () => {
    const time = clock(at('2026-11-27T17:00:00Z'));
    const store = Store.open(temp.path(), { now: time.now });
    const limits = [{ counter: 'c', window: '24h', max: 1 }];
    const wrapper = new Wrapper(store, {
      all_tools: { hours: { from: '10:00' } },
      tools: { pay: { hours: OFFICE, limits } },
    });
    expect(brief(wrapper.call('pay'))).toBe('allowed');
    const monday = at('2026-11-30T10:00:00Z');
    // The limit has room on Saturday at five, and Monday is open for all tools from ten on.
    expect(brief(wrapper.call('pay'))).toEqual(['limit', monday]);
    time.at = at('2026-11-27T18:30:00Z');
    expect(brief(wrapper.call('pay'))).toEqual(['hours', monday]);
    time.at = monday - 1;
    expect(brief(wrapper.call('pay'))).toEqual(['hours', monday]);
    time.at = monday;
    expect(brief(wrapper.call('pay'))).toBe('allowed');
    time.at = at('2026-12-01T09:30:00Z');
    // Still full half an hour after all tools are open.
    expect(brief(wrapper.call('pay'))).toEqual(['hours', at('2026-12-01T10:00:00Z')]);
    store.close();
  });

  test('G5: hours that never are open together name no time, nor does a limit beside them', () => {
    const time = clock(at('2026-11-27T08:00:00Z'));
    const store = Store.open(temp.path(), { now: time.now });
    const wrapper = new Wrapper(store, {
      all_tools: { hours: { to: '09:00' } },
      tools: { pay: { hours: { from: '10:00' } } },
    });
    expect(brief(wrapper.call('pay'))).toEqual(['hours', undefined]);
    store.close();
  });

  test('G5 G10: outside of them a person is asked; an approval serves then, and not outside of hours that refuse', () => {
    const time = clock(at('2026-11-27T17:59:00Z'));
    const store = Store.open(temp.path(), { now: time.now });
    const asks = new Wrapper(store, { tools: { pay: { hours: { ...OFFICE, outside: 'approve' } } } });
    const refuses = new Wrapper(store, { tools: { pay: { hours: OFFICE, action: 'approve' } } });
    expect(asks.call('pay').kind).toBe('allowed');
    const asked = refuses.call('pay', { argumentsHash: 'other', expiresMs: 30 * 86_400_000 });
    if (asked.kind !== 'asked') throw new Error(asked.kind);
    store.decideApproval(asked.approval.id, 'approved', 'cli');
    time.at = at('2026-11-27T18:01:00Z');
    // Approved in time, used too late: judged again, and the approval is not used up.
    expect(brief(refuses.call('pay', { argumentsHash: 'other' }))).toEqual([
      'hours',
      at('2026-11-30T09:00:00Z'),
    ]);
    expect(store.approval(asked.approval.id)?.state).toBe('approved');
    time.at = at('2026-11-30T09:00:00Z');
    expect(refuses.call('pay', { argumentsHash: 'other' }).kind).toBe('allowed');
    expect(store.approval(asked.approval.id)?.state).toBe('consumed');

    time.at = at('2026-11-30T19:00:00Z');
    const outside = asks.call('pay', { argumentsHash: 'late' });
    if (outside.kind !== 'asked') throw new Error(outside.kind);
    expect(outside.approval).toMatchObject({ rule: '/tools/pay/hours' });
    expect(outside.approval.reason).toBe(
      'calls pass mon-fri from 09:00 to 18:00 (UTC), and it is mon 19:00 there',
    );
    store.decideApproval(outside.approval.id, 'approved', 'cli');
    expect(asks.call('pay', { argumentsHash: 'late' }).kind).toBe('allowed');
    expect(asks.call('pay', { argumentsHash: 'late' }).kind).toBe('asked');
    store.close();
  });

  test('where nobody can be asked the refusal says why somebody should be', () => {
    const time = clock(at('2026-11-28T12:00:00Z'));
    const store = Store.open(temp.path(), { now: time.now });
    const wrapper = new Wrapper(store, {
      tools: { pay: { hours: { ...OFFICE, outside: 'approve', on_deny: 'Weekend.' } } },
    });
    expect(wrapper.call('pay', undefined)).toMatchObject({ kind: 'asked' });
    expect(
      new Wrapper(
        store,
        { tools: { pay: { hours: { ...OFFICE, outside: 'approve', on_deny: 'Weekend.' } } } },
        { observe: true },
      ).call('pay'),
    ).toMatchObject({
      kind: 'refused',
      code: 'APPROVAL_REQUIRED',
      ask: { rule: '/tools/pay/hours', authorText: 'Weekend.' },
    });
    store.close();
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
  const events = (store: Store) =>
    store.events().flatMap(({ kind, who, detail }) => (kind === 'limit.filling' ? [{ who, ...detail }] : []));

  test('is told at the call that takes it there, which passes, once; and once more in the next window', () => {
    const time = clock();
    const store = Store.open(temp.path(), { now: time.now });
    const wrapper = new Wrapper(store, POLICY);
    expect([1, 2, 3, 4, 5, 6].map(() => warned(wrapper.call('pay')))).toEqual([
      undefined,
      undefined,
      undefined,
      [8],
      undefined,
      'exceeded',
    ]);
    expect(events(store)).toEqual([
      {
        who: 'wrapper',
        name: 'spend',
        server: 'mcp-afip',
        tool: 'pay',
        rule: '/tools/pay/limits/spend',
        used: 8,
        max: 10,
      },
    ]);
    time.at += 3_600_000;
    expect([1, 2, 3, 4].map(() => warned(wrapper.call('pay')))).toEqual([
      undefined,
      undefined,
      undefined,
      [8],
    ]);
    expect(events(store)).toHaveLength(2);
    expect(warned(wrapper.call('batch'))).toEqual([10]);
    expect([1, 2].map(() => warned(wrapper.call('plain')))).toEqual([undefined, undefined]);
    store.close();
  });

  test('is told once a window where a sliding count goes up and down over the line', () => {
    const time = clock();
    const store = Store.open(temp.path(), { now: time.now });
    const wrapper = new Wrapper(store, POLICY);
    let told = 0;
    // One call every 15 minutes holds the count between 6 and 8.
    for (let call = 0; call < 16; call += 1) {
      if (warned(wrapper.call('pay'))) told += 1;
      time.at += 900_000;
    }
    expect(told).toBeGreaterThan(1);
    expect(told).toBeLessThanOrEqual(4);
    expect(events(store)).toHaveLength(told);
    store.close();
  });

  test('is told to whoever takes it there, of several wrappers', () => {
    const time = clock();
    const path = temp.path();
    const stores = [1, 2].map(() => Store.open(path, { now: time.now }));
    const [one, other] = stores.map((store) => new Wrapper(store, POLICY)) as [Wrapper, Wrapper];
    expect([one, other, one, other].map((wrapper) => warned(wrapper.call('pay')))).toEqual([
      undefined,
      undefined,
      undefined,
      [8],
    ]);
    for (const store of stores) store.close();
  });

  test('is exact in decimals', () => {
    const store = Store.open(temp.path(), { now: clock().now });
    const tools = { t: { limits: [{ counter: 'c', window: 'hour', max: 0.3, warn_at: 0.7, amount: 0.07 }] } };
    const wrapper = new Wrapper(store, { tools });
    expect([1, 2, 3, 4].map(() => warned(wrapper.call('t')))).toEqual([
      undefined,
      undefined,
      [0.21],
      undefined,
    ]);
    store.close();
  });
});
