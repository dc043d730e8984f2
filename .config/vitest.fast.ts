import { defineConfig, mergeConfig } from 'vitest/config';
import whole from './vitest.js';

/**
 * What `npm run check` runs: the suite without the files that start many processes or wait for real time. Everything
 * else is here, so that a new test is fast until it is named as slow.
 */
export default mergeConfig(
  whole,
  defineConfig({
    test: {
      exclude: ['test/e2e/**', 'test/readme.test.ts', 'test/store/processes.test.ts'],
    },
  }),
);
