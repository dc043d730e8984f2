import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { fill } from '../bench/prefill.js';
import { PageRig } from './support/page-rig.js';
import { SCREENS } from './support/pictures.js';

/** Where docs/page.md finds them. */
const FOLDER = 'docs/page';
/** Larger than this a picture makes the repository heavy, in bytes. */
const MOST_BYTES = 80_000;

/** The policy that the catalogue shows. */
const LEGITI = `{
  "version": "1",
  "default": "deny",
  "audit": { "arguments": "full" },
  "tools": {
    // 30 a minute is what a person does at most.
    "track_logout": {
      "limits": [{ "counter": "track_logout_rate", "window": "minute", "max": 30, "scope": "grant" }]
    },
    "track_login": { "rate_limit": "60/minute" }
  }
}
`;

const AFIP = `{
  "version": "1",
  "default": "allow",
  "audit": { "arguments": "full" },
  "hide": ["cancel_invoice"],
  "tools": {
    // Above this a person looks.
    "create_invoice": {
      "approve_if": [{ "conditions": [{ "path": "args.amount_total", "op": "gt", "value": 100000 }] }],
      "limits": [{ "counter": "billed", "window": "day", "max": 2000000, "amount": "args.amount_total" }]
    }
  }
}
`;

const INVOICE = {
  ...{ point_of_sale: 1, invoice_type: 11, concept: 2, doc_type: 80, doc_number: 20111222333 },
  currency: 'PES',
};

/** A day of work: calls in the log, limits that are filling, and one invoice that waits. */
async function work(rig: PageRig): Promise<void> {
  rig.policy('legiti', LEGITI);
  rig.policy('afip', AFIP);
  rig.client({ afip: 'afip', legiti: 'legiti' });
  const args = [{ user_id: 'ana' }, { user_id: 'leo' }];
  fill({
    ...{ db: rig.db, server: 'legiti', policy: LEGITI },
    ...{ tool: 'track_logout', args, calls: 1200, together: 1, days: 0.9 },
  });
  const legiti = rig.standIn('legiti', 'legiti');
  await legiti.initialize();
  await legiti.request('tools/list');
  for (let calls = 0; calls < 33; calls += 1) await legiti.call('track_logout', { user_id: 'ana' });
  await legiti.call('track_signup', { user_id: 'leo' });
  const afip = rig.standIn('afip', 'afip');
  await afip.initialize();
  await afip.request('tools/list');
  await afip.call('get_server_status', {});
  for (const amount_total of [12100, 24200, 18150, 60500, 36300, 84700])
    await afip.call('create_invoice', { ...INVOICE, amount_total });
  await afip.call('create_invoice', { ...INVOICE, amount_total: 484000 });
}

test('a picture of every screen, light and dark', async () => {
  mkdirSync(FOLDER, { recursive: true });
  await using rig = await PageRig.start();
  await work(rig);
  for (const dark of [false, true]) {
    const page = await rig.open('/waiting', { width: 960, height: 600, dark });
    for (const { name, path, settle } of SCREENS) {
      await page.evaluate(`location.hash = ${JSON.stringify(`#${path(rig)}`)}`);
      await settle(page);
      await picture(page, `${name}-${dark ? 'dark' : 'light'}`);
    }
  }
  expect(rig.problems).toEqual([]);
});

async function picture(page: Page, name: string): Promise<void> {
  await expect.poll(() => page.locator('main .loading').count()).toBe(0);
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  expect(statSync(path).size, name).toBeLessThan(MOST_BYTES);
}
