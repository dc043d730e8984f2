import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outlookOf } from '../../src/draft/outlook.js';
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { type Admitted, BUSY, Store } from '../../src/store/store.js';

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
