import { describe, expect, test } from 'vitest';
import { Comparison, type DraftDecision } from '../../src/advice/comparison.js';
import type { Disposition } from '../../src/advice/logged-call.js';
import { call } from './calls.js';

const passed: DraftDecision = { kind: 'passed' };
const refused = (rule: string): DraftDecision => ({ kind: 'refused', code: 'REQUIRE', rule });
const asked: DraftDecision = { kind: 'asked', code: 'APPROVAL_REQUIRED', rule: '/b' };
const unknown = (reads: string): DraftDecision => ({ kind: 'unknown', unknown: { rule: '/r', reads } });

describe('what changes', () => {
  test.each<[Disposition, DraftDecision, string | undefined]>([
    ['passed', passed, undefined],
    ['passed', refused('/a'), 'newly refused'],
    ['passed', asked, 'newly asked'],
    ['refused', passed, 'newly allowed'],
    ['refused', refused('/a'), undefined],
    ['refused', asked, 'newly asked'],
    ['asked', passed, 'newly allowed'],
    ['asked', refused('/a'), 'newly refused'],
    ['asked', asked, undefined],
  ])('%s, and now %o: %s', (disposition, draft, change) => {
    const comparison = new Comparison();
    comparison.add(call({ disposition }), draft);
    expect(comparison.changes.map((group) => group.change)).toEqual(change === undefined ? [] : [change]);
    expect(comparison.unchanged).toBe(change === undefined ? 1 : 0);
  });

  test('calls of one tool and rule are one group, the largest first, with the first three as examples', () => {
    const comparison = new Comparison();
    comparison.add(call({ tool: 'other', auditId: '9' }), refused('/a'));
    for (let n = 1; n <= 5; n += 1) comparison.add(call({ auditId: String(n) }), refused('/a'));
    comparison.add(call({ auditId: '6' }), refused('/c'));
    comparison.add(call({ auditId: '7' }), refused('/c'));
    expect(
      comparison.changes.map(({ tool, rule, calls, examples }) => [
        tool,
        rule,
        calls,
        examples.map((example) => example.auditId).join(),
      ]),
    ).toEqual([
      ['t', '/a', 5, '1,2,3'],
      ['t', '/c', 2, '6,7'],
      ['other', '/a', 1, '9'],
    ]);
  });

  test('what is newly allowed is told by the rule of the policy of that time', () => {
    const comparison = new Comparison();
    comparison.add(call({ disposition: 'refused', code: 'LIMIT', rule: '/old' }), passed);
    expect(comparison.changes).toMatchObject([{ code: 'LIMIT', rule: '/old' }]);
  });

  test('groups beyond a thousand are one', () => {
    const comparison = new Comparison();
    for (let n = 0; n < 1010; n += 1) comparison.add(call({ tool: `t${n}` }), refused('/a'));
    comparison.add(call({ tool: 't0' }), refused('/a'));
    expect(comparison.changes).toHaveLength(1001);
    expect(comparison.changes.slice(0, 2)).toMatchObject([
      { tool: '(others)', calls: 10 },
      { tool: 't0', calls: 2 },
    ]);
  });
});

describe('what cannot be judged', () => {
  test('reasons are counted, the most frequent first', () => {
    const comparison = new Comparison();
    comparison.skip(call(), { code: 'no_part' });
    comparison.add(call(), unknown('args.a'));
    comparison.add(call(), unknown('args.a'));
    expect(comparison.notJudged).toEqual([
      { why: { code: 'reads', rule: '/r', reads: 'args.a' }, calls: 2 },
      { why: { code: 'no_part' }, calls: 1 },
    ]);
    expect([comparison.calls, comparison.unchanged, comparison.changes]).toEqual([3, 0, []]);
  });

  test('reasons beyond a thousand are one', () => {
    const comparison = new Comparison();
    for (let n = 0; n < 1005; n += 1) comparison.add(call(), unknown(`args.a${n}`));
    comparison.add(call(), unknown('args.a0'));
    expect(comparison.notJudged).toHaveLength(1001);
    expect(comparison.notJudged.slice(0, 2)).toMatchObject([
      { why: { code: 'others' }, calls: 5 },
      { calls: 2 },
    ]);
  });
});

test('the period is that of all calls, in whatever order they come', () => {
  const comparison = new Comparison();
  comparison.add(call({ at: 20 }), passed);
  comparison.skip(call({ at: 10 }), { code: 'no_part' });
  comparison.add(call({ at: 15 }), unknown('args.a'));
  expect([comparison.from, comparison.to, comparison.calls]).toEqual([10, 20, 3]);
});
