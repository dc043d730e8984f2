import * as z from 'zod/mini';
import { isRecord } from '../../json/value.js';
import { cut, kindOf } from '../describe-value.js';
import { likelyWord } from './foreign-words.js';
import {
  type PolicyDocument,
  policySchema,
  promptSchema,
  resourceSchema,
  type ToolDocument,
  toolSchema,
} from './format.js';
import type { Problem } from './problem.js';
import type { Segment, Source } from './source.js';

/** A document of which parts may have been left out; lists keep their places, for the positions in the file. */
export type Partly<T> = T extends readonly (infer Item)[]
  ? readonly (Partly<Item> | undefined)[]
  : T extends object
    ? { readonly [Key in keyof T]: Partly<T[Key]> | undefined }
    : T;

/** The parts of a document that have the right shape. Numbers are doubles: exact ones are read from the source. */
export interface Shape {
  readonly document: Partly<PolicyDocument>;
  /** The entries of `tools`. A Map: a tool may be called `__proto__`. */
  readonly tools: ReadonlyMap<string, Partly<ToolDocument>>;
  /** Likewise; undefined without the key. */
  readonly resources: ReadonlyMap<string, Partly<ToolDocument>> | undefined;
  readonly prompts: ReadonlyMap<string, Partly<ToolDocument>> | undefined;
  /** Every fault of the shape: unknown and missing fields, wrong types, wrong words. */
  readonly problems: readonly Problem[];
}

type Schema = z.core.$ZodType;

// Compiling validators would cost more than it saves: they run once.
z.config({ jitless: true });

/** @returns all that has the right shape, so that the rest of it can be checked too, and what has not */
export function checkShape(source: Source): Shape {
  const problems: Problem[] = [];
  const check = <T>(schema: z.core.$ZodType<T>, value: unknown, path: readonly Segment[]): Partly<T> => {
    const result = z.safeParse(schema, value);
    if (result.success) return value as Partly<T>;
    for (const issue of result.error.issues) problems.push(...problemsOf(source, schema, path, issue));
    return (salvage(schema, value) ?? {}) as Partly<T>;
  };
  // Each entry alone, and the rest with an empty `tools`: a zod record does not look at an own `__proto__`.
  const entriesOf = (key: string, schema: z.core.$ZodType<ToolDocument>) =>
    new Map(
      source.keys([key]).map((name) => [name, check(schema, source.doubles([key, name]), [key, name])]),
    );
  const tools = entriesOf('tools', toolSchema);
  const resources = source.has(['resources']) ? entriesOf('resources', resourceSchema) : undefined;
  const prompts = source.has(['prompts']) ? entriesOf('prompts', promptSchema) : undefined;
  const document = source.doubles([]);
  const whole = isRecord(document) ? { ...document } : document;
  if (isRecord(whole))
    for (const key of ['tools', 'resources', 'prompts']) if (isRecord(whole[key])) whole[key] = {};
  return { document: check(policySchema, whole, []), tools, resources, prompts, problems };
}

/** @returns the parts of a value that fit the schema, and a hole for every field and element that does not */
function salvage(schema: Schema, value: unknown): unknown {
  const options = optionsOf(schema);
  const def = (unwrapped(schema) as z.core.$ZodTypes)._zod.def;
  if (def.type === 'array' && Array.isArray(value)) return value.map((item) => salvage(def.element, item));
  if (isRecord(value)) {
    for (const option of options) {
      const object = (option as z.core.$ZodTypes)._zod.def;
      if (object.type !== 'object') continue;
      const known = Object.keys(object.shape).filter((key) => Object.hasOwn(value, key));
      // Where several kinds of object are allowed, the one whose fields are there.
      if (known.length === 0 && options.length > 1) continue;
      return Object.fromEntries(known.map((key) => [key, salvage(object.shape[key] ?? schema, value[key])]));
    }
  }
  const result = z.safeParse(schema, value);
  return result.success ? result.data : undefined;
}

