import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/policy/evaluate/evaluate.js';
import { callOf, judge, outcomeOf, policyOf, problemsOf } from '../support.js';

/** Numbers that a double does not hold: one server reads the digits, most read a rounded number. */
const INEXACT = [
  '13.00000000000000000001',
  '12.99999999999999999999',
  '9007199254740993',
  '1e-400',
  '-1e-400',
  '1e400',
  '0.1000000000000000055',
];

const when = (op: string, value: unknown) => ({ conditions: [{ path: 'args.x', op, value }] });
const x = (number: string) => `{"x":${number}}`;

describe('a number that a double does not hold', () => {
  test.each(INEXACT)('G2: %s cannot be told by any operator that reads it', (number) => {
    const conditions: [string, unknown][] = [
      ['eq', 13],
      ['neq', 13],
      ['lt', 13],
      ['lte', 13],
      ['gt', 13],
      ['gte', 13],
      ['in', [1, 13]],
      ['not_in', [1, 13]],
      ['eq', [13]],
      ['contains', 13],
    ];
    for (const [op, value] of conditions) {
      const args = op === 'contains' || Array.isArray(value) ? `{"x":[${number}]}` : x(number);
      expect([op, judge({ require: [when(op, value)] }, args)]).toEqual([op, 'REQUIRE']);
      expect([op, judge({ deny_if: [when(op, value)] }, args)]).toEqual([op, 'DENY_IF']);
      expect([op, judge({ approve_if: [when(op, value)] }, args)]).toEqual([op, 'APPROVAL_REQUIRED']);
    }
  });

  test.each(INEXACT)('G4: %s is no amount and splits no count', (number) => {
    const limit = { counter: 'c', window: 'day', max: 1 };
    expect(judge({ limits: [{ ...limit, amount: 'args.x' }] }, x(number))).toBe('AMOUNT');
    expect(judge({ limits: [{ ...limit, amount: { sum: 'args.x[*]' } }] }, `{"x":[1,${number}]}`)).toBe(
      'AMOUNT',
    );
    for (const per of ['args.x', 'args', ['args.x', 'args.y']]) {
      for (const args of [x(number), `{"x":[[${number}],2]}`, `{"x":{"y":${number}}}`])
        expect(judge({ limits: [{ ...limit, per }] }, args)).toBe('AMOUNT');
    }
    // Nobody reads it: nothing to refuse.
    expect(judge({ limits: [{ ...limit, per: 'args.y' }] }, x(number))).toBe('open');
    expect(judge({ require: [when('exists', true)] }, x(number))).toBe('open');
  });

  test('G4: the duplicate guard of the README takes three spellings of 100 for no three invoices', () => {
    const entry = {
      limits: [{ counter: 'c', window: '24h', max: 1, per: ['args.doc_number', 'args.amount_total'] }],
    };
    const outcomes = ['100', '100.00000000000000000001', '99.99999999999999999999'].map((amount) =>
      judge(entry, `{"doc_number":1,"amount_total":${amount}}`),
    );
    expect(outcomes).toEqual(['open', 'AMOUNT', 'AMOUNT']);
  });

  test.each(INEXACT)('G10: a call that needs a person and holds %s anywhere is refused', (number) => {
    const entry = { action: 'approve' };
    for (const args of [x(number), `{"deep":[{"in":[${number}]}]}`]) {
      const evaluation = evaluate(policyOf({ tools: { t: entry } }), callOf('t', args));
      expect(evaluation).toMatchObject({
        kind: 'refused',
        refusal: { code: 'APPROVAL_REQUIRED', rule: '/tools/t/action' },
      });
    }
    expect(judge(entry, x('1e30'))).toBe('ask');
  });

  test('is named in the refusal', () => {
    const policy = policyOf({
      tools: { t: { limits: [{ counter: 'c', window: 'day', max: 1, amount: 'args.x' }] } },
    });
    const evaluation = evaluate(policy, callOf('t', x('100.00000000000000000001')));
    expect(outcomeOf(evaluation)).toBe('AMOUNT');
    if (evaluation.kind === 'refused')
      expect(evaluation.refusal.explanation).toMatch(/^args\.x is 100\.00000000000000000001, .*digits/);
  });

  test('is an error where a condition of the policy compares with it: no call could be told', () => {
    const file = (op: string, value: string) =>
      `{"version":"1","default":"deny","tools":{"t":{"require":[{"conditions":[{"path":"args.x","op":"${op}","value":${value}}]}]}}}`;
    for (const [op, value] of [
      ['eq', '9007199254740993'],
      ['lte', '13.00000000000000000001'],
      ['gt', '1e-400'],
      ['in', '[1,[2,{"a":1e400}]]'],
    ] as const) {
      const problems = problemsOf(file(op, value));
      expect(problems.map(({ code }) => code)).toEqual(['VALUE']);
    }
    for (const value of ['1.0', '1e2', '9007199254740992', '0.1'])
      expect(problemsOf(file('eq', value))).toEqual([]);
  });
});

