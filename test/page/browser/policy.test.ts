import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { readJsonc } from '../../../src/json/relaxed.js';
import { cli } from '../../support/cli.js';
import { accessible, fitsWidth, PageRig } from '../support/page-rig.js';

const SCREENS = ['/file', '/try', '/impact', '/paste', '/save'];

/** Text of a policy, of a layer and of arguments that would be something else where it became HTML or turned its line. */
const HOSTILE = '<img src=x onerror=alert(1)>\u202e\u200b</script>';

async function hostile(rig: PageRig): Promise<string> {
  const org = rig.file('org<b>.json', {
    version: '1',
    default: 'allow',
    pin: 'deny',
    hide: [`delete_${HOSTILE}`],
    all_tools: { limits: [{ counter: `org${HOSTILE}`, window: 'minute', max: 60 }] },
  });
  const file = rig.policy('legiti', {
    version: '1',
    description: HOSTILE,
    default: 'deny',
    extends: org,
    hide: [HOSTILE],
    audit: { arguments: 'full' },
    tools: { [HOSTILE]: { rate_limit: '5/minute' }, track_logout: { rate_limit: '2/minute' } },
  });
  const wrapper = rig.standIn('legiti', 'legiti');
  await wrapper.initialize();
  await wrapper.request('tools/list');
  for (let i = 0; i < 3; i += 1) await wrapper.call('track_logout', { user_id: HOSTILE });
  await wrapper.end();
  return file;
}

/** Waits until a screen shows its answers. */
async function settled(page: Page): Promise<void> {
  await page.locator('main .card').first().waitFor();
  await expect.poll(() => page.locator('main .loading').count()).toBe(0);
}

