import { expect, test } from 'vitest';
import { barsOf, HEIGHT, WIDTH } from '../../../src/page/web/screens/live/bars.js';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 22, 11, 20, 0);
const THIS_HOUR = Date.UTC(2026, 10, 22, 11, 0, 0);

test('the last bar is the hour that runs, the first the one of 23 hours before', () => {
  const { bars } = barsOf([], NOW);
  expect(bars).toHaveLength(24);
  expect([bars[0]?.at, bars[23]?.at]).toEqual([THIS_HOUR - 23 * HOUR, THIS_HOUR]);
  expect((bars[23]?.x ?? 0) + (bars[23]?.width ?? 0)).toBeLessThanOrEqual(WIDTH);
});

test('parts stand on one another, and one refusal among thousands is seen', () => {
  const { bars, top } = barsOf([{ at: THIS_HOUR, allowed: 5000, asked: 0, refused: 1 }], NOW);
  expect(top).toBe(5001);
  const parts = bars[23]?.parts ?? [];
  expect(parts.map(({ kind }) => kind)).toEqual(['allowed', 'refused']);
  const [allowed, refused] = parts;
  expect((allowed?.y ?? 0) + (allowed?.height ?? 0)).toBe(HEIGHT);
  expect((refused?.y ?? 0) + (refused?.height ?? 0)).toBe(allowed?.y);
  expect(refused?.height).toBeGreaterThanOrEqual(2);
  expect(refused?.y).toBeGreaterThanOrEqual(0);
});

test('an hour that is not in the plot has no bar', () => {
  const { bars, top } = barsOf([{ at: THIS_HOUR - 24 * HOUR, allowed: 9, asked: 0, refused: 0 }], NOW);
  expect(bars.flatMap(({ parts }) => parts)).toEqual([]);
  expect(top).toBe(9);
});
