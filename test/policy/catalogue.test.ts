import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import { callOf, outcomeOf, policyOf } from './support.js';

const fixture = (name: string) =>
  policyOf(readFileSync(new URL(`../fixtures/policies/${name}`, import.meta.url), 'utf8'));

/** Examples of the hosted service's documentation, and what they promise. */
test.each<[string, unknown, string, string | undefined]>([
  ['create_charge', { amount: 1e9 }, 'open', undefined],
  ['create_refund', { amount: 100 }, 'open', undefined],
  ['create_refund', { amount: 100.01 }, 'DENY_IF', 'Refund exceeds the policy limit.'],
  ['create_refund', { amount: '500' }, 'DENY_IF', 'Refund exceeds the policy limit.'],
  ['create_refund', {}, 'open', undefined],
  ['run_command', { command: 'ls -la' }, 'open', undefined],
  ['run_command', { command: 'rm -rf /' }, 'REQUIRE', 'Only listed commands.'],
  ['run_command', { command: 'ls ; rm -rf /' }, 'DENY_IF', 'No shell metacharacters.'],
  ['run_command', { command: 'ls \n rm -rf /' }, 'DENY_IF', 'No shell metacharacters.'],
  ['run_command', { command: ['ls'] }, 'REQUIRE', 'Only listed commands.'],
  ['transfer', {}, 'DENY_IF', 'Requires human approval.'],
  ['delete_account', {}, 'hidden', undefined],
  ['anything_else', {}, 'NOT_LISTED', undefined],
])('hosted example: %s %j: %s', (tool, args, outcome, text) => {
  const evaluation = evaluate(fixture('hosted.json'), callOf(tool, args));
  expect(outcomeOf(evaluation)).toBe(outcome);
  expect(evaluation.kind === 'refused' ? evaluation.refusal.authorText : undefined).toBe(text);
});

test('hosted example: the pasted policy charges one call a minute to its counter, and lists nothing else', () => {
  const policy = fixture('pasted.json');
  const evaluation = evaluate(policy, callOf('track_logout'));
  expect(evaluation).toMatchObject({
    kind: 'open',
    charges: [{ split: '', limit: { counter: 'track_logout_rate', windowMs: 60_000, scope: 'grant' } }],
  });
  expect(
    evaluation.kind === 'open' && evaluation.charges.map(({ amount, limit }) => `${amount}/${limit.max}`),
  ).toEqual(['1/30']);
  expect(outcomeOf(evaluate(policy, callOf('track_login')))).toBe('NOT_LISTED');
});

const AFIP = { AFIP_ENV: 'homologation', AFIP_CUIT: '20123456786' };
const INVOICE = { point_of_sale: 3, amount_total: 1000, doc_number: 20123456786 };

test.each<[string, unknown, Record<string, string>, string]>([
  ['create_invoice', INVOICE, AFIP, 'open'],
  ['create_invoice', INVOICE, { ...AFIP, AFIP_ENV: 'production' }, 'REQUIRE'],
  ['create_invoice', INVOICE, {}, 'REQUIRE'],
  ['create_invoice', { ...INVOICE, point_of_sale: '3' }, AFIP, 'REQUIRE'],
  ['create_invoice', { ...INVOICE, amount_total: 500_000.01 }, AFIP, 'REQUIRE'],
  ['create_invoice', { ...INVOICE, amount_total: 100_000 }, AFIP, 'ask'],
  ['create_invoice', { ...INVOICE, Amount_Total: 1 }, AFIP, 'REQUIRE'],
  ['create_invoice_batch', { invoices: [{ amount_total: 1 }, { amount_total: 2.5 }] }, AFIP, 'open'],
  ['create_invoice_batch', { invoices: [{ amount_total: 1 }, { amount_total: 500_001 }] }, AFIP, 'REQUIRE'],
  ['create_invoice_batch', { invoices: [] }, AFIP, 'REQUIRE'],
  ['create_invoice_batch', {}, AFIP, 'REQUIRE'],
  ['create_credit_note', {}, AFIP, 'ask'],
  ['get_invoice', {}, AFIP, 'open'],
  ['cancel_invoice', {}, AFIP, 'hidden'],
  ['lookup_taxpayer', {}, AFIP, 'ACTION_DENY'],
  ['get_registration_certificate', {}, AFIP, 'hidden'],
  ['create_debit_note', {}, AFIP, 'NOT_LISTED'],
])('invoices: %s %j under %j: %s', (tool, args, env, outcome) => {
  expect(outcomeOf(evaluate(fixture('afip.json'), callOf(tool, args, env)))).toBe(outcome);
});

test('invoices and batches fill one count and one sum per taxpayer', () => {
  const charges = (tool: string, args: unknown) => {
    const evaluation = evaluate(fixture('afip.json'), callOf(tool, args, AFIP));
    if (evaluation.kind !== 'open') throw new Error(evaluation.kind);
    return evaluation.charges
      .filter(({ limit }) => limit.counter === 'invoices' || limit.counter === 'billed')
      .map(({ limit, amount, split }) => `${limit.counter} ${amount} ${split.slice(0, 9)}`);
  };
  expect(charges('create_invoice', INVOICE)).toEqual(['invoices 1 ["sha256:', 'billed 1000 ["sha256:']);
  expect(
    charges('create_invoice_batch', { invoices: [{ amount_total: 0.1 }, { amount_total: 0.2 }] }),
  ).toEqual(['invoices 2 ["sha256:', 'billed 0.3 ["sha256:']);
});
