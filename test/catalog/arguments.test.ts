import { describe, expect, test } from 'vitest';
import { isAmount, isNamed, isPaid } from '../../src/catalog/arguments.js';
import { classify } from '../../src/catalog/classify.js';
import { growth } from '../support/growth.js';

describe('what money is', () => {
  test.each([
    ...['amount', 'amount_total', 'amountTotal', 'AMOUNT', 'total-amount', 'unitPrice', 'prices', 'importe2'],
    ...[
      'valor',
      'preço',
      'monto_neto',
      'order.value',
      'shipping cost',
      'am\u200bount',
      'аmount',
      'ａｍｏｕｎｔ',
    ],
  ])('%s is', (name) => {
    expect(isAmount(name)).toBe(true);
  });

  test.each([
    ...['account_consumer', 'assume', 'totally', 'priced', 'evaluate', 'summary', 'costume', 'number', ''],
    ...['mountain', 'paramount', 'valorous', 'n', `amount_${'x'.repeat(300)}`],
  ])('%.20s is not: words count, not parts of words', (name) => {
    expect(isAmount(name)).toBe(false);
  });

  test('a price alone makes nobody pay', () => {
    const inputSchema = { type: 'object', properties: { price: { type: 'number' } } };
    expect(isPaid('price')).toBe(false);
    expect(classify({ name: 'create_product', inputSchema }).class).toBe('Write');
  });

  test('G9: names that are hard to normalise take no longer than their length', () => {
    const ask = (size: number) => {
      for (let i = 0; i < 20; i++) isAmount('\u0301\u0323'.repeat(size));
    };
    expect(growth(ask, 20_000, 16)).toBeLessThan(100);
  });
});

test.each([
  [['a'], true],
  [['b'], false],
  [['a', 'c'], true],
  [['a', 'd'], false],
  [['list', 0, 'c'], true],
  [['list', 0, 'd'], false],
  [['free', 'x', 'y'], true],
  [['toString'], false],
] as const)('a schema that names some arguments: %j %s', (steps, expected) => {
  const inner = { type: 'object', properties: { c: { type: 'number' } } };
  const schema = {
    properties: { a: inner, list: { type: 'array', items: inner }, free: { type: 'object' } },
  };
  expect(isNamed(schema, steps)).toBe(expected);
  expect(isNamed({ type: 'object' }, steps)).toBe(false);
});
