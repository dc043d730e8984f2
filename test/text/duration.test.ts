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

test('textOfDuration takes the largest unit that divides it', () => {
  expect([1000, 120_000, 5_400_000, 7_200_000, 172_800_000, 1].map(textOfDuration)).toEqual([
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
