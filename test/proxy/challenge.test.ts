import { describe, expect, test } from 'vitest';
import { type JsonObject, parseJson } from '../../src/policy/json.js';
import { boundedNumber, numbersOf } from '../../src/proxy/bounds.js';
import { challengeOf, isMet } from '../../src/proxy/challenge.js';

const args = (text: string) => parseJson(text) as JsonObject;

describe('what a person types', () => {
  test.each([
    ['{"point_of_sale": 3, "amount_total": 121000.50}', 'amount_total', '121000.5'],
    ['{"a": {"importe": 9007199254740993}, "n": 1}', 'a.importe', '9007199254740993'],
    ['{"items": [{"price": 7}]}', 'items.0.price', '7'],
    ['{"total": 1e21}', 'total', '1000000000000000000000'],
    ['{"total": 0.0000001}', 'total', '0.0000001'],
    ['{"n": 5, "cuit": "20-12345678-9"}', 'n', '5'],
    ['{"cuit": "20-12345678-9"}', 'the last 4 characters of cuit', '78-9'],
    ['{"a": "xy", "repo": " team/site "}', 'the last 4 characters of repo', 'site'],
    // Nobody can type what is escaped when it is shown, or half of a character.
    ['{"a": "abc\\u202e", "b": "name"}', 'the last 4 characters of b', 'name'],
    ['{"a": "ab\\ud83e\\uddfec", "b": "name"}', 'the last 4 characters of a', 'b\u{1f9fe}c'],
    ['{}', "the tool's name", 'pay'],
    ['{"toString": 1, "x": {"toString": "1"}}', 'toString', '1'],
    ['{"x": {"toString": "no number"}}', 'the last 4 characters of x.toString', 'mber'],
  ])('for %s it is %s', (text, label, value) => {
    expect(challengeOf('pay', args(text))).toEqual({ label, value });
    expect(isMet({ label, value }, ` ${value}\n`)).toBe(true);
    expect(isMet({ label, value }, `${value}0`)).toBe(false);
    expect(isMet({ label, value }, '')).toBe(false);
  });

  test('a tail that begins with a space can be typed', () => {
    const challenge = challengeOf('pay', args('{"to": "acme ltd"}'));
    expect(isMet(challenge, 'ltd')).toBe(true);
  });
});

describe('the number that bounds a budget', () => {
  test.each([
    ['{"n": 1, "amount": 2.50}', 'args.amount', '2.5'],
    ['{"pay": {"total": 9007199254740993}}', 'args.pay.total', '9007199254740993'],
    ['{"n": 1}', 'args.n', '1'],
  ])('of %s is %s', (text, path, value) => {
    expect(boundedNumber(args(text))).toBe(path);
    expect(numbersOf(args(text)).get(path)).toBe(value);
  });

  test.each([
    '{"items": [{"amount": 1}]}',
    '{"amount": "1"}',
    '{"amount": 1, "Amount": 2}',
    '{"amount": 1, "ａmount": 2}',
    '{"pay": {"amount": 1}, "PAY": 2}',
    '{"pay": {"amount": 1}, "pay.amount": 2}',
    '{"pay": {"amount": 1}, "Pay.Amount": "2"}',
    '{"pay.amount": 1}',
  ])('in %s is none: another value could be meant', (text) => {
    expect(boundedNumber(args(text))).toBeUndefined();
  });
});
