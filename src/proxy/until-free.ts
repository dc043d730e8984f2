import { setTimeout as sleep } from 'node:timers/promises';
import { BUSY } from '../store/store.js';

/**
 * Tries what the lock of another process may forbid, again and again.
 *
 * @param ms no try begins later than this, but one always runs
 * @returns BUSY when the database was locked all the time
 */
export async function untilFree<T>(attempt: () => T | typeof BUSY, ms: number): Promise<T | typeof BUSY> {
  const deadline = performance.now() + ms;
  for (;;) {
    const done = attempt();
    if (done !== BUSY || performance.now() > deadline) return done;
    await sleep(5 + 20 * Math.random());
  }
}
