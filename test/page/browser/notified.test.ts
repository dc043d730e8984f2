import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Receiver } from '../../support/receiver.js';
import { refusalCode } from '../../support/rig.js';
import { PageRig } from '../support/page-rig.js';
import { press } from '../support/press.js';

test('what waits is told with a link to the page: a click opens it, a second one answers', async () => {
  await using rig = await PageRig.start();
  await using receiver = await Receiver.start();
  const folder = join(rig.folder, 'config', 'policy-wrap');
  mkdirSync(folder, { recursive: true });
  const channels = { hook: { type: 'webhook', url: receiver.url, secret: 'x' } };
  writeFileSync(join(folder, 'notify.json'), JSON.stringify({ version: '1', channels }), { mode: 0o600 });
  // The person's browser is signed in, and shows something else.
  const page = await rig.open('/file');
  const wrapper = rig.wrap({
    policy: { version: '1', default: 'allow', tools: { tag: { action: 'approve' } } },
  });
  await wrapper.initialize();
  expect(refusalCode(await wrapper.call('tag', { name: 'v1' }))).toBe('APPROVAL_REQUIRED');
  const [told] = await receiver.count(1);
  expect(told?.json.link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#\/waiting$/);

  const opened = await page.context().newPage();
  await opened.goto(told?.json.link);
  await press(
    opened.getByRole('article', { name: 'tag' }).getByRole('button', { name: 'Approve once' }),
    opened.getByText('Nothing waits for you'),
  );
  expect(refusalCode(await wrapper.call('tag', { name: 'v1' }))).toBeUndefined();

  // Who is not signed in gets nothing by the link, and a page that has ended is linked by nobody.
  rig.type('\u0003');
  await expect.poll(() => rig.code).toBe(0);
  expect(refusalCode(await wrapper.call('tag', { name: 'v2' }))).toBe('APPROVAL_REQUIRED');
  await receiver.count(2);
  expect(receiver.received[1]?.json).not.toHaveProperty('link');
});
