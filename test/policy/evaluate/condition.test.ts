import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerPredicate } from '../../../src/policy/evaluate/condition.js';
import { evaluate } from '../../../src/policy/evaluate/evaluate.js';
import type { Operator } from '../../../src/policy/operators.js';
import { growth } from '../../support/growth.js';
import { callOf, judge, policyOf } from '../support.js';

/** The answer of one condition about the arguments, as `require` (every) or `deny_if` (any) asks it. */
function answer(
  path: string,
  op: Operator,
  value: unknown,
  args: unknown,
  options: { quantifier?: 'every' | 'any'; env?: Record<string, string> } = {},
): string {
  const text = `{"version":"1","default":"deny","tools":{"t":{"require":[{"conditions":[{"path":${JSON.stringify(path)},"op":"${op}","value":${typeof value === 'string' && value.startsWith('raw:') ? value.slice(4) : JSON.stringify(value)}}]}]}}}`;
  const predicate = policyOf(text).tools.get('t')?.require[0];
  if (!predicate) throw new Error('no predicate');
  return answerPredicate(predicate, callOf('t', args, options.env), options.quantifier ?? 'every').answer;
}

type Row = [op: Operator, value: unknown, actual: string, expected: 'holds' | 'fails' | 'unknown'];

/** `actual` is the JSON text of args.x. */
const ROWS: readonly Row[] = [
  // Equality: exact, any type; another type cannot be determined, but nothing other than null is null.
  ['eq', 'main', '"main"', 'holds'],
  ['eq', 'main', '"dev"', 'fails'],
  ['eq', 'main', '"Main"', 'unknown'],
  ['eq', 'main', '"ma\\u200bin"', 'unknown'],
  ['eq', 'main', '"main "', 'unknown'],
  ['eq', 1, '1.0', 'holds'],
  ['eq', 'raw:1.0', '1', 'holds'],
  ['eq', 'raw:1e2', '100', 'holds'],
  ['eq', 1, '1.5', 'fails'],
  ['eq', 'raw:9007199254740992', '9007199254740992', 'holds'],
  // What a double does not hold most servers would round.
  ['eq', 'raw:9007199254740992', '9007199254740993', 'unknown'],
  ['eq', 0.1, '0.1000000000000000055', 'unknown'],
  ['eq', 500, '"500"', 'unknown'],
  ['eq', '500', '500', 'unknown'],
  ['eq', 500, '[500]', 'unknown'],
  ['eq', 500, 'null', 'unknown'],
  ['eq', 500, '{}', 'unknown'],
  ['eq', true, 'true', 'holds'],
  ['eq', true, 'false', 'fails'],
  ['eq', true, '"true"', 'unknown'],
  ['eq', true, '1', 'unknown'],
  ['eq', null, 'null', 'holds'],
  ['eq', null, '0', 'fails'],
  ['eq', null, '""', 'fails'],
  ['eq', [1, 'a'], '[1.0,"a"]', 'holds'],
  ['eq', [1, 'a'], '["a",1]', 'unknown'],
  ['eq', [1, 2], '[2,1]', 'fails'],
  ['eq', [1, 2], '[1]', 'fails'],
  ['eq', [1, 2], '[1,"2"]', 'unknown'],
  ['eq', [], '[]', 'holds'],
  ['eq', { a: 1, b: [2] }, '{"b":[2],"a":1}', 'holds'],
  ['eq', { a: 1 }, '{"a":2}', 'fails'],
  ['eq', { a: 1 }, '{"A":1}', 'unknown'],
  ['eq', { a: 1 }, '{"a":1,"A":1}', 'unknown'],
  ['eq', { a: 1 }, '{"a":1,"b":1}', 'fails'],
  ['eq', { a: 1 }, '{}', 'fails'],
  ['eq', {}, '[]', 'unknown'],
  ['neq', 'admin', '"user"', 'holds'],
  ['neq', 'admin', '"admin"', 'fails'],
  ['neq', 'admin', '"Admin"', 'unknown'],
  ['neq', 'admin', '["admin"]', 'unknown'],
  ['neq', 'admin', 'null', 'unknown'],
  ['neq', null, '"x"', 'holds'],
  ['neq', null, 'null', 'fails'],
  ['neq', 1, '2', 'holds'],
  ['neq', 1, '1.0', 'fails'],
  ['neq', 1, '"2"', 'unknown'],
  // Lists.
  ['in', ['a', 'b'], '"b"', 'holds'],
  ['in', ['a', 'b'], '"c"', 'fails'],
  ['in', ['a', 'b'], '"B"', 'unknown'],
  ['in', ['a', 'b'], '["a"]', 'unknown'],
  ['in', [1, 6], '6.0', 'holds'],
  ['in', [1, 6], '"6"', 'unknown'],
  ['in', [1, 6], '11', 'fails'],
  ['in', [null, 'PES'], 'null', 'holds'],
  ['in', [null, 'PES'], '"USD"', 'fails'],
  ['in', [], '"x"', 'fails'],
  ['not_in', [1, 6], '11', 'holds'],
  ['not_in', [1, 6], '1', 'fails'],
  ['not_in', [1, 6], '"1"', 'unknown'],
  ['not_in', [1, 6], 'null', 'unknown'],
  ['not_in', [], '1', 'holds'],
  // Numbers.
  ['lt', 10, '9.99', 'holds'],
  ['lt', 10, '10', 'fails'],
  ['lte', 10, '10.0', 'holds'],
  ['lte', 10, '10.0000000000000000001', 'unknown'],
  ['gt', 10, '10.0000000000000000001', 'unknown'],
  ['gt', 10, '10', 'fails'],
  ['gte', 10, '10', 'holds'],
  ['gte', 10, '-1e300', 'fails'],
  ['gt', 10, '1e300', 'holds'],
  ['gt', 10, '1e400', 'unknown'],
  ['gt', 0, '1e-400', 'unknown'],
  ['gt', 'raw:9007199254740992', '9007199254740993', 'unknown'],
  ['lte', 10, '"10"', 'unknown'],
  ['lte', 10, 'null', 'unknown'],
  ['lte', 10, '[1]', 'unknown'],
  ['lte', 10, '{}', 'unknown'],
  ['lte', 10, 'true', 'unknown'],
  // Presence. Null is present for some servers and absent for others.
  ['exists', true, '1', 'holds'],
  ['exists', true, 'false', 'holds'],
  ['exists', true, '""', 'holds'],
  ['exists', true, 'null', 'unknown'],
  ['exists', false, '1', 'fails'],
  ['exists', false, 'null', 'unknown'],
  // Text.
  ['regex', '^a+$', '"aaa"', 'holds'],
  ['regex', '^a+$', '"aab"', 'fails'],
  ['regex', 'b', '"abc"', 'holds'],
  ['regex', '\\d{3}', '"x123y"', 'holds'],
  ['regex', '(?i)rm', '"RM"', 'holds'],
  ['regex', '^\\d+$', '123', 'unknown'],
  ['regex', 'a', '["a"]', 'unknown'],
  ['regex', 'a', 'null', 'unknown'],
  ['contains', 'b', '"abc"', 'holds'],
  ['contains', 'x', '"abc"', 'fails'],
  ['contains', '', '"abc"', 'holds'],
  ['contains', 'b', '["a","b"]', 'holds'],
  ['contains', 'b', '["a"]', 'fails'],
  ['contains', 'b', '["abc"]', 'unknown'],
  ['contains', 'b', '["B"]', 'unknown'],
  ['contains', 2, '[1,2.0]', 'holds'],
  ['contains', 2, '[1,"2"]', 'unknown'],
  ['contains', 2, '"12"', 'unknown'],
  ['contains', 'b', '1', 'unknown'],
  ['contains', 'b', 'null', 'unknown'],
  ['contains', 'b', '{"b":1}', 'unknown'],
  ['contains', 'b', '[]', 'fails'],
  ['starts_with', 'INV-', '"INV-1"', 'holds'],
  ['starts_with', 'INV-', '"INV-"', 'holds'],
  ['starts_with', 'INV-', '"INV"', 'fails'],
  ['starts_with', 'INV-', '"X INV-1"', 'fails'],
  ['starts_with', 'INV-', '"inv-1"', 'unknown'],
  ['starts_with', 'INV-', '"\\uff29NV-1"', 'unknown'],
  ['starts_with', 'INV-', '" INV-1"', 'unknown'],
  ['starts_with', 'INV-', '"IN\\u200bV-1"', 'unknown'],
  ['starts_with', 'rm ', '"rmdir"', 'fails'],
  ['starts_with', 'rm ', '"RM x"', 'unknown'],
  ['starts_with', '', '"a"', 'holds'],
  ['starts_with', '1', '12', 'unknown'],
  ['starts_with', 'a', '["a"]', 'unknown'],
  ['starts_with', 'a', '{}', 'unknown'],
  ['starts_with', 'a', 'null', 'unknown'],
  ['starts_with', 'a', 'true', 'unknown'],
];

