import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { refusalCode } from '../../support/rig.js';
import { accessible, fitsWidth, PageRig } from '../support/page-rig.js';

const POLICY = { version: '1', default: 'allow', tools: { tag: { action: 'approve' } } };

test('more tabs than a browser has connections hear of changes, also when the one with the line is closed', async () => {
  await using rig = await PageRig.start();
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  const first = await rig.open('/waiting');
  const others = [];
  for (let tab = 0; tab < 7; tab += 1) {
    const page = await first.context().newPage();
    await page.goto(`${await rig.origin()}/#/waiting`);
    await page.getByText('Nothing waits for you').waitFor();
    others.push(page);
  }
  await wrapper.call('tag', { n: 1 });
  for (const page of [first, ...others]) await page.getByText('"n": 1').waitFor();
  await first.close();
  await wrapper.call('tag', { n: 2 });
  for (const page of others) await page.getByText('"n": 2').waitFor();
});

test('the address signs in, and the frame fits every width', async () => {
  await using rig = await PageRig.start();
  const page = await rig.open('/waiting');
  await expect.poll(() => page.title()).toBe('Waiting · policy-wrap');
  // The token is out of the address, and out of the history.
  expect(page.url()).toBe(`${await rig.origin()}/#/waiting`);
  await page.getByText('Nothing waits for you').waitFor();
  await accessible(page);
  for (const width of [360, 768, 1600]) {
    await page.setViewportSize({ width, height: 800 });
    await fitsWidth(page);
  }
  expect(rig.problems).toEqual([]);
});

test('the language and the colours change at once and are kept; another browser gets an address of its own', async () => {
  await using rig = await PageRig.start();
  const page = await rig.open('/waiting');
  await page.getByRole('button', { name: 'Settings' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByText(rig.db).waitFor();
  await accessible(page);
  await dialog.getByRole('button', { name: 'Open in another browser' }).click();
  const address = await dialog.locator('code').innerText();
  await dialog.getByLabel('Colours').selectOption('Dark');
  await dialog.getByLabel('Language').selectOption('Español');
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'En espera' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'En espera' }).waitFor();
  expect(
    await page.evaluate('[document.documentElement.lang, document.documentElement.dataset.theme]'),
  ).toEqual(['es', 'dark']);
  await accessible(page);

  const other = await rig.blank();
  await other.goto(address);
  await other.getByRole('navigation', { name: 'Screens' }).waitFor();
  // Once.
  const third = await rig.blank();
  await third.goto(address);
  await third.getByText('this address was used already').waitFor();
});

test('a notification tells how many wait, to who looks elsewhere and has allowed it', async () => {
  await using rig = await PageRig.start();
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  const page = await rig.open('/live');
  // Headless, there is neither a desktop nor another window to look at.
  await page.addInitScript(`
    globalThis.shown = [];
    globalThis.Notification = class {
      static permission = 'granted';
      constructor(title) { shown.push(title); }
      close() {}
    };
    Object.defineProperty(document, 'hidden', { get: () => globalThis.away ?? false });
  `);
  await page.reload();
  await page.getByText('No call has been decided yet').waitFor();
  await wrapper.call('tag', { n: 1 });
  await expect.poll(() => page.title()).toBe('(1) Live · policy-wrap');
  await page.evaluate('globalThis.away = true');
  await wrapper.call('tag', { n: 2 });
  await expect.poll(() => page.evaluate('shown')).toEqual(['2 calls wait for you']);
});

test('the page shows a state as soon as there is one, says when policy-wrap ends, and that another run knows it not', async () => {
  const port = await freePort();
  await using rig = await PageRig.start('--port', String(port));
  const page = await rig.open('/live');
  await page.getByText('No call has been decided yet').waitFor();
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  expect(refusalCode(await wrapper.call('list', {}))).toBeUndefined();
  await page.getByRole('row', { name: /list/ }).waitFor();
  rig.type('\u0003');
  await page.getByText('policy-wrap does not answer').waitFor();
  // What was shown stays.
  expect(await page.getByRole('row', { name: /list/ }).count()).toBe(1);
  await expect.poll(() => rig.code).toBe(0);
  rig.startUi();
  await page.getByRole('heading', { name: 'This browser is not signed in' }).waitFor();
  await page.goto(await rig.address());
  await page.getByRole('navigation', { name: 'Screens' }).waitFor();
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

test.each(['en', 'es'] as const)(
  'at 960 pixels the menu is one line, with a call that waits (%s)',
  async (language) => {
    await using rig = await PageRig.start();
    const wrapper = rig.wrap({
      policy: { version: '1', default: 'allow', tools: { tag: { action: 'approve' } } },
    });
    await wrapper.initialize();
    await wrapper.call('tag', {});
    const page = await rig.open('/live', { width: 960, language });
    await expect.poll(() => page.title()).toMatch(/^\(1\)/);
    const header = page.getByRole('banner');
    const tops = await header
      .locator('a, button')
      .evaluateAll((all) => all.map((each) => Math.round(each.getBoundingClientRect().bottom)));
    expect(tops.length).toBeGreaterThan(9);
    expect(Math.max(...tops) - Math.min(...tops)).toBeLessThan(20);
    await fitsWidth(page);
  },
);
