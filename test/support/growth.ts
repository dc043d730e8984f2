import { vi } from 'vitest';

/** @returns microseconds that this process computes for some work, at the least of three times: other load does not count */
export function cost(work: () => unknown): number {
  const runs = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  });
  return Math.min(...runs);
}

/**
 * How much more work a larger input takes: about `factor` where the work grows with the input, its square where each
 * part is compared with every other, 1 where it does not depend on it.
 *
 * @param work does it for an input of that size
 */
export function growth(work: (size: number) => unknown, small: number, factor: number): number {
  // Compiled code before anything is measured.
  work(small);
  return cost(() => work(small * factor)) / cost(() => work(small));
}

/** @returns how many UTF-16 units some work normalises: a run of marks costs the square of its length */
export function normalised(work: () => unknown): number {
  const spy = vi.spyOn(String.prototype, 'normalize');
  try {
    work();
    return spy.mock.contexts.map((text) => String(text).length).reduce((a, b) => a + b, 0);
  } finally {
    spy.mockRestore();
  }
}