describe('operators', () => {
  test.each(ROWS)('%s %j of %s: %s', (op, value, actual, expected) => {
    expect(answer('args.x', op, value, `{"x":${actual}}`)).toBe(expected);
    expect(answer('args.x', op, value, `{"x":${actual}}`, { quantifier: 'any' })).toBe(expected);
  });

  const operators: [Operator, unknown][] = [
    ['eq', 1],
    ['neq', 1],
    ['lt', 1],
    ['lte', 1],
    ['gt', 1],
    ['gte', 1],
    ['in', [1]],
    ['not_in', [1]],
    ['regex', 'a'],
    ['contains', 'a'],
    ['starts_with', 'a'],
    ['exists', true],
  ];

  test.each(operators)('%s: a missing path does not hold', (op, value) => {
    expect(answer('args.x', op, value, {})).toBe('fails');
    expect(answer('args.x.y', op, value, {})).toBe('fails');
    expect(answer('args.x.y', op, value, { x: {} })).toBe('fails');
  });

  test('exists: false holds for a missing path', () => {
    expect(answer('args.x', 'exists', false, {})).toBe('holds');
    expect(answer('args.x.y', 'exists', false, { x: {} })).toBe('holds');
  });

  test.each([...operators, ['exists', false] as [Operator, unknown]])(
    '%s: a name that has a twin, or is only there as one, cannot be determined',
    (op, value) => {
      for (const twin of ['X', ' x', 'x ', 'x\u200b', '\uff58', '\u{1d431}', 'x\u00ad', 'x\u0000']) {
        expect(answer('args.x', op, value, { [twin]: 1 })).toBe('unknown');
        expect(answer('args.x', op, value, { x: 1, [twin]: 1 })).toBe('unknown');
        expect(answer('args.o.x', op, value, { o: { [twin]: 1 } })).toBe('unknown');
      }
      expect(answer('args.k', op, value, { '\u212a': 1 })).toBe('unknown');
    },
  );

  test.each(operators)('%s: what is no object has no field that could be told', (op, value) => {
    for (const o of [null, 'text', '{"x":1}', 5, true, [], [{ x: 1 }]]) {
      expect(answer('args.o.x', op, value, { o })).toBe('unknown');
    }
  });
});

