import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/json/exact.js';
import type { JsonObject } from '../../src/json/value.js';
import { compileRegex, type Regex } from '../../src/policy/evaluate/regex.js';
import { allowsAnyKey, argumentCheck, schemaFault } from '../../src/policy/schema/check.js';

const DRAFT_7 = 'http://json-schema.org/draft-07/schema#';

/** What is wrong with arguments, or `fine`. */
function faultOf(schema: unknown, args: unknown): string {
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return argumentCheck(schema).fault(parseJson(text) as JsonObject) ?? 'fine';
}

const conditional = (test: object, yes: object, no: object) =>
  Object.fromEntries([
    ['if', test],
    ['then', yes],
    ['else', no],
  ]);

const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });

describe('keys that leak', () => {
  const pay = object({ to: { type: 'string' }, lines: { type: 'array', items: object({ price: {} }) } });

  test.each<[string, unknown, unknown, RegExp]>([
    ['a spare key', pay, { to: 'a', notes: 'secret' }, /^args has the key "notes".*does not name$/],
    [
      'a spare key deep inside',
      pay,
      { lines: [{ price: 1 }, { price: 2, x: 'secret' }] },
      /^args\.lines\[1\] has the key "x"/,
    ],
    ['a key in another case', pay, { To: 'a' }, /"To"/],
    ['a key of the prototype', pay, '{"constructor": 1}', /"constructor"/],
    ['the prototype itself', pay, '{"__proto__": {"to": "x"}}', /"__proto__"/],
    ['any key of a tool without arguments', { type: 'object' }, { a: 1 }, /"a"/],
    ['the same, with no word of the type', {}, { a: 1 }, /"a"/],
    ['additionalProperties: false', object({}, { additionalProperties: false }), { a: 1 }, /"a"/],
    [
      'a value that the additional keys may not have',
      object({}, { additionalProperties: { type: 'number' } }),
      { a: 'x' },
      /args\.a is not of type number/,
    ],
    [
      'a key that only a branch names which does not fit',
      {
        anyOf: [
          object({ a: { type: 'number' } }, { required: ['a'] }),
          object({ b: {} }, { required: ['b'] }),
        ],
      },
      { b: 1, a: 'secret' },
      /"a"/,
    ],
    [
      'an element more than a tuple names',
      object({ pair: { prefixItems: [{}, {}] } }),
      { pair: [1, 2, 'secret'] },
      /pair\[2\] is one more/,
    ],
    [
      'unevaluatedProperties',
      { allOf: [object({ a: {} })], unevaluatedProperties: false },
      { a: 1, b: 2 },
      /"b"/,
    ],
  ])('%s is refused', (_, schema, args, fault) => {
    expect(faultOf(schema, args)).toMatch(fault);
  });

  test.each<[string, unknown, unknown]>([
    ['keys that the schema says it takes', object({}, { additionalProperties: true }), { a: 1 }],
    ['keys that match a pattern', object({}, { patternProperties: { '^x-': {} } }), { 'x-a': 1 }],
    [
      'keys of every part that fits',
      { allOf: [object({ a: {} }), { anyOf: [object({ b: {} }), { type: 'null' }] }] },
      { a: 1, b: 2 },
    ],
    ['keys behind a reference', { $ref: '#/$defs/a', $defs: { a: object({ a: {} }) } }, { a: 1 }],
    [
      'keys of a condition',
      conditional(object({ kind: { const: 'a' } }), object({ a: {} }), object({ b: {} })),
      { kind: 'a', a: 1 },
    ],
    ['an inner object of which nothing is said', object({ env: { type: 'object' } }), { env: { PATH: 'x' } }],
    ['a value of which nothing is said', object({ any: {} }), { any: { a: [{ b: 1 }] } }],
  ])('%s pass', (_, schema, args) => {
    expect(faultOf(schema, args)).toBe('fine');
  });
});

