import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fold } from '../../src/text/lookalike.js';

test.each([
  ['amount', 'Amount'],
  ['amount', 'AMOUNT'],
  ['amount', ' amount '],
  ['amount', 'amount\n'],
  ['amount', 'a\u200bmount'],
  ['amount', '\ufeffamount'],
  ['amount', 'amo\u00adunt'],
  ['amount', 'amount\u0000'],
  ['amount', 'amount\u{e0061}'],
  ['amount', '\uff41\uff4d\uff4f\uff55\uff4e\uff54'],
  ['amount', '\u{1d41a}\u{1d426}\u{1d428}\u{1d42e}\u{1d427}\u{1d42d}'],
  ['sum', '\u017fum'],
  ['key', '\u212aey'],
  ['id', 'Id'],
  ['id', '\u0131d'],
  ['file', '\ufb01le'],
  ['año', 'an\u0303o'],
  ['año', 'AÑO'],
  ['οδος', 'ΟΔΟΣ'],
  ['strasse', 'straße'],
  ['straße', 'STRA\u1e9eE'],
])('%j and %j are twins', (a, b) => {
  expect(fold(b)).toBe(fold(a));
});

test.each([
  ['amount', 'amounts'],
  ['amount', 'a_mount'],
  ['amount', 'amo unt'],
  ['ano', 'año'],
  // Letters of other scripts only look alike; no parser takes one for the other.
  ['amount', 'аmount'],
  ['a.b', 'a_b'],
])('%j and %j are not', (a, b) => {
  expect(fold(b)).not.toBe(fold(a));
});

test('of every character the fold is its own fold', () => {
  const odd: string[] = [];
  for (let code = 0; code < 0x110000; code++) {
    const text = `a${String.fromCodePoint(code)}b`;
    const folded = fold(text);
    if (fold(folded) !== folded || fold(text.toUpperCase()) !== folded) odd.push(code.toString(16));
  }
  expect(odd).toEqual([]);
});

test('a fold is its own fold, and does not mind case', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(fold(fold(name))).toBe(fold(name));
      expect(fold(name.toUpperCase())).toBe(fold(name));
    }),
    { numRuns: 500 },
  );
});

/** Normalising costs the square of the length of such a run. */
const MARKS = '\u0301\u0323'.repeat(40_000);

test('G9: stacked marks are not normalised: no such name is a twin of another', () => {
  const start = performance.now();
  for (const name of [
    MARKS,
    `amount${MARKS}`,
    '\uff9e'.repeat(80_000),
    `a${'\u0301\u034f'.repeat(40_000)}`,
  ]) {
    expect(fold(name)).not.toBe(fold('amount'));
    expect(fold(`${name} `)).not.toBe('');
  }
  // Twelve seconds a name when they are.
  expect(performance.now() - start).toBeLessThan(5000);
});

test('G2: what shows nothing is taken off before the length is looked at', () => {
  expect(fold(`amo${'\u200b'.repeat(100_000)}unt${' '.repeat(100_000)}`)).toBe(fold('amount'));
  expect(fold(`an\u034f\u0303o`)).toBe(fold('año'));
});

test('a long name is a twin of no other', () => {
  const long = 'é'.repeat(10_001);
  expect(fold(long)).not.toBe(fold(long.toUpperCase()));
  expect(fold(long)).toBe(fold(long));
  expect(fold('é'.repeat(10_000))).toBe(fold('É'.repeat(10_000)));
});
