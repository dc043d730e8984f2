import { describe, expect, test } from 'vitest';
import { chargeOf } from '../../../src/policy/evaluate/charge.js';
import { callOf, policyOf } from '../support.js';

/** What a call is charged, as text, or why it cannot be. */
function charged(limit: object, args: unknown): string {
  const policy = policyOf({
    tools: { t: { limits: [{ counter: 'c', window: 'day', max: 1, ...limit }] } },
  });
  const charge = chargeOf(policy.tools.get('t')?.limits[0] as never, callOf('t', args));
  return 'fault' in charge ? charge.fault : charge.amount.toString();
}

test.each([
  ['whole numbers beyond what a double adds', '[9007199254740991, 2]', '9007199254740993'],
  ['far beyond it', '[9007199254740991, 9007199254740991, 9007199254740991]', '27021597764222973'],
  ['whole numbers and fractions', '[1, 0.1, 0.2]', '1.3'],
  ['nothing', '[]', '0'],
  ['zero', '[0]', '0'],
])('G4: a sum of %s is exact', (_, list, sum) => {
  expect(charged({ amount: { sum: 'args.x[*]' } }, `{"x":${list}}`)).toBe(sum);
});

test.each([
  ['40 digits before the point', '1e39', '1000000000000000000000000000000000000000'],
  ['41 digits before the point', '1e40', 'args.x has more than 40 digits before or after the point'],
  ['40 digits after the point', '1e-40', `0.${'0'.repeat(39)}1`],
  ['41 digits after the point', '1e-41', 'args.x has more than 40 digits before or after the point'],
  ['a negative amount', '-1', 'args.x is -1, and must not be negative'],
  ['text', '"1"', 'args.x is "1", and must be a number'],
])('an amount with %s', (_, value, expected) => {
  expect(charged({ amount: 'args.x' }, `{"x":${value}}`)).toBe(expected);
});

test('the elements of a list are counted, and nothing else is', () => {
  expect(charged({ amount: { count: 'args.x' } }, { x: [1, 2, 3] })).toBe('3');
  expect(charged({ amount: { count: 'args.x' } }, { x: 3 })).toBe('args.x is 3, and must be a list');
  expect(charged({ amount: { count: 'args.x' } }, {})).toBe(
    'args.x is missing, and the call is counted by it',
  );
});

test('a split of two hundred characters is kept as it is, and a longer one as its hash', () => {
  const splitOf = (length: number) => {
    const policy = policyOf({
      tools: { t: { limits: [{ counter: 'c', window: 'day', max: 1, per: 'args.x' }] } },
    });
    const text = 'y'.repeat(length - '[""]'.length);
    const charge = chargeOf(policy.tools.get('t')?.limits[0] as never, callOf('t', { x: text }));
    return 'fault' in charge ? charge.fault : charge.split;
  };
  expect(splitOf(200)).toBe(`["${'y'.repeat(196)}"]`);
  expect(splitOf(201)).toMatch(/^sha256:[0-9a-f]{64}$/);
});

describe('G4: what `except` leaves out splits no count, and nothing else is left out', () => {
  const except = ['args.key', 'args.meta.id', 'args.lines[*].note'];
  const policy = policyOf({
    tools: { t: { limits: [{ counter: 'c', window: 'day', max: 1, per: ['args', 'tool.name'], except }] } },
  });
  const splitOf = (args: unknown) => {
    const charge = chargeOf(policy.tools.get('t')?.limits[0] as never, callOf('t', args));
    return 'fault' in charge ? charge.fault : charge.split;
  };

  test.each([
    ['{"a":1}', '[{"a":1},"t"]'],
    ['{"a":1,"key":"x"}', '[{"a":1},"t"]'],
    ['{"a":1,"key":{"b":[1,2]},"meta":{"id":7,"of":"x"}}', '[{"a":1,"meta":{"of":"x"}},"t"]'],
    ['{"lines":[{"n":1,"note":"a"},{"n":2},5]}', '[{"lines":[{"n":1},{"n":2},5]},"t"]'],
    // It leads nowhere there.
    ['{"meta":"id","lines":{"note":"a"}}', '[{"lines":{"note":"a"},"meta":"id"},"t"]'],
    ['{"meta":[{"id":1},2],"id":3}', '[{"id":3,"meta":[{"id":1},2]},"t"]'],
    ['{"other":{"key":1}}', '[{"other":{"key":1}},"t"]'],
    ['{"__proto__":{"key":1},"key":2}', '[{"__proto__":{"key":1}},"t"]'],
  ])('%s is counted as %s', (args, split) => {
    expect(splitOf(args)).toBe(split);
  });
});
