import { defineConfig } from 'vitest/config';

/** `npm run screenshots`: the pictures of docs/page.md, made of the page as it is. */
export default defineConfig({
  test: {
    include: ['test/page/screenshots.ts'],
    testTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    reporters: ['minimal'],
  },
});
