import { expect, test } from 'vitest';
import { command } from '../../support/asking.js';
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

test('a full limit is emptied after a look at what it is, and calls pass again; the log says that it was the page', async () => {
  await using rig = await PageRig.start();
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  for (let calls = 0; calls < 3; calls += 1) await wrapper.call('track_logout', { user: 'ana' });
  expect(refusalCode(await wrapper.call('track_logout', { user: 'ana' }))).toBe('LIMIT');
  const page = await rig.open('/live');
  const meter = page.getByRole('meter', { name: 'track_logout_rate' });
  const dialog = page.getByRole('dialog', { name: 'Empty this limit?' });
  const yes = dialog.getByRole('button', { name: 'Empty it' });

  // Pressed in the moment in which it comes, as the second click of a double click would be: nothing.
  await page.getByRole('button', { name: 'Empty track_logout_rate' }).waitFor();
  await page.evaluate(`(() => {
    document.querySelector('button[aria-label="Empty track_logout_rate"]').click();
    const look = () => {
      const button = document.querySelector('dialog .button.danger');
      if (button) button.click();
      else requestAnimationFrame(look);
    };
    look();
  })()`);
  await page.getByText('This has only just come here').waitFor();
  await dialog.getByText('track_logout_rate').waitFor();
  await dialog.getByText('Server: recorder').waitFor();
  await dialog.getByText('It counts 3 of 3. All of that is given back').waitFor();
  await accessible(page);
  await dialog.getByRole('button', { name: 'Close' }).click();
  expect(await meter.getAttribute('aria-valuetext')).toBe('3 of 3');

  await page.getByRole('button', { name: 'Empty track_logout_rate' }).click();
  await press(yes, dialog, 'detached');
  await meter.waitFor({ state: 'detached' });
  expect(refusalCode(await wrapper.call('track_logout', { user: 'ana' }))).toBeUndefined();
  const lines = (await command(rig, ['log', '--json'])).stdout.trim().split('\n');
  const events = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'event');
  expect(events).toMatchObject([
    { kind: 'counter.reset', who: 'page', detail: { name: 'track_logout_rate' } },
  ]);
  expect(rig.problems).toEqual([]);
});

test('a bar fills its frame from edge to edge, and is as long as its limit is full', async () => {
  await using rig = await PageRig.start();
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  for (let calls = 0; calls < 2; calls += 1) await wrapper.call('track_logout', { user: 'ana' });
  const page = await rig.open('/live');
  const meter = page.getByRole('meter', { name: 'track_logout_rate' });
  await expect.poll(() => meter.getAttribute('aria-valuetext')).toBe('2 of 3');
  const { width, height, filled, tallest } = await filledOf(await meter.screenshot(), rig);
  expect(filled / width).toBeCloseTo(2 / 3, 1);
  // But for the frame's own lines.
  expect(tallest).toBeGreaterThanOrEqual(height - 3);
});

/** Of a picture of a bar: how long and how high what is drawn in the accent's green is, in pixels. */
async function filledOf(
  picture: Buffer,
  rig: PageRig,
): Promise<Readonly<Record<'width' | 'height' | 'filled' | 'tallest', number>>> {
  // A page of nobody's: ours loads no pictures from data.
  const page = await rig.blank();
  return page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob('${picture.toString('base64')}'), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes]));
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const near = (at, [r, g, b]) => Math.hypot(data[at] - r, data[at + 1] - g, data[at + 2] - b) < 30;
    const columns = Array.from({ length: width }, (_, x) => {
      let high = 0;
      for (let y = 0; y < height; y += 1) if (near((y * width + x) * 4, [0x1f, 0x5f, 0x4a])) high += 1;
      return high;
    });
    return { width, height, filled: columns.filter((high) => high > 0).length, tallest: Math.max(...columns) };
  })()`);
}

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
