import { canonicalJson } from '../../json/canonical.js';
import { isRecord, type Json, own } from '../../json/value.js';
import { compileRegex, type Regex } from '../evaluate/regex.js';
import { boundsOf } from './bounds.js';
import { SchemaFault, type SchemaNode } from './model.js';

/**
 * policy/schema/: whether a tool's own input schema accepts a call's arguments. An interpreter of our own: schemas come
 * from servers, so nothing may be made into code, every pattern must match in linear time, and the work must end,
 * which no validator of the packages in use promises. Loaded by the policies that need it.
 */

/** Schemas inside a schema, and how deep; larger ones are programs. */
const MOST_NODES = 5000;
const DEEPEST = 64;
const MOST_VALUES = 20_000;
/** Together, in UTF-16 units: each is compiled to a program. */
const MOST_PATTERN_TEXT = 20_000;
/** Together, in instructions: `a{1,900}` has few characters. About 4 ms for each thousand. */
const MOST_PATTERN_SIZE = 50_000;

const TYPES: ReadonlySet<string> = new Set([
  ...['null', 'boolean', 'number', 'integer', 'string', 'array', 'object'],
]);
const DIALECTS = /^https?:\/\/json-schema\.org\/(?:draft\/2020-12|draft\/2019-09|draft-0[467])\/schema#?$/;
/** Keywords that decide and are not understood here: to leave them out would accept what the schema refuses. */
const UNKNOWN_HERE = ['$dynamicRef', '$recursiveRef', 'unevaluatedItems'];
const NO_SCHEMAS: readonly SchemaNode[] = [];

const ANYTHING: SchemaNode = nodeOf({});
const NOTHING: SchemaNode = nodeOf({ never: true });

function nodeOf(parts: Partial<SchemaNode>): SchemaNode {
  return {
    never: false,
    types: undefined,
    values: [],
    bounds: [],
    pattern: undefined,
    unique: false,
    required: [],
    dependentRequired: [],
    properties: new Map(),
    patterns: [],
    additional: undefined,
    unevaluated: undefined,
    names: undefined,
    first: NO_SCHEMAS,
    items: undefined,
    contains: undefined,
    all: NO_SCHEMAS,
    any: [],
    one: [],
    not: undefined,
    condition: undefined,
    ifTrue: undefined,
    ifFalse: undefined,
    dependent: [],
    ...parts,
  };
}

/**
 * Compiles a tool's input schema: 2020-12 unless `$schema` names 2019-09 or draft-04, -06 or -07. `format` and
 * `content*` say nothing of what is accepted, as in those dialects.
 *
 * @throws SchemaFault for one that is no schema, is too large, or has a pattern or a keyword that is not understood
 */
export function compileSchema(schema: unknown): SchemaNode {
  const dialect = isRecord(schema) ? own(schema, '$schema') : undefined;
  if (dialect !== undefined && (typeof dialect !== 'string' || !DIALECTS.test(dialect)))
    throw new SchemaFault('its "$schema" is not known');
  const isOld = typeof dialect === 'string' && /draft-0/.test(dialect);
  return new Compiler(schema, isOld).compile(schema, 0);
}

type Schema = Readonly<Record<string, unknown>>;

class Compiler {
  readonly #root: unknown;
  /** In drafts up to 07 nothing counts beside a `$ref`. */
  readonly #refAlone: boolean;
  /** References may run in circles: a schema that is being compiled is filled in later. */
  readonly #known = new Map<unknown, SchemaNode>();
  #nodes = 0;
  #values = 0;
  #patternText = 0;
  #patternSize = 0;

  constructor(root: unknown, refAlone: boolean) {
    this.#root = root;
    this.#refAlone = refAlone;
  }

