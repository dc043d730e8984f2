import { expect, test } from 'vitest';
import { accessible, fitsWidth, PageRig } from '../support/page-rig.js';

test('the address signs in, and the frame shows that nothing waits', async () => {
  await using rig = await PageRig.start();
  const page = await rig.open('/waiting');
  await expect.poll(() => page.title()).toBe('Waiting · policy-wrap');
  // The token is out of the address, and out of the history.
  expect(page.url()).toBe(`${await rig.origin()}/#/waiting`);
  await page.getByText('Nothing waits for you').waitFor();
  await accessible(page);
  expect(rig.problems).toEqual([]);
});

test.each([360, 1600])('the frame fits %i pixels', async (width) => {
  await using rig = await PageRig.start();
  const page = await rig.open('/waiting', { width });
  await fitsWidth(page);
});
