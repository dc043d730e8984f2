import { expect, test } from 'vitest';
import type { Json } from '../../../src/json/value.js';
import { approvalTexts } from '../../../src/policy/evaluate/approval.js';
import { policyOf } from '../support.js';

const { approvals } = policyOf({
  default: 'allow',
  approvals: { except: ['args.key', 'args.meta.key'] },
});
const boundOf = (args: { readonly [name: string]: Json }) => approvalTexts(args, approvals)?.bound;

test.each<[what: string, value: Json]>([
  ['another text', 'b'],
  ['a number', 7],
  ['null', null],
])('G10: what `except` names may change to %s, and the call is the approved one', (_, value) => {
  expect(boundOf({ amount: 1, key: value })).toBe(boundOf({ amount: 1, key: 'a' }));
  expect(boundOf({ amount: 1, meta: { key: value } })).toBe(boundOf({ amount: 1, meta: { key: 'a' } }));
});

test.each<[what: string, value: Json]>([
  ['an object', { amount: 1_000_000_000 }],
  ['a list', ['b']],
])('G10: %s in the place of what `except` names makes it another call', (_, value) => {
  expect(boundOf({ amount: 1, key: value })).not.toBe(boundOf({ amount: 1, key: 'a' }));
  expect(boundOf({ amount: 1, meta: { key: value } })).not.toBe(boundOf({ amount: 1, meta: { key: 'a' } }));
});

test('G10: what is shown is whole', () => {
  expect(approvalTexts({ amount: 1, key: 'a' }, approvals)?.shown).toBe('{"amount":1,"key":"a"}');
});
