import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keptOf } from '../../src/advice/logged-call.js';
import { evaluatePartially } from '../../src/advice/partial-evaluation.js';
import type { Evaluation } from '../../src/policy/call.js';
import { evaluateLayers, stack } from '../../src/policy/evaluate/layers.js';
import { callOf, outcomeOf, policyOf } from '../policy/support.js';

const NAMES = ['a', 'A', 'b', '__proto__'] as const;
const PATHS = ['args', 'args.a', 'args.a.x', 'args.b', 'args["__proto__"]', 'args.a[*]', 'tool.name'];

const value = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, 5, -1, 'a', 't', [], [5], { x: 5 }),
  fc.integer({ min: 0, max: 9 }),
);
const condition = fc.oneof(
  fc.record({
    path: fc.constantFrom(...PATHS),
    op: fc.constantFrom('eq', 'neq'),
    value: value.filter((one) => one !== undefined),
  }),
  fc.record({ path: fc.constantFrom(...PATHS), op: fc.constantFrom('lt', 'gte'), value: fc.constant(4) }),
  fc.record({ path: fc.constantFrom(...PATHS), op: fc.constant('exists'), value: fc.boolean() }),
);
const predicates = fc.array(fc.record({ conditions: fc.array(condition, { maxLength: 2 }) }), {
  maxLength: 2,
});
const amount = fc.constantFrom<unknown>(1, 'args.a', 'args.b', { sum: 'args.a[*]' }, { count: 'args.a' });
const limits = fc
  .array(
    fc.record({
      amount,
      per: fc.constantFrom<unknown>(['args.b'], 'args', ['tool.name'], []),
      max: fc.constant(3),
    }),
    { maxLength: 2 },
  )
  .map((list) => list.map((limit, i) => ({ counter: `c${i}`, window: 'minute', ...limit })));
const entry = fc.record(
  { require: predicates, deny_if: predicates, approve_if: predicates, limits },
  { requiredKeys: [] },
);
const policy = fc.record(
  {
    default: fc.constantFrom('allow', 'deny'),
    hide: fc.constantFrom<string[]>([], ['t']),
    all_tools: fc.record({ deny_if: predicates }, { requiredKeys: [] }),
    tools: fc.constantFrom('t', 't*', 'other').chain((name) => entry.map((one) => ({ [name]: one }))),
  },
  { requiredKeys: ['default', 'tools'] },
);
const args = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 3 })
  .map(
    (members) =>
      `{${[...new Map(members)].map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`,
  );

const outline = (evaluation: Evaluation) =>
  evaluation.kind === 'open'
    ? {
        kind: 'open',
        ask: evaluation.ask?.rule,
        charges: evaluation.charges.map((c) => `${c.limit.counter} ${c.split} ${c.amount}`),
      }
    : outcomeOf(evaluation);

test('with the values nothing is missing: the same as judging the call', () => {
  fc.assert(
    fc.property(policy, args, (document, text) => {
      const layers = stack(policyOf(document));
      const { evaluation, unknowns } = evaluatePartially(layers, 't', keptOf(text));
      expect(unknowns).toEqual([]);
      expect(outline(evaluation)).toEqual(outline(evaluateLayers(layers, callOf('t', text))));
    }),
    { numRuns: 1000 },
  );
});

test('with the names alone a refusal is one, and without a unknown all of it is so', () => {
  let exact = 0;
  let refused = 0;
  fc.assert(
    fc.property(policy, args, (document, text) => {
      const layers = stack(policyOf(document));
      const real = evaluateLayers(layers, callOf('t', text));
      const names = JSON.stringify(Object.keys(callOf('t', text).args).sort());
      const { evaluation, unknowns } = evaluatePartially(layers, 't', keptOf(names));
      if (evaluation.kind !== 'open') {
        refused += 1;
        expect(real.kind).toBe(evaluation.kind);
      } else if (unknowns.length === 0) {
        exact += 1;
        expect(outline(evaluation)).toEqual(outline(real));
      }
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(exact, refused)).toBeGreaterThan(100);
});

test.each([
  ['not listed', { tools: {} }, 'NOT_LISTED', []],
  ['hidden', { hide: ['t'] }, 'hidden', []],
  ['a count', { tools: { t: { rate_limit: '5/minute' } } }, 'open', []],
  [
    'a value',
    { tools: { t: { deny_if: [{ conditions: [{ path: 'args.a', op: 'gt', value: 5 }] }] } } },
    'open',
    ['args.a'],
  ],
  [
    'a value that is not there',
    { tools: { t: { require: [{ conditions: [{ path: 'args.c', op: 'gt', value: 5 }] }] } } },
    'REQUIRE',
    [],
  ],
  [
    'the environment',
    { tools: { t: { require: [{ conditions: [{ path: 'env.X', op: 'eq', value: 'y' }] }] } } },
    'open',
    ['env.X'],
  ],
  [
    'an amount',
    { tools: { t: { limits: [{ counter: 'c', window: 'day', max: 5, amount: 'args.a' }] } } },
    'open',
    ['args.a'],
  ],
  [
    'an amount that is not there',
    { tools: { t: { limits: [{ counter: 'c', window: 'day', max: 5, amount: 'args.c' }] } } },
    'AMOUNT',
    [],
  ],
  [
    'a split',
    { tools: { t: { limits: [{ counter: 'c', window: 'day', max: 5, per: 'args.a' }] } } },
    'open',
    ['args.a'],
  ],
])('names alone: %s', (_, document, outcome, reads) => {
  const { evaluation, unknowns } = evaluatePartially(stack(policyOf(document)), 't', keptOf('["a","b"]'));
  expect(outcomeOf(evaluation)).toBe(outcome);
  expect(unknowns.map((unknown) => unknown.reads)).toEqual(reads);
});

test('names alone: a name that differs in case settles it, whatever its value', () => {
  const layers = stack(
    policyOf({ tools: { t: { require: [{ conditions: [{ path: 'args.a', op: 'eq', value: 1 }] }] } } }),
  );
  for (const names of ['["A"]', '["A","a"]']) {
    const { evaluation, unknowns } = evaluatePartially(layers, 't', keptOf(names));
    expect([outcomeOf(evaluation), unknowns]).toEqual(['REQUIRE', []]);
  }
});

test('declared arguments are judged where the values and the schema are known, and are unknown elsewhere', () => {
  const layers = stack(policyOf({ tools: { t: { arguments: 'declared' } } }));
  const undeclared = (args: object) => ('bcc' in args ? 'it has bcc' : undefined);
  const come = (text: string, check?: typeof undeclared) => {
    const { evaluation, unknowns } = evaluatePartially(layers, 't', keptOf(text), check);
    return [outcomeOf(evaluation), ...unknowns.map(({ reads }) => reads)];
  };
  expect(come('{"bcc":1}', undeclared)).toEqual(['ARGUMENTS']);
  expect(come('{"to":1}', undeclared)).toEqual(['open']);
  expect(come('["bcc"]', undeclared)).toEqual(['open', 'the values of all arguments']);
  expect(come('{"bcc":1}')).toEqual(['open', "the tool's input schema"]);
});
