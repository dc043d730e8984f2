import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/draft/decide.js';
import { hintAbout, hintText, outlookOf, traceCall } from '../../src/draft/outlook.js';
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { type Admitted, BUSY, Store } from '../../src/store/store.js';
import { callOf, policyOf } from '../policy/support.js';
import { INFO, settlement } from '../store/support-shapes.js';

const limit = fc.record(
  {
    counter: fc.constantFrom('a', 'b'),
    window: fc.constant('minute'),
    max: fc.nat(4),
    on_exceed: fc.constantFrom('deny', 'approve'),
    amount: fc.constantFrom<number | string>(1, 2, 'args.n'),
  },
  { requiredKeys: ['counter', 'window', 'max'] },
);
const predicate = fc.record({
  conditions: fc.array(
    fc
      .record({
        path: fc.constant('args.n'),
        op: fc.constantFrom('gt', 'lt', 'eq', 'exists'),
        value: fc.constant(2),
      })
      .map((c) => (c.op === 'exists' ? { ...c, value: true } : c)),
    { maxLength: 2 },
  ),
});
const entry = fc.record(
  {
    require: fc.array(predicate, { maxLength: 1 }),
    deny_if: fc.array(predicate, { maxLength: 1 }),
    approve_if: fc.array(predicate, { maxLength: 1 }),
    hours: fc.record(
      {
        from: fc.constantFrom('00:00', '00:02', '23:00'),
        to: fc.constantFrom('00:01', '00:04', '24:00'),
        outside: fc.constantFrom('deny', 'approve'),
      },
      { requiredKeys: [] },
    ),
    after: fc.array(fc.record({ tools: fc.constant(['u']), within: fc.constantFrom(1, 60) }), {
      maxLength: 1,
    }),
    before: fc.array(
      fc.record({ tools: fc.constant(['t', 'x']), scope: fc.constantFrom('machine', 'grant') }),
      { maxLength: 1 },
    ),
    limits: fc.uniqueArray(limit, { maxLength: 2, selector: ({ counter }) => counter }),
  },
  { requiredKeys: [] },
);
const document = fc.record({
  version: fc.constant('1'),
  default: fc.constantFrom('allow', 'deny'),
  hide: fc.subarray(['h']),
  tools: fc.dictionary(fc.constantFrom('t', 'u', 'h'), entry),
});
const calls = fc.array(
  fc.record({
    tool: fc.constantFrom('t', 'u', 'h', 'x'),
    args: fc.record({ n: fc.oneof(fc.nat(4), fc.constant('2')) }, { requiredKeys: [] }),
    wait: fc.nat(40_000),
  }),
  { maxLength: 12 },
);

/** The second call fits in neither limit: in the first it would in a minute, in the second never. */
const TWO_FULL: typeof document extends fc.Arbitrary<infer Document> ? Document : never = {
  version: '1',
  default: 'allow',
  hide: [],
  tools: {
    u: {
      limits: [
        { counter: 'b', window: 'minute', max: 2, amount: 2 },
        { counter: 'a', window: 'minute', max: 0, amount: 'args.n' },
      ],
    },
  },
};
const call = (n: number) => ({ tool: 'u' as const, args: { n }, wait: 0 });

const decisionOf = (admitted: Admitted, hidden: boolean): string =>
  ({ allowed: 'allow', asked: 'ask', exceeded: 'deny', unmet: 'deny', refused: hidden ? 'hide' : 'deny' })[
    admitted.kind
  ];

test('G5: what explain says before a call is what is decided at the call, and asking changes nothing', () => {
  let decided = 0;
  fc.assert(
    fc.property(document, calls, (policyDocument, made) => {
      const { policy } = loadPolicy(JSON.stringify(policyDocument), 'p.json');
      if (!policy) return;
      let now = Date.UTC(2026, 0, 15);
      const store = Store.open(':memory:', { now: () => now });
      const info = {
        server: 's',
        grant: 'g',
        pid: process.pid,
        policyHash: policy.hash,
        policySource: '',
        observe: false,
      };
      const session = store.startSession(info);
      const owner = { server: 's', grant: 'g', session: '', observe: false };
      for (const { tool, args, wait } of made) {
        now += wait;
        const evaluation = evaluate(policy, { tool, args, env: {} });
        const look = () =>
          evaluation.kind === 'open'
            ? store.peek(owner, evaluation.charges, evaluation.demands)
            : { checks: [], fits: true, demands: [], now };
        const outlook = outlookOf(evaluation, look());
        expect(outlookOf(evaluation, look())).toEqual(outlook);
        const argumentsText = JSON.stringify(args);
        const approval = { argumentsHash: `${decided++}`, argumentsText, expiresMs: 600_000 };
        const admission = {
          tool,
          requestId: '1',
          argumentsText,
          policyHash: policy.hash,
          evaluation,
          approval,
        };
        const admitted = store.admit(session, [admission]);
        if (admitted === BUSY || !admitted[0]) throw new Error('a database in memory cannot be busy');
        expect(outlook.decision).toBe(decisionOf(admitted[0], evaluation.kind === 'hidden'));
        if (admitted[0].kind === 'exceeded') {
          expect(outlook.rule).toBe(admitted[0].exceeded.charge.limit.pointer);
          expect(outlook.limit?.retryAt).toBe(admitted[0].exceeded.retryAt);
        }
        if (admitted[0].kind === 'unmet') expect(outlook.retryAt).toBe(admitted[0].unmet.retryAt);
      }
      store.close();
    }),
    { numRuns: 300, examples: [[TWO_FULL, [call(0), call(1)]]] },
  );
  expect(decided).toBeGreaterThan(100);
});