describe('paths', () => {
  test('only own properties are read', () => {
    for (const path of ['args.constructor', 'args.__proto__', 'args.toString', 'args.o.hasOwnProperty']) {
      expect(answer(path, 'exists', true, { o: {} })).toBe('fails');
    }
    expect(answer('args.__proto__.x', 'eq', 1, '{"__proto__":{"x":1}}')).toBe('holds');
  });

  test.each([
    ['args["a.b"]', { 'a.b': 1 }],
    ['args["a\\"]["].c', { 'a"][': { c: 1 } }],
    ['args.a-b.c d', { 'a-b': { 'c d': 1 } }],
    ['args.$ref', { $ref: 1 }],
    ['args.0', { 0: 1 }],
    ['args.año', { año: 1 }],
  ])('%s', (path, args) => {
    expect(answer(path, 'eq', 1, args)).toBe('holds');
  });

  test('args is all arguments', () => {
    expect(answer('args', 'eq', { a: 1 }, { a: 1 })).toBe('holds');
    expect(answer('args', 'eq', {}, { a: 1 })).toBe('fails');
  });

  test('env is the environment of the server, by own properties and exact names', () => {
    const env = { AFIP_ENV: 'production' };
    expect(answer('env.AFIP_ENV', 'eq', 'production', {}, { env })).toBe('holds');
    expect(answer('env.afip_env', 'exists', true, {}, { env })).toBe('fails');
    expect(answer('env.toString', 'exists', true, {}, { env })).toBe('fails');
    expect(answer('env.AFIP_ENV', 'eq', 'production', { AFIP_ENV: 'x' })).toBe('fails');
  });

  test('tool.name is the name as it was called', () => {
    expect(answer('tool.name', 'regex', '^t$', {})).toBe('holds');
  });

  const prices = (...values: unknown[]) => ({ items: values.map((price) => ({ price })) });

  test.each<[string, unknown, string, string]>([
    ['all within', prices(1, 2), 'holds', 'holds'],
    ['one beyond', prices(1, 200), 'fails', 'holds'],
    ['all beyond', prices(200, 300), 'fails', 'fails'],
    ['one not told', prices(1, '2'), 'unknown', 'holds'],
    ['one not told, one beyond', prices('2', 200), 'fails', 'unknown'],
    ['none', prices(), 'fails', 'fails'],
    ['one without the field', { items: [{ price: 1 }, {}] }, 'fails', 'holds'],
    ['no list', { items: { price: 1 } }, 'unknown', 'unknown'],
    ['null', { items: null }, 'unknown', 'unknown'],
    ['missing', {}, 'fails', 'fails'],
    ['an element that is no object', { items: [1] }, 'unknown', 'unknown'],
    ['a twin in one', { items: [{ price: 1 }, { Price: 1 }] }, 'unknown', 'holds'],
  ])('[*], lte 100, of %s: every %s %s, any %s', (_, args, every, any) => {
    expect(answer('args.items[*].price', 'lte', 100, args)).toBe(every);
    expect(answer('args.items[*].price', 'lte', 100, args, { quantifier: 'any' })).toBe(any);
  });

  test('[*] twice, and at the end', () => {
    const args = { a: [{ b: [1, 2] }, { b: [3] }] };
    expect(answer('args.a[*].b[*]', 'lte', 3, args)).toBe('holds');
    expect(answer('args.a[*].b[*]', 'lte', 2, args)).toBe('fails');
    expect(answer('args.a[*].b[*]', 'eq', 3, args, { quantifier: 'any' })).toBe('holds');
    expect(answer('args.a[*].b[*]', 'exists', false, { a: [] })).toBe('holds');
  });
});

