import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/bench/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A poll ends as soon as it is met: the bound is for a loaded machine.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['default'],
  },
});