describe('what a call would come to', () => {
  const NOW = Date.UTC(2026, 0, 15, 12);
  const OWNER = { server: INFO.server, grant: INFO.grant };
  const MINUTE = 60_000;

  /** The outlook of a call of `t` where nothing has happened yet. */
  function outlook(entry: object, args: unknown = {}, more: object = {}) {
    const layers = stack(policyOf({ timezone: 'UTC', tools: { t: entry }, ...more }));
    return traceCall(layers, callOf('t', args), OWNER, (look) => look(undefined), NOW).outlook;
  }

  test('nothing refuses it', () => {
    const nothing = {
      decision: 'allow',
      rule: undefined,
      why: 'nothing refuses it',
      said: { code: 'nothing' },
    };
    expect(outlook({})).toMatchObject(nothing);
    expect(outlook({ rate_limit: '1/hour' })).toMatchObject(nothing);
    expect(outlook({ hours: { from: '00:00', to: '24:00' } })).toMatchObject(nothing);
    expect(outlook({ after: [{ tools: ['u'], within: '1h' }] })).toMatchObject(nothing);
  });

  test('it is hidden, or refused, in the words of the author where there are some', () => {
    expect(outlook({ action: 'hide' })).toMatchObject({
      decision: 'hide',
      rule: '(hidden)',
      said: { code: 'hidden' },
    });
    const said = (author: string | undefined) => ({ code: 'by_step', author, explained: true });
    const refused = { decision: 'deny', code: 'ACTION_DENY', rule: '/tools/t/action' };
    const plain = outlook({ action: 'deny' });
    expect(plain).toMatchObject({ ...refused, said: said(undefined) });
    expect(outlook({ action: 'deny', reason: 'Not here.' })).toMatchObject({
      ...refused,
      why: `Not here. (${plain.why})`,
      said: said('Not here.'),
    });
  });

  test('a person is asked, in the words of the author or in ours', () => {
    const asked = outlook({ action: 'approve' });
    expect(asked).toMatchObject({
      decision: 'ask',
      code: 'APPROVAL_REQUIRED',
      rule: '/tools/t/action',
      said: { code: 'by_step', author: undefined, explained: true },
    });
    expect(asked.why).not.toBe('');
    expect(outlook({ action: 'approve', reason: 'Look.' })).toMatchObject({
      why: 'Look.',
      said: { author: 'Look.', explained: false },
    });
  });

  test('a limit refuses, or asks beyond it; one that refuses comes first', () => {
    const limit = { counter: 'c', window: 'minute', max: 0 };
    const asking = { ...limit, counter: 'd', on_exceed: 'approve' };
    const rule = (name: string) => `/tools/t/limits/${name}`;
    const refused = outlook({ limits: [limit] });
    expect(refused).toMatchObject({
      decision: 'deny',
      code: 'LIMIT',
      rule: rule('c'),
      said: { code: 'limit', asksBeyond: false },
    });
    expect(refused.why).toMatch(/; a call of this size can never pass$/);
    const asked = outlook({ limits: [asking] });
    expect(asked).toMatchObject({
      decision: 'ask',
      code: 'APPROVAL_REQUIRED',
      rule: rule('d'),
      said: { code: 'limit', asksBeyond: true },
    });
    expect(asked.why).toMatch(/; beyond that a person is asked$/);
    expect(outlook({ limits: [asking, limit] })).toMatchObject({ decision: 'deny', rule: rule('c') });
    // Who is asked anyway is asked once, and for the policy's own reason.
    expect(outlook({ action: 'approve', limits: [asking] })).toMatchObject({
      decision: 'ask',
      rule: '/tools/t/action',
    });
    expect(outlook({ action: 'approve', limits: [limit] })).toMatchObject({
      decision: 'deny',
      rule: rule('c'),
    });
  });

  test('G10: a limit that would ask refuses a call with a number that a person may be shown otherwise', () => {
    const limits = [{ counter: 'c', window: 'minute', max: 0, on_exceed: 'approve' }];
    expect(outlook({ limits }, '{ "n": 0.5 }')).toMatchObject({ decision: 'ask' });
    expect(outlook({ limits }, '{ "n": 0.1234567890123456789 }')).toMatchObject({
      decision: 'deny',
      code: 'LIMIT',
    });
  });

  test('a full limit says when there is room again, and whose calls it waits for', () => {
    let now = NOW;
    const store = Store.open(':memory:', { now: () => now });
    const policy = policyOf({
      timezone: 'UTC',
      tools: {
        t: { limits: [{ counter: 'c', window: 'minute', max: 1 }] },
        r: { limits: [{ counter: 'r', window: 'minute', max: 1, refund: 'on_success' }] },
        // Closed whenever there is room again.
        b: { limits: [{ counter: 'b', window: 'day', max: 1 }], before: [{ tools: ['t'], within: '1h' }] },
      },
    });
    const layers = stack(policy);
    const session = store.startSession(INFO);
    const call = (tool: string) => traceCall(layers, callOf(tool), OWNER, (look) => look(store), now).outlook;
    const make = (tool: string) => {
      const { row } = decide(store, session, layers, callOf(tool)).admitted;
      // One of them is still with the server.
      if (tool !== 'r') store.settle([settlement(row, 'ok')]);
    };
    for (const tool of ['t', 'r', 'b']) {
      expect(call(tool).decision).toBe('allow');
      make(tool);
    }
    now += 1000;
    expect(call('t')).toMatchObject({ decision: 'deny', limit: { retryAt: NOW + MINUTE } });
    expect(call('t').why).toMatch(/; next at 2026-01-15T12:01:00\.000Z$/);
    expect(call('r').why).toMatch(/; next when one of the calls in flight ends well$/);
    expect(call('b').why).toMatch(/; other rules refuse it whenever there is room$/);
    now = NOW + MINUTE;
    expect(call('t').decision).toBe('allow');
    store.close();
  });

  test('what depends on the moment says when it will be met', () => {
    const closed = outlook({ hours: { from: '13:00', to: '14:00' } });
    const opens = NOW + 60 * MINUTE;
    expect(closed).toMatchObject({
      decision: 'deny',
      code: 'HOURS',
      rule: '/tools/t/hours',
      retryAt: opens,
      said: { code: 'unmet', now: NOW, retryAt: opens },
    });
    expect(closed.why).toMatch(/; next at 2026-01-15T13:00:00\.000Z$/);
    const before = outlook({ before: [{ tools: ['u'], within: '1h' }] });
    expect(before).toMatchObject({ decision: 'deny', code: 'BEFORE', retryAt: undefined });
    expect(before.why).not.toContain('next at');
    expect(outlook({ hours: { from: '13:00', to: '14:00', outside: 'approve' } })).toMatchObject({
      decision: 'ask',
    });
  });
});

