import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/json/exact.js';
import type { JsonObject } from '../../src/json/value.js';
import { incompatibility } from '../../src/policy/schema/compatible.js';

const json = (value: unknown) => parseJson(JSON.stringify(value)) as JsonObject;

const SCHEMA = {
  type: 'object',
  description: 'What to send.',
  properties: {
    to: { type: 'string' },
    cc: { type: 'string', default: 'x' },
    of: { $ref: '#/$defs/a' },
  },
  required: ['to'],
  $defs: { a: { type: 'integer' } },
  definitions: { b: true },
  additionalProperties: false,
};
const TOOL = {
  name: 'send',
  description: 'Sends.',
  annotations: { title: 'Send', readOnlyHint: false },
  outputSchema: { type: 'object' },
  inputSchema: SCHEMA,
};
const tool = (schema: object, more: object = {}) => ({
  ...TOOL,
  inputSchema: { ...SCHEMA, ...schema },
  ...more,
});
const properties = (more: object) => tool({ properties: { ...SCHEMA.properties, ...more } });
const why = (current: object, args: object = { to: 'a' }, trusted: object = TOOL) =>
  incompatibility(json(trusted), json(current), json(args));

const INPUT = 'its input schema is not the trusted one';
const HINTS = 'its hints are not the trusted ones';
const OUTPUT = 'its output schema is not the trusted one';
const NO_SCHEMA = 'it has no input schema to compare';

describe('G5: a call by a trusted definition means the same to a server that has another one', () => {
  test.each<[what: string, current: object]>([
    ['the same', TOOL],
    [
      'other words about the tool',
      { ...TOOL, description: 'Sends more.', annotations: { title: 'S', readOnlyHint: false } },
    ],
    ['other words about its input', tool({ title: 'T', description: 'D', $comment: 'C', examples: [{}] })],
    ['its order', tool({ properties: Object.fromEntries(Object.entries(SCHEMA.properties).reverse()) })],
    ['an argument that the call does not give', properties({ cc: { type: 'integer', default: 'x' } })],
    ['one more that the call does not give', properties({ bcc: { type: 'string' } })],
    ['one that says true to everything', properties({ bcc: true })],
    ['one fewer that the call does not give', properties({ of: undefined })],
    ['one that need no longer be given', tool({ required: [] })],
    ['none that must be given', tool({ required: undefined })],
    ['a part that nothing used', tool({ $defs: { ...SCHEMA.$defs, b: {} } })],
  ])('%s', (_, current) => {
    expect(why(current)).toBeUndefined();
  });

  test.each<[what: string, current: object, reason: string, args?: object]>([
    ['hints', { ...TOOL, annotations: { ...TOOL.annotations, readOnlyHint: true } }, HINTS],
    ['no hints', { ...TOOL, annotations: undefined }, HINTS],
    ['hints that are none', { ...TOOL, annotations: [] }, HINTS],
    ['what comes back', { ...TOOL, outputSchema: { type: 'array' } }, OUTPUT],
    ['nothing said of what comes back', { ...TOOL, outputSchema: undefined }, OUTPUT],
    ['no input schema', { ...TOOL, inputSchema: undefined }, NO_SCHEMA],
    ['a list as input schema', { ...TOOL, inputSchema: [] }, NO_SCHEMA],
    ['a keyword', tool({ additionalProperties: true }), INPUT],
    ['a keyword more', tool({ minProperties: 1 }), INPUT],
    ['a part', tool({ $defs: { a: { type: 'string' } } }), INPUT],
    ['a part fewer', tool({ $defs: {} }), INPUT],
    ['no parts', tool({ definitions: undefined }), INPUT],
    ['a part under the older name', tool({ definitions: { b: false } }), INPUT],
    ['one more that must be given', tool({ required: ['to', 'cc'] }), 'it now requires "cc"'],
    ['one that must be given and has no name', tool({ required: [5, 'to'] }), 'it now requires "5"'],
    ['an argument that is gone', properties({ to: undefined }), 'it no longer has the argument "to"'],
    [
      'an argument',
      properties({ to: { type: 'string', description: 'BCC' } }),
      'it now describes the argument "to" in another way',
    ],
    [
      'an argument that it did not have',
      properties({ key: {} }),
      'it now describes the argument "key" in another way',
      { to: 'a', key: 1 },
    ],
    [
      'a default',
      properties({ cc: { type: 'string', default: 'y' } }),
      'the default of "cc" is not the trusted one',
    ],
    ['no default', properties({ cc: { type: 'string' } }), 'the default of "cc" is not the trusted one'],
    [
      'a new argument with a default',
      properties({ bcc: { default: 1 } }),
      'the default of "bcc" is not the trusted one',
    ],
  ])('not with other things: %s', (_, current, reason, args) => {
    expect(why(current, args)).toBe(reason);
  });

  test('what the call gives and neither definition names does not matter', () => {
    expect(why(properties({ bcc: {} }), { to: 'a', other: 1 })).toBeUndefined();
  });

  test('a trusted definition without a schema cannot be compared', () => {
    expect(why(TOOL, {}, { ...TOOL, inputSchema: undefined })).toBe(NO_SCHEMA);
  });

  test('where one argument is described by another, or by an example, all of it must be the same', () => {
    for (const $ref of ['#/properties/cc', '#/examples/0', 'other.json']) {
      const trusted = properties({ to: { $ref } });
      expect(why(trusted, { to: 'a' }, trusted)).toBeUndefined();
      const current = tool({ properties: { ...trusted.inputSchema.properties, bcc: {} } });
      expect(why(current, { to: 'a' }, trusted)).toBe(INPUT);
    }
  });
});
