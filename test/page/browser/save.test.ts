import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { refusalCode } from '../../support/rig.js';
import { accessible, PageRig } from '../support/page-rig.js';

/** The policy that a person copies from the catalogue. */
const SEED = `{ "version": "1", "default": "deny",
  "tools": { "track_logout": { "limits": [
    { "counter": "track_logout_rate", "window": "minute", "max": 30, "scope": "grant" } ] } } }
`;

test('a policy is pasted and saved in ten seconds, and the wrapper that runs confirms that it decides by it', async () => {
  await using rig = await PageRig.start();
  const wrapper = rig.standIn('legiti', 'legiti');
  await wrapper.initialize();
  expect(refusalCode(await wrapper.call('track_logout', { user_id: 'u' }))).toBe('NO_POLICY');

  const page = await rig.open('/paste');
  const began = performance.now();
  await page.getByLabel('Paste it here').fill(SEED);
  await page.getByText('track_logout').first().waitFor();
  await page.getByText('30 per minute (track_logout_rate)').waitFor();
  await page.getByText('Every other tool is refused.').waitFor();
  await page.getByText('Nothing is lost.').waitFor();
  await page.getByRole('button', { name: 'Use it: review and save' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('decides by this version').waitFor();
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(readFileSync(rig.policyFile('legiti'), 'utf8')).toBe(SEED);

  for (let i = 0; i < 30; i += 1)
    expect(refusalCode(await wrapper.call('track_logout', { user_id: 'u' }))).toBeUndefined();
  expect(refusalCode(await wrapper.call('track_logout', { user_id: 'u' }))).toBe('LIMIT');
  expect(refusalCode(await wrapper.call('track_login', { user_id: 'u' }))).toBe('NOT_LISTED');
  await accessible(page);
  expect(rig.problems).toEqual([]);
});
