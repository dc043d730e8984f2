import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_DEPTH, MAX_LENGTH, readJsonc } from '../../src/json/relaxed.js';
import { SourceTree } from '../../src/policy/read/locations.js';

test.each<[string, unknown]>([
  ['{}', {}],
  ['[1, 2, 3]', [1, 2, 3]],
  ['// a comment\n{ "a": 1 } // and one more', { a: 1 }],
  ['/* a */{/* b */"a"/* c */:/* d */1/* e */}/* f */', { a: 1 }],
  ['{ "a": [1, 2,], "b": { "c": 3, }, }', { a: [1, 2], b: { c: 3 } }],
  ['[1, // one\n 2, /* two */ // and\r ]', [1, 2]],
  ['{ "a//b": "/* c */, ]", "\\"}": 1, }', { 'a//b': '/* c */, ]', '"}': 1 }],
  ['{ "a": "\\\\", "b": ",}" }', { a: '\\', b: ',}' }],
  ['{ "a": /* , */ 1 /* , */ , /* , */ }', { a: 1 }],
  ['{"__proto__": {"a": 1}}', JSON.parse('{"__proto__":{"a":1}}')],
])('is read: %s', (text, value) => {
  expect(readJsonc(text)?.doubles).toEqual(value);
  expect(new SourceTree(text).read()?.doubles).toEqual(value);
});

test.each([
  ['[,]'],
  ['[1,,]'],
  ['{,}'],
  ['{"a":,}'],
  ['[1],'],
  [',[1]'],
  ['[1 /* open'],
  ['[1/*/]'],
  ['[1/2]'],
  ['[1/**/2]'],
  ['[1] 2'],
  ['{"a":1 "b":2}'],
  ["{'a':1}"],
  ['{a:1}'],
  ['["open]'],
  ['["a\n"]'],
  ['[1]]'],
  ['[01]'],
  [''],
  ['// nothing else'],
  ['{"a":1,"\\u0061":2}'],
  [`[1e99999]`],
  [`${'['.repeat(101)}${']'.repeat(101)}`],
])('is no policy, and is left to who can say why: %s', (text) => {
  expect(readJsonc(text)).toBeUndefined();
  expect(new SourceTree(text).problems).not.toEqual([]);
});

test('numbers are exact, and doubles beside', () => {
  const read = readJsonc('[9007199254740993, 1.50, 0.1000000000000000055]');
  expect(String(read?.exact)).toBe('9007199254740993,1.5,0.1000000000000000055');
  expect(read?.doubles).toEqual([9007199254740992, 1.5, 0.1]);
});

const pieces = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '"\\u0061"',
    '"//"',
    '"/*"',
    '1',
    '-0.5',
    '1e5',
    'true',
    'null',
  ],
  ...['// c\n', '/* c */', '/*', '*/', '//', '\n', '\r', ' ', '"', '\\', '/', '\uFEFF', '\u2028'],
];
const value = fc.letrec<{ text: string }>((tie) => {
  const gap = fc.constantFrom('', '', '', ' ', '\n', '// c ,]\n', '/* "c, */', ' // c\r');
  const comma = fc.constantFrom('', '', ',');
  const name = fc.constantFrom('"a"', '"b"', '"c"', '"\\u0061"', '"__proto__"', '"x,]}"', '""', '"3x"');
  const joined = (items: fc.Arbitrary<string>, open: string, close: string) =>
    fc
      .tuple(fc.array(items, { maxLength: 3 }), gap, comma, gap)
      .map(
        ([all, before, last, after]) =>
          `${open}${all.join(`${before},`)}${all.length > 0 ? last : ''}${after}${close}`,
      );
  return {
    text: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('1', '-0', '12345678901234567890', '0.10', '"a//b"', '"\\"/*"', 'true', 'null'),
      joined(
        fc.tuple(gap, tie('text')).map((parts) => parts.join('')),
        '[',
        ']',
      ),
      joined(
        fc
          .tuple(gap, name, gap, tie('text'), gap)
          .map(([a, key, b, item, c]) => `${a}${key}${b}:${item}${c}`),
        '{',
        '}',
      ),
    ),
  };
}).text;
const text = fc.oneof(
  { weight: 2, arbitrary: value },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((all) => all.join('')),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(value, fc.nat(), fc.constantFrom('', ...pieces))
      .map(
        ([whole, at, piece]) =>
          whole.slice(0, at % (whole.length + 1)) + piece + whole.slice((at % (whole.length + 1)) + 1),
      ),
  },
);

test('what is read is what the tree of the text says, and nothing is read that the tree complains of', () => {
  const seen = { read: 0, left: 0 };
  fc.assert(
    fc.property(text, (source) => {
      const read = readJsonc(source);
      seen[read ? 'read' : 'left'] += 1;
      if (!read) return;
      const tree = new SourceTree(source);
      expect(tree.problems).toEqual([]);
      expect(read).toEqual(tree.read());
      expect(JSON.stringify(read)).toBe(JSON.stringify(tree.read()));
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(seen.read, seen.left)).toBeGreaterThan(300);
});

test('a text as long, and as deep, as one may be is read, and none that is more', () => {
  expect(readJsonc(`[]${' '.repeat(MAX_LENGTH - 2)}`)?.doubles).toEqual([]);
  expect(readJsonc(`[]${' '.repeat(MAX_LENGTH - 1)}`)).toBeUndefined();
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  expect(readJsonc(nested(MAX_DEPTH))).toBeDefined();
  expect(readJsonc(nested(MAX_DEPTH + 1))).toBeUndefined();
});
