import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalName,
  couldBeginWith,
  lookalikeOf,
  NameIndex,
  unmistakable,
} from '../../src/text/lookalike.js';
import { normalised } from '../support/growth.js';

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
])('%j and %j are lookalikes', (a, b) => {
  expect(canonicalName(b)).toBe(canonicalName(a));
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
  expect(canonicalName(b)).not.toBe(canonicalName(a));
});

test('of every character the canonical name is its own canonical name', () => {
  const odd: string[] = [];
  for (let code = 0; code < 0x110000; code++) {
    const text = `a${String.fromCodePoint(code)}b`;
    const made = canonicalName(text);
    if (canonicalName(made) !== made || canonicalName(text.toUpperCase()) !== made)
      odd.push(code.toString(16));
  }
  expect(odd).toEqual([]);
});

test('a fold is its own canonicalName, and does not mind case', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(canonicalName(canonicalName(name))).toBe(canonicalName(name));
      expect(canonicalName(name.toUpperCase())).toBe(canonicalName(name));
    }),
    { numRuns: 500 },
  );
});

/** Normalising costs the square of the length of such a run. */
const MARKS = '\u0301\u0323'.repeat(40_000);

test('G9: stacked marks are not normalised: no such name is a twin of another', () => {
  const names = [MARKS, `amount${MARKS}`, '\uff9e'.repeat(80_000), `a${'\u0301\u034f'.repeat(40_000)}`];
  const look = () => {
    for (const name of names) {
      expect(canonicalName(name)).not.toBe(canonicalName('amount'));
      expect(canonicalName(`${name} `)).not.toBe('');
    }
  };
  expect(normalised(look)).toBeLessThan(1000);
});

test('G2: what shows nothing is taken off before the length is looked at', () => {
  expect(canonicalName(`amo${'\u200b'.repeat(100_000)}unt${' '.repeat(100_000)}`)).toBe(
    canonicalName('amount'),
  );
  expect(canonicalName(`an\u034f\u0303o`)).toBe(canonicalName('año'));
});

test('a long name is a twin of no other', () => {
  const long = 'é'.repeat(10_001);
  expect(canonicalName(long)).not.toBe(canonicalName(long.toUpperCase()));
  expect(canonicalName(long)).toBe(canonicalName(long));
  expect(canonicalName('é'.repeat(10_000))).toBe(canonicalName('É'.repeat(10_000)));
});

test('no more marks than any writing stacks are taken together', () => {
  const stacked = (more: number) => `a\u0301${'\u0323'.repeat(more)}`;
  const composed = (more: number) => stacked(more).normalize('NFC');
  expect(composed(29)).not.toBe(stacked(29));
  expect(canonicalName(composed(29))).toBe(canonicalName(stacked(29)));
  expect(canonicalName(stacked(30))).toBe(stacked(30));
});

test('G9: a long text that is asked for again is not normalised again, as long as few others come between', async () => {
  const long = (i: number) => `${i}${'é'.repeat(1000)}`;
  const look = (from: number, to: number) => () => {
    for (let i = from; i <= to; i++) canonicalName(long(i));
  };
  const each = normalised(look(0, 0));
  expect(each).toBeGreaterThan(1000);
  expect(normalised(look(0, 7))).toBe(7 * each);
  expect(normalised(look(0, 7))).toBe(0);
  // The ninth takes the place of the one that was asked for longest ago.
  canonicalName(long(0));
  expect(normalised(look(8, 8))).toBe(each);
  expect(normalised(look(0, 0))).toBe(0);
  expect(normalised(look(1, 1))).toBe(each);
  // None is kept when the call is judged.
  await Promise.resolve();
  expect(normalised(look(0, 0))).toBe(each);
});

test.each([
  ['INV-1', 'INV-', true],
  ['inv-1', 'INV-', true],
  [' INV-1', 'INV-', true],
  ['\uff29NV-1', 'INV-', true],
  ['I\u200bNV-1', 'INV-', true],
  ['an\u0303o', '\u00f1', false],
  ['n\u0303o', '\u00f1', true],
  ['RM -rf', 'rm ', true],
  ['RMDIR', 'rm ', false],
  ['\u03bf\u03b4\u03bf\u03c2', '\u039f\u0394\u039f\u03a3', true],
  ['\u03bf\u03b4\u03bf\u03c3\u03b1', '\u039f\u0394\u039f\u03a3', true],
  ['XINV-1', 'INV-', false],
  ['INV', 'INV-', false],
  ['\u{1d408}\u{1d40d}\u{1d415}-', 'inv-', true],
  ['anything', '', true],
])('%j could begin with %j: %s', (text, beginning, expected) => {
  expect(couldBeginWith(text, beginning)).toBe(expected);
});

test('neither length nor marks behind its beginning keep a text from being compared', () => {
  expect(couldBeginWith(`RM \u00e9${'x'.repeat(20_000)}`, 'rm ')).toBe(true);
  expect(couldBeginWith(`RM x${'\u0301'.repeat(40)}`, 'rm ')).toBe(true);
  expect(couldBeginWith('\u{1d431}'.repeat(40), 'x'.repeat(40))).toBe(true);
  expect(couldBeginWith(`${'\u200b'.repeat(20_000)}RM x`, 'rm ')).toBe(true);
});

test('a lookalike is another name than the one that is asked for', () => {
  const names = ['a', 'B', 'b ', 'c'];
  for (const find of [
    (name: string) => lookalikeOf(name, names),
    (name: string) => new NameIndex(names).lookalikeOf(name),
  ]) {
    expect(find('a')).toBeUndefined();
    expect(find('A')).toBe('a');
    expect(find('B')).toBe('b ');
    expect(find('b ')).toBe('B');
    expect(find('x')).toBeUndefined();
  }
  expect(unmistakable(names)).toEqual(['a', 'c']);
});
