import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromJSONSchema } from 'zod';
import { argumentPaths } from '../../../src/advice/tool-schema.js';
import { policyJsonSchema } from '../../../src/policy/read/json-schema.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { Source } from '../../../src/policy/read/source.js';

const FIXTURES = new URL('../../fixtures/policies/', import.meta.url);
const documentOf = (text: string): unknown => new Source(text).doubles([]);

const TOOL = {
  name: 'pay',
  inputSchema: {
    type: 'object',
    properties: {
      amount: { type: 'number' },
      lines: { type: 'array', items: { properties: { 'a.b': {} } } },
    },
  },
};

const COMPLETED = { name: 'pay', paths: argumentPaths(TOOL.inputSchema) };

describe('the JSON Schema', () => {
  const schema = policyJsonSchema();
  const validator = fromJSONSchema(schema as Parameters<typeof fromJSONSchema>[0]);

  test.each(readdirSync(FIXTURES).filter((name) => name.endsWith('.json')))('accepts %s', (name) => {
    expect(
      validator.safeParse(documentOf(readFileSync(new URL(name, FIXTURES), 'utf8'))).error,
    ).toBeUndefined();
  });

  test.each<[string, object]>([
    ['an unknown field', { hides: [] }],
    ['an unknown field of a tool', { tools: { t: { rules: [] } } }],
    [
      'an unknown field of a limit',
      { tools: { t: { limits: [{ counter: 'c', window: 'day', max: 1, maximum: 1 }] } } },
    ],
    [
      'an unknown operator',
      { tools: { t: { require: [{ conditions: [{ path: 'args.x', op: '>', value: 1 }] }] } } },
    ],
    ['a wrong type', { tools: { t: { limits: [{ counter: 'c', window: 'day', max: '1' }] } } }],
    ['an unknown action', { tools: { t: { action: 'block' } } }],
  ])('refuses %s, as the loader does', (_, body) => {
    const document = { version: '1', default: 'deny', ...body };
    expect(validator.safeParse(document).success).toBe(false);
    expect(loadPolicy(JSON.stringify(document), 'x').policy).toBeUndefined();
  });

  test('describes every field', () => {
    const without: string[] = [];
    const visit = (node: unknown, at: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties, description, $ref } = node as Record<string, unknown>;
      const field = /\/properties\/[^/]+$/.test(at);
      if (field && description === undefined && $ref === undefined && !hasReference(node)) without.push(at);
      for (const [key, value] of Object.entries(properties ?? {})) visit(value, `${at}/properties/${key}`);
      for (const key of ['items', 'additionalProperties', 'definitions', 'anyOf', 'oneOf', 'allOf']) {
        const part = (node as Record<string, unknown>)[key];
        for (const [name, value] of Object.entries(
          Array.isArray(part) || key === 'definitions' ? (part ?? {}) : { part },
        )) {
          visit(value, `${at}/${key}/${name}`);
        }
      }
    };
    visit(schema, '');
    expect(without).toEqual([]);
  });

  test('says of each kind of request what it is', () => {
    const { server_requests: requests } = (schema as { properties: Record<string, { properties: object }> })
      .properties;
    expect(requests?.properties).toMatchObject({
      sampling: { description: expect.stringContaining('sampling/createMessage') },
      elicitation: { description: expect.stringContaining('elicitation/create') },
      roots: { description: expect.stringContaining('roots/list') },
    });
  });

  test('completes the names and arguments of a server, and allows others', () => {
    const live = policyJsonSchema([COMPLETED, { name: '__proto__', paths: [] }]);
    const text = JSON.stringify(live);
    for (const word of ['"pay"', '"args.amount"', '"args.lines[*][\\"a.b\\"]"', '"__proto__"'])
      expect(text).toContain(word);
    const validator = fromJSONSchema(policyJsonSchema([COMPLETED]) as Parameters<typeof fromJSONSchema>[0]);
    const document = (name: string, path: string) => ({
      version: '1',
      default: 'deny',
      hide: ['other'],
      tools: {
        [name]: {
          require: [{ conditions: [{ path, op: 'exists' }] }],
          limits: [{ counter: 'c', window: 'day', max: 1, per: path, amount: 2 }],
        },
      },
    });
    expect(validator.safeParse(document('pay', 'args.amount')).success).toBe(true);
    expect(validator.safeParse(document('pay', 'args.other')).success).toBe(true);
    expect(validator.safeParse(document('other', 'args.x')).success).toBe(true);
    // Besides what holds for every entry, not instead of it.
    expect(live).toHaveProperty('properties.tools.properties.pay.allOf.0', { $ref: '#/definitions/tool' });
  });
});

test('argumentPaths are written as a policy writes them, and end', () => {
  expect(argumentPaths(TOOL.inputSchema)).toEqual([
    'args.amount',
    'args.lines',
    'args.lines[*]',
    'args.lines[*]["a.b"]',
  ]);
  expect(argumentPaths({ properties: { a: { $ref: '#' } } }).length).toBeLessThan(10);
  expect(argumentPaths(undefined)).toEqual([]);
});

function hasReference(node: object): boolean {
  return JSON.stringify(node).includes('"$ref"');
}
