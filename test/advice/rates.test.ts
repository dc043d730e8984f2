import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rates, roundUp, roundUpCount, Sums, WINDOW_MS, WINDOWS } from '../../src/advice/rates.js';
import { Decimal } from '../../src/json/decimal.js';

/** Steps between calls, some of them exactly a window, some of a clock that was set back. */
const step = fc.oneof(
  fc.constantFrom(0, 1, 999, 1000, 59_999, 60_000, 3_600_000, 86_399_999, 86_400_000, -5000),
  fc.integer({ min: 0, max: 100_000 }),
);
const calls = fc.array(fc.tuple(fc.constantFrom('a', 'b'), step), { minLength: 1, maxLength: 80 });

/** The instants of each call by the clock of its owner's counters. */
function timed(list: readonly (readonly [string, number])[]): { owner: string; at: number; raw: number }[] {
  const clocks = new Map<string, number>();
  let raw = 1e12;
  return list.map(([owner, ms]) => {
    raw += ms;
    const at = Math.max(raw, clocks.get(owner) ?? raw);
    clocks.set(owner, at);
    return { owner, at, raw };
  });
}

test('rates are what a count over all calls comes to', () => {
  fc.assert(
    fc.property(calls, (list) => {
      const rates = new Rates();
      const all = timed(list);
      for (const { owner, raw } of all) rates.add(owner, raw);
      for (const window of WINDOWS) {
        const seen = all.map(
          ({ owner, at }, i) =>
            all.slice(0, i + 1).filter((one) => one.owner === owner && one.at > at - WINDOW_MS[window])
              .length,
        );
        const sorted = [...seen].sort((a, b) => a - b);
        expect(rates.of(window)).toEqual({
          peak: sorted.at(-1),
          p99: sorted[Math.ceil(sorted.length * 0.99) - 1],
        });
      }
    }),
    { numRuns: 300 },
  );
});

test('old calls are forgotten without being missed', () => {
  const rates = new Rates();
  for (let i = 0; i < 20_000; i += 1) rates.add('a', i * 60_000);
  expect(WINDOWS.map((window) => rates.of(window).peak)).toEqual([1, 1, 60, 1440]);
});

test.each([
  ['full', 3, 0, true],
  ['half empty', 2, 60_000, false],
])('a limit of the peak explains a refusal only when the window was %s', (_, before, gap, explained) => {
  const rates = new Rates();
  expect(rates.explains('minute')).toBe(false);
  for (let i = 0; i < 3; i += 1) rates.add('a', 1e12 + i);
  for (let i = 0; i < before && gap > 0; i += 1) rates.add('a', 1e12 + gap + 10 + i);
  rates.refuse('a', 1e12 + gap + 20);
  expect(rates.explains('minute')).toBe(explained);
});

test('sums are exact, by owner, of any 24 hours', () => {
  const sums = new Sums();
  const add = (owner: string, at: number, amount: string) =>
    sums.add(owner, at, Decimal.from(amount), Decimal.from(amount));
  add('a', 0, '0.1');
  add('a', 1, '0.2');
  add('b', 1, '0.25');
  add('a', WINDOW_MS.day, '0.05');
  expect([String(sums.peak), String(sums.largest)]).toEqual(['0.3', '0.25']);
  add('a', WINDOW_MS.day, '0.06');
  expect(String(sums.peak)).toBe('0.31');
});

test('rounding goes up, by at most a third, to few digits, and stays there', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 10n ** 45n }),
      fc.integer({ min: -60, max: 20 }),
      (digits, power) => {
        const value = Decimal.from(`${digits}e${power}`);
        const rounded = roundUp(value);
        expect(rounded.compare(value)).toBeGreaterThanOrEqual(0);
        const third = Decimal.from(`${digits * 134n}e${power - 2}`);
        expect(rounded.compare(third)).toBeLessThanOrEqual(0);
        expect(roundUp(rounded).compare(rounded)).toBe(0);
        expect(
          String(rounded)
            .replace(/e.*/, '')
            .replace('.', '')
            .replace(/^-?0+|0+$/g, '').length,
        ).toBeLessThanOrEqual(2);
      },
    ),
  );
});

test.each([
  [0, 1],
  [1.5, 2],
  [7, 7],
  [9.9, 10],
  [13.5, 15],
  [201, 250],
  [1000, 1000],
])('a count of %d becomes %d', (count, rounded) => {
  expect(roundUpCount(count)).toBe(rounded);
});
