import { describe, expect, test } from 'vitest';
import { challengeOf, expectedText, judgeTyped } from '../../src/approval/challenge.js';
import { amountsOf, boundedNumber, numbersOf } from '../../src/approval/numeric-arguments.js';
import { localeOf, readTypedNumber } from '../../src/approval/typed-number.js';
import { canonicalJson } from '../../src/json/canonical.js';
import { parseJson } from '../../src/json/exact.js';
import type { JsonObject } from '../../src/json/value.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { lookedAt } from '../../src/policy/evaluate/looked-at.js';
import { loadPolicy } from '../../src/policy/read/load.js';

const args = (text: string) => parseJson(text) as JsonObject;

describe('what a person types', () => {
  test.each([
    ['{"point_of_sale": 3, "amount_total": 121000.50}', 'the value of amount_total', '121000.5'],
    ['{"a": {"importe": 9007199254740993}, "n": 1}', 'the value of a.importe', '9007199254740993'],
    ['{"items": [{"price": 7}]}', 'the value of items.0.price', '7'],
    ['{"total": 1e21}', 'the value of total', '1000000000000000000000'],
    ['{"total": 0.0000001}', 'the value of total', '0.0000001'],
    ['{"n": 5, "cuit": "20-12345678-9"}', 'the value of n', '5'],
    ['{"cuit": "20-12345678-9"}', 'the last 4 characters of cuit', '78-9'],
    ['{"a": "xy", "repo": " team/site "}', 'the last 4 characters of repo', 'site'],
    // Nobody can type what is escaped when it is shown, or half of a character.
    ['{"a": "abc\\u202e", "b": "name"}', 'the last 4 characters of b', 'name'],
    ['{"a": "ab\\ud83e\\uddfec", "b": "name"}', 'the last 4 characters of a', 'b\u{1f9fe}c'],
    ['{"amount": "+121000.5", "total": "7"}', 'the value of amount (the largest of 2)', '+121000.5'],
    ['{}', "the tool's name", 'pay'],
    ['{"toString": 1, "x": {"toString": "1"}}', 'the value of toString', '1'],
    ['{"x": {"toString": "no number"}}', 'the last 4 characters of x.toString', 'mber'],
    // Nobody looks deeper than three levels.
    ['{"a": {"b": {"amount": 5}}, "n": 7}', 'the value of a.b.amount', '5'],
    ['{"a": {"b": {"c": {"amount": 5}}}, "n": 7}', 'the value of n', '7'],
    // Of two that are equal, the one that stands first.
    ['{"amount": 5, "total": 5}', 'the value of amount (the largest of 2)', '5'],
    ['{"amount": 5, "total": 7.5, "price": 6}', 'the value of total (the largest of 3)', '7.5'],
    // A text may be an amount, where it is not too long, has a digit and can be typed.
    [`{"amount": "${'9'.repeat(40)}", "n": 7}`, 'the value of amount', '9'.repeat(40)],
    [`{"amount": "${'9'.repeat(41)}", "n": 7}`, 'the value of n', '7'],
    ['{"amount": "none", "n": 7}', 'the value of n', '7'],
    ['{"amount": "7\\u202e", "n": 7}', 'the value of n', '7'],
    ['{"amount": null, "ok": true}', "the tool's name", 'pay'],
    ['{"amount": -0, "total": 0}', 'the value of amount (the largest of 2)', '0'],
  ])('for %s it is %s', (text, label, value) => {
    expect(challengeOf('pay', args(text))).toMatchObject({ label, value });
    const judged = (typed: string) => judgeTyped({ label, value }, typed, undefined).kind;
    expect(judged(` ${value}\n`)).toBe('met');
    expect(judged(`${value}1`)).toBe('other');
    expect(judged('')).toBe('other');
  });

  test('its shape is told, where it has one', () => {
    expect(judgeTyped({ label: "the tool's name", value: 'pay' }, 'x', undefined)).toEqual({
      kind: 'other',
      text: "Expected the tool's name.",
    });
    const expected = (value: string) => expectedText({ label: 'it', value });
    expect(expected('0.25')).toBe('Expected it: a number of 1 digit, with 2 decimals.');
    expect(expected('-12')).toBe('Expected it: a number of 2 digits, with no decimals.');
  });

  test('a tail that begins with a space can be typed', () => {
    const challenge = challengeOf('pay', args('{"to": "acme ltd"}'));
    expect(judgeTyped(challenge, 'ltd', 'en').kind).toBe('met');
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

  test.each<[string, string[], string | undefined]>([
    // What the schema names comes first, money before other numbers; of several that are no money none is chosen.
    ['{"total": 900, "fee_amount": 5}', ['fee_amount'], 'args.fee_amount'],
    ['{"n": 1, "m": 2}', ['n'], 'args.n'],
    ['{"n": 1, "m": 2, "k": 3}', ['n', 'm'], undefined],
    ['{"n": 1, "m": 2, "total": 3}', ['n', 'm'], undefined],
    ['{"n": 1, "total": 3}', [], 'args.total'],
    ['{"total": 3, "amount": 3}', ['total', 'amount'], 'args.total'],
    ['{"total": 3, "amount": 30}', ['total', 'amount'], 'args.amount'],
    ['{}', ['n'], undefined],
  ])('of %s, with a schema that names %j, is %s', (text, names, path) => {
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'number' }]));
    expect(boundedNumber(args(text), { type: 'object', properties })).toBe(path);
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
    ['{"amount_total": 150, "a_total": 1}', 'the value of amount_total', '150'],
    ['{"a_total": 1, "amount_total": 150}', 'the value of amount_total', '150'],
    ['{"a_total": 900, "amount_total": 150}', 'the value of amount_total', '150'],
    ['{"amount_total": 150, "account_consumer": 900}', 'the value of amount_total', '150'],
    ['{"point_of_sale": 3, "a_total": 1}', 'the value of point_of_sale', '3'],
    ['{"payment": {"importe": 5, "total": 1}}', 'the value of payment.importe', '5'],
    [
      '{"lines": [{"price": 5}, {"price": 7, "sum": 9}]}',
      'the value of lines.1.price (the largest of 2)',
      '7',
    ],
    ['{"free": {"total": 1}, "total": 9}', 'the value of free.total', '1'],
    ['{"a_total": 1}', 'the value of a_total', '1'],
  ])('%s, with a schema, asks for %s', (text, label, value) => {
    expect(challengeOf('pay', args(text), { inputSchema: AFIP })).toMatchObject({ label, value });
    expect(challengeOf('pay', args(canonicalJson(args(text))), { inputSchema: AFIP })).toMatchObject({
      label,
      value,
    });
  });

  test.each([
    ['{"amount_total": 150, "a_total": 1}', 'the value of amount_total (the largest of 2)', '150'],
    ['{"amount_total": "150.00", "a_total": 1}', 'the value of amount_total (the largest of 2)', '150.00'],
    [
      '{"amount_total": "1.500,00", "a_total": 2}',
      'the value of amount_total (the largest of 2)',
      '1.500,00',
    ],
    ['{"amount": -900, "total": 5}', 'the value of amount (the largest of 2)', '-900'],
    ['{"amount": "1e99999999", "total": 5}', 'the value of amount (the largest of 2)', '1e99999999'],
    ['{"account_consumer": 900, "price": 5}', 'the value of price', '5'],
    ['{"amount_currency": "ARS", "importe": 5}', 'the value of importe', '5'],
  ])('%s, without one, asks for %s', (text, label, value) => {
    expect(challengeOf('pay', args(text))).toMatchObject({ label, value });
  });

  test.each([null, 1, 'x', [], {}, { properties: {} }, { properties: [] }, { properties: { amount: 1 } }])(
    'a schema of any form serves: %j',
    (schema) => {
      expect(challengeOf('pay', args('{"amount": 5}'), { inputSchema: schema })).toMatchObject({
        label: 'the value of amount',
        value: '5',
      });
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

describe('G10: the value that the policy itself looks at is the one to type', () => {
  const on = (policy: object) => {
    const { policy: loaded } = loadPolicy(JSON.stringify({ version: '1', default: 'allow', ...policy }), 'p');
    if (!loaded) throw new Error('no policy');
    return lookedAt(stack(loaded), 'pay');
  };
  const limit = (amount: unknown) => ({ counter: 'c', window: 'day', max: 9, amount });
  const asks = (path: string, op = 'gte', value: unknown = 1) => ({
    approve_if: [{ conditions: [{ path, op, value }] }],
  });

  test.each<[string, object, string, string, string]>([
    [
      'what a limit adds up, though other amounts are larger',
      { tools: { pay: { limits: [limit('args.net')] } } },
      '{"net": 5, "amount_total": 900}',
      'the value of net',
      '5',
    ],
    [
      'the largest of a sum',
      { tools: { 'p*': { limits: [limit({ sum: 'args.lines[*].net' })] } } },
      '{"lines": [{"net": 5, "price": 900}, {"net": 7}]}',
      'the value of lines.1.net (the largest of 2)',
      '7',
    ],
    [
      'what a limit of all tools adds up',
      { all_tools: { limits: [limit('args.pay.net')] } },
      '{"pay": {"net": 5}, "total": 900}',
      'the value of pay.net',
      '5',
    ],
    [
      'an amount before a condition',
      { tools: { pay: { limits: [limit('args.net')], ...asks('args.point') } } },
      '{"net": 5, "point": 30}',
      'the value of net',
      '5',
    ],
    [
      'a number that approve_if looks at',
      { tools: { pay: asks('args.points') } },
      '{"points": 5, "amount_total": 900}',
      'the value of points',
      '5',
    ],
    [
      'the end of a text that approve_if looks at',
      { tools: { pay: asks('args["to.iban"]', 'starts_with', 'AR') } },
      '{"to.iban": "AR1234567", "amount": 900}',
      'the last 4 characters of to.iban',
      '4567',
    ],
    [
      'another, where that is not there',
      { tools: { pay: { limits: [limit({ count: 'args.lines' })], ...asks('args.gone.net') } } },
      '{"amount": 900, "gone": 3}',
      'the value of amount',
      '900',
    ],
    [
      'not what an entry for another tool looks at',
      { tools: { send: { limits: [limit('args.net')] } } },
      '{"net": 5, "amount": 900}',
      'the value of amount',
      '900',
    ],
  ])('%s', (_, policy, text, label, value) => {
    expect(challengeOf('pay', args(text), { lookedAt: on(policy) })).toMatchObject({ label, value });
  });
});

describe('a value as people type it', () => {
  const judged = (value: string, typed: string, locale: string | undefined) =>
    judgeTyped({ label: 'the value of amount_total', value }, typed, locale);

  test.each([
    ['121000.5', '121000.5', undefined],
    ['121000.5', '121000.50', 'en-US'],
    ['121000.5', '121000,5', 'es-AR'],
    ['121000.5', '121.000,50', 'es-AR'],
    ['121000.5', '121,000.50', 'en-US'],
    ['121000', '121,000', 'en-US'],
    ['1234567', '1.234.567', 'de-DE'],
    ['1234567.5', '1 234 567,5', 'fr-FR'],
    ['1234567.5', '1\u202f234\u202f567,5', 'fr-FR'],
    ['1234567.5', "1'234'567.5", 'de-CH'],
    ['1234567', '12,34,567', 'en-IN'],
    ['-900', '-900,00', 'pt-BR'],
    ['1.234', '1,234', 'es-AR'],
    ['1234', '1234', 'es-AR'],
    ['1.23', '1.23', 'es-AR'],
    ['9007199254740993.25', '9007199254740993,25', 'es-AR'],
    ['+900', '900', undefined],
    ['900', '+900', undefined],
    ['900', '+900,0', 'es-AR'],
    ['1234567.5', '1\u2019234\u2019567.5', 'de-CH'],
    ['1', '1'.padStart(60, '0'), undefined],
  ])('%s may be typed %s under %s', (value, typed, locale) => {
    expect(judged(value, typed, locale)).toEqual({ kind: 'met' });
  });

  test.each([
    ['121000.5', '121000.6', 'es-AR'],
    ['121000.5', '121000,5', undefined],
    ['121000.5', '121000,5', 'en-US'],
    ['121000.5', '12.1000,5', 'es-AR'],
    ['121000.5', '1210005', 'es-AR'],
    ['1000', '1e3', 'en-US'],
    ['1000', '0x3e8', 'en-US'],
    ['1000', '', 'en-US'],
    ['5', 'five', 'en-US'],
    ['1', '1'.padEnd(400, '0'), 'en-US'],
  ])('%s is not met by %s under %s', (value, typed, locale) => {
    expect(judged(value, typed, locale).kind).toBe('other');
  });

  test.each<[string, string | undefined, string[]]>([
    ['1.234', 'es-AR', ['1.234', '1234']],
    ['1.234', 'en-US', ['1.234']],
    ['1.234', undefined, ['1.234']],
    ['1.0', 'es-AR', ['1']],
    ['1,5', 'es-AR', ['1.5']],
    ['1,5', undefined, []],
    ['-1.234,5', 'es-AR', ['-1234.5']],
    ['0'.repeat(61), undefined, []],
    ['x', 'es-AR', []],
  ])('%s under %s reads as %j', (typed, locale, readings) => {
    expect(readTypedNumber(typed, locale).map(String)).toEqual(readings);
  });

  test('what is wrong is told by its shape, and what has two readings is not guessed', () => {
    expect(judged('121000.5', '121000', 'en-US')).toEqual({
      kind: 'other',
      text: 'Expected the value of amount_total: a number of 6 digits, with 1 decimal.',
    });
    expect(judged('5', 'x', undefined)).toMatchObject({
      text: 'Expected the value of amount_total: a number of 1 digit, with no decimals.',
    });
    for (const value of ['1234', '1.234'])
      expect(judged(value, '1.234', 'es-AR')).toEqual({
        kind: 'other',
        text: '1.234 can be read as 1,234 or 1234: type it without signs between thousands, with a comma before decimals.',
      });
    const tail = { label: 'the last 4 characters of cuit', value: '78-9' };
    expect(judgeTyped(tail, '78-8', 'es-AR')).toMatchObject({
      text: 'Expected the last 4 characters of cuit, as it stands in the arguments.',
    });
  });

  test.each([
    [{ LC_ALL: 'es_AR.UTF-8', LANG: 'en_US.UTF-8' }, 'es-AR'],
    [{ LC_NUMERIC: 'de_DE', LANG: 'en_US.UTF-8' }, 'de-DE'],
    [{ LANG: 'fr_FR@euro' }, 'fr-FR'],
    [{ LANG: 'C.UTF-8' }, undefined],
    [{ LC_ALL: 'POSIX' }, undefined],
    [{ LANG: '!' }, undefined],
    [{}, new Intl.NumberFormat().resolvedOptions().locale],
  ])('the locale of %j is %s', (env, locale) => {
    expect(localeOf(env)).toBe(locale);
  });
});
