import { afterEach, describe, expect, test, vi } from 'vitest';
import { Outcomes } from '../../src/proxy/outcomes.js';
import { EVENT_NAME_CAP, WaitingRecords } from '../../src/proxy/waiting-records.js';
import { BUSY, type Store } from '../../src/store/store.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A store that others hold for so many tries. */
function held(times: number) {
  const settled: unknown[] = [];
  let tries = 0;
  const store = {
    settle: (settlements: readonly unknown[]) => {
      tries += 1;
      if (tries <= times) return BUSY;
      settled.push(...settlements);
      return undefined;
    },
    toolsLeftOut: () => undefined,
    rest: () => {},
  } as unknown as Store;
  return { store, settled, tries: () => tries };
}

test('the end writes at once what can be written, and waits where others hold the database', () => {
  const wait = vi.spyOn(Atomics, 'wait').mockReturnValue('timed-out');
  for (const times of [0, 2]) {
    const { store, settled } = held(times);
    const records = new WaitingRecords('afip', () => {});
    records.settle(1, 'ok', 3);
    wait.mockClear();
    records.finish(store);
    expect(settled).toMatchObject([{ first: 1, last: 1, outcome: 'ok', latencyMs: 3 }]);
    expect(wait).toHaveBeenCalledTimes(times);
    records.stop();
  }
});

test('G9: the end does not wait for ever', () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  vi.spyOn(Atomics, 'wait').mockImplementation(() => {
    vi.advanceTimersByTime(5);
    return 'timed-out';
  });
  const { store, tries } = held(Number.POSITIVE_INFINITY);
  const records = new WaitingRecords('afip', () => {});
  records.settle(1, 'ok', 3);
  const began = performance.now();
  records.finish(store);
  expect(tries()).toBeGreaterThan(10);
  expect(performance.now() - began).toBeLessThanOrEqual(5000);
  records.stop();
});

describe('while the process goes on', () => {
  /** Records of a store that is locked so many times, for each thing that is written. */
  function rig(locked: { settle?: number; leftOut?: number } = {}) {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const { store, settled } = held(locked.settle ?? 0);
    const left: unknown[][] = [];
    let tries = locked.leftOut ?? 0;
    let rests = 0;
    Object.assign(store, {
      toolsLeftOut: (_server: string, tools: readonly unknown[]) => {
        if (tries-- > 0) return BUSY;
        left.push([...tools]);
        return undefined;
      },
      rest: () => (rests += 1),
    });
    const records = new WaitingRecords('afip', (work) => work(store));
    return { records, store, settled, left, rests: () => rests };
  }

  test('records are written together, a moment after the first', () => {
    const { records, settled, left, rests } = rig();
    records.settle(1, 'ok', 3);
    vi.advanceTimersByTime(49);
    records.settle(2, 'error', 3);
    records.leftOut('x'.repeat(EVENT_NAME_CAP + 1), 'odd');
    expect(settled).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(settled).toHaveLength(2);
    expect(left).toEqual([[{ name: 'x'.repeat(EVENT_NAME_CAP), reason: 'odd' }]]);
    expect(rests()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect([settled.length, left.length, vi.getTimerCount()]).toEqual([2, 1, 0]);
  });

  test('without any, the database rests', () => {
    const { records, rests, left } = rig();
    records.soon();
    records.soon();
    vi.advanceTimersByTime(50);
    expect([rests(), left.length, vi.getTimerCount()]).toEqual([1, 0, 0]);
  });

  test('where others hold the database outcomes are tried again, and what was left out with the next', () => {
    const { records, settled, left } = rig({ settle: 1, leftOut: 1 });
    records.settle(1, 'ok', 3);
    records.leftOut('a', 'odd');
    vi.advanceTimersByTime(50);
    expect([settled, left]).toEqual([[], []]);
    vi.advanceTimersByTime(49);
    expect(settled).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(settled).toHaveLength(1);
    expect(left).toEqual([[{ name: 'a', reason: 'odd' }]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('G5: what the next decision must find is written before it, where the database is free', () => {
    const { records, store, settled } = rig({ settle: 1 });
    records.settle(1, 'ok', 3);
    expect(records.writeDue(store)).toBe(true);
    expect(settled).toEqual([]);
    records.settle(2, 'not_sent', undefined);
    expect([records.writeDue(store), settled.length]).toEqual([false, 0]);
    expect([records.writeDue(store), settled.length]).toEqual([true, 2]);
    records.needsOutcomes(true);
    records.settle(3, 'ok', 3);
    expect([records.writeDue(store), settled.length]).toEqual([true, 3]);
    records.stop();
  });
});

describe('outcomes of calls that came and went together are one', () => {
  const taken = (...all: Parameters<Outcomes['add']>[]) => {
    const outcomes = new Outcomes();
    for (const one of all) outcomes.add(...one);
    return outcomes.take().map(({ first, last }) => [first, last]);
  };

  test('where the rows follow one another, with one outcome after one time', () => {
    expect(taken([1, 'ok', 0], [2, 'ok', 0], [3, 'ok', 0])).toEqual([[1, 3]]);
    expect(taken([1, 'ok', 0], [3, 'ok', 0])).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect(taken([2, 'ok', 0], [1, 'ok', 0])).toHaveLength(2);
    expect(taken([1, 'ok', 0], [2, 'error', 0])).toHaveLength(2);
    expect(taken([1, 'ok', 0], [2, 'ok', 1])).toHaveLength(2);
    expect(taken([1, 'not_sent', undefined], [2, 'not_sent', undefined])).toEqual([[1, 2]]);
  });

  test('they are due where a rule goes by them, or where a call was never sent', () => {
    const outcomes = new Outcomes();
    expect([outcomes.areDue, outcomes.areWritten]).toEqual([false, true]);
    outcomes.areNeeded = true;
    expect(outcomes.areDue).toBe(false);
    outcomes.areNeeded = false;
    outcomes.add(1, 'error', 5);
    expect([outcomes.areDue, outcomes.areWritten]).toEqual([false, false]);
    outcomes.areNeeded = false;
    expect(outcomes.areDue).toBe(false);
    outcomes.areNeeded = true;
    expect(outcomes.areDue).toBe(true);
    outcomes.areNeeded = false;
    expect(outcomes.areDue).toBe(true);
    const first = outcomes.take();
    expect([outcomes.areDue, outcomes.areWritten]).toEqual([false, true]);
    outcomes.add(2, 'not_sent', undefined);
    expect(outcomes.areDue).toBe(true);
    // What could not be written keeps its place.
    outcomes.putBack(first);
    expect(outcomes.take().map((one) => one.first)).toEqual([1, 2]);
  });
});
