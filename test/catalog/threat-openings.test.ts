import { expect, test } from 'vitest';
import { FRAUD_IN_SLICES } from '../../src/catalog/threats/fraud-in-slices.js';
import { sampleArguments } from '../../src/catalog/threats/sample.js';
import { SPARE_ARGUMENT } from '../../src/catalog/threats/spare-argument.js';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';

const server = (...tools: ToolDefinition[]) => [{ server: 'shop', tools }];
const ofText = { type: 'object', properties: { text: { type: 'string' } } };

test.each([
  ['true', true],
  ['a schema', { type: 'string' }],
])(
  'a spare argument of a tool that takes any key (%s) is for a person to look at',
  (_, additionalProperties) => {
    const [opening] = SPARE_ARGUMENT.openings(
      server({ name: 'note', inputSchema: { ...ofText, additionalProperties } }),
    );
    expect(opening?.fix).toMatchObject({ shop: { tools: { note: { action: 'approve' } } } });
  },
);

test.each([
  ['false', { additionalProperties: false }],
  ['nothing', {}],
])('a spare argument is refused by the schema where that says %s of others', (_, more) => {
  const [opening] = SPARE_ARGUMENT.openings(server({ name: 'note', inputSchema: { ...ofText, ...more } }));
  expect(opening?.fix).toEqual({ shop: { all_tools: { arguments: 'declared' } } });
});

test('slices of a payment: which argument is the money, or that it moves some', () => {
  const amount = { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] };
  const openings = FRAUD_IN_SLICES.openings(
    server({ name: 'create_payment', inputSchema: amount }, { name: 'send_payment', inputSchema: ofText }),
  );
  expect(openings.map(({ why }) => why)).toEqual(['argument "amount" is money', 'it moves money']);
});

test('arguments that a schema fixes are as it fixes them', () => {
  const properties = {
    kind: { const: 'invoice' },
    point: { enum: [3, 4] },
    lines: { type: 'array', minItems: 2, items: { const: 1 } },
    text: { type: 'string' },
  };
  expect(
    sampleArguments({ type: 'object', properties, required: Object.keys(properties) }, {}),
  ).toMatchObject({
    kind: 'invoice',
    point: 3,
    lines: [1, 1],
  });
});
