import { readFileSync, writeFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { refusalCode } from '../../support/rig.js';
import { accessible, PageRig } from '../support/page-rig.js';
import { press } from '../support/press.js';

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

test('the FAQ spelling of the catalogue and the predecessor’s YAML become policies before anything is saved, and what is lost is said', async () => {
  await using rig = await PageRig.start();
  const file = rig.policy('legiti', { version: '1', default: 'deny' });
  const before = readFileSync(file, 'utf8');
  const page = await rig.open('/paste');
  const field = page.getByLabel('Paste it here');
  await field.fill('{ "rate_limit": { "max": 10, "window": 60 } }');
  await page
    .getByLabel('These are the rules of a tool whose name is missing. Which tool?')
    .fill('track_logout');
  await page.getByText('10 per minute (track_logout_rate)').waitFor();
  await page.getByText('Nothing is lost.').waitFor();
  await field.fill(
    'version: "1"\ndefault: deny\ntools:\n  pay:\n    rules:\n      - { name: cap, rate_limit: 5/hour }\n      - { name: cost, spend: 10 }\n',
  );
  await page.getByText(/^5 per hour/).waitFor();
  await page.getByRole('listitem').filter({ hasText: '"spend"' }).waitFor();
  await accessible(page);
  expect(readFileSync(file, 'utf8')).toBe(before);
  expect(rig.problems).toEqual([]);
});

const OLD = `// kept by hand
{
  "version": "1",
  "default": "deny",
  "tools": { "track_logout": { "rate_limit": "30/minute" } } // the only one
}
`;

/** Puts a text into the editor of the policy, as a person who replaces all of it. */
async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Text of the policy' }).click();
  await page.keyboard.press('ControlOrMeta+A');
  // Typed over what is coloured, Chrome itself tries a style of its own, and complains of the security policy.
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
}

const save = (page: Page) => page.getByRole('button', { name: 'Save', exact: true });

test('a file that changed on disk while it was edited: both texts are shown, neither is lost, also when the page is loaded again', async () => {
  await using rig = await PageRig.start();
  const file = rig.policy('legiti', OLD);
  const page = await rig.open('/file');
  const mine = OLD.replace('30/minute', '20/minute');
  await write(page, mine);
  await page.getByText('Changes are not saved yet').waitFor();
  const theirs = OLD.replace('30/minute', '5/minute');
  writeFileSync(file, theirs);
  await page.getByText('Someone else changed this file since you began').waitFor();
  await page.reload();
  await page.getByRole('link', { name: 'See both texts' }).click();
  await page.getByRole('heading', { name: 'The file changed on disk since you began' }).waitFor();
  await expect.poll(() => page.getByRole('textbox', { name: 'Yours' }).innerText()).toContain('20/minute');
  await expect
    .poll(() => page.getByRole('textbox', { name: 'On disk now' }).innerText())
    .toContain('5/minute');
  expect(await save(page).isDisabled()).toBe(true);
  await accessible(page);

  // Theirs first: mine is set aside, and comes back.
  await page.getByRole('button', { name: 'Go on with the one on disk' }).click();
  await page.getByRole('button', { name: 'Bring it back' }).click();
  const mineIsShown = page.locator('.added', { hasText: '"rate_limit": "20/minute"' });
  await mineIsShown.waitFor();
  await expect.poll(() => save(page).isEnabled()).toBe(true);
  // What is shown of one text says nothing of the other: nothing is saved before it is compared.
  await page.route('**/api/policy/compare', () => {});
  await page.getByRole('button', { name: 'Bring it back' }).click();
  expect(await save(page).isDisabled()).toBe(true);
  await page.unroute('**/api/policy/compare');
  await page.getByRole('button', { name: 'Bring it back' }).click();
  await mineIsShown.waitFor();
  expect(readFileSync(file, 'utf8')).toBe(theirs);
  await save(page).click();
  await expect.poll(() => readFileSync(file, 'utf8')).toBe(mine);
  // What was there before is a version, and so is what was set aside.
  await page.getByText('Previous versions').waitFor();
  expect(rig.problems).toEqual([]);
});

