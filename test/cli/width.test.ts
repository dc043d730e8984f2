import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { textWidth } from '../../src/cli/width.js';
import { printable } from '../../src/text/escape.js';

const POINTS = Array.from({ length: 0x3000 }, (_, point) => String.fromCodePoint(point));

test('every character below U+3000 is as wide as string-width says, alone and between others', () => {
  // What is not printable was escaped before; of some of it string-width itself knows nothing.
  const texts = POINTS.filter((each) => printable(each) === each).flatMap((each) => [
    each,
    `a${each}`,
    `—${each}b`,
  ]);
  expect(texts.length).toBeGreaterThan(10_000);
  expect(texts.filter((text) => textWidth(text) !== stringWidth(text))).toEqual([]);
});

test('any text is as wide as string-width says', () => {
  const unit = fc.oneof(
    fc.constantFrom(...'aé—…█░и', '\u0301', '\u200d', '\ufe0f', '👩', '🇦', '漢', 'ｶ', 'ﾞ', '\u00ad', '©'),
    fc.string({ unit: 'grapheme', maxLength: 1 }).filter((text) => printable(text) === text),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 8 }), (parts) => {
      const text = parts.join('');
      expect([text, textWidth(text)]).toEqual([text, stringWidth(text)]);
    }),
  );
});
