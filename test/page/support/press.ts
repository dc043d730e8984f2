import type { Locator } from 'playwright-core';
import { vi } from 'vitest';

/**
 * Presses a button that lets something through as a person does: once more where the page answers that it has only
 * just come to its place, and does nothing (see src/page/web/components/steady.ts).
 *
 * @param done what is seen, or no longer, once the press has counted
 */
export async function press(
  button: Locator,
  done: Locator,
  state: 'visible' | 'detached' = 'visible',
): Promise<void> {
  const look = { timeout: 2000 };
  await vi.waitFor(
    async () => {
      // Gone, once a press has counted that was seen late.
      await button.click(look).catch(() => {});
      await done.first().waitFor({ state, ...look });
    },
    { timeout: 60_000, interval: 50 },
  );
}
