import { defineConfig } from 'vitest/config';

/** `npm run chaos`: what the suite does to shared stores for seconds, for minutes, with figures. */
export default defineConfig({
  test: {
    include: ['test/store/postgres/{machines,crashes,same-as-local}.test.ts'],
    testTimeout: 1_800_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: false,
    env: { CHAOS: '1' },
    disableConsoleIntercept: true,
    reporters: ['verbose'],
  },
});
