import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printableJson } from '../src/printable.js';

const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

test.each([
  ['\u001b[31m', '"\\u001b[31m"'],
  ['\u009b', '"\\u009b"'],
  ['\u202e', '"\\u202e"'],
  ['\u2028', '"\\u2028"'],
  ['\u{e0041}', '"\\udb40\\udc41"'],
  ['\ud800', '"\\ud800"'],
  ['a\nb', '"a\\nb"'],
  ['ñ🧾', '"ñ🧾"'],
])('JSON of %j is %s', (value, text) => {
  expect(printableJson(value)).toBe(text);
});

test('JSON for people says the same as JSON, with nothing in it that steers a terminal', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(undefined, 2), (value, indent) => {
      const text = printableJson(value, indent);
      expect(text).not.toMatch(UNSAFE);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 50 },
  );
});