test.each<[string, unknown, unknown, string | RegExp]>([
  ['text for a number', object({ n: { type: 'number' } }), { n: '5' }, /args\.n is not of type number/],
  ['a whole number', object({ n: { type: 'integer' } }), '{"n": 5.0}', 'fine'],
  ['a fraction for a whole number', object({ n: { type: 'integer' } }), { n: 5.5 }, /integer/],
  ['null for a text', object({ s: { type: 'string' } }), { s: null }, /string/],
  [
    'a number beyond a double, over its bound by one',
    object({ n: { maximum: 9007199254740992 } }),
    '{"n": 9007199254740993}',
    /more than/,
  ],
  ['one beyond an exclusive bound', object({ n: { exclusiveMinimum: 0 } }), { n: 0 }, /not more than 0/],
  ['a fraction that is a multiple', object({ n: { multipleOf: 0.01 } }), { n: 19.99 }, 'fine'],
  ['a fraction that is none', object({ n: { multipleOf: 0.01 } }), { n: 0.005 }, /not a multiple/],
  ['a missing argument', object({ a: {} }, { required: ['a'] }), {}, /args lacks "a"/],
  ['a value outside of its list', object({ k: { enum: ['a', 1, null] } }), { k: 'b' }, /not one of/],
  ['1.0 where 1 is listed', object({ k: { enum: [1] } }), '{"k": 1.0}', 'fine'],
  ['characters, not UTF-16 units', object({ s: { maxLength: 2 } }), { s: '👍👍' }, 'fine'],
  ['a pattern in JavaScript spelling', object({ s: { pattern: '^\\u00e9+$' } }), { s: 'éé' }, 'fine'],
  [
    'an element twice',
    object({ l: { uniqueItems: true } }),
    {
      l: [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    },
    /twice/,
  ],
  ['no element twice', object({ l: { uniqueItems: true } }), { l: [1, 2] }, 'fine'],
  ['too few of a kind', object({ l: { contains: { const: 1 } } }), { l: [] }, /too few/],
  ['one of two', object({ l: { contains: { const: 1 }, minContains: 2 } }), { l: [1, 2] }, /too few/],
  ['two of one', object({ l: { contains: { const: 1 }, maxContains: 1 } }), { l: [1, 1] }, /too many/],
  [
    'a spare key where a choice alone names some',
    object({ o: { anyOf: [{ properties: { a: {} } }] } }),
    { o: { b: 1 } },
    /key "b"/,
  ],
  [
    'as many schemas as may be',
    object(Object.fromEntries(Array.from({ length: 4900 }, (_, n) => [`p${n}`, {}]))),
    { p1: 1 },
    'fine',
  ],
  [
    'two choices of oneOf',
    object({ a: { oneOf: [{ type: 'number' }, { minimum: 0 }] } }),
    { a: 1 },
    /more than one/,
  ],
  ['a format, which says nothing', object({ s: { type: 'string', format: 'email' } }), { s: 'x' }, 'fine'],
  [
    'draft-07: nothing counts beside a reference',
    {
      $schema: DRAFT_7,
      ...object({ a: { $ref: '#/definitions/n', type: 'string' } }),
      definitions: { n: { type: 'number' } },
    },
    { a: 1 },
    'fine',
  ],
  [
    '2020-12: it does',
    { ...object({ a: { $ref: '#/$defs/n', type: 'string' } }), $defs: { n: { type: 'number' } } },
    { a: 1 },
    /not of type string/,
  ],
  [
    'a tuple of draft-07',
    {
      $schema: DRAFT_7,
      ...object({ l: { items: [{ type: 'number' }], additionalItems: { type: 'string' } } }),
    },
    { l: [1, 2] },
    /l\[1\] is not of type string/,
  ],
])('%s', (_, schema, args, expected) => {
  if (typeof expected === 'string') expect(faultOf(schema, args)).toBe(expected);
  else expect(faultOf(schema, args)).toMatch(expected);
});

test.each<[string, unknown, unknown, string | RegExp]>([
  ['as much as may be', object({ n: { maximum: 5 } }), { n: 5 }, 'fine'],
  ['more', object({ n: { maximum: 5 } }), { n: 5.5 }, "args.n is more than 5, against the tool's schema"],
  ['as little as may be', object({ n: { minimum: 5 } }), { n: 5 }, 'fine'],
  ['less', object({ n: { minimum: 5 } }), { n: 4 }, /less than 5/],
  ['over an open bound', object({ n: { exclusiveMinimum: 0 } }), { n: 1 }, 'fine'],
  ['at an open bound', object({ n: { exclusiveMaximum: 5 } }), { n: 5 }, /not less than 5/],
  [
    'a bound that is open by a switch',
    object({ n: { maximum: 5, exclusiveMaximum: true } }),
    { n: 5 },
    /not less/,
  ],
  ['the other one', object({ n: { minimum: 5, exclusiveMinimum: true } }), { n: 5 }, /not more/],
  ['a switch that is off', object({ n: { maximum: 5, exclusiveMaximum: false } }), { n: 5 }, 'fine'],
  ['a switch without a bound', object({ n: { exclusiveMaximum: true } }), { n: 5 }, 'fine'],
  ['as few characters as may be', object({ s: { minLength: 2 } }), { s: '\uffff\uffff' }, 'fine'],
  ['fewer', object({ s: { minLength: 2 } }), { s: '👍' }, /fewer than 2 characters/],
  ['as many elements as may be', object({ l: { minItems: 2, maxItems: 2 } }), { l: [1, 2] }, 'fine'],
  ['fewer elements', object({ l: { minItems: 2 } }), { l: [1] }, /fewer than 2 elements/],
  ['more elements', object({ l: { maxItems: 2 } }), { l: [1, 2, 3] }, /more than 2 elements/],
  ['fewer keys', object({ a: {} }, { minProperties: 1 }), {}, /args has fewer than 1 keys/],
  ['a bound of another kind', object({ a: { minLength: 2, minItems: 2, minimum: 2 } }), { a: true }, 'fine'],
  ['forty digits to divide', object({ n: { multipleOf: 3 } }), `{"n": ${'3'.repeat(40)}}`, 'fine'],
  ['more digits to divide', object({ n: { multipleOf: 3 } }), `{"n": ${'3'.repeat(41)}}`, /too many digits/],
  ['one of a kind', object({ l: { contains: { const: 1 } } }), { l: [1] }, 'fine'],
  [
    'as many of a kind as may be',
    object({ l: { contains: { const: 1 }, maxContains: 1 } }),
    { l: [1, 2] },
    'fine',
  ],
  [
    'what the only choice says',
    object({ a: { anyOf: [{ type: 'string' }] } }),
    { a: 1 },
    /not of type string/,
  ],
  ['that of one', object({ a: { oneOf: [{ type: 'string' }] } }), { a: 1 }, /not of type string/],
  ['none of several choices', object({ a: { anyOf: [{ type: 'string' }, false] } }), { a: 1 }, /fits none/],
  [
    'what a key needs beside it',
    object({ a: {}, b: {} }, { dependentSchemas: { a: { required: ['b'] } } }),
    { a: 1 },
    /lacks "b"/,
  ],
  [
    'that, where it is there',
    object({ a: {}, b: {} }, { dependentSchemas: { a: { required: ['b'] } } }),
    { a: 1, b: 1 },
    'fine',
  ],
  [
    'that, without the key',
    object({ a: {}, b: {} }, { dependentSchemas: { a: { required: ['b'] } } }),
    { b: 1 },
    'fine',
  ],
  ['that of no object', object({ o: { dependentSchemas: { a: false } } }), { o: [] }, 'fine'],
  ['keys that it names then', { dependentSchemas: { a: object({ a: {}, b: {} }) } }, { a: 1, b: 1 }, 'fine'],
  ['the older word for it', object({ a: {}, b: {} }, { dependencies: { a: ['b'] } }), { a: 1 }, /lacks "b"/],
  [
    'an older schema for it',
    object({ a: {} }, { dependencies: { a: { maxProperties: 0 } } }),
    { a: 1 },
    /more than 0 keys/,
  ],
  ['required as a switch', object({ a: { required: true } }), {}, 'fine'],
  ['a code point in braces', object({ s: { pattern: '^\\u{1f44d}\\d$' } }), { s: '👍1' }, 'fine'],
  [
    'a part by its place',
    { allOf: [object({ a: { type: 'number' } })], ...object({ b: { $ref: '#/allOf/0/properties/a' } }) },
    { b: 'x' },
    /args\.b is not of type number/,
  ],
  [
    'a name with a slash',
    { ...object({ a: { $ref: '#/$defs/x~1y~0%20z' } }), $defs: { 'x/y~ z': false } },
    { a: 1 },
    /args\.a is not accepted/,
  ],
  [
    '2019-09: it does',
    {
      $schema: 'https://json-schema.org/draft/2019-09/schema',
      ...object({ a: { $ref: '#/$defs/n', type: 'string' } }),
      $defs: { n: {} },
    },
    { a: 1 },
    /not of type string/,
  ],
  ['a key that needs quotes', object({ 'a b': { type: 'null' } }), { 'a b': 1 }, /^args\["a b"\] is not/],
  ['a long key', object({}), { ['k'.repeat(80)]: 1 }, new RegExp(`the key "${'k'.repeat(80)}", which`)],
  ['a longer key', object({}), { ['k'.repeat(81)]: 1 }, new RegExp(`the key "${'k'.repeat(80)}…", which`)],
])('what a schema says of it: %s', (_, schema, args, expected) => {
  if (typeof expected === 'string') expect(faultOf(schema, args)).toBe(expected);
  else expect(faultOf(schema, args)).toMatch(expected);
});

test.each<[boolean, unknown]>([
  [true, { additionalProperties: true }],
  [true, { additionalProperties: {} }],
  [true, { unevaluatedProperties: true }],
  [false, { additionalProperties: false }],
  [false, { additionalProperties: { type: ['string', 'number'] } }],
  [false, { type: 'object' }],
  [false, { additionalProperties: true, type: 'money' }],
  [false, undefined],
])('%s: any key at all is accepted by %j', (expected, schema) => {
  expect(allowsAnyKey(schema)).toBe(expected);
});

test.each<[string, unknown, RegExp]>([
  ['none', undefined, /lists none/],
  ['no object', 'x', /not an object/],
  ['an unknown type', { type: 'money' }, /"type" is not known/],
  ['an unknown dialect', { $schema: 'https://evil.example/schema' }, /"\$schema" is not known/],
  ['a reference out of it', { $ref: 'https://evil.example/x' }, /leads out of it/],
  ['a reference to a file', { $ref: 'file:///etc/passwd' }, /leads out of it/],
  ['a reference to nothing', { $ref: '#/$defs/a' }, /leads nowhere/],
  ['a look-behind', { properties: { a: { pattern: '(?<=a)b' } } }, /the pattern/],
  ['a back-reference', { properties: { a: { pattern: '(a)\\1' } } }, /the pattern/],
  ['a keyword that is not understood', { $dynamicRef: '#x' }, /not understood/],
  ['properties that are a list', { properties: [] }, /"properties" is not an object/],
  ['a bound that is a text', { properties: { a: { maximum: '5' } } }, /"maximum" is not a number/],
  ['a bound that is a switch', { properties: { a: { maximum: true } } }, /"maximum" is not a number/],
  ['a count that is a text', { contains: {}, minContains: '1' }, /"minContains" is not a number/],
  ['multiples of nothing', { multipleOf: 0 }, /"multipleOf" is not more than 0/],
  ['choices that are no list', { anyOf: {} }, /"anyOf" is not a list/],
  ['values that are no list', { enum: 'a' }, /"enum" is not a list/],
  ['names that are none', { required: ['a', 1] }, /"required" is not a list of names/],
  ['a name that stands alone', { required: 'a' }, /"required" is not a list of names/],
  ['needs that are a list', { dependentSchemas: [] }, /"dependentSchemas" is not an object/],
  ['a pattern that is no text', { pattern: 1 }, /a "pattern" is not text/],
  ['a reference that is no text', { $ref: 1 }, /a "\$ref" is not text/],
  ['a reference to no place of a list', { $ref: '#/allOf/a', allOf: [{}] }, /leads nowhere/],
  ['a reference into a text', { $ref: '#/title/0', title: 'a' }, /leads nowhere/],
  ['10,000 schemas', { allOf: Array.from({ length: 10_000 }, () => ({ type: 'object' })) }, /more than 5000/],
  [
    '100 levels',
    Array.from({ length: 100 }).reduce<object>((inner) => ({ not: inner }), {}),
    /deeper than 64/,
  ],
])('G3: a schema that cannot be used refuses every call, and says why: %s', (_, schema, reason) => {
  expect(schemaFault(schema)).toMatch(reason);
  expect(faultOf(schema, {})).toMatch(/^the tool's input schema cannot be used: /);
});

describe('hostile schemas', () => {
  test.each<[what: string, most: number, (count: number) => object, RegExp]>([
    ['schemas', 4999, (n) => ({ allOf: Array.from({ length: n }, () => ({})) }), /more than 5000 schemas/],
    ['levels', 64, (n) => Array.from({ length: n }).reduce<object>((not) => ({ not }), {}), /deeper than 64/],
    ['values', 20_000, (n) => ({ enum: Array.from({ length: n }, (_, i) => i) }), /more than \d+ values/],
    [
      'characters of patterns',
      20_000,
      (n) => ({
        allOf: Array.from({ length: n / 1000 }, (_, i) => ({
          pattern: 'a'.repeat(i === 0 ? 1000 + (n % 1000) : 1000),
        })),
      }),
      /more than \d+ characters/,
    ],
  ])('as many %s as %i may be, and no more', (_, most, schema, fault) => {
    expect(schemaFault(schema(most))).toBeUndefined();
    expect(schemaFault(schema(most + 1))).toMatch(fault);
  });

  test('G3: a text that is too long for its pattern is refused', () => {
    const pattern = '^(?:a|b){1,900}$';
    const { maxText } = compileRegex(pattern) as Regex;
    const schema = object({ a: { pattern } });
    expect(faultOf(schema, { a: 'a'.repeat(maxText) })).toMatch(/does not match/);
    expect(faultOf(schema, { a: 'a'.repeat(maxText + 1) })).toMatch(/too long to be compared/);
  });

  test('a reference that runs in a circle ends', () => {
    expect(faultOf({ $ref: '#' }, {})).toBe("the tool's schema runs in a circle");
    const two = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } };
    expect(faultOf(two, {})).toBe("the tool's schema runs in a circle");
  });

  test('a schema that contains itself judges what nests in it', () => {
    const tree = object({ children: { type: 'array', items: { $ref: '#' } } });
    expect(faultOf(tree, { children: [{ children: [] }] })).toBe('fine');
    expect(faultOf(tree, { children: [{ children: [{ x: 1 }] }] })).toMatch(/children\[0\]\.children\[0\]/);
  });

  test('one that doubles the work with every level is given up', () => {
    const $defs: Record<string, object> = { d0: { type: 'object' } };
    for (let i = 1; i <= 25; i += 1) {
      const next = { $ref: `#/$defs/d${i - 1}` };
      $defs[`d${i}`] = { allOf: [next, next] };
    }
    expect(faultOf({ $ref: '#/$defs/d25', $defs }, {})).toMatch(/take too long/);
  });

  test('patterns with few characters that repeat much are not made into programs without end', () => {
    const properties = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`p${i}`, { pattern: `^a{1,${900 - i}}$` }]),
      );
    expect(faultOf({ properties: properties(20) }, { p0: 'a' })).toBe('fine');
    expect(faultOf({ properties: properties(800) }, { p0: 'a' })).toContain('repeat too much');
  });

  test('a pattern that a backtracking matcher would not survive is matched', () => {
    expect(faultOf(object({ a: { pattern: '^(a+)+$' } }), { a: `${'a'.repeat(50_000)}!` })).toMatch(
      /does not match/,
    );
  });

  test('nothing of it becomes code', () => {
    const evil = { properties: { "a');globalThis.stolen=1;('": { const: '`+(globalThis.stolen=1)+`' } } };
    faultOf(evil, { "a');globalThis.stolen=1;('": 1 });
    expect(globalThis).not.toHaveProperty('stolen');
  });
});