  compile(schema: unknown, depth: number): SchemaNode {
    if (schema === true) return ANYTHING;
    if (schema === false) return NOTHING;
    if (!isRecord(schema)) throw new SchemaFault('a schema in it is not an object');
    const known = this.#known.get(schema);
    if (known) return known;
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES) throw new SchemaFault(`it has more than ${MOST_NODES} schemas inside`);
    if (depth > DEEPEST) throw new SchemaFault(`it is deeper than ${DEEPEST} levels`);
    const node = nodeOf({});
    this.#known.set(schema, node);
    return Object.assign(node, this.#parts(schema, depth + 1));
  }

  #parts(schema: Schema, depth: number): Partial<SchemaNode> {
    const ref = own(schema, '$ref');
    if (ref !== undefined && this.#refAlone) return { all: [this.#referred(ref, depth)] };
    for (const keyword of UNKNOWN_HERE)
      if (Object.hasOwn(schema, keyword)) throw new SchemaFault(`"${keyword}" is not understood`);
    const one = (keyword: string) =>
      Object.hasOwn(schema, keyword) ? this.compile(schema[keyword], depth) : undefined;
    const all = this.#list(schema, 'allOf', depth);
    const choices = (keyword: string) =>
      Object.hasOwn(schema, keyword) ? [this.#list(schema, keyword, depth)] : [];
    const condition = one('if');
    return {
      types: typesOf(schema),
      values: this.#valuesOf(schema),
      bounds: boundsOf(schema),
      pattern: Object.hasOwn(schema, 'pattern') ? this.#regex(schema.pattern) : undefined,
      unique: own(schema, 'uniqueItems') === true,
      required:
        Array.isArray(own(schema, 'required')) || own(schema, 'required') === undefined
          ? texts(own(schema, 'required') ?? [], 'required')
          : oldRequired(schema),
      properties: new Map(this.#entries(schema, 'properties', depth)),
      patterns: this.#entries(schema, 'patternProperties', depth).map(
        ([text, node]) => [this.#regex(text), node] as const,
      ),
      additional: one('additionalProperties'),
      unevaluated: one('unevaluatedProperties'),
      names: one('propertyNames'),
      ...this.#elements(schema, depth),
      all: ref === undefined ? all : [this.#referred(ref, depth), ...all],
      any: choices('anyOf'),
      one: choices('oneOf'),
      not: one('not'),
      condition,
      ifTrue: condition && one('then'),
      ifFalse: condition && one('else'),
      ...this.#dependent(schema, depth),
    };
  }

  #elements(schema: Schema, depth: number): Partial<SchemaNode> {
    const node = (keyword: string) =>
      Object.hasOwn(schema, keyword) ? this.compile(schema[keyword], depth) : undefined;
    // Up to 2019-09 a list under `items` is what `prefixItems` is since.
    const isTuple = Array.isArray(own(schema, 'items'));
    const contains = node('contains');
    return {
      first: this.#list(schema, isTuple ? 'items' : 'prefixItems', depth),
      items: node(isTuple ? 'additionalItems' : 'items'),
      contains: contains && {
        node: contains,
        least: numberOr(schema, 'minContains', 1),
        most: numberOr(schema, 'maxContains', Number.POSITIVE_INFINITY),
      },
    };
  }

  #dependent(schema: Schema, depth: number): Partial<SchemaNode> {
    const required: (readonly [string, readonly string[]])[] = [];
    const dependent: (readonly [string, SchemaNode])[] = [];
    for (const keyword of ['dependentRequired', 'dependentSchemas', 'dependencies']) {
      const value = own(schema, keyword);
      if (value === undefined) continue;
      if (!isRecord(value)) throw new SchemaFault(`"${keyword}" is not an object`);
      for (const [name, what] of Object.entries(value))
        if (Array.isArray(what)) required.push([name, texts(what, keyword)]);
        else dependent.push([name, this.compile(what, depth)]);
    }
    return { dependentRequired: required, dependent };
  }

  /** Only what stands in the schema itself is followed: nothing is ever fetched. */
  #referred(ref: unknown, depth: number): SchemaNode {
    if (typeof ref !== 'string') throw new SchemaFault('a "$ref" is not text');
    const shown = JSON.stringify(ref.slice(0, 80));
    if (ref !== '#' && !ref.startsWith('#/'))
      throw new SchemaFault(`the reference ${shown} leads out of it, and is not followed`);
    let target: unknown = this.#root;
    for (const part of ref.split('/').slice(1)) {
      const name = unescaped(part);
      if (Array.isArray(target) && /^\d{1,6}$/.test(name)) target = target[Number(name)];
      else target = isRecord(target) ? own(target, name) : undefined;
    }
    if (target === undefined) throw new SchemaFault(`the reference ${shown} leads nowhere`);
    return this.compile(target, depth);
  }

