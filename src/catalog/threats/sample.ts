import { isRecord } from '../../json/value.js';

type Json = Readonly<Record<string, unknown>>;

/** Deeper than any server's arguments. */
const MAX_DEPTH = 8;

/**
 * Arguments that a call of a tool could have: what its schema requires, and what is put in its place.
 *
 * @param inputSchema from the server, and so of any form
 * @param given values by name; they are taken as they are
 */
export function sampleArguments(inputSchema: unknown, given: Json = {}): Json {
  const sampled = sample(inputSchema, 0);
  return { ...(isRecord(sampled) ? sampled : {}), ...given };
}

function sample(schema: unknown, depth: number): unknown {
  if (!isRecord(schema) || depth > MAX_DEPTH) return 'x';
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum) && schema.enum.length > 0) return schema.enum[0];
  if (schema.default !== undefined && depth > 0) return schema.default;
  for (const several of [schema.anyOf, schema.oneOf])
    if (Array.isArray(several) && several.length > 0) return sample(several[0], depth + 1);
  const type =
    [schema.type].flat()[0] ?? (isRecord(schema.properties) ? 'object' : depth === 0 ? 'object' : 'string');
  switch (type) {
    case 'object':
      return sampleObject(schema, depth);
    case 'array':
      return Array.from({ length: atLeast(schema.minItems, 1) }, () => sample(schema.items, depth + 1));
    case 'number':
    case 'integer':
      return Math.max(1, atLeast(schema.minimum, 1));
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleText(schema);
  }
}

function sampleObject(schema: Json, depth: number): Json {
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const names = required.filter((name): name is string => typeof name === 'string');
  return Object.fromEntries(names.map((name) => [name, sample(properties[name], depth + 1)]));
}

const FORMATS: Readonly<Record<string, string>> = {
  uri: 'https://example.com/',
  email: 'somebody@example.com',
  date: '2026-01-15',
  'date-time': '2026-01-15T12:00:00Z',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function sampleText({ format, minLength }: Json): string {
  const known = typeof format === 'string' ? FORMATS[format] : undefined;
  return known ?? 'x'.repeat(atLeast(minLength, 1));
}

const atLeast = (value: unknown, least: number): number =>
  typeof value === 'number' && value > least && value <= 1000 ? Math.ceil(value) : least;
