import { describe, expect, test } from 'vitest';
import { evaluate, type TraceStep } from '../../../src/policy/evaluate/evaluate.js';
import type { Operator } from '../../../src/policy/operators.js';
import { Store } from '../../../src/store/store.js';
import { INFO } from '../../store/support-shapes.js';
import { callOf, policyOf } from '../support.js';

const SECRET = 'live_4f9c1a77';

/** Conditions that hold for the secret, that do not, and that cannot be determined, with every operator. */
const CONDITIONS: readonly [Operator, unknown][] = [
  ['eq', SECRET],
  ['eq', SECRET.toUpperCase()],
  ['eq', 'test'],
  ['eq', 5],
  ['neq', SECRET],
  ['neq', 'test'],
  ['in', [SECRET, 'test']],
  ['in', ['test']],
  ['not_in', [SECRET]],
  ['not_in', ['test', 5]],
  ['lt', 5],
  ['gte', 5],
  ['regex', '^test_'],
  ['regex', SECRET],
  ['contains', '4f9c'],
  ['exists', true],
  ['exists', false],
];

describe('values of the environment', () => {
  test.each(CONDITIONS)('are shown by no rule: %s %j', (op, value) => {
    const conditions = [
      { path: 'args.a', op: 'eq', value: 1 },
      { path: 'env.TOKEN', op, value },
    ];
    for (const list of ['require', 'deny_if', 'approve_if']) {
      const policy = policyOf({ tools: { t: { [list]: [{ conditions }] } } });
      const trace: TraceStep[] = [];
      const evaluation = evaluate(policy, callOf('t', { a: 1 }, { TOKEN: SECRET }), trace);
      const said = JSON.stringify([evaluation, trace.map(({ text }) => text)]);
      for (const part of [SECRET, SECRET.toUpperCase(), '4f9c']) expect(said).not.toContain(part);
      if (evaluation.kind === 'refused') expect(evaluation.refusal.explanation).toContain('env.TOKEN');
    }
  });

  test.each(['12345678901234567890.123', '{"live_4f9c": 1, "LIVE_4F9C": 2}', '[1.00000000000000000001]'])(
    'are shown by no limit that cannot tell them from another: %s',
    (token) => {
      const limits = [{ counter: 'c', window: 'day', max: 5, per: 'env.TOKEN' }];
      const policy = policyOf({ tools: { t: { limits } } });
      const trace: TraceStep[] = [];
      const evaluation = evaluate(policy, callOf('t', {}, { TOKEN: token }), trace);
      expect(evaluation).toMatchObject({ kind: 'refused', refusal: { code: 'AMOUNT' } });
      const said = JSON.stringify([evaluation, trace.map(({ text }) => text)]);
      expect(said).toContain('env.TOKEN');
      expect(said).not.toMatch(/4f9c|123456|0000/i);
    },
  );

  test('are kept by no counter and no approval: the database has neither text nor number of theirs', () => {
    const limits = [{ counter: 'c', window: 'day', max: 5, per: ['env.TOKEN', 'args.a'] }];
    const approve_if = [{ conditions: [{ path: 'env.TOKEN', op: 'regex', value: '^live' }] }];
    const policy = policyOf({ tools: { counted: { limits }, asked: { approve_if } } });
    const store = Store.open(':memory:', {});
    try {
      const session = store.startSession({ ...INFO, policyHash: policy.hash });
      for (const [tool, token] of [
        ['counted', SECRET],
        ['counted', 'live_other'],
        ['asked', SECRET],
      ] as const) {
        const evaluation = evaluate(policy, callOf(tool, { a: 1 }, { TOKEN: token }));
        if (evaluation.kind === 'open')
          for (const { split } of evaluation.charges) expect(split).not.toContain('live_');
        const approval = { argumentsHash: 'h', argumentsText: '{"a":1}', expiresMs: 60_000 };
        const call = {
          tool,
          requestId: '1',
          argumentsText: '[]',
          policyHash: policy.hash,
          evaluation,
          approval,
        };
        store.admit(session, [call]);
      }
      const counters = store.counters();
      expect(counters.map(({ split }) => split)).toEqual([
        expect.stringMatching(/^env\.TOKEN #/),
        expect.stringMatching(/^env\.TOKEN #/),
      ]);
      expect(JSON.stringify([counters, store.approvals(true)])).not.toContain('live_');
      expect(store.approvals(true)[0]?.reason).toBe('env.TOKEN meets its condition');
    } finally {
      store.close();
    }
  });
});
