import { describe, expect, test } from 'vitest';
import { challengeOf, isMet } from '../../src/approval/challenge.js';
import { amountsOf, boundedNumber, numbersOf } from '../../src/approval/numeric-arguments.js';
import { canonicalJson } from '../../src/json/canonical.js';
import { parseJson } from '../../src/json/exact.js';
import type { JsonObject } from '../../src/json/value.js';

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
    ['{"amount": "+121000.5", "total": "7"}', 'amount (the largest of 2)', '+121000.5'],
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
    ['{"pay": {"total": 90071992547.40993}}', 'args.pay.total', '90071992547.40993'],
    // The largest, so that none can hide behind it; all are bound (see below).
    ['{"a_total": 1, "amount_total": 150}', 'args.amount_total', '150'],
    ['{"n": 900, "amount": 2}', 'args.amount', '2'],
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
    // Servers round it (G2), or it is one of several that are no money: a person must choose.
    '{"pay": {"total": 9007199254740993}}',
    '{"point_of_sale": 1, "doc_number": 2}',
  ])('in %s is none: another value could be meant', (text) => {
    expect(boundedNumber(args(text))).toBeUndefined();
  });
});

const AFIP = {
  type: 'object',
  properties: {
    amount_total: { type: 'number' },
    point_of_sale: { type: 'number' },
    account_consumer: { type: 'number' },
    payment: { type: 'object', properties: { importe: { type: 'number' } } },
    lines: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } } } },
    free: { type: 'object' },
  },
};

describe('G10: an argument that the tool does not have, or that only sounds like money, takes over nothing', () => {
  test.each([
    ['{"amount_total": 150, "a_total": 1}', 'amount_total', '150'],
    ['{"a_total": 1, "amount_total": 150}', 'amount_total', '150'],
    ['{"a_total": 900, "amount_total": 150}', 'amount_total', '150'],
    ['{"amount_total": 150, "account_consumer": 900}', 'amount_total', '150'],
    ['{"point_of_sale": 3, "a_total": 1}', 'point_of_sale', '3'],
    ['{"payment": {"importe": 5, "total": 1}}', 'payment.importe', '5'],
    ['{"lines": [{"price": 5}, {"price": 7, "sum": 9}]}', 'lines.1.price (the largest of 2)', '7'],
    ['{"free": {"total": 1}, "total": 9}', 'free.total', '1'],
    ['{"a_total": 1}', 'a_total', '1'],
  ])('%s, with a schema, asks for %s', (text, label, value) => {
    expect(challengeOf('pay', args(text), AFIP)).toEqual({ label, value });
    expect(challengeOf('pay', args(canonicalJson(args(text))), AFIP)).toEqual({ label, value });
  });

  test.each([
    ['{"amount_total": 150, "a_total": 1}', 'amount_total (the largest of 2)', '150'],
    ['{"amount_total": "150.00", "a_total": 1}', 'amount_total (the largest of 2)', '150.00'],
    ['{"amount_total": "1.500,00", "a_total": 2}', 'amount_total (the largest of 2)', '1.500,00'],
    ['{"amount": -900, "total": 5}', 'amount (the largest of 2)', '-900'],
    ['{"amount": "1e99999999", "total": 5}', 'amount (the largest of 2)', '1e99999999'],
    ['{"account_consumer": 900, "price": 5}', 'price', '5'],
    ['{"amount_currency": "ARS", "importe": 5}', 'importe', '5'],
  ])('%s, without one, asks for %s', (text, label, value) => {
    expect(challengeOf('pay', args(text))).toEqual({ label, value });
  });

  test.each([null, 1, 'x', [], {}, { properties: {} }, { properties: [] }, { properties: { amount: 1 } }])(
    'a schema of any form serves: %j',
    (schema) => {
      expect(challengeOf('pay', args('{"amount": 5}'), schema)).toEqual({ label: 'amount', value: '5' });
    },
  );
});

describe('G10: a budget bounds every amount of the call', () => {
  test.each([
    ['{}', []],
    ['{"n": 5, "account_consumer": 900, "assume": 7}', []],
    ['{"amount_total": 150, "a_total": 1}', ['1', '150']],
    ['{"amount": 1, "Amount": 2, "ａｍｏｕｎｔ": 3, "am\u200bount": 4}', ['1', '4']],
    ['{"pay": {"amount": 1}, "pay.amount": 2}', ['1', '2']],
    ['{"amountTotal": 1, "totalAmount": 2, "importe2": 3, "prices": [4]}', ['1', '4']],
    ['{"items": [{"price": 60}, {"price": 70}]}', ['60', '130']],
    ['{"items": [{"price": 60}, {"price": -70}]}', ['-70', '60']],
    ['{"total": {"units": 5, "nanos": 500}, "amount_currency": "ARS", "cost": null}', ['5', '500']],
    ['{"amount": 0.1, "a": {"b": {"c": {"d": {"e": {"total": 0.2}}}}}}', ['0.1', '0.2']],
  ])('of %s these are the smallest and the largest: %j', (text, range) => {
    expect(amountsOf(args(text))).toEqual(range);
  });

  test.each([
    '{"amount": "1", "total": 5}',
    '{"amount": 9007199254740993}',
    '{"amount": 100.00000000000000000001}',
    '{"items": [{"price": "7 pesos"}]}',
  ])('of %s they cannot be determined', (text) => {
    expect(amountsOf(args(text))).toBeUndefined();
  });
});
