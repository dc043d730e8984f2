import { defineConfig } from 'vitest/config';

/** The whole suite. It runs the built command: `npm run build` comes first. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/bench/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Quiet when green: a summary, and what failed.
    reporters: ['minimal'],
  },
});
