import { defineConfig } from 'vitest/config';

// Suites that others wrote, run directly and through the wrapper. Needs the network once, to install them.
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // One installation, two cores, and scenarios with time limits of their own.
    fileParallelism: false,
    reporters: ['minimal'],
  },
});
