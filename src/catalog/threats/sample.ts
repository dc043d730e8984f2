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

/**
 * The same call with something else each time, for what counts calls apart: each text, number and listed value that
 * the tool requires, or the first text or number that it takes.
 *
 * @param kept arguments that the attack depends on
 * @returns undefined where every call of the tool is the same
 */
export function variedArguments(
  inputSchema: unknown,
  kept: readonly string[] = [],
): ((n: number) => Json) | undefined {
  const properties = isRecord(inputSchema) && isRecord(inputSchema.properties) ? inputSchema.properties : {};
  const required = isRecord(inputSchema) && Array.isArray(inputSchema.required) ? inputSchema.required : [];
  const able = Object.entries(properties).filter(
    ([name, schema]) => !kept.includes(name) && isRecord(schema) && otherOf(schema, 1) !== undefined,
  );
  const must = able.filter(([name]) => required.includes(name));
  const chosen = must.length > 0 ? must : able.slice(0, 1);
  if (chosen.length === 0) return undefined;
  return (n) => Object.fromEntries(chosen.map(([name, schema]) => [name, otherOf(schema as Json, n)]));
}

/** Value number `n` of a schema; undefined where it has one alone. */
function otherOf(schema: Json, n: number): unknown {
  if (Array.isArray(schema.enum))
    return schema.enum.length > 1 ? schema.enum[n % schema.enum.length] : undefined;
  if (schema.const !== undefined) return undefined;
  switch ([schema.type].flat()[0] ?? 'string') {
    case 'string':
      return schema.pattern === undefined && schema.format === undefined ? `v${n}` : undefined;
    case 'number':
    case 'integer':
      return atLeast(schema.minimum, 1) + n;
    default:
      return undefined;
  }
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