describe('predicates', () => {
  const two = (op: 'require' | 'deny_if') => ({
    [op]: [
      {
        conditions: [
          { path: 'args.a', op: 'gt', value: 10 },
          { path: 'args.b', op: 'eq', value: 'x' },
        ],
      },
    ],
  });

  test.each<[unknown, string, string]>([
    [{ a: 11, b: 'x' }, 'open', 'DENY_IF'],
    [{ a: 1, b: 'x' }, 'REQUIRE', 'open'],
    [{ a: 11, b: 'y' }, 'REQUIRE', 'open'],
    [{ a: '11', b: 'x' }, 'REQUIRE', 'DENY_IF'],
    [{ a: '11', b: 'y' }, 'REQUIRE', 'open'],
    [{ a: '11', b: 1 }, 'REQUIRE', 'DENY_IF'],
    [{}, 'REQUIRE', 'open'],
  ])('conditions are taken together: %j', (args, required, denied) => {
    expect([judge(two('require'), args), judge(two('deny_if'), args)]).toEqual([required, denied]);
  });

  test('an empty list of conditions always holds', () => {
    expect(judge({ require: [{ conditions: [] }] })).toBe('open');
    expect(judge({ deny_if: [{ conditions: [] }] })).toBe('DENY_IF');
    expect(judge({ approve_if: [{ conditions: [] }] })).toBe('ask');
  });
});