describe('a name that judges nothing', () => {
  const policy = policyOf({ tools: { pay: {}, mcp__afip__read: {} }, hide: ['mcp__afip__drop', 'x_*'] });
  const hint = (tool: string, known: readonly string[] = []) => hintAbout(tool, [policy], known);

  test('is told with the name that was likely meant', () => {
    expect(hint('pya')).toEqual({ code: 'likely', likely: 'pay' });
    expect(hint('creat', ['create'])).toEqual({ code: 'likely', likely: 'create' });
    expect(hint('mcp__afip__pay')).toMatchObject({ code: 'likely', likely: 'pay' });
    expect(hintText({ code: 'likely', likely: 'pay' })).toMatch(/^did you mean "pay"\?/);
  });

  test('in the policy is told where it is how a client shows the tool', () => {
    for (const name of ['read', 'drop']) {
      const shown = { code: 'shown_name', shown: `mcp__afip__${name}`, tool: name } as const;
      expect(hint(name)).toEqual(shown);
      expect(hintText(shown)).toMatch(
        new RegExp(`^the policy has "mcp__afip__${name}", which is how a client shows "${name}"`),
      );
    }
    // Unless a tool is called so, or the policy has both.
    expect(hint('read', ['mcp__afip__read', 'read'])).toBeUndefined();
    expect(hintAbout('read', [policy, policyOf({ tools: { read: {} } })], [])).toBeUndefined();
  });

  test('is none where a rule or a tool has it, or where it names no tool', () => {
    expect(hint('pay')).toBeUndefined();
    expect(hint('paid', ['paid'])).toBeUndefined();
    expect(hint('nothing_like_it')).toBeUndefined();
    expect(hint('resource:pya')).toBeUndefined();
  });
});