async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(`#${path}`)}`);
  await page.locator(`nav a[aria-current][href="#${path}"]`).waitFor();
  await settled(page);
}

/** What is on a screen once all of its answers are there. */
const WHOLE: Readonly<Record<string, readonly string[]>> = {
  '/file': ['.problems li', '.cm-content', '.tightened li'],
  '/try': ['.trace li', '.calls tbody tr'],
  '/impact': ['[data-took]', '.number-row [role=status]'],
  '/paste': ['.outline li', '.cm-content'],
  '/save': ['.problems li', '.versions'],
};

test.each([
  [360, 'en', false],
  [1600, 'es', true],
] as const)(
  'each screen at %i pixels in %s: nothing is wider than the window, axe finds nothing, hostile text is text',
  async (width, language, dark) => {
    await using rig = await PageRig.start();
    await hostile(rig);
    const page = await rig.open('/file', { width, language, dark });
    let dialogs = 0;
    page.on('dialog', () => {
      dialogs += 1;
    });
    for (const path of SCREENS) {
      await goTo(page, path);
      if (path === '/try')
        await page
          .getByRole('button', { name: /^(Use it|Usarla)/ })
          .first()
          .click();
      if (path === '/paste')
        await page
          .getByRole('textbox')
          .first()
          .fill(JSON.stringify({ [HOSTILE]: { rate_limit: '1/hour' } }));
      if (path === '/try' && language === 'es') {
        const step = page.locator('.trace li').first();
        await step
          .getByText(/la juzga la entrada|la política no la lista|está oculta|no coincide con ninguna/)
          .waitFor();
      }
      for (const part of WHOLE[path] ?? []) await page.locator(part).first().waitFor({ state: 'attached' });
      await fitsWidth(page);
      await accessible(page);
      // What was made of it is text: no element of it, and nothing that turns a line around or that nobody sees.
      expect(await page.locator('main img:not(.cm-widgetBuffer)').count()).toBe(0);
      expect(await page.locator('main').innerText()).not.toMatch(/[\u202e\u200b]/);
    }
    expect(dialogs).toBe(0);
    expect(rig.problems).toEqual([]);
  },
);

test("an organisation's layer is read-only, with what it makes stricter, and its server refuses to write it", async () => {
  await using rig = await PageRig.start();
  const org = rig.policy('org', {
    version: '1',
    default: 'allow',
    pin: 'deny',
    tools: { track_logout: { action: 'deny' } },
  });
  const own = rig.policy('legiti', { version: '1', default: 'allow', extends: './org.json' });
  const before = readFileSync(org, 'utf8');
  const wrapper = rig.standIn('legiti', 'legiti');
  await wrapper.initialize();
  await wrapper.request('tools/list');
  const page = await rig.open('/file?server=legiti');
  await page.getByText('pin: deny holds, not warn').waitFor();
  await page.getByText('org.json refuses every call of track_logout').waitFor();
  await page.getByText(org, { exact: true }).click();
  const layer = page.getByRole('textbox', { name: `Read-only text of ${org}` });
  await expect.poll(() => layer.innerText()).toContain('"pin": "deny"');
  await layer.click();
  await page.keyboard.type('x');
  expect(await layer.innerText()).not.toContain('x"');

  await page.getByRole('combobox', { name: 'Policy of' }).selectOption(org);
  await page.getByText(`Read-only here: ${own} stands on it.`).waitFor();
  expect(await page.getByRole('link', { name: 'Review and save' }).count()).toBe(0);
  expect(await page.getByRole('combobox', { name: 'Tools that match no entry' }).isDisabled()).toBe(true);
  expect(await post(page, '/api/policy/save', { file: org, base: before, text: '{}' })).toMatchObject({
    error: { code: 'REFUSED' },
  });
  expect(readFileSync(org, 'utf8')).toBe(before);
  // Nor is anything read or written that is no policy of this machine.
  const other = rig.file('other.json', before);
  for (const [path, body] of [
    ['/api/policy/save', { file: other, base: before, text: '{}' }],
    ['/api/policy/compare', { file: '/etc/passwd', base: '', text: '{}' }],
    ['/api/policy/version', { file: own, name: '../../../etc/passwd' }],
    ['/api/try/keep', { file: other, text: before, server: 'x', tool: 'x', args: '{}', env: {}, name: 'x' }],
  ] as const)
    expect(await post(page, path, body)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  expect(readFileSync(other, 'utf8')).toBe(before);
  expect(existsSync(join(rig.folder, 'cases'))).toBe(false);
});

/** What a page that is signed in could ask, whatever its buttons offer. */
function post(page: Page, path: string, body: object): Promise<unknown> {
  return page.evaluate(`fetch(${JSON.stringify(path)}, { method: 'POST',
    headers: { 'content-type': 'application/json', 'x-policy-wrap-key': localStorage.getItem('policy-wrap-key') },
    body: ${JSON.stringify(JSON.stringify(body))} }).then((response) => response.json())`);
}

test('a call from the log is decided rule by rule, and kept as a case that policy-wrap test and the save screen run', async () => {
  await using rig = await PageRig.start();
  const file = rig.policy('legiti', {
    version: '1',
    default: 'deny',
    audit: { arguments: 'full' },
    tools: { track_logout: { require: [{ conditions: [{ path: 'args.amount', op: 'lte', value: 100 }] }] } },
  });
  const wrapper = rig.standIn('legiti', 'legiti');
  await wrapper.initialize();
  await wrapper.call('track_logout', { amount: 150 });
  wrapper.write(
    '{"jsonrpc":"2.0","id":"big","method":"tools/call","params":{"name":"track_logout","arguments":{"amount":100.00000000000000001}}}\n',
  );
  await wrapper.next(({ id }) => id === 'big');
  const page = await rig.open('/try');
  const use = page.getByRole('button', { name: /^Use it/ });
  await use.first().click();
  const answer = page.getByTestId('answer');
  await answer.getByText('refused').first().waitFor();
  // Every digit of the call is there, and every step.
  expect(await page.getByLabel('Arguments, as JSON').inputValue()).toContain('100.00000000000000001');
  expect(await answer.locator('.trace li').allInnerTexts()).toEqual([
    expect.stringContaining('judged by the entry "track_logout"'),
    expect.stringContaining('/tools/track_logout/require/0'),
  ]);
  await use.last().click();
  await answer.getByText('args.amount is 150, and must be at most 100').first().waitFor();
  await page.getByLabel('Name of the case').fill('above 100');
  await page.getByRole('button', { name: 'Keep it' }).click();
  const cases = join(file, '..', 'cases', 'legiti.json');
  await expect.poll(() => existsSync(cases)).toBe(true);
  expect(cli(['test', cases], { env: rig.env() }).stdout).toContain('1 passed, 0 failed');

  // A draft that decides it otherwise is held up by the case.
  await goTo(page, '/impact');
  await page.getByRole('textbox', { name: /args.amount lte/ }).fill('200');
  await goTo(page, '/save');
  await page.getByText('1 case fails').waitFor();
  const save = page.getByRole('button', { name: 'Save', exact: true });
  expect(await save.isDisabled()).toBe(true);
  await page.getByLabel('Save although a case fails').check();
  await save.click();
  await expect.poll(() => readFileSync(file, 'utf8')).toContain('"value": 200');
  expect(rig.problems).toEqual([]);
});

test('the default, hidden tools, the time zone and pinning are fields: each changes its own member, and a wrapper decides by what is saved', async () => {
  await using rig = await PageRig.start();
  const file = rig.policy(
    'legiti',
    '{\n  // ours\n  "version": "1",\n  "default": "deny",\n  "tools": {}\n}\n',
  );
  const wrapper = rig.standIn('legiti', 'legiti');
  await wrapper.initialize();
  const page = await rig.open('/file');
  await page.getByRole('combobox', { name: 'Tools that match no entry' }).selectOption('allow');
  await page.getByRole('combobox', { name: 'When a tool’s definition changes' }).selectOption('deny');
  await page.getByLabel('Time zone').fill('America/Argentina/Buenos_Aires');
  const hide = page.getByLabel('A name, or a pattern such as delete_*');
  for (const name of ['track_log*', 'nobody']) {
    await hide.fill(name);
    await hide.press('Enter');
  }
  await page.getByRole('button', { name: 'Remove nobody' }).click();
  await page.getByRole('link', { name: 'Review and save' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(() => readFileSync(file, 'utf8')).toContain('"allow"');
  const saved = readFileSync(file, 'utf8');
  expect(saved).toMatch(
    /^\{\n {2}\/\/ ours\n {2}"version": "1",\n {2}"default": "allow",\n {2}"tools": \{\}/,
  );
  expect(readJsonc(saved)?.doubles).toEqual({
    version: '1',
    default: 'allow',
    tools: {},
    pin: 'deny',
    timezone: 'America/Argentina/Buenos_Aires',
    hide: ['track_log*'],
  });
  const answer = async () => (await wrapper.call('track_logout', { user_id: 'u' })).error?.message;
  await expect.poll(answer).toBe('Unknown tool: track_logout');
  expect(rig.problems).toEqual([]);
});

test('one policy is edited at a time: another one is opened when the changes are dropped, and not before', async () => {
  await using rig = await PageRig.start();
  const one = rig.policy('one', { version: '1', default: 'deny' });
  const two = rig.policy('two', { version: '1', default: 'deny' });
  const page = await rig.open('/file');
  const choice = page.getByRole('combobox', { name: 'Policy of' });
  const fallback = page.getByRole('combobox', { name: 'Tools that match no entry' });
  await fallback.selectOption('allow');
  await choice.selectOption(two);
  await page.getByText(`There are changes that are not saved in ${one}`).waitFor();
  await page.getByRole('button', { name: 'Go on with those' }).click();
  await expect.poll(() => fallback.inputValue()).toBe('allow');
  await choice.selectOption(two);
  await page.getByRole('button', { name: 'Drop them, and open this one' }).click();
  await expect.poll(() => fallback.inputValue()).toBe('deny');
  await choice.selectOption(one);
  await expect.poll(() => fallback.inputValue()).toBe('deny');
  expect(rig.problems).toEqual([]);
});

test('by the keyboard alone: a limit over all tools is made, a value completed from the schema, and both are saved', async () => {
  await using rig = await PageRig.start();
  const file = rig.policy('legiti', '{\n  "version": "1",\n  "default": "allow",\n  "tools": {}\n}\n');
  const page = await rig.open('/file');
  await settled(page);
  const tabTo = async (name: RegExp) => {
    for (let i = 0; i < 60; i += 1) {
      const text = await page.evaluate(
        `(() => { const at = document.activeElement; const inner = at?.shadowRoot?.activeElement ?? at;
          return inner?.getAttribute('aria-label') ?? inner?.labels?.[0]?.textContent ?? inner?.textContent ?? ''; })()`,
      );
      if (name.test(String(text))) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`the keyboard does not reach ${name}`);
  };
  await page.locator('#content').focus();
  await tabTo(/^Add a limit$/);
  await page.keyboard.press('Enter');
  await page.getByLabel('At most (calls)').waitFor();
  await page.keyboard.press('Shift+Tab');
  await tabTo(/^Text of the policy$/);
  await page.keyboard.press('ControlOrMeta+End');
  for (let i = 0; i < 2; i += 1) await page.keyboard.press('ArrowUp');
  await page.keyboard.press('End');
  await page.keyboard.type(', "pi');
  await page.keyboard.press('Control+Space');
  await page.locator('.cm-tooltip-autocomplete li', { hasText: '"pin"' }).waitFor();
  // A list that has only just come takes no Enter yet: that was meant for the text.
  await page.waitForTimeout(300);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Space');
  await page.locator('.cm-tooltip-autocomplete li', { hasText: 'hold' }).waitFor();
  await page.keyboard.type('"hold"');
  await page.keyboard.press('Escape');
  await page.locator('#content').focus();
  await tabTo(/^Review and save$/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'What changes on disk' }).waitFor();
  await expect.poll(() => page.getByRole('button', { name: 'Save', exact: true }).isEnabled()).toBe(true);
  await tabTo(/^Save$/);
  await page.keyboard.press('Enter');
  await expect.poll(() => readFileSync(file, 'utf8')).toContain('"pin": "hold"');
  expect(readFileSync(file, 'utf8')).toContain(
    '"limits": [{ "counter": "all_calls", "window": "minute", "max": 60 }]',
  );
  expect(rig.problems).toEqual([]);
});
