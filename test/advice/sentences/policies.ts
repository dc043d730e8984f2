import fc from 'fast-check';
import { argumentsOf } from '../../../src/advice/sentences/arguments.js';
import type { About } from '../../../src/advice/sentences/model.js';
import type { Json } from '../../../src/json/value.js';
import { OPERATOR_NAMES, type Operator } from '../../../src/policy/operators.js';

/** The input schema that the entries of these tests are about. */
const SCHEMA = {
  type: 'object',
  properties: {
    amount_total: { type: 'number' },
    invoice_type: { type: 'integer', enum: [1, 6, 11] },
    currency: { type: 'string', enum: ['ARS', 'USD'] },
    note: { type: 'string' },
    urgent: { type: 'boolean' },
    items: {
      type: 'array',
      items: { type: 'object', properties: { price: { type: 'number' }, sku: { type: 'string' } } },
    },
    'odd.name': { type: 'string' },
  },
};

export const ABOUT: About = { arguments: argumentsOf(SCHEMA), tools: ['preview_invoice', 'fetch_page'] };

const text = fc.string({ maxLength: 8 });
const path = fc.constantFrom(
  ...ABOUT.arguments.map((each) => each.path),
  'args.other',
  'tool.name',
  'env.REGION',
);
const number = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.double({ min: 0, max: 1000, noNaN: true }));
const scalar = fc.oneof(number, text, fc.boolean(), fc.constant(null));
const word = <T extends string>(...words: readonly T[]) => fc.constantFrom(...words);
const window = fc.oneof(
  word('second', 'minute', 'hour', 'day', 'week', 'month', '15m', '24h'),
  fc.constantFrom(60, 90),
);

const VALUES: Readonly<Record<Operator, fc.Arbitrary<Json>>> = {
  eq: scalar,
  neq: scalar,
  lt: number,
  lte: number,
  gt: number,
  gte: number,
  in: fc.array(scalar, { maxLength: 4 }),
  not_in: fc.array(scalar, { maxLength: 4 }),
  exists: fc.boolean(),
  regex: word('^a', 'x+$', 'INV-[0-9]+'),
  contains: scalar,
  starts_with: text,
};

const condition = fc
  .constantFrom(...OPERATOR_NAMES)
  .chain((op) => fc.record({ path, op: fc.constant(op), value: VALUES[op] }));

const some = <T extends object>(required: fc.Arbitrary<T>, rest: Record<string, fc.Arbitrary<unknown>>) =>
  fc.tuple(required, fc.record(rest, { requiredKeys: [] })).map(([a, b]) => ({ ...a, ...b }) as Json);

const predicate = (minLength = 0) =>
  some(fc.record({ conditions: fc.array(condition, { minLength, maxLength: 3 }) }), { on_deny: text });

const limit = some(fc.record({ counter: fc.uuid(), window, max: number }), {
  scope: word('grant', 'session', 'machine'),
  amount: fc.oneof(
    fc.integer({ min: 1, max: 9 }),
    fc.constant('args.amount_total'),
    fc.constant({ sum: 'args.items[*].price' }),
    fc.constant({ count: 'args.items' }),
  ),
  per: fc.constantFrom('args', ['args.note'], ['args.note', 'env.REGION']),
  refund: word('never', 'on_error', 'on_success'),
  on_exceed: word('deny', 'approve'),
  warn_at: fc.constantFrom(0.5, 0.8),
  on_deny: text,
});

const called = (kind: 'after' | 'before') => {
  const within = word('1h', 'day', '10m');
  const tools = fc.array(word('fetch_*', 'web/read', 'preview'), { minLength: 1, maxLength: 2 });
  const required: fc.Arbitrary<object> =
    kind === 'after' ? fc.record({ tools, within }) : fc.record({ tools });
  return some(required, {
    ...(kind === 'before' && { within }),
    scope: word('grant', 'session', 'machine'),
    // biome-ignore lint/suspicious/noThenProperty: a field of the policy's
    then: word('deny', 'approve'),
    on_deny: text,
  });
};

/** Everything that may stand in an entry, in any order. */
const rules = fc
  .record(
    {
      require: fc.array(predicate(), { minLength: 1, maxLength: 2 }),
      deny_if: fc.array(predicate(), { minLength: 1, maxLength: 2 }),
      approve_if: fc.array(predicate(), { minLength: 1, maxLength: 2 }),
      limits: fc.array(limit, { minLength: 1, maxLength: 2 }),
      rate_limit: fc.oneof(word('10/minute', '3/15m', '5/60'), fc.record({ max: fc.nat(50), window })),
      hours: fc.record(
        {
          days: fc.constantFrom('mon-fri', ['mon', 'wed-fri']),
          from: fc.constant('09:00'),
          to: fc.constant('18:00'),
          outside: word('deny', 'approve'),
        },
        { requiredKeys: [] },
      ),
      after: fc.array(called('after'), { minLength: 1, maxLength: 2 }),
      before: fc.array(called('before'), { minLength: 1, maxLength: 2 }),
      arguments: fc.constant('declared'),
      reason: text,
    },
    { requiredKeys: [] },
  )
  .chain((entry) => fc.shuffledSubarray(Object.entries(entry), { minLength: Object.keys(entry).length }))
  .map((members) => Object.fromEntries(members) as Record<string, Json>);

const entry = fc.oneof(
  { weight: 5, arbitrary: rules },
  {
    weight: 1,
    arbitrary: fc.record(
      { action: word('allow', 'deny', 'approve', 'hide') },
      { requiredKeys: ['action'] },
    ) as fc.Arbitrary<Record<string, Json>>,
  },
);

/** The text of a policy with that entry for the tool `t`, in one of the styles that people write. */
export const policyText = fc
  .record({
    entry,
    indent: fc.constantFrom(undefined, 2, 4, '\t'),
    comments: fc.boolean(),
    isHidden: fc.boolean(),
  })
  .map(({ entry, indent, comments, isHidden }) => {
    const policy = {
      version: '1',
      default: 'deny',
      ...(isHidden && { hide: ['x', 't'] }),
      tools: { other: { limits: [] }, t: entry },
      pin: 'hold',
    };
    const plain = JSON.stringify(policy, null, indent);
    return comments
      ? `// who may call what\n${plain.replaceAll('{\n', '{ // here\n').replace(/\}$/, '/* end */}')}\n`
      : plain;
  });