/** Schemas with every keyword that is drawn, closed nowhere, so that another validator means the same. */
const schemas = fc.letrec<{ schema: object }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom<object>(
      {},
      { type: 'null' },
      { type: ['string', 'null'] },
      { type: 'integer' },
      { type: 'boolean' },
    ),
    fc.record(
      {
        type: fc.constant('number'),
        minimum: fc.integer({ min: -3, max: 3 }),
        exclusiveMaximum: fc.integer({ min: -3, max: 5 }),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      {
        type: fc.constant('string'),
        minLength: fc.nat(2),
        maxLength: fc.nat(3),
        pattern: fc.constantFrom('a', '^b', 'a$', '^[ab]*$'),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({
      enum: fc.uniqueArray(fc.jsonValue({ maxDepth: 1 }), {
        minLength: 1,
        maxLength: 4,
        selector: (value) => JSON.stringify(value),
      }),
    }),
    fc.record({ multipleOf: fc.integer({ min: 1, max: 3 }) }),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema')),
        patternProperties: fc.record({ '^b': tie('schema') }),
        required: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
        propertyNames: fc.constant({ maxLength: 1 }),
        dependentRequired: fc.constant({ a: ['c'] }),
        maxProperties: fc.nat(2),
        additionalProperties: fc.oneof(fc.constant(true), tie('schema')),
      },
      { requiredKeys: ['additionalProperties'] },
    ),
    fc.record(
      {
        type: fc.constant('array'),
        prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
        items: fc.oneof(fc.constant(true), tie('schema')),
        uniqueItems: fc.boolean(),
        maxItems: fc.nat(2),
      },
      { requiredKeys: ['items'] },
    ),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ not: tie('schema') }),
    fc
      .tuple(tie('schema'), tie('schema'), tie('schema'))
      .map(([test, yes, no]) => conditional(test, yes, no)),
  ),
})).schema;

