import { expect, test } from 'vitest';
import { approvalId } from '../../support/asking.js';
import { type Message, refusalCode } from '../../support/rig.js';
import { accessible, fitsWidth, PageRig } from '../support/page-rig.js';
import { press } from '../support/press.js';

const POLICY = {
  version: '1',
  default: 'allow',
  audit: { arguments: 'full' },
  approvals: { expires: '10m' },
  tools: {
    tag: { action: 'approve', reason: 'Tags are for people.' },
    create_invoice: {
      approve_if: [{ conditions: [{ path: 'args.amount_total', op: 'gt', value: 1000 }] }],
    },
  },
};

/** A wrapper with an initialized client in front of the recorder. */
async function wrapped(rig: PageRig) {
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  return wrapper;
}

const INVOICE = { amount_total: 121000.5, doc_number: 20111222333, concept: 'consulting' };

test('G10: a severe call is shown whole, takes its value typed, and passes once and as it was shown', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  for (const amount_total of [100, 200, 300, 400, 500])
    expect(refusalCode(await wrapper.call('create_invoice', { ...INVOICE, amount_total }))).toBeUndefined();
  const page = await rig.open('/waiting');
  await page.getByText('Nothing waits for you').waitFor();
  expect(refusalCode(await wrapper.call('create_invoice', INVOICE))).toBe('APPROVAL_REQUIRED');

  // It comes by itself, and the tab counts it.
  const card = page.getByRole('article', { name: 'create_invoice' });
  await card.waitFor();
  await expect.poll(() => page.title()).toBe('(1) Waiting · policy-wrap');
  expect(await card.getByLabel('Arguments, whole').innerText()).toBe(
    '{\n  "amount_total": 121000.5,\n  "concept": "consulting",\n  "doc_number": 20111222333\n}',
  );
  await card.getByText('amount_total is 121000.5: the largest before was 500').waitFor();
  await card.getByText('/tools/create_invoice/approve_if/0').waitFor();
  await card.getByText('rig 1', { exact: true }).waitFor();
  await accessible(page);

  const field = card.getByLabel('To approve it, type the value of amount_total');
  const approve = card.getByRole('button', { name: 'Approve once' });
  expect(await approve.isDisabled()).toBe(true);
  await field.fill('121000');
  await approve.click();
  await card.getByText('Expected the value of amount_total').waitFor();
  await field.fill('121000.5');
  await approve.click();
  await card.waitFor({ state: 'detached' });
  await expect.poll(() => page.title()).toBe('Waiting · policy-wrap');

  expect(refusalCode(await wrapper.call('create_invoice', { ...INVOICE, amount_total: 121000.6 }))).toBe(
    'APPROVAL_REQUIRED',
  );
  expect(refusalCode(await wrapper.call('create_invoice', INVOICE))).toBeUndefined();
  expect(refusalCode(await wrapper.call('create_invoice', INVOICE))).toBe('APPROVAL_REQUIRED');
  await page.getByText('approved and used').waitFor();
  expect(rig.problems.filter((text) => !text.includes('400'))).toEqual([]);
});

test('a call is rejected with a reason that the model reads, by the keyboard alone', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  await wrapper.call('tag', { name: 'x' });
  const page = await rig.open('/waiting');
  const card = page.getByRole('article', { name: 'tag' });
  await card.getByText('Tags are for people.').waitFor();
  await reach(page, 'Reject…');
  await page.keyboard.press('Enter');
  await reach(page, 'Reason, which the model is told (may be left empty)');
  await page.keyboard.type('wrong customer');
  await page.keyboard.press('Enter');
  await card.waitFor({ state: 'detached' });
  const again = await wrapper.call('tag', { name: 'x' });
  expect(refusalCode(again)).toBe('APPROVAL_REJECTED');
  expect(textOf(again)).toContain('wrong customer');
  await page.getByRole('cell', { name: /rejected on this page wrong customer/ }).waitFor();
});

test('the next calls pass within every amount, until they are revoked', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  await wrapper.call('create_invoice', { ...INVOICE, amount_total: 5000 });
  const page = await rig.open('/waiting');
  const card = page.getByRole('article', { name: 'create_invoice' });
  await card.getByLabel('Also approve the next calls').check();
  await card.getByLabel('Further calls of this tool').fill('2');
  expect(await card.getByLabel('Each amount at most').inputValue()).toBe('5000');
  await card.getByLabel('Each amount at most').fill('8000');
  await accessible(page);
  await card.getByLabel(/^To approve it, type/).fill('5000');
  await press(
    card.getByRole('button', { name: 'Approve it and the next 2' }),
    page.getByText('2 more calls of create_invoice on recorder'),
  );
  const call = async (amount_total: number): Promise<string | undefined> =>
    refusalCode(await wrapper.call('create_invoice', { ...INVOICE, amount_total, tax_amount: amount_total }));
  expect(await call(8001)).toBe('APPROVAL_REQUIRED');
  expect(await call(8000)).toBeUndefined();
  await page.getByText('1 more call of create_invoice on recorder').waitFor();
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('Approved in advance').waitFor({ state: 'detached' });
  expect(await call(7000)).toBe('APPROVAL_REQUIRED');
});

