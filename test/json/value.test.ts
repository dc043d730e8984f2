import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { canonicalJson } from '../../src/json/canonical.js';
import { Decimal } from '../../src/json/decimal.js';
import { hasEscapedName, parseDoubles, parseJson } from '../../src/json/exact.js';
import {
  countKeys,
  isArray,
  isNumber,
  isObject,
  isRecord,
  type Json,
  jsonTypeOf,
  own,
} from '../../src/json/value.js';

/**
 * Names whose text as written begins with `prefix`, which is another name: an engine that has met `prefix` in the same
 * place of an object may take the one for the other.
 */
const ESCAPED = [
  { name: 'amount', written: 'am\\u006funt', prefix: 'am\\\\u00' },
  { name: 'a', written: '\\u0061', prefix: '\\\\' },
  { name: '\n', written: '\\n', prefix: '\\\\' },
  { name: '\ud800', written: '\\ud800', prefix: '\\\\' },
  { name: 'a"b', written: 'a\\"b', prefix: 'a\\\\\\"' },
  { name: '\\x', written: '\\\\x', prefix: '\\\\\\\\' },
];

test.each(ESCAPED)(
  'G2: $written is read as its own name, whatever was read before it',
  ({ name, written, prefix }) => {
    const object = (key: string, value: string) => `{"first":[0],"${key}":${value}}`;
    for (const value of ['1', '{"deep":{}}', '9007199254740993']) {
      for (let i = 0; i < 5; i++) JSON.parse(object(prefix, value));
      for (const read of [parseJson, parseDoubles]) {
        expect(Object.keys(read(object(written, value)) as object)).toEqual(['first', name]);
      }
    }
  },
);

test('G2: what an engine makes of an object that has a name with an escape is not believed', () => {
  const parse = JSON.parse;
  const engine = vi.spyOn(JSON, 'parse').mockImplementation((text) => {
    const value = parse(text);
    return typeof value === 'object' ? { taken: 'for another' } : value;
  });
  try {
    for (const read of [parseJson, parseDoubles]) {
      expect(read('{"am\\u006funt":{"a":[1]}}')).toEqual({ amount: { a: [1] } });
      expect(read('{"amount":1}')).toEqual({ taken: 'for another' });
    }
  } finally {
    engine.mockRestore();
  }
});

test.each<[value: unknown, type: string, kinds: string]>([
  [null, 'null', ''],
  [true, 'boolean', ''],
  [1.5, 'number', 'number'],
  [Decimal.from('1e400'), 'number', 'number'],
  ['a', 'string', ''],
  [[1], 'array', 'array'],
  [{ a: 1 }, 'object', 'object record'],
])('%o is of the type %s', (value, type, kinds) => {
  expect(jsonTypeOf(value)).toBe(type);
  const is = {
    number: isNumber(value as Json),
    array: isArray(value as Json),
    object: isObject(value as Json),
  };
  const found = Object.entries(is).flatMap(([kind, holds]) => (holds ? [kind] : []));
  if (!(value instanceof Decimal) && isRecord(value)) found.push('record');
  expect(found.join(' ')).toBe(kinds);
});

test('nothing is of no type', () => {
  expect([isNumber(undefined), isArray(undefined), isObject(undefined), isRecord(undefined)]).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test('only what stood in the text is an own member', () => {
  expect(own({ a: 1 }, 'a')).toBe(1);
  expect(own({ a: 1 }, 'toString')).toBeUndefined();
  expect(own(JSON.parse('{"__proto__":5}'), '__proto__')).toBe(5);
});

test.each([
  ['null', 0],
  ['"abc"', 0],
  ['{}', 0],
  ['{"a":"abc","b":null,"c":{"d":{}}}', 4],
  ['[{"a":1},[{"b":2},null,"x"],{"a":3}]', 3],
  ['{"__proto__":{"a":1}}', 2],
])('%s has %i keys', (text, keys) => {
  expect(countKeys(JSON.parse(text))).toBe(keys);
});

describe('hasEscapedName', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', ':', ' ', '{', ',', '\n'), maxLength: 6 });
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      text,
      // A text of JSON inside a text.
      fc.dictionary(text, text, { maxKeys: 2 }).map((object) => JSON.stringify(object)),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  })).value;

  test('says what reading every string says', () => {
    const seen = { true: 0, false: 0 };
    fc.assert(
      fc.property(value, fc.constantFrom('', ' ', '\t'), (written, space) => {
        // JSON.stringify puts white space behind a colon only.
        const json = JSON.stringify(written, null, space).replace(
          /"(?:[^"\\]|\\.)*":/g,
          (name) => `${name.slice(0, -1)}${space}:`,
        );
        const strings = [...json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)];
        const expected = strings.some(([, string, colon]) => colon !== undefined && string?.includes('\\'));
        seen[`${expected}`] += 1;
        expect(hasEscapedName(json)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(seen.true, seen.false)).toBeGreaterThan(100);
  });
});

