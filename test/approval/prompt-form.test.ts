import { describe, expect, test } from 'vitest';
import { promptFor, READING_MS, readAnswer } from '../../src/approval/prompt-form.js';
import type { Message } from '../support/rig.js';

const CHALLENGE = { label: 'the value of amount_total', value: '121000.5' };
const QUESTION = {
  server: 'afip',
  tool: 'create_invoice',
  reason: 'Invoices need a look.',
  argumentsText: '{"amount_total":121000.5}',
  mayChange: [],
  approvalId: 'ab12cd',
  challenge: undefined,
};
const form = (content: object) => ({ action: 'accept', content });

describe('G10: what a person is shown', () => {
  test('names the server, the tool, the reason, the arguments and the approval; its default decides nothing', () => {
    const { message, requestedSchema } = promptFor(QUESTION) as Message;
    expect(message).toBe(
      [
        'policy-wrap: afip wants to call create_invoice.',
        'Why you are asked: Invoices need a look.',
        'Arguments: {"amount_total":121000.5}',
        'Approval ab12cd. It serves this one call, with exactly these arguments.',
      ].join('\n'),
    );
    const { decision, confirm } = requestedSchema.properties;
    expect(decision).toMatchObject({ enum: ['not_now', 'deny', 'allow_once'], default: 'not_now' });
    expect(confirm).toBeUndefined();
    expect(requestedSchema.required).toEqual(['decision']);
  });

  test('says what a retry may change, where the policy leaves anything out', () => {
    const last = (mayChange: string[]) =>
      promptFor({ ...QUESTION, mayChange })
        ?.message.split('\n')
        .at(-1);
    expect(last(['args.idempotency_key', 'args.sent_at'])).toBe(
      'Approval ab12cd. It serves this one call, with these arguments; only args.idempotency_key, args.sent_at may be different when it is tried again.',
    );
    expect(last(['args["\u202e"]'])).toContain('args["\\u{202e}"]');
  });

  test('has one field for a severe call, to type into, without the value: clients sort several by name', () => {
    const { requestedSchema } = promptFor({ ...QUESTION, challenge: CHALLENGE }) as Message;
    expect(Object.keys(requestedSchema.properties)).toEqual(['confirm']);
    expect(requestedSchema.required).toEqual(['confirm']);
    expect(requestedSchema.properties.confirm.title).toBe(
      'To allow this call once, type the value of amount_total',
    );
    expect(requestedSchema.properties.confirm.default).toBeUndefined();
    expect(JSON.stringify(requestedSchema)).not.toContain(CHALLENGE.value);
  });

  test.each<[string, string, boolean]>([
    ['as long as fits', 'x'.repeat(4000), true],
    ['longer', 'x'.repeat(4001), false],
    ['longer once they are escaped', '\u202e'.repeat(1000), false],
  ])('is whole or nothing: arguments %s', (_, argumentsText, isShown) => {
    expect(promptFor({ ...QUESTION, argumentsText }) !== undefined).toBe(isShown);
  });
});

describe('G10: what an answer counts for', () => {
  test.each<[string, unknown, string]>([
    ['allow_once', form({ decision: 'allow_once' }), 'allow'],
    ['deny', form({ decision: 'deny' }), 'deny'],
    ['a decline', { action: 'decline' }, 'deny'],
    ['not_now', form({ decision: 'not_now' }), 'dismissed'],
    ['another word', form({ decision: 'ALLOW_ONCE' }), 'dismissed'],
    ['an empty form', form({}), 'dismissed'],
    ['no form', { action: 'accept' }, 'dismissed'],
    ['a form that is a list', { action: 'accept', content: ['allow_once'] }, 'dismissed'],
    ['a cancel', { action: 'cancel', content: { decision: 'allow_once' } }, 'dismissed'],
    ['a cancel with deny', { action: 'cancel', content: { decision: 'deny' } }, 'dismissed'],
    ['no action', { content: { decision: 'allow_once' } }, 'dismissed'],
    ['an error in its place', undefined, 'dismissed'],
  ])('%s', (_, result, answer) => {
    expect(readAnswer(result, undefined, READING_MS, undefined)).toBe(answer);
    // The client itself: nobody reads a form in that time, so it is nobody's word, neither a yes nor a no.
    expect(readAnswer(result, undefined, READING_MS - 1, undefined)).toBe('dismissed');
    expect(readAnswer(result, undefined, Number.NaN, undefined)).toBe('dismissed');
    expect(readAnswer(result, undefined, -5, undefined)).toBe('dismissed');
  });

  test.each<[string, object, string]>([
    ['the value typed', { confirm: ' 121000.5 ' }, 'allow'],
    ['the value typed as the person writes numbers', { confirm: '121.000,50' }, 'allow'],
    ['another value typed', { confirm: '121000' }, 'mistyped'],
    ['yes typed', { confirm: 'allow_once' }, 'mistyped'],
    ['deny typed', { confirm: ' Deny ' }, 'deny'],
    ['nothing typed', { confirm: '' }, 'dismissed'],
    ['no field', { decision: 'allow_once' }, 'dismissed'],
    ['a number in the place of a text', { confirm: 121000.5 }, 'dismissed'],
  ])('for a severe call with %s', (_, content, answer) => {
    expect(readAnswer(form(content), CHALLENGE, READING_MS, 'es-AR')).toBe(answer);
  });

  test('where the value to type is the word that refuses, it refuses', () => {
    const challenge = { label: 'the last 4 characters of mode', value: 'deny' };
    expect(readAnswer(form({ confirm: 'deny' }), challenge, READING_MS, undefined)).toBe('deny');
  });
});
