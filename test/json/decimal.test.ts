import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../../src/json/decimal.js';
import { growth } from '../support/growth.js';

const near = 2n ** 53n;
const digits = fc.oneof(
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }),
  fc.bigInt({ min: near - 20n, max: near + 20n }),
  fc.bigInt({ min: -near - 20n, max: -near + 20n }),
  fc.constantFrom(10n ** 15n - 1n, 10n ** 16n - 1n, -(10n ** 15n), 10n ** 18n),
);
const power = fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -3, max: 3 }));
const plain = fc
  .tuple(fc.constantFrom('', '-'), fc.stringMatching(/^\d{1,17}$/), fc.stringMatching(/^(\.\d{1,17})?$/))
  .map((parts) => parts.join(''));
const literal = fc.oneof(
  fc.tuple(digits, power).map(([digits, exponent]) => `${digits}e${exponent}`),
  digits.map(String),
  plain,
);

describe('Decimal', () => {
  test.each([
    ['1', '1'],
    ['1.0', '1'],
    ['1e0', '1'],
    ['100e-2', '1'],
    ['-0', '0'],
    ['0.10', '0.1'],
    ['1E+2', '100'],
    ['0e9999', '0'],
    ['9007199254740993', '9007199254740993'],
    ['1e41', '1e41'],
    ['12e-50', '12e-50'],
    ['0.000000000000000000000000000000000000001', '0.000000000000000000000000000000000000001'],
  ])('%s is written %s', (from, to) => {
    expect(Decimal.from(from).toString()).toBe(to);
  });

  test.each([
    '',
    '-',
    'x',
    '1.',
    '-1.',
    '.5',
    '-.5',
    '+1',
    '0x10',
    '1e',
    'NaN',
    'Infinity',
    ' 1',
    '1e1000000',
    '1e999999',
    '1e25000',
  ])('refuses %j', (text) => {
    expect(() => Decimal.from(text)).toThrow(RangeError);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses the number %s',
    (n) => {
      expect(() => Decimal.from(n)).toThrow(RangeError);
    },
  );

  test('adds as money does', () => {
    expect(Decimal.from(0.1).plus(Decimal.from(0.2)).compare(Decimal.from(0.3))).toBe(0);
    expect(Decimal.from('9007199254740993').compare(Decimal.from('9007199254740992'))).toBe(1);
    expect(Decimal.from(5).minus(Decimal.from('5.01')).toString()).toBe('-0.01');
  });

  test.each([
    ['1.5', '0.3', '0.45'],
    ['-1e20', '1e-30', '-0.0000000001'],
    ['9007199254740993', '3', '27021597764222979'],
    ['123456789', '987654321', '121932631112635269'],
    ['0', '-5e7', '0'],
  ])('%s times %s is %s', (a, b, product) => {
    expect(Decimal.from(a).times(Decimal.from(b)).toString()).toBe(product);
  });

  test('counts digits', () => {
    expect(Decimal.from('123.45')).toMatchObject({ wholeDigits: 3, decimals: 2 });
    expect(Decimal.from('1e40')).toMatchObject({ wholeDigits: 41, decimals: 0 });
    expect(Decimal.from('0.05')).toMatchObject({ wholeDigits: -1, decimals: 2 });
    expect(Decimal.zero).toMatchObject({ wholeDigits: 0, decimals: 0 });
  });

  test('reads back what it writes, and orders and adds like scaled integers', () => {
    fc.assert(
      fc.property(literal, literal, (a, b) => {
        const [x, y] = [Decimal.from(a), Decimal.from(b)];
        const [m, n] = [scaled(a), scaled(b)];
        expect(Decimal.from(x.toString()).compare(x)).toBe(0);
        expect(Math.sign(x.compare(y))).toBe(m < n ? -1 : m > n ? 1 : 0);
        expect(scaled(x.plus(y).toString())).toBe(m + n);
        expect(scaled(x.minus(y).toString())).toBe(m - n);
        expect(scaled(x.times(y).toString())).toBe((m * n) / ONE);
        expect(x.sign).toBe(m < 0n ? -1 : m > 0n ? 1 : 0);
        expect(x.toNumber()).toBe(Number(a) + 0);
        expect(x.safeInteger).toBe(
          Number.isSafeInteger(Number(a)) && m === BigInt(Number(a)) * ONE ? Number(a) + 0 : undefined,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('reads a number as the text that it is written as', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()),
        (number) => {
          expect(Decimal.from(number).toString()).toBe(Decimal.from(String(number)).toString());
          expect(Decimal.from(number).toNumber()).toBe(number + 0);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('compares numbers of very different size without writing them out', () => {
    const pair = (size: number) => [Decimal.from(`1e${size}`), Decimal.from(`1e-${size}`)] as const;
    const pairs = new Map([600, 9600].map((size) => [size, pair(size)]));
    const compare = (size: number) => {
      const [huge, tiny] = pairs.get(size) as ReturnType<typeof pair>;
      let right = 0;
      for (let i = 0; i < 50_000; i += 1) if (huge.compare(tiny) > 0 && tiny.compare(huge) < 0) right += 1;
      expect(right).toBe(50_000);
    };
    expect(growth(compare, 600, 16)).toBeLessThan(5);
  });

  test('reads literals of a thousand characters, and refuses longer ones', () => {
    const long = '7'.repeat(1000);
    expect(Decimal.from(long).toString()).toBe(long);
    expect(Decimal.from(`1${'0'.repeat(999)}`).toString()).toBe('1e999');
    expect(Decimal.from('7'.repeat(1100)).wholeDigits).toBe(1100);
    for (const length of [1101, 5000]) expect(() => Decimal.from('7'.repeat(length))).toThrow(RangeError);
  });
});

const ONE = 10n ** 240n;

/** The value times 10^240, by other means than Decimal's. */
function scaled(text: string): bigint {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return BigInt(whole + fraction) * 10n ** BigInt(240 + Number(exponent) - fraction.length);
}

test.each([
  ['1e40', `1${'0'.repeat(40)}`],
  ['1e41', '1e41'],
  ['1e-40', `0.${'0'.repeat(39)}1`],
  ['1e-41', '1e-41'],
  ['-12e41', '-12e41'],
])('%s is written as %s', (literal, text) => {
  expect(Decimal.from(literal).toString()).toBe(text);
});

test('a power of ten of 20,000 is the largest that is read', () => {
  expect(Decimal.from('1e20000').wholeDigits).toBe(20_001);
  expect(Decimal.from('1e-20000').decimals).toBe(20_000);
  for (const literal of ['1e20001', '1e-20001', '0.1e-20000'])
    expect(() => Decimal.from(literal)).toThrow(RangeError);
});