describe('what cannot be escaped', () => {
  /** How an agent may disguise a value for a lenient server. */
  const disguise = (value: unknown): fc.Arbitrary<{ [key: string]: unknown }> =>
    fc.oneof(
      fc
        .constantFrom<unknown>(
          String(value),
          ` ${value} `,
          [value],
          [String(value)],
          [[value]],
          { value },
          null,
          {},
          [],
        )
        .map((x) => ({ x })),
      fc.constantFrom('X', 'x ', 'x\u200b', '\uff58', ' X').map((key) => ({ [key]: value })),
      fc.constantFrom('X', 'x ', 'x\u200b', '\uff58', ' X').map((key) => ({ x: 1, [key]: value })),
    );

  test.each<[Operator, unknown, unknown]>([
    ['gt', 100, 500],
    ['gte', 500, 500],
    ['lt', 100, -5],
    ['lte', 100, 100],
    ['eq', 500, 500],
    ['eq', 'prod', 'prod'],
    ['eq', true, true],
    ['neq', 'PES', 'USD'],
    ['neq', 500, 501],
    ['in', [500, 600], 500],
    ['in', ['prod'], 'prod'],
    ['not_in', ['PES'], 'USD'],
    ['not_in', [1, 2], 3],
    ['exists', true, 5],
  ])('deny_if x %s %j fires for %j and every disguise of it', (op, value, evil) => {
    const entry = { deny_if: [{ conditions: [{ path: 'args.x', op, value }] }] };
    expect(judge(entry, { x: evil })).toBe('DENY_IF');
    fc.assert(
      fc.property(disguise(evil), (args) => {
        // Text in the place of the same text with spaces around it is a type that can be compared.
        fc.pre(op !== 'exists' || Object.values(args).every((item) => item !== undefined));
        expect(judge(entry, args)).toBe('DENY_IF');
      }),
    );
  });

  test.each<[Operator, unknown, unknown]>([
    ['regex', 'rm', 'sudo rm -rf'],
    ['contains', 'rm', 'sudo rm -rf'],
  ])('deny_if x %s %j fires for %j in a list, an object, or under a twin', (op, value, evil) => {
    const entry = { deny_if: [{ conditions: [{ path: 'args.x', op, value }] }] };
    for (const args of [
      { x: evil },
      { x: [evil] },
      { x: { evil } },
      { x: null },
      { X: evil },
      { x: '', X: evil },
    ]) {
      expect(judge(entry, args)).toBe('DENY_IF');
    }
  });
});

describe('lists of choices', () => {
  const scalar = fc.oneof(
    fc.constantFrom<unknown>(null, true, false, 0, 1, 1.5, 'a', 'A', ' a', 'b', '1', 'true', ''),
    fc.constantFrom('raw:9007199254740993'),
  );
  const value = fc.oneof(
    scalar,
    fc.array(scalar, { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'A'), scalar),
  );
  const write = (item: unknown): string => JSON.stringify(item).replaceAll(/"raw:(\d+)"/g, '$1');

  test('in is what eq says of any of them, and not_in its opposite', () => {
    const plain = value.filter((item) => !write(item).includes('9007199254740993'));
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 4 }), value, (list, actual) => {
        const args = `{"x":${write(actual)}}`;
        const answers = list.map((item) => answer('args.x', 'eq', item, args));
        const expected = answers.includes('holds')
          ? 'holds'
          : answers.includes('unknown')
            ? 'unknown'
            : 'fails';
        expect(answer('args.x', 'in', list, args)).toBe(expected);
        const opposite = { holds: 'fails', fails: 'holds', unknown: 'unknown' }[expected];
        expect(answer('args.x', 'not_in', list, args)).toBe(opposite);
      }),
      { numRuns: 1000 },
    );
  });

  test('G9: a thousand choices cost the elements of a call one look each', () => {
    const policyWith = (count: number, list: 'require' | 'deny_if') => {
      const value = Array.from({ length: count }, (_, i) => `choice ${i} é`);
      return policyOf({
        tools: { t: { [list]: [{ conditions: [{ path: 'args.x[*]', op: 'in', value }] }] } },
      });
    };
    const policies = new Map(
      [60, 960].map((count) => [
        count,
        [policyWith(count, 'require'), policyWith(count, 'deny_if')] as const,
      ]),
    );
    const elements = Array.from({ length: 20_000 }, (_, i) => `choice ${i % 60} é`);
    const others = elements.map((text) => `${text}!`);
    const look = (count: number) => {
      const [require, denyIf] = policies.get(count) as NonNullable<ReturnType<typeof policies.get>>;
      expect(evaluate(require, callOf('t', { x: elements })).kind).toBe('open');
      expect(evaluate(require, callOf('t', { x: others })).kind).toBe('refused');
      expect(evaluate(denyIf, callOf('t', { x: others })).kind).toBe('open');
    };
    expect(growth(look, 60, 16)).toBeLessThan(5);
  });
});

