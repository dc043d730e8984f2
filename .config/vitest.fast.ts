import { defineConfig, mergeConfig } from 'vitest/config';
import { SLOW_TESTS } from './slow-tests.js';
import whole from './vitest.js';

/** What `npm run check` runs: the suite without its slow files. A new test is fast until it is named as slow. */
export default mergeConfig(
  whole,
  defineConfig({
    test: { exclude: SLOW_TESTS.map((path) => (path.endsWith('/') ? `${path}**` : path)) },
  }),
);
