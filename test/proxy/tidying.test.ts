import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Tidying } from '../../src/proxy/tidying.js';
import { untilFree } from '../../src/proxy/until-free.js';
import { BUSY, type Store } from '../../src/store/store.js';
import { admission, open } from '../store/support-shapes.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('old rows', () => {
  /** What was asked of the store, and when; `left` says how often there is more to remove. */
  function rig(more = 0) {
    let left = more;
    const began = performance.now();
    const rounds: { at: number; all: unknown[] }[] = [];
    const maintain = (...all: unknown[]) => {
      rounds.push({ at: performance.now() - began, all });
      return left-- <= 0;
    };
    const tidying = new Tidying((work) => work({ maintain } as unknown as Store));
    return { tidying, rounds, times: () => rounds.map(({ at }) => at) };
  }

  test('are removed once nothing was decided for five seconds, and every twenty from then on', () => {
    const { tidying, rounds, times } = rig();
    vi.advanceTimersByTime(10_000);
    expect(rounds).toEqual([]);
    tidying.used();
    tidying.start();
    vi.advanceTimersByTime(50_000);
    expect(times()).toEqual([15_000, 35_000, 55_000]);
    expect(rounds[0]?.all).toEqual([4]);
    tidying.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a part at a time, while there is more', () => {
    const { tidying, times } = rig(2);
    vi.advanceTimersByTime(5000);
    tidying.start();
    vi.advanceTimersByTime(6000);
    expect(times()).toEqual([10_000, 10_040, 10_080]);
    tidying.stop();
  });

  test('wait while calls are decided', () => {
    const { tidying, times } = rig();
    tidying.start();
    for (let n = 0; n < 4; n++) {
      vi.advanceTimersByTime(3000);
      tidying.used();
    }
    expect(times()).toEqual([]);
    vi.advanceTimersByTime(8000);
    expect(times()).toEqual([20_000]);
    tidying.stop();
  });

  test('go with the growth of the log where calls come without a pause, a few milliseconds each time', () => {
    const { tidying, rounds } = rig();
    const grow = (bytes: number) =>
      tidying.grew([admission(open(), { argumentsText: 'x'.repeat(bytes - 600) })]);
    grow(128 * 1024 - 1);
    expect(rounds).toEqual([]);
    grow(601);
    expect(rounds.map(({ all }) => all)).toEqual([[4, false]]);
    grow(64 * 1024);
    expect(rounds).toHaveLength(1);
    grow(64 * 1024);
    expect(rounds).toHaveLength(2);
    const [one] = [admission(open(), { argumentsText: 'x'.repeat(64 * 1024) })];
    tidying.grew([one, one]);
    expect(rounds).toHaveLength(3);
  });
});

describe('what the lock of another process may forbid', () => {
  /** Tries that find the database locked so many times. */
  function rig(locked: number) {
    const at: number[] = [];
    const began = performance.now();
    const attempt = () => {
      at.push(performance.now() - began);
      return at.length > locked ? 'done' : BUSY;
    };
    return { at, attempt };
  }

  test('is tried once where nothing forbids it', async () => {
    const { at, attempt } = rig(0);
    expect(await untilFree(attempt, 1000)).toBe('done');
    expect(at).toEqual([0]);
  });

  test.each([
    [0, 5],
    [0.999, 24],
  ])('is tried again after some milliseconds, and not after its time (chance: %d)', async (chance, pause) => {
    vi.useRealTimers();
    const pauses: number[] = [];
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    vi.spyOn(Math, 'random').mockReturnValue(chance);
    const tries = await untilFree(() => {
      pauses.push(now);
      now += 100;
      return pauses.length === 3 ? 'done' : BUSY;
    }, 200);
    expect(tries).toBe('done');
    const before = process.hrtime.bigint();
    now = 0;
    let last = 0;
    expect(
      await untilFree(() => {
        last += 1;
        now += 101;
        return BUSY;
      }, 200),
    ).toBe(BUSY);
    expect(last).toBe(2);
    expect(Number(process.hrtime.bigint() - before) / 1e6).toBeGreaterThanOrEqual(pause - 1);
  });
});
