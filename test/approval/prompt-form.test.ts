import { describe, expect, test } from 'vitest';
import { promptFor, READING_MS, readAnswer } from '../../src/approval/prompt-form.js';
import type { Message } from '../support/rig.js';

const CHALLENGE = { label: 'amount_total', value: '121000.5' };
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

  test('has a field to type into for a severe call, without the value', () => {
    const { requestedSchema } = promptFor({ ...QUESTION, challenge: CHALLENGE }) as Message;
    expect(requestedSchema.properties.confirm.title).toBe('To allow it, type amount_total');
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
    expect(readAnswer(result, undefined, READING_MS)).toBe(answer);
    // The client itself: nobody reads a form in that time, so it is nobody's word, neither a yes nor a no.
    expect(readAnswer(result, undefined, READING_MS - 1)).toBe('dismissed');
    expect(readAnswer(result, undefined, Number.NaN)).toBe('dismissed');
    expect(readAnswer(result, undefined, -5)).toBe('dismissed');
  });

  test.each<[string, object, string]>([
    ['the value typed', { decision: 'allow_once', confirm: ' 121000.5 ' }, 'allow'],
    ['another value typed', { decision: 'allow_once', confirm: '121000' }, 'dismissed'],
    ['nothing typed', { decision: 'allow_once' }, 'dismissed'],
    ['a number in the place of a text', { decision: 'allow_once', confirm: 121000.5 }, 'dismissed'],
    ['the value typed and deny chosen', { decision: 'deny', confirm: '121000.5' }, 'deny'],
    ['the value typed and nothing chosen', { confirm: '121000.5' }, 'dismissed'],
  ])('for a severe call with %s', (_, content, answer) => {
    expect(readAnswer(form(content), CHALLENGE, READING_MS)).toBe(answer);
  });
});
