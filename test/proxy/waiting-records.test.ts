import { afterEach, expect, test, vi } from 'vitest';
import { WaitingRecords } from '../../src/proxy/waiting-records.js';
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
