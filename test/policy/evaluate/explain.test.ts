import { expect, test } from 'vitest';
import { Decimal } from '../../../src/json/decimal.js';
import { evaluate } from '../../../src/policy/evaluate/evaluate.js';
import { explainUsage } from '../../../src/policy/evaluate/explain.js';
import { callOf, policyOf } from '../support.js';

function usage(limit: object, args: object, used: number, inFlight?: number): string {
  const policy = policyOf({ tools: { t: { limits: [{ counter: 'c', window: '15m', max: 30, ...limit }] } } });
  const evaluation = evaluate(policy, callOf('t', args));
  if (evaluation.kind !== 'open' || !evaluation.charges[0]) throw new Error('not charged');
  return explainUsage(
    evaluation.charges[0],
    Decimal.from(used),
    inFlight === undefined ? undefined : Decimal.from(inFlight),
  );
}

test.each([
  ['calls', {}, {}, 30, undefined, '30 of 30 calls per 15 minutes used'],
  ['a price of one', { amount: 1 }, {}, 30, undefined, '30 of 30 calls per 15 minutes used'],
  [
    'the same call',
    { per: ['tool.name', 'args'] },
    { x: 1 },
    30,
    undefined,
    '30 of 30 calls with these arguments per 15 minutes used',
  ],
  [
    'an argument',
    { per: ['args.x'], amount: 2 },
    { x: 1 },
    30,
    undefined,
    '30 of 30 per 15 minutes used in c with this args.x, and this call adds 2',
  ],
  ['a price', { amount: 2 }, {}, 29, undefined, '29 of 30 per 15 minutes used in c, and this call adds 2'],
  [
    'an amount of one',
    { amount: 'args.x' },
    { x: 1 },
    30,
    undefined,
    '30 of 30 per 15 minutes used in c, and this call adds 1',
  ],
  [
    'calls in flight',
    {},
    {},
    30,
    3,
    '30 of 30 calls per 15 minutes used, 3 of it by calls that are still in flight',
  ],
])('what is used of a limit on %s', (_, limit, args, used, inFlight, text) => {
  expect(usage(limit, args, used, inFlight)).toBe(text);
});
