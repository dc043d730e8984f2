import { expect, test } from 'vitest';
import { parseDuration, span, textOfDuration } from '../../src/text/duration.js';

test('parseDuration takes seconds and letters, and nothing that is no whole number of milliseconds', () => {
  expect([45, '45s', '0s', 0, '10m', 'x', '', '1.0005s', '1.00001s'].map(parseDuration)).toEqual([
    45_000,
    45_000,
    0,
    0,
    600_000,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  ['5ms', 5],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['1w', 604_800_000],
  ['0.5s', 500],
  ['0.5ms', undefined],
  [0.1, 100],
  [1e-9, undefined],
  [-1, undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [9_007_199_254_740, 9_007_199_254_740_000],
  [9_007_199_254_741, undefined],
  ['999999999999w', undefined],
  ['1234567890123s', undefined],
])('%s is read as %s ms', (spelling, ms) => {
  expect(parseDuration(spelling)).toBe(ms);
});

test('textOfDuration takes the largest unit that divides it', () => {
  expect(
    [604_800_000, 1500, 1000, 120_000, 5_400_000, 7_200_000, 172_800_000, 1].map(textOfDuration),
  ).toEqual([
    'week',
    '1500 milliseconds',
    'second',
    '2 minutes',
    '90 minutes',
    '2 hours',
    '2 days',
    'millisecond',
  ]);
});

test.each([
  [-5, '0 s'],
  [1, '1 s'],
  [45_000, '45 s'],
  [119_001, '120 s'],
  [120_000, '2 min'],
  [121_000, '3 min'],
  [7_199_999, '120 min'],
  [2 * 3_600_000, '2 h'],
  [3 * 86_400_000, '3 d'],
])('%d ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});
