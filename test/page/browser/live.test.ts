import { expect, test } from 'vitest';
import { refusalCode } from '../../support/rig.js';
import { accessible, fitsWidth, PageRig } from '../support/page-rig.js';
import { press } from '../support/press.js';

const POLICY = {
  version: '1',
  default: 'deny',
  audit: { arguments: 'full' },
  tools: {
    track_logout: { limits: [{ counter: 'track_logout_rate', window: 'hour', max: 3 }] },
  },
};

test('decisions appear as they are made, the limit fills, and its bar says when it is free again', async () => {
  await using rig = await PageRig.start();
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  const page = await rig.open('/live');
  await page.getByText('No call has been decided yet').waitFor();

  expect(refusalCode(await wrapper.call('track_logout', { user: 'ana' }))).toBeUndefined();
  const row = page.getByRole('row', { name: /track_logout/ });
  await row.getByText('allowed').waitFor();
  await row.getByText('user', { exact: true }).click();
  await row.getByText('"user": "ana"').waitFor();
  const meter = page.getByRole('meter', { name: 'track_logout_rate' });
  await expect.poll(() => meter.getAttribute('aria-valuetext')).toBe('1 of 3');
  await page.getByText('There is room').waitFor();

  for (let calls = 0; calls < 2; calls += 1) await wrapper.call('track_logout', { user: 'ana' });
  expect(refusalCode(await wrapper.call('track_logout', { user: 'ana' }))).toBe('LIMIT');
  await page.getByText('LIMIT (a limit is used up)').waitFor();
  await page.getByText(/^Full; free again at .*, in (1 hr|59 min)/).waitFor();
  await page.getByText('In the last 24 hours: 3 passed, 0 asked a person, 1 refused.').waitFor();
  await accessible(page);

  await page.getByLabel('Only what was not allowed').check();
  await expect.poll(() => page.getByRole('row').count()).toBe(2);
  const link = page.getByRole('link', { name: 'Make a rule from this: track_logout' });
  expect(await link.getAttribute('href')).toMatch(/^#\/tools\/recorder\/track_logout\?from=\d+$/);
  await link.click();
  await page.getByRole('heading', { level: 2, name: 'track_logout' }).waitFor();
  await page.getByRole('group', { name: 'At most 3 calls an hour' }).waitFor();
  expect(rig.problems).toEqual([]);
});

test('one server is paused and resumed', async () => {
  await using rig = await PageRig.start();
  const wrapper = rig.wrap({ policy: { ...POLICY, default: 'allow' } });
  await wrapper.initialize();
  await wrapper.call('other', {});
  const page = await rig.open('/live');
  await page.getByRole('button', { name: 'Pause recorder' }).click();
  await page.getByText('Paused: every call of recorder is refused').waitFor();
  expect(refusalCode(await wrapper.call('other', {}))).toBe('PAUSED');
  await press(
    page.getByRole('button', { name: 'Resume recorder' }),
    page.getByText('Paused: every call of recorder'),
    'detached',
  );
  expect(refusalCode(await wrapper.call('other', {}))).toBeUndefined();
});

test.each([360, 1600])('it fits %i pixels, in Spanish and dark', async (width) => {
  await using rig = await PageRig.start();
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  await wrapper.call('track_logout', { user: 'x'.repeat(300) });
  await wrapper.call('a_tool_with_a_very_long_name_that_nobody_would_read_to_its_end_in_a_small_window', {});
  const page = await rig.open('/live', { width, language: 'es', dark: true });
  await page.getByText('rechazada', { exact: true }).waitFor();
  await page.getByText('NOT_LISTED (la política no la lista)').waitFor();
  await fitsWidth(page);
  await accessible(page);
});