const values = fc.dictionary(
  fc.constantFrom('a', 'b', 'bb'),
  fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      0,
      1,
      2.5,
      -1,
      '',
      'a',
      'ba',
      [],
      {},
      { a: 1 },
      { b: 'a' },
      [1, 1],
      ['a', null],
    ),
    fc.jsonValue({ maxDepth: 2 }),
  ),
);

/**
 * Whether the other validator divides these numbers as they are: it goes by `parseInt(value / divisor)`, to which 1e+21 is 1
 * and 1e+20 / 3 a whole number.
 */
const isDividedExactly = (value: unknown): boolean =>
  typeof value === 'number'
    ? value === 0 || (Math.abs(value) <= Number.MAX_SAFE_INTEGER && Math.abs(value) > 1e-300)
    : value === null || typeof value !== 'object' || Object.values(value).every(isDividedExactly);

/** It calls what such a key holds, as if it were the object's own method. */
const NAMES_OF_METHODS = /"(?:valueOf|toString)":/;

const comparable = (schema: object, call: object): boolean =>
  !NAMES_OF_METHODS.test(JSON.stringify(call)) &&
  (isDividedExactly(call) || !JSON.stringify(schema).includes('"multipleOf"'));

test.each<[number, unknown, string | RegExp]>([
  [1, 1e21, 'fine'],
  [3, 1e21, /not a multiple of 3/],
  [3, 1e20, /not a multiple of 3/],
  [2, 5e-324, /too many digits/],
])('a multiple of %d is told exactly: %d', (multipleOf, value, expected) => {
  const fault = faultOf(object({ b: { multipleOf } }), { b: value });
  if (typeof expected === 'string') expect(fault).toBe(expected);
  else expect(fault).toMatch(expected);
});