describe('parseJson', () => {
  test.each([
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['0.1234567890123456789', '0.1234567890123456789'],
    ['1e400', '1e400'],
    ['1e-400', '1e-400'],
    ['123456789012345678901234567890', '12345678901234567890123456789e1'],
    ['1.00000000000000000001', '1.00000000000000000001'],
    ['1e0000000000000000400', '1e400'],
  ])('%s is more than a double holds', (text, exact) => {
    const value = parseJson(`{"a":[${text}],"b":"x"}`) as { a: Json[]; b: string };
    expect(value.a[0]).toBeInstanceOf(Decimal);
    expect((value.a[0] as Decimal).compare(Decimal.from(exact))).toBe(0);
    expect(value.b).toBe('x');
  });

  test.each([
    '0',
    '-0',
    '1.5',
    '1e3',
    '1E-3',
    '9007199254740991',
    '1e22',
    '0.1',
    '123456789012345',
    '1.0000000000000000000000',
    '0e99',
    '5e-324',
  ])('%s stays a double', (text) => {
    expect(parseJson(text)).toBe(JSON.parse(text));
  });

  test.each([
    '{"id":"550e8400-e29b-41d4-a716-446655440000","n":"9007199254740993"}',
    '{"a\\"9007199254740993":"\\\\","b":"\\\\\\"1e400"}',
    '"\\\\\\\\"',
    ' [ true , false , null , "" , { } , [ ] ] ',
  ])('numbers inside text are text: %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test('keeps every key as an own property, also when it reads for itself', () => {
    const value = parseJson('{"__proto__":{"x":1},"constructor":2,"n":9007199254740993}') as object;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'n']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test.each([
    '',
    '{',
    '[1,]',
    '{"a":1,}',
    '01',
    '1.',
    'NaN',
    '{a:1}',
    '"\u0001"',
    '[9007199254740993,]',
    '1e400x',
  ])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test.each(['1e10000', '1e-10000', '7'.repeat(1001), `0.${'7'.repeat(1001)}`])(
    'refuses a number beyond its bounds: %s',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );

  test('reads numbers of a thousand characters', () => {
    for (const text of ['7'.repeat(1000), `0.${'7'.repeat(998)}`, '1e9999', '1e-9999'])
      expect(String(parseJson(text)).length).toBeGreaterThan(3);
  });

  test('agrees with JSON.parse on any JSON, by either way of reading', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(plain(parseJson(text))).toEqual(JSON.parse(text));
        const forced = parseJson(`[${text},9007199254740993]`) as readonly Json[];
        expect(plain(forced[0] ?? null)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('does not overflow on any depth', () => {
    const deep = `${'['.repeat(200_000)}9007199254740993${']'.repeat(200_000)}`;
    let depth = 0;
    for (let value = parseJson(deep); Array.isArray(value); value = value[0] ?? null) depth += 1;
    expect(depth).toBe(200_000);
    expect(canonicalJson(parseJson(deep))).toBe(deep);
  });

  test('costs about what JSON.parse costs', () => {
    const text = JSON.stringify(
      Array.from({ length: 5000 }, (_, i) => ({
        id: `550e8400-e29b-41d4-a716-${i}`,
        amount: i / 4,
        name: 'x'.repeat(50),
      })),
    );
    const ours = fastest(() => parseJson(text));
    const theirs = fastest(() => JSON.parse(text));
    // It has to look at all of it twice, for a number and past the text; far from a parser of its own (10 times).
    expect(ours).toBeLessThan(theirs * 8 + 1);
  });
});

describe('canonicalJson', () => {
  test.each([
    ['{"b":1,"a":{"d":[1.0,1e0,100e-2],"c":null}}', '{"a":{"c":null,"d":[1,1,1]},"b":1}'],
    ['{"z":9007199254740993.0,"é":"\\u0041\\n","":-0}', '{"":0,"z":9007199254740993,"é":"A\\n"}'],
    ['[[],{},"",true,1e50]', '[[],{},"",true,1e50]'],
    ['{"__proto__":1}', '{"__proto__":1}'],
  ])('%s', (text, canonical) => {
    expect(canonicalJson(parseJson(text))).toBe(canonical);
  });

  test('does not depend on the order of keys, and tells different values apart', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (object, other) => {
        const turned = Object.fromEntries(Object.entries(object).reverse());
        const text = canonicalJson(parseJson(JSON.stringify(object)));
        expect(canonicalJson(parseJson(JSON.stringify(turned)))).toBe(text);
        expect(canonicalJson(parseJson(text))).toBe(text);
        expect(canonicalJson([object as Json]) === canonicalJson([other as Json])).toBe(
          JSON.stringify(sorted(object)) === JSON.stringify(sorted(other)),
        );
      }),
    );
  });

  test('refuses what is no number', () => {
    expect(() => canonicalJson([Number.NaN])).toThrow(RangeError);
  });
});

/** Decimals as JSON.parse would have them. */
function plain(value: Json): unknown {
  if (value instanceof Decimal) return value.toNumber();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    Object.defineProperty(result, key, {
      value: plain(item),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return result;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value).sort();
  return { keys: keys.map((key) => [key, sorted(Object.getOwnPropertyDescriptor(value, key)?.value)]) };
}

/** In milliseconds of a processor, at the least of many times: other load does not count. */
function fastest(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}
