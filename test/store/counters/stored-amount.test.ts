import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decimal } from '../../../src/json/decimal.js';
import {
  asAmount,
  compare,
  minus,
  plus,
  toDecimal,
  toStored,
} from '../../../src/store/counters/stored-amount.js';

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: -12, max: 12 }))
  .map(([coefficient, exponent]) => Decimal.from(`${coefficient}e${exponent}`));
const near = fc
  .bigInt({ min: -(2n ** 53n) - 3n, max: 2n ** 53n + 3n })
  .map((integer) => Decimal.from(integer));
const any = fc.oneof(
  decimals,
  near,
  fc.integer().map((integer) => Decimal.from(integer)),
);

test('amounts add, subtract and compare as the decimals that they stand for', () => {
  fc.assert(
    fc.property(any, any, (a, b) => {
      const [x, y] = [toStored(a), toStored(b)];
      expect(toDecimal(x).compare(a)).toBe(0);
      expect(toDecimal(plus(x, y)).compare(a.plus(b))).toBe(0);
      expect(toDecimal(minus(x, y)).compare(a.minus(b))).toBe(0);
      expect(Math.sign(compare(x, y))).toBe(Math.sign(a.compare(b)));
      for (const amount of [x, plus(x, y), minus(x, y)])
        expect(typeof amount === 'string' || Number.isSafeInteger(amount)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test.each([null, undefined, 'much', '', Number.NaN, Number.POSITIVE_INFINITY, '1e99999', {}])(
  '%j in a column is damage',
  (value) => {
    expect(() => asAmount(value)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
  },
);
