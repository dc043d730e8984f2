import type { Page } from 'playwright-core';
import type { PageRig } from './page-rig.js';

/** A screen as docs/page.md shows it. */
export interface Picture {
  readonly name: string;
  readonly path: (rig: PageRig) => string;
  /** Brings it to where there is something to see. */
  readonly settle: (page: Page) => Promise<unknown>;
}

/** As the catalogue's questions and answers spell it. */
const FAQ = '{ "track_logout": { "rate_limit": { "max": 10, "window": 60 } } }';

const ofLegiti = (path: string) => (rig: PageRig) =>
  `${path}?${new URLSearchParams({ policy: rig.policyFile('legiti') })}`;

export const SCREENS: readonly Picture[] = [
  {
    name: 'tools',
    path: () => '/tools',
    settle: (page) => page.getByRole('link', { name: 'create_invoice', exact: true }).waitFor(),
  },
  {
    name: 'tool',
    path: () => '/tools/afip/create_invoice',
    settle: async (page) => {
      await page.locator('.cm-content').waitFor();
      await page.evaluate('document.activeElement?.blur(); scrollTo(0, 0)');
    },
  },
  {
    name: 'waiting',
    path: () => '/waiting',
    settle: (page) => page.getByRole('article', { name: 'create_invoice' }).waitFor(),
  },
  {
    name: 'live',
    path: () => '/live',
    settle: (page) => page.getByRole('meter', { name: 'track_logout_rate' }).waitFor(),
  },
  { name: 'file', path: ofLegiti('/file'), settle: (page) => page.locator('.cm-content').waitFor() },
  {
    name: 'try',
    path: ofLegiti('/try'),
    settle: async (page) => {
      await page.getByLabel('Tool', { exact: true }).fill('track_logout');
      await page.getByRole('button', { name: 'Try it' }).click();
      await page.locator('.trace li').first().scrollIntoViewIfNeeded();
    },
  },
  { name: 'impact', path: ofLegiti('/impact'), settle: (page) => page.locator('[data-took]').waitFor() },
  {
    name: 'paste',
    path: ofLegiti('/paste'),
    settle: async (page) => {
      await page.locator('.paste textarea').fill(FAQ);
      await page.locator('.outline').waitFor();
      await page.locator('#it-becomes').scrollIntoViewIfNeeded();
    },
  },
  { name: 'save', path: ofLegiti('/save'), settle: (page) => page.locator('main .card').first().waitFor() },
];
