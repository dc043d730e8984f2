import { expect, test } from 'vitest';
import { numbersOf, rangeOf, withNumber } from '../../../src/page/web/policy/numbers.js';
import { policyOf } from '../../policy/support.js';

const TEXT = `// mine
{
  "version": "1", "default": "deny",
  "all_tools": { "limits": [{ "counter": "calls", "window": "minute", "max": 60 }] }, // over all
  "tools": {
    "pay/all~": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "lte", "value": 500.5 }] }],
      "approve_if": [
        { "conditions": [{ "path": "args.to", "op": "eq", "value": "x" }] },
        { "conditions": [{ "path": "args.to", "op": "eq", "value": "y" }, { "path": "args.amount", "op": "gte", "value": 100 }] }
      ],
      "limits": [{ "counter": "paid", "window": 20, "max": 3 }]
    },
    "send": { "rate_limit": "5/hour" },
    "get_*": { "rate_limit": { "max": 10, "window": 60 } }
  }
}
`;

test('each number of a policy is found, under the rule by which decisions name it', () => {
  const policy = policyOf(TEXT);
  const entries = [policy.allTools, ...policy.tools.values(), ...policy.patterns];
  const pointers = entries.flatMap(({ require, denyIf, approveIf, limits }) =>
    [...require, ...denyIf, ...approveIf, ...limits].map(({ pointer }) => pointer),
  );
  const numbers = numbersOf(TEXT);
  expect(numbers.map(({ tool, value, of, kind }) => [tool, value, of, kind])).toEqual([
    [undefined, 60, 'minute', 'limit'],
    ['pay/all~', 3, '20 s', 'limit'],
    ['pay/all~', 500.5, 'args.amount lte', 'condition'],
    ['pay/all~', 100, 'args.amount gte', 'condition'],
    ['send', 5, 'hour', 'rate'],
    ['get_*', 10, '60 s', 'limit'],
  ]);
  for (const { rule } of numbers) expect(pointers).toContain(rule);
});

test('a number is put in the place of another, and nothing else changes', () => {
  const written = ['61', '4', '499', '101', '"6/hour"', '11'];
  const before = ['60', '3', '500.5', '100', '"5/hour"', '10'];
  for (const [at, number] of numbersOf(TEXT).entries()) {
    const moved = withNumber(TEXT, number, [61, 4, 499, 101, 6, 11][at] ?? 0);
    expect(moved).not.toBe(TEXT);
    expect(numbersOf(moved)[at]?.value).toBe([61, 4, 499, 101, 6, 11][at]);
    const key =
      number.kind === 'condition' ? '"value": ' : number.kind === 'rate' ? '"rate_limit": ' : '"max": ';
    expect(moved.replace(`${key}${written[at]}`, `${key}${before[at]}`)).toBe(TEXT);
  }
});

test('a slider reaches above what the number is, in steps that a hand can make', () => {
  for (const value of [0, 1, 30, 0.5, 2_000_000]) {
    const number = { path: [], value, kind: 'limit', tool: undefined, of: 'day', rule: undefined } as const;
    const { max, step } = rangeOf(number);
    expect(max).toBeGreaterThan(value);
    expect(max / step).toBeGreaterThanOrEqual(10);
    expect(max / step).toBeLessThan(2000);
  }
});

test('what is no sound JSON has no numbers', () => {
  expect(numbersOf('{ "tools": ')).toEqual([]);
  expect(numbersOf('{ "tools": 3, "all_tools": [] }')).toEqual([]);
});