  #list(schema: Schema, keyword: string, depth: number): readonly SchemaNode[] {
    const value = own(schema, keyword);
    if (value === undefined) return NO_SCHEMAS;
    if (!Array.isArray(value)) throw new SchemaFault(`"${keyword}" is not a list`);
    return value.map((each) => this.compile(each, depth));
  }

  #entries(schema: Schema, keyword: string, depth: number): (readonly [string, SchemaNode])[] {
    const value = own(schema, keyword);
    if (value === undefined) return [];
    if (!isRecord(value)) throw new SchemaFault(`"${keyword}" is not an object`);
    return Object.entries(value).map(([name, each]) => [name, this.compile(each, depth)] as const);
  }

  #valuesOf(schema: Schema): readonly ReadonlySet<string>[] {
    const sets: Set<string>[] = [];
    if (Object.hasOwn(schema, 'const')) sets.push(new Set([canonicalJson(schema.const as Json)]));
    const values = own(schema, 'enum');
    if (values === undefined) return sets;
    if (!Array.isArray(values)) throw new SchemaFault('"enum" is not a list');
    this.#values += values.length;
    if (this.#values > MOST_VALUES) throw new SchemaFault(`its enums have more than ${MOST_VALUES} values`);
    return [...sets, new Set(values.map((value: Json) => canonicalJson(value)))];
  }

  #regex(pattern: unknown): Regex {
    if (typeof pattern !== 'string') throw new SchemaFault('a "pattern" is not text');
    this.#patternText += pattern.length;
    if (this.#patternText > MOST_PATTERN_TEXT)
      throw new SchemaFault(`its patterns have more than ${MOST_PATTERN_TEXT} characters`);
    // JavaScript's spelling of a code point, in RE2's.
    const spelt = pattern.replace(/\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|[\s\S])/g, (all, a, b) =>
      a || b ? `\\x{${a ?? b}}` : all,
    );
    const regex = compileRegex(spelt);
    if ('fault' in regex)
      throw new SchemaFault(`the pattern ${JSON.stringify(pattern.slice(0, 80))}: ${regex.fault}`);
    this.#patternSize += regex.size;
    if (this.#patternSize > MOST_PATTERN_SIZE) throw new SchemaFault('its patterns repeat too much');
    return regex;
  }
}

function typesOf(schema: Schema): SchemaNode['types'] {
  const type = own(schema, 'type');
  if (type === undefined) return undefined;
  const types = Array.isArray(type) ? type : [type];
  for (const each of types)
    if (typeof each !== 'string' || !TYPES.has(each)) throw new SchemaFault('a "type" is not known');
  return new Set(types);
}

function texts(value: unknown, keyword: string): readonly string[] {
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string'))
    throw new SchemaFault(`"${keyword}" is not a list of names`);
  return value;
}

/** Draft-03 wrote `required` as a switch beside the property; it says nothing there since. */
function oldRequired(schema: Schema): readonly string[] {
  if (typeof own(schema, 'required') === 'boolean') return [];
  throw new SchemaFault('"required" is not a list of names');
}

function numberOr(schema: Schema, keyword: string, otherwise: number): number {
  const value = own(schema, keyword);
  if (value === undefined) return otherwise;
  if (typeof value !== 'number') throw new SchemaFault(`"${keyword}" is not a number`);
  return value;
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return part;
  }
}