describe('cost', () => {
  test('G3: a text too long for its pattern cannot be determined', () => {
    const entry = (list: string, value: string) => ({
      [list]: [{ conditions: [{ path: 'args.x', op: 'regex', value }] }],
    });
    const large = '(?:a?){900}[ab]';
    expect(judge(entry('require', 'a'), { x: 'a'.repeat(1_000_000) })).toBe('open');
    expect(judge(entry('require', large), { x: 'a'.repeat(10_000) })).toBe('open');
    expect(judge(entry('require', large), { x: 'a'.repeat(100_000) })).toBe('REQUIRE');
    expect(judge(entry('deny_if', large), { x: 'c'.repeat(100_000) })).toBe('DENY_IF');
  });

  test.each([
    '(a+)+$',
    '(a|a)*b',
    '(.*a){25}',
    '^(a|aa)+$',
    '(a|b)*a(a|b){400}[^ab]$',
    '\\b([ab]?){900}\\b$',
    '(?:(?:.*b){900})[zy]|\\b\\B',
  ])('no text makes %s hang', (value) => {
    // Backtracking would take longer than the universe lasts.
    const search = (size: number) => {
      for (const x of ['a'.repeat(size), `${'ab'.repeat(size / 2)}!`, `${'a'.repeat(size)}\u0001`])
        judge({ deny_if: [{ conditions: [{ path: 'args.x', op: 'regex', value }] }] }, { x });
    };
    expect(growth(search, 100, 16)).toBeLessThan(100);
    search(2_000_000);
  });

  const simple = fc.stringMatching(/^(?:[abc]|[ab]\*|\(a\|b\)|\[ab\]\+|c\?|\.){1,5}$/);

  test('patterns are searched unanchored, as everywhere', () => {
    fc.assert(
      fc.property(
        simple,
        fc.boolean(),
        fc.boolean(),
        fc.stringMatching(/^[abcd]{0,8}$/),
        (body, from, to, x) => {
          const value = `${from ? '^' : ''}${body}${to ? '$' : ''}`;
          const found = new RegExp(value).test(x);
          expect(answer('args.x', 'regex', value, { x })).toBe(found ? 'holds' : 'fails');
        },
      ),
      { numRuns: 300 },
    );
  });

  test('G9: a long text under five hundred conditions is normalised once', () => {
    const policyWith = (count: number) => {
      const value = (i: number) => `${i}${'é'.repeat(100)}`;
      const conditions = Array.from({ length: count }, (_, i) => ({
        path: 'args.x',
        op: 'neq',
        value: value(i),
      }));
      return policyOf({ tools: { t: { require: [{ conditions }] } } });
    };
    const policies = new Map([30, 480].map((count) => [count, policyWith(count)]));
    const long = 'é\u200b'.repeat(200_000);
    let calls = 0;
    const look = (count: number) => {
      calls += 1;
      // Never the same text twice, which would be remembered.
      const policy = policies.get(count) as ReturnType<typeof policyWith>;
      expect(evaluate(policy, callOf('t', { x: long + calls })).kind).toBe('open');
    };
    expect(growth(look, 30, 16)).toBeLessThan(5);
  });

  test('twenty thousand keys under five hundred conditions are looked at once', () => {
    const keys = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key${i}`, i]));
    const absent = (i: number) => ({ path: `args.o.nokey${i}`, op: 'exists', value: false });
    const policyWith = (count: number) => {
      const conditions = Array.from({ length: count }, (_, i) => absent(i));
      return policyOf({ tools: { t: { require: [{ conditions }] } } });
    };
    const policies = new Map([30, 480].map((count) => [count, policyWith(count)]));
    const look = (count: number) => {
      const policy = policies.get(count) as ReturnType<typeof policyWith>;
      expect(evaluate(policy, callOf('t', { o: { ...keys } })).kind).toBe('open');
    };
    expect(growth(look, 30, 16)).toBeLessThan(5);
  });
});
