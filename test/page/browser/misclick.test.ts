import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { command } from '../../support/asking.js';
import { type Rig, refusalCode } from '../../support/rig.js';
import { PageRig } from '../support/page-rig.js';
import { press } from '../support/press.js';

const POLICY = {
  version: '1',
  default: 'allow',
  approvals: { expires: '10m' },
  tools: { tag: { action: 'approve' } },
};

async function wrapped(rig: Rig) {
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  return wrapper;
}

async function approvals(rig: Rig): Promise<readonly { readonly id: string; readonly state: string }[]> {
  return JSON.parse((await command(rig, ['approvals', '--all', '--json'])).stdout).approvals;
}

const states = async (rig: Rig): Promise<string[]> => (await approvals(rig)).map(({ state }) => state);

/** In the page: presses what stands at a point once something has gone, before a person could have seen what came there. */
const pressInItsPlace = (gone: string) => `(() => {
  const target = document.querySelector(${JSON.stringify(gone)});
  const { left, top, width, height } = target.getBoundingClientRect();
  globalThis.pressed = new Promise((done) => {
    const look = () => {
      if (document.contains(target)) return requestAnimationFrame(look);
      const there = document.elementFromPoint(left + width / 2, top + height / 2)?.closest('button');
      there?.click();
      done(there?.textContent ?? 'nothing');
    };
    look();
  });
})()`;
const pressed = (page: Page) => page.evaluate('globalThis.pressed');

/** Two calls that wait on the first screen, and what approves them. */
async function twoWaiting(rig: PageRig) {
  const wrapper = await wrapped(rig);
  await wrapper.call('tag', { n: 1 });
  await wrapper.call('tag', { n: 2 });
  const page = await rig.open('/waiting');
  const buttons = page.getByRole('button', { name: 'Approve once' });
  await expect.poll(() => buttons.count()).toBe(2);
  return { page, buttons };
}

test('G10: a press that comes as a call is decided does not approve the one that moves into its place', async () => {
  await using rig = await PageRig.start();
  const { page, buttons } = await twoWaiting(rig);
  await page.evaluate(pressInItsPlace('article .button.main'));
  await buttons.first().click();
  expect(await pressed(page)).toBe('Approve once');
  await page.getByText('This has only just come here').waitFor();
  expect(await states(rig)).toEqual(['approved', 'pending']);
  // A moment later it is meant.
  await buttons.click();
  await expect.poll(() => states(rig)).toEqual(['approved', 'approved']);
});

test('G10: a press on its way to a call that goes by itself meets nothing that came meanwhile', async () => {
  await using rig = await PageRig.start();
  const { page, buttons } = await twoWaiting(rig);
  await expect.poll(() => buttons.first().getAttribute('aria-disabled')).toBe('false');
  await page.evaluate(pressInItsPlace('article .button.main'));
  const [first] = await approvals(rig);
  await command(rig, ['reject', first?.id ?? '']);
  expect(await pressed(page)).toBe('Approve once');
  expect(await states(rig)).toEqual(['rejected', 'pending']);
});

test('Enter in the fields for further calls approves nothing', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  await wrapper.call('tag', { n: 1 });
  const page = await rig.open('/waiting');
  const card = page.getByRole('article', { name: 'tag' });
  await card.getByLabel('Also approve the next calls').focus();
  await page.keyboard.press('Enter');
  await card.getByLabel('Also approve the next calls').check();
  await card.getByLabel('Further calls of this tool').fill('500');
  await expect
    .poll(() =>
      card.getByRole('button', { name: 'Approve it and the next 500' }).getAttribute('aria-disabled'),
    )
    .toBe('false');
  await page.keyboard.press('Enter');
  // Every screen has asked for what it shows once this was answered.
  await page.getByRole('button', { name: 'Pause everything' }).click();
  await page.getByText('Paused: every call of every server').waitFor();
  expect(await states(rig)).toEqual(['pending']);
});

test('the brake that is pressed twice stays pulled, everywhere and for one server', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  const page = await rig.open('/live');
  await page.getByRole('button', { name: 'Pause recorder' }).waitFor();
  for (const name of ['Pause recorder', 'Pause everything']) {
    const selector = `button:text-is(${JSON.stringify(name)})`;
    await page.locator(selector).evaluate((button) => {
      (button as unknown as { id: string }).id = 'pressed';
    });
    await page.evaluate(`(() => {
      const { left, top } = document.querySelector('#pressed').getBoundingClientRect();
      const text = () => document.elementFromPoint(left + 4, top + 4)?.closest('button')?.textContent;
      const before = text();
      globalThis.pressed = new Promise((done) => {
        const look = () => {
          if (text() === before) return requestAnimationFrame(look);
          document.elementFromPoint(left + 4, top + 4)?.closest('button')?.click();
          done(text() ?? 'nothing');
        };
        requestAnimationFrame(look);
      });
    })()`);
    await page.locator(selector).click();
    expect(await pressed(page)).toMatch(/^(Resume|nothing)/);
  }
  await page.getByText('Paused: every call of every server is refused').waitFor();
  // One press lifts both, so both are named.
  await page.getByText('By themselves too: recorder').waitFor();
  expect(refusalCode(await wrapper.call('echo', {}))).toBe('PAUSED');
  await press(
    page.getByRole('button', { name: 'Resume', exact: true }),
    page.getByText('Paused:'),
    'detached',
  );
  expect(refusalCode(await wrapper.call('echo', {}))).toBeUndefined();
});

test('a press in a window that has only just come to the front approves nothing', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  await wrapper.call('tag', { n: 1 });
  const page = await rig.open('/waiting');
  const button = page.getByRole('button', { name: 'Approve once' });
  const isOff = () => button.getAttribute('aria-disabled');
  await expect.poll(isOff).toBe('false');
  // As under another site's window, which goes between the two clicks of a double click.
  await page.evaluate('document.hasFocus = () => false');
  await expect.poll(isOff).toBe('true');
  await page.evaluate(`delete document.hasFocus; document.querySelector('article .button.main').click()`);
  await page.getByText('This has only just come here').waitFor();
  expect(await states(rig)).toEqual(['pending']);
  await button.click();
  await expect.poll(() => states(rig)).toEqual(['approved']);
});
