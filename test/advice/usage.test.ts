import { describe, expect, test } from 'vitest';
import type { Kept, LoggedCall } from '../../src/advice/logged-call.js';
import { Usage } from '../../src/advice/usage.js';
import { parseJson } from '../../src/json/exact.js';
import { call } from './calls.js';

const values = (text: string): Kept => ({ kind: 'values', args: parseJson(text) as never });
const names = (...list: string[]): Kept => ({ kind: 'names', names: list });

function usageOf(...calls: Partial<LoggedCall>[]): Usage {
  const usage = new Usage((name) => name === 'amount');
  for (const changes of calls) usage.add(call(changes));
  return usage;
}

describe('a tool', () => {
  test('first and last are of the calls that passed, and so is what became of them', () => {
    const refused = { disposition: 'refused', rule: '/r' } as const;
    const [use] = usageOf(
      { at: 10, ...refused },
      { at: 20, consented: true },
      { at: 30, failed: true },
      { at: 40 },
      { at: 50, ...refused },
    ).tools;
    expect(use).toMatchObject({ passed: 3, consented: 1, failed: 1, first: 20, last: 40 });
  });

  test('the rules that stopped calls are counted, the most frequent first', () => {
    const asked = { disposition: 'asked', rule: '/ask' } as const;
    const [use] = usageOf(asked, { disposition: 'refused', rule: '/deny' }, asked).tools;
    expect(use?.stopped).toEqual([
      { rule: '/ask', asked: true, calls: 2 },
      { rule: '/deny', asked: false, calls: 1 },
    ]);
  });

  test('twenty rules are told apart', () => {
    const rules = Array.from({ length: 25 }, (_, n) => ({ disposition: 'refused', rule: `/${n}` }) as const);
    expect(usageOf(...rules).tools[0]?.stopped).toHaveLength(20);
  });

  test.each([
    ['LIMIT', true],
    ['REQUIRE', false],
  ])('a refusal by %s says whether a limit refused: %s', (code, explained) => {
    const [use] = usageOf({ at: 1 }, { at: 2, disposition: 'refused', code, rule: '/r' }).tools;
    expect(use?.rates.explains('minute')).toBe(explained);
  });
});

test('tools come by the calls that passed, then by name; all calls are counted', () => {
  const usage = usageOf(
    { tool: 'b' },
    { tool: 'a' },
    { tool: 'c' },
    { tool: 'c' },
    { disposition: 'refused' },
  );
  expect(usage.tools.map(({ tool }) => tool)).toEqual(['c', 'a', 'b', 't']);
  expect([usage.calls, usage.passed]).toEqual([5, 4]);
});

test('the period is that of the calls that a policy had a part in, in whatever order they come', () => {
  const usage = usageOf({ at: 20 }, { at: 10 }, { at: 15 }, { at: 1, disposition: 'unjudged' });
  expect(usage.period).toEqual({ from: 10, to: 20 });
  expect([usage.unjudged, usage.calls]).toEqual([1, 4]);
});

test('five thousand tools are told apart; calls of more are counted', () => {
  const usage = usageOf(...Array.from({ length: 5003 }, (_, n) => ({ tool: `t${n}` })), { tool: 't0' });
  expect([usage.tools.length, usage.beyond, usage.calls]).toEqual([5000, 3, 5004]);
});

describe('an amount among the arguments', () => {
  const amountsOf = (...kept: Kept[]) =>
    usageOf(...kept.map((each, at) => ({ at, kept: each }))).tools[0]?.amounts.uses.map(
      ({ path, charged, odd, unseen, largest, peak }) =>
        `${path.text}: ${charged} charged, ${odd} odd, ${unseen} unseen, at most ${largest}, ${peak} a day`,
    );

  test.each<[string, Kept[], string[]]>([
    ['none', [values('{"count": 5}')], []],
    [
      'a number',
      [values('{"amount": 5}'), values('{"amount": 7.5}')],
      ['args.amount: 2 charged, 0 odd, 0 unseen, at most 7.5, 12.5 a day'],
    ],
    [
      'calls without it before and after',
      [values('{}'), values('{"amount": 5}'), values('{"amount": "5"}'), values('{"amount": -1}')],
      ['args.amount: 1 charged, 3 odd, 0 unseen, at most 5, 5 a day'],
    ],
    [
      'a sum over a list, and an empty list',
      [values('{"list": [{"amount": 5}, {"amount": 2}]}'), values('{"list": []}')],
      ['args.list[*].amount: 1 charged, 1 odd, 0 unseen, at most 5, 7 a day'],
    ],
    [
      'names alone: with it, without it, with a lookalike; and nothing',
      [
        values('{"amount": 5}'),
        names('amount'),
        names('other'),
        names('amount', 'Amount'),
        { kind: 'nothing' },
      ],
      ['args.amount: 1 charged, 2 odd, 2 unseen, at most 5, 5 a day'],
    ],
    [
      'deeper than four levels',
      [values('{"a": {"b": {"c": {"amount": 1, "d": {"amount": 2}}}}}')],
      ['args.a.b.c.amount: 1 charged, 0 odd, 0 unseen, at most 1, 1 a day'],
    ],
  ])('%s', (_, kept, expected) => {
    expect(amountsOf(...kept)).toEqual(expected);
  });
});