function problemsOf(
  source: Source,
  root: Schema,
  base: readonly Segment[],
  issue: z.core.$ZodIssue,
): readonly Problem[] {
  const inside = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const path = [...base, ...inside];
  const schema = schemaAt(root, inside);
  const name = quoted(path);
  const about = (schema && z.globalRegistry.get(schema)?.description) ?? '';

  if (issue.code === 'unrecognized_keys') {
    const known = schema ? fieldsOf(schema) : [];
    const missing = known.filter((key) => !source.has([...path, key]));
    return issue.keys.map((key) =>
      source.problem(
        'UNKNOWN_KEY',
        [...path, key],
        `"${key}" is not a field of ${path.length === 0 ? 'a policy' : name}; a rule under it would never be used.`,
        known.length > 0 ? `Fields here: ${known.join(', ')}.` : 'Remove it.',
        { likely: likelyWord(key, missing), spot: 'key' },
      ),
    );
  }
  if (!source.has(path)) {
    return [source.problem('MISSING', path, sentence(`${name} is missing.`), `Add it. ${about}`)];
  }
  if (issue.code === 'invalid_union') {
    // The branch that fits the value's type, if there is one, knows better what is wrong.
    const fitting = issue.errors.filter(
      (errors) => !errors.some((error) => error.path.length === 0 && error.code === 'invalid_type'),
    );
    const [best] = [...fitting].sort((a, b) => a.length - b.length);
    if (best) {
      return best.flatMap((error) =>
        problemsOf(source, root, base, { ...error, path: [...issue.path, ...error.path] }),
      );
    }
  }
  const value = source.value(path);
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const words = issue.values.map(String);
    const message = `${sentence(name)} is "${cut(value)}", which is none of ${words.join(', ')}.`;
    return [source.problem('VALUE', path, message, about, { likely: likelyWord(value, words) })];
  }
  const expected = schema ? expectedBy(schema) : 'something else';
  const message = `${sentence(name)} must be ${expected}, not ${kindOf(value)}.`;
  return [source.problem('TYPE', path, message, about)];
}

function quoted(path: readonly Segment[]): string {
  const last = path.at(-1);
  if (last === undefined) return 'the policy';
  if (typeof last === 'string') return `"${last}"`;
  return `element ${last + 1} of "${path.findLast((part) => typeof part === 'string') ?? ''}"`;
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Looks into optional fields and unions: the object among a union's options is the one with fields. */
function schemaAt(root: Schema, path: readonly Segment[]): Schema | undefined {
  let schema: Schema | undefined = root;
  for (const part of path) {
    schema =
      schema &&
      optionsOf(schema).reduce<Schema | undefined>((found, option) => {
        if (found) return found;
        const def = (option as z.core.$ZodTypes)._zod.def;
        if (def.type === 'object' && Object.hasOwn(def.shape, part)) return def.shape[part];
        if (def.type === 'array' && typeof part === 'number') return def.element;
        return undefined;
      }, undefined);
  }
  return schema && unwrapped(schema);
}

function unwrapped(schema: Schema): Schema {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  return def.type === 'optional' ? unwrapped(def.innerType) : schema;
}

function optionsOf(schema: Schema): readonly Schema[] {
  const bare = unwrapped(schema);
  const def = (bare as z.core.$ZodTypes)._zod.def;
  return def.type === 'union' ? def.options.flatMap(optionsOf) : [bare];
}

function fieldsOf(schema: Schema): readonly string[] {
  return optionsOf(schema).flatMap((option) => {
    const def = (option as z.core.$ZodTypes)._zod.def;
    return def.type === 'object' ? Object.keys(def.shape) : [];
  });
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function expectedBy(schema: Schema): string {
  const kinds = optionsOf(schema).map((option) => {
    const def = (option as z.core.$ZodTypes)._zod.def;
    if (def.type === 'enum') return `one of ${Object.values(def.entries).join(', ')}`;
    if (def.type === 'literal') return def.values.map((value) => JSON.stringify(value)).join(' or ');
    return KINDS[def.type] ?? def.type;
  });
  return [...new Set(kinds)].join(' or ');
}