test('what was approved is taken back while it is unused', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  expect(approvalId(await wrapper.call('tag', { name: 'x' }))).toMatch(/^[a-z0-9]+$/);
  const page = await rig.open('/waiting');
  await press(page.getByRole('button', { name: 'Approve once' }), page.getByText('approved, not used yet'));
  await page.getByRole('button', { name: 'Take back' }).click();
  await page.getByRole('cell', { name: /^rejected/ }).waitFor();
  expect(refusalCode(await wrapper.call('tag', { name: 'x' }))).toBe('APPROVAL_REJECTED');
});

test('G10: arguments of 100 KB are shown whole, the page stays usable, and the call passes as it was shown', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  const lines = Array.from({ length: 2000 }, (_, at) => ({ sku: `item ${at}`, note: '<b>\u202e'.repeat(4) }));
  const args = { name: 'whole', lines, text: 'x'.repeat(30_000) };
  expect(JSON.stringify(args).length).toBeGreaterThan(100_000);
  expect(refusalCode(await wrapper.call('tag', args))).toBe('APPROVAL_REQUIRED');
  const page = await rig.open('/waiting');
  const card = page.getByRole('article', { name: 'tag' });
  const shown = await card.getByLabel('Arguments, whole').innerText();
  expect(JSON.parse(shown.replaceAll('\\u{202e}', '\\u202e'))).toEqual(args);
  expect(shown).not.toContain('\u202e');
  await fitsWidth(page);
  await press(card.getByRole('button', { name: 'Approve once' }), card, 'detached');
  expect(refusalCode(await wrapper.call('tag', args))).toBeUndefined();
  expect(rig.problems).toEqual([]);
});

test('the rule of a call that waits leads to the rules of its tool', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  await wrapper.call('tag', { name: 'x' });
  const page = await rig.open('/waiting');
  await page.getByRole('link', { name: '/tools/tag/action: the rules of tag' }).click();
  await page.getByRole('heading', { level: 2, name: 'tag' }).waitFor();
  expect(page.url()).toContain('#/tools/recorder/tag');
});

test('in Spanish, dark, at 360 and 1,600 pixels it fits and axe finds nothing', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  await wrapper.call('create_invoice', { ...INVOICE, concept: 'x'.repeat(3000) });
  await wrapper.call('tag', { name: 'x' });
  for (const width of [360, 1600]) {
    const page = await rig.open('/waiting', { width, language: 'es', dark: true });
    await page.getByRole('button', { name: 'Aprobar una vez' }).first().waitFor();
    // The core's reason is Spanish too; what the policy's author has written stays, and is marked as no language of ours.
    await page.getByText('args.amount_total es 121000.5, que es mayor que 1000').waitFor();
    expect(await page.locator('[lang=en]', { hasText: 'Tags are for people.' }).count()).toBe(0);
    await page.getByLabel('Para aprobarla, escribe: el valor de amount_total').waitFor();
    await page.getByLabel('Aprobar también las próximas llamadas').first().check();
    await fitsWidth(page);
    await accessible(page);
  }
});

test('the brake stops every wrapper, is in sight on every screen, and is lifted', async () => {
  await using rig = await PageRig.start();
  const wrapper = await wrapped(rig);
  const page = await rig.open('/waiting');
  await page.getByRole('button', { name: 'Pause everything' }).click();
  await page.getByText('Paused: every call of every server is refused').waitFor();
  expect(refusalCode(await wrapper.call('list', {}))).toBe('PAUSED');
  await accessible(page);
  await press(page.getByRole('button', { name: 'Resume' }), page.getByText('Paused: every call'), 'detached');
  expect(refusalCode(await wrapper.call('list', {}))).toBeUndefined();
});

/** Goes on with Tab until the control of that name has the focus. */
async function reach(page: Awaited<ReturnType<PageRig['open']>>, name: string): Promise<void> {
  for (let tabs = 0; tabs < 100; tabs += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(
      '(() => { const at = document.activeElement; return at?.labels?.[0]?.textContent ?? at?.textContent })()',
    );
    if (at === name) return;
  }
  throw new Error(`no ${name} by the keyboard`);
}

const textOf = (answer: Message): string => answer.result?.content?.[0]?.text ?? '';
