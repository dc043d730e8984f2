import { afterAll, beforeAll, expect, vi } from 'vitest';

/** What every file of a worker shares, as it has to find it. */
const shared = () => ({
  env: { ...process.env },
  folder: process.cwd(),
  umask: process.umask().toString(8),
  fakeTimers: vi.isFakeTimers(),
});

let before: ReturnType<typeof shared>;
beforeAll(() => {
  before = shared();
});
// By the first file that leaves something, not by another that stumbles on it in some orders.
afterAll(() => {
  vi.unstubAllEnvs();
  expect(shared(), 'this file leaves something behind for the next one').toEqual(before);
});
