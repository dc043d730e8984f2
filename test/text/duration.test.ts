import { expect, test } from 'vitest';
import { parseDuration, textOfDuration } from '../../src/text/duration.js';

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
