import { describe, expect, test } from 'vitest';
import { Decimal } from '../../../src/json/decimal.js';
import { fitsNumeric } from '../../../src/policy/limits/numeric.js';
import { parseWindow } from '../../../src/policy/limits/window.js';

describe('parseWindow', () => {
  test.each([
    ['second', 1000, 'second', 'second'],
    ['minute', 60_000, 'minute', 'minute'],
    ['hour', 3_600_000, 'hour', 'hour'],
    ['day', 86_400_000, 'day', 'day'],
    ['week', 604_800_000, 'week', 'week'],
    ['month', 2_678_400_000, 'month', 'month'],
    [60, 60_000, 'minute', undefined],
    [20, 20_000, '20 seconds', undefined],
    [0.5, 500, '500 milliseconds', undefined],
    [0.1, 100, '100 milliseconds', undefined],
    ['15m', 900_000, '15 minutes', undefined],
    ['24h', 86_400_000, 'day', undefined],
    ['90s', 90_000, '90 seconds', undefined],
    ['250ms', 250, '250 milliseconds', undefined],
    ['1.5h', 5_400_000, '90 minutes', undefined],
    ['2w', 1_209_600_000, '2 weeks', undefined],
    ['400d', 34_560_000_000, '400 days', undefined],
  ])('%s', (spelling, ms, text, unit) => {
    expect(parseWindow(spelling)).toEqual({ ms, text, unit });
  });

  test.each([
    '',
    'Minute',
    'minutes',
    '60',
    'm',
    '-5m',
    '5 m',
    '1e3s',
    '401d',
    '5y',
    '0s',
    '__proto__',
    'constructor',
    ' 5m',
  ])('refuses %j', (spelling) => {
    expect(parseWindow(spelling)).toHaveProperty('fault');
  });

  test.each([0, -1, 34_560_001, Number.POSITIVE_INFINITY, Number.NaN, 0.0001, 1e300])(
    'refuses %s seconds',
    (n) => {
      expect(parseWindow(n)).toHaveProperty('fault');
    },
  );
});

test.each([
  ['1e499', true],
  ['1e500', false],
  ['1e-500', true],
  ['1e-501', false],
  ['0', true],
])('a shared store can hold %s: %s', (number, expected) => {
  expect(fitsNumeric(Decimal.from(number))).toBe(expected);
});