describe('another validator of JSON Schema comes to the same', () => {
  const options = { strict: false, logger: false } as const;
  const wholes = fc
    .record({
      properties: fc.dictionary(fc.constantFrom('a', 'b', 'bb'), schemas),
      allOf: fc.array(schemas, { maxLength: 1 }).map((all) => [{}, ...all]),
      additionalProperties: fc.constant(true),
    })
    .filter((schema) => !NAMES_OF_METHODS.test(JSON.stringify(schema)));

  test('2020-12', () => {
    const ajv = new Ajv2020(options);
    fc.assert(
      fc.property(wholes, fc.array(values, { minLength: 8, maxLength: 12 }), (schema, calls) => {
        const validate = ajv.compile(schema);
        for (const args of calls
          .filter((call) => comparable(schema, call))
          .map((call) => JSON.stringify(call)))
          expect(faultOf(schema, args) === 'fine', args).toBe(validate(JSON.parse(args)));
      }),
      { numRuns: 150 },
    );
  });

  test('draft-07, where the 2020-12 keywords say nothing', () => {
    const ajv = new Ajv(options);
    const known = wholes.filter((schema) => !/prefixItems|dependentRequired/.test(JSON.stringify(schema)));
    fc.assert(
      fc.property(known, fc.array(values, { minLength: 8, maxLength: 12 }), (schema, calls) => {
        const old = { $schema: DRAFT_7, ...schema };
        const validate = ajv.compile(old);
        for (const args of calls
          .filter((call) => comparable(schema, call))
          .map((call) => JSON.stringify(call)))
          expect(faultOf(old, args) === 'fine', args).toBe(validate(JSON.parse(args)));
      }),
      { numRuns: 60 },
    );
  });
});