describe('spellings that a server may take for one another', () => {
  const split = (per: unknown, args: unknown): string => {
    const limits = [{ counter: 'c', window: 'day', max: 1, per }];
    const evaluation = evaluate(policyOf({ tools: { t: { limits } } }), callOf('t', args));
    return evaluation.kind === 'open' ? (evaluation.charges[0]?.split ?? '') : outcomeOf(evaluation);
  };

  test.each<[unknown, string[]]>([
    ['args.x', ['"A"', '"a"', '" a "', '"\\uff21"', '"a\\u200b"', '["A"]', '"\\"A\\""']],
    ['args.x', ['[1,2]', '"[1,2]"', '" [1, 2.0] "', '["1","2"]', '"\\"[1,2]\\""']],
    ['args.x', ['{"a":1}', '"{\\"a\\":1}"', '{"A":1}', '{"a":1,"b":null}', '{"a":"1"}']],
    [
      'args.x',
      [
        '20111111112',
        '"20111111112"',
        '"20_111_111_112"',
        '"+20111111112"',
        '"020111111112"',
        '2.0111111112e10',
      ],
    ],
    ['args.x', ['31', '"31."', '"31.0"', '"0x1F"', '"0b11111"', '"0o37"', '"3.1E1"', '"\\u0663\\u0661"']],
    ['args.x', ['0.5', '".5"', '"5e-1"', '"+.5"']],
    ['args.x', ['0', '-0', '"-0"', '"0.0"', '"0e9"']],
    ['args.x', ['true', '"true"', '"True"', '[true]']],
    ['args.x', ['null', '[]', '""', '" "', '{}', '"null"', '[null]', '{"a":null}', '"[]"']],
    ['args.x[*]', ['[]', '[null]', '[null,null]', 'null']],
    ['args.x[*].id', ['[]', '[{}]', '[{},{"id":null}]']],
  ])('G4: %j: one count for %j', (per, values) => {
    const splits = values.map((value) => split(per, x(value)));
    const told = splits.filter((each) => each !== 'AMOUNT');
    expect([...new Set(told)]).toHaveLength(1);
    // What is no list cannot be gone through: that is refused, not counted apart.
    expect(splits.length - told.length).toBe(per === 'args.x[*]' ? 1 : 0);
  });

  test('G4: a missing path and an empty list are one count', () => {
    expect(split('args.x[*].id', {})).toBe(split('args.x[*].id', { x: [] }));
    expect(split('args.x', {})).toBe(split('args.x', { x: [] }));
    expect(split('args', {})).toBe(split('args', { x: '' }));
  });

  test('G4: keys that could be taken for each other are refused at any depth', () => {
    for (const args of [
      '{"x":{"a":1,"A":2}}',
      '{"x":[0,{"b":[{"k":1,"\\u212a":null}]}]}',
      '{"x":"{\\"a\\":1,\\"A\\":1}"}',
    ])
      expect(split('args.x', args)).toBe('AMOUNT');
    expect(split('args', '{"x":1,"X":1}')).toBe('AMOUNT');
  });

  test('G4: text of a number that a double does not hold is refused, unless it is a whole number', () => {
    for (const text of [
      '100.00000000000000000001',
      '99.99999999999999999999',
      '1e-400',
      '٠.00000000000000000000001e-400',
    ])
      expect(split('args.x', { x: text })).toBe('AMOUNT');
    expect(split('args.x', { x: '2850590940090418135201' })).not.toBe(
      split('args.x', { x: '2850590940090418135202' }),
    );
    expect(split('args.x', { x: `${'0'.repeat(5000)}5.${'0'.repeat(5000)}` })).toBe(
      split('args.x', { x: 5 }),
    );
    expect(split('args.x', { x: '7'.repeat(5000) })).toBe('AMOUNT');
    // Nobody reads these as numbers: they are names.
    expect(split('args.x', { x: '12e34567' })).not.toBe(split('args.x', { x: '13e34567' }));
  });

  test('G4: values are compared to a depth, and numbers in texts to a length', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}1,2${']'.repeat(depth)}`;
    expect(split('args.x', x(nested(256)))).toBe(split('args.x', x('[1,2]')));
    expect(split('args.x', x(nested(257)))).toBe('AMOUNT');
    const hex = (length: number) => `0x${'1f'.padStart(length - 2, '0')}`;
    expect(split('args.x', { x: hex(1000) })).toBe(split('args.x', { x: 31 }));
    expect(split('args.x', { x: hex(1001) })).not.toBe(split('args.x', { x: 31 }));
    expect(split('args.x', { x: '-0x1f' })).toBe(split('args.x', { x: -31 }));
    expect(split('args.x', { x: '7'.repeat(1000) })).toMatch(/^sha256:/);
    expect(split('args.x', { x: '7'.repeat(1001) })).toBe('AMOUNT');
  });

  test('different values stay apart', () => {
    const values = [
      '1',
      '2',
      '"a"',
      '"b"',
      '"1-2"',
      '"12"',
      '"1,5"',
      '"15"',
      '[1,2]',
      '[2,1]',
      'true',
      'false',
      '{"a":1}',
      '{"b":1}',
      '"1_"',
      '"ano"',
      '"año"',
      'null',
    ];
    const splits = values.map((value) => split('args.x', x(value)));
    expect(new Set(splits).size).toBe(values.length);
  });
});

describe('what a condition and a split take for the same', () => {
  // Whatever `eq` cannot tell from a text, `per` counts as that text: the two must not disagree.
  test.each(['A', ' a', 'a\u00ad', '\uff41', 'a\u0000', 'a '])('G4: "a" and %j', (other) => {
    expect(judge({ deny_if: [when('eq', 'a')] }, { x: other })).toBe('DENY_IF');
    expect(judge({ deny_if: [when('in', ['a'])] }, { x: other })).toBe('DENY_IF');
    expect(judge({ deny_if: [when('contains', 'a')] }, { x: [other] })).toBe('DENY_IF');
    expect(judge({ require: [when('neq', 'a')] }, { x: other })).toBe('REQUIRE');
    const policy = policyOf({
      tools: { t: { limits: [{ counter: 'c', window: 'day', max: 1, per: 'args.x' }] } },
    });
    const [a, b] = ['a', other].map((value) => evaluate(policy, callOf('t', { x: value })));
    expect(b).toEqual(a);
  });

  test('G2: padding beyond any length is no way out', () => {
    const padded = `a${'\u200b'.repeat(50_000)}`;
    expect(judge({ deny_if: [when('eq', 'a')] }, { x: padded })).toBe('DENY_IF');
    expect(judge({ deny_if: [when('exists', true)] }, { [`x${' '.repeat(50_000)}`]: 1 })).toBe('DENY_IF');
  });
});