test('two browsers save at once: the second is shown the first one’s text, and nothing of either is lost', async () => {
  await using rig = await PageRig.start();
  const file = rig.policy('legiti', OLD);
  const [one, two] = [await rig.open('/file'), await rig.open('/file')];
  const texts = [OLD.replace('30/', '10/'), OLD.replace('30/', '40/')];
  for (const [at, page] of [one, two].entries()) {
    await write(page, texts[at] ?? '');
    await page.getByRole('link', { name: 'Review and save' }).click();
    await expect.poll(() => save(page).isEnabled()).toBe(true);
  }
  await Promise.all([one, two].map((page) => save(page).click()));
  await expect.poll(() => texts.includes(readFileSync(file, 'utf8'))).toBe(true);
  const won = readFileSync(file, 'utf8') === texts[0] ? 0 : 1;
  const loser = won === 0 ? two : one;
  await loser.getByRole('heading', { name: 'The file changed on disk since you began' }).waitFor();
  await expect
    .poll(() => loser.getByRole('textbox', { name: 'Yours' }).innerText())
    .toContain(won === 0 ? '40/minute' : '10/minute');
  expect(readFileSync(file, 'utf8')).toBe(texts[won]);
});

test('G3: a broken draft cannot be saved, says where, and the page goes there; the wrapper keeps its policy', async () => {
  await using rig = await PageRig.start();
  const file = rig.policy('legiti', OLD);
  const page = await rig.open('/file');
  await write(page, OLD.replace('"default"', '"defualt"'));
  await page.getByRole('button', { name: 'line 4, column 3' }).click();
  const focused = 'document.activeElement.shadowRoot?.activeElement?.className ?? ""';
  await expect.poll(() => page.evaluate(focused)).toContain('cm-content');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.type('x');
  await page.getByText('"xdefualt" is not a field of a policy').waitFor();
  await page.getByRole('link', { name: 'Review and save' }).click();
  await page.getByText('It cannot be saved: it has errors.').waitFor();
  expect(await save(page).isDisabled()).toBe(true);
  // Nor by whoever asks the server itself.
  const answer = await page.evaluate(`fetch('/api/policy/save', { method: 'POST',
    headers: { 'content-type': 'application/json', 'x-policy-wrap-key': localStorage.getItem('policy-wrap-key') },
    body: JSON.stringify({ file: ${JSON.stringify(file)}, base: ${JSON.stringify(OLD)}, text: '{ "version": "1" }' })
  }).then((response) => response.json())`);
  expect(answer).toMatchObject({ kind: 'invalid', problems: [{ code: 'MISSING' }] });
  expect(readFileSync(file, 'utf8')).toBe(OLD);
});

test('the version before comes back once its difference was seen, to the byte, and the running wrapper says so', async () => {
  await using rig = await PageRig.start();
  const file = rig.policy('legiti', OLD.replaceAll('\n', '\r\n'));
  const before = readFileSync(file, 'utf8');
  const wrapper = rig.standIn('legiti', 'legiti');
  await wrapper.initialize();
  const page = await rig.open('/file');
  await page.getByRole('combobox', { name: 'Tools that match no entry' }).selectOption('allow');
  await page.getByRole('link', { name: 'Review and save' }).click();
  await save(page).click();
  // A field changes its own member: line ends and comments stay.
  await expect.poll(() => readFileSync(file, 'utf8')).toBe(before.replace('"deny"', '"allow"'));
  await page.getByText('decides by this version').waitFor();
  // What was said of the version before may still stand there.
  await expect.poll(async () => refusalCode(await wrapper.call('track_login', {}))).toBeUndefined();
  await page.getByRole('button', { name: /^Back to it/ }).click();
  const dialog = page.getByRole('dialog', { name: /^Back to the version replaced at/ });
  await dialog.getByText('-  "default": "allow"').waitFor();
  await dialog.getByText('+  "default": "deny"').waitFor();
  await accessible(page);
  expect(readFileSync(file, 'utf8')).not.toBe(before);
  const yes = dialog.getByRole('button', { name: 'Put it back' });
  await press(yes, page.getByText('That version holds again'));
  await dialog.waitFor({ state: 'detached' });
  await expect.poll(() => readFileSync(file, 'utf8')).toBe(before);
  await expect.poll(async () => refusalCode(await wrapper.call('track_login', {}))).toBe('NOT_LISTED');
  await page.getByText('decides by this version').waitFor();
  expect(rig.problems).toEqual([]);
});
