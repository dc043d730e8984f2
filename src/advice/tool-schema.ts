import { isRecord, type JsonType, jsonTypeOf, own } from '../json/value.js';
import { EACH, type Path } from '../policy/model.js';

/** What a tool's input schema says of an argument. `unknown` is for all that it leaves open. */
export type Argument =
  | { readonly kind: 'unknown' }
  /** `parent` has no `name`; `siblings` are the names that it has. */
  | {
      readonly kind: 'absent';
      readonly parent: string;
      readonly name: string;
      readonly siblings: readonly string[];
    }
  /** The path goes through something that is no object or list. */
  | { readonly kind: 'mismatch'; readonly at: string; readonly expected: 'array' | 'object' }
  | {
      readonly kind: 'found';
      /** Undefined when the schema does not say. */
      readonly types: ReadonlySet<JsonType> | undefined;
      /** All values that it may have, when they are listed. */
      readonly values: readonly unknown[] | undefined;
      /** Whether a call without it is against the schema, at each step of the path. */
      readonly required: boolean;
    };

/**
 * Schemas come from the server and are not trusted: references may run in circles, and choices multiply with every
 * turn. What lies beyond this many steps for one path, or this many levels, counts as left open.
 */
const MAX_STEPS = 2000;
const MAX_DEPTH = 64;

/** Bounds the work that one question about a schema takes. */
class Look {
  readonly root: unknown;
  #left = MAX_STEPS;
  #depth = 0;

  constructor(root: unknown) {
    this.root = root;
  }

  /** @returns what `look` finds in the schema; `otherwise` in what is no object, and once this has taken long enough */
  into<T>(schema: unknown, otherwise: T, look: (schema: Record<string, unknown>) => T): T {
    if (!isRecord(schema) || this.#left === 0 || this.#depth === MAX_DEPTH) return otherwise;
    this.#left -= 1;
    this.#depth += 1;
    const found = look(schema);
    this.#depth -= 1;
    return found;
  }
}

const UNKNOWN: Argument = { kind: 'unknown' };

/** @returns what the schema says of the argument that an `args` path leads to; `unknown` for other paths */
export function argumentAt(inputSchema: unknown, path: Path): Argument {
  if (path.root !== 'args') return UNKNOWN;
  const look = new Look(inputSchema);
  let schemas: readonly unknown[] = [inputSchema];
  let required = true;
  let at = 'args';
  for (const step of path.steps) {
    const types = typesOf(schemas, look);
    const expected = step === EACH ? 'array' : 'object';
    if (types && !types.has(expected)) return { kind: 'mismatch', at, expected };
    if (step === EACH) {
      const items = schemas.flatMap((schema) => itemsOf(schema, look));
      if (items.length === 0) return UNKNOWN;
      schemas = items;
      at += '[*]';
      continue;
    }
    const fields = schemas.map((schema) => fieldOf(schema, step, look));
    const present = fields.flatMap((field) => field.schemas);
    if (present.length === 0) {
      if (fields.some((field) => field.others !== 'unlikely')) return UNKNOWN;
      return {
        kind: 'absent',
        parent: at,
        name: step,
        siblings: [...new Set(fields.flatMap((field) => field.names))],
      };
    }
    at += `.${step}`;
    required &&= fields.every((field) => field.required);
    schemas = present;
  }
  return {
    kind: 'found',
    types: typesOf(schemas, look),
    values: valuesOf(schemas, look),
    required,
  };
}

interface Field {
  readonly schemas: readonly unknown[];
  readonly required: boolean;
  /** Whether the object may have fields that are not named: by its word, or because it names none. */
  readonly others: 'allowed' | 'unsaid' | 'unlikely';
  readonly names: readonly string[];
}

const UNSAID: Field = { schemas: [], required: false, others: 'unsaid', names: [] };

function fieldOf(schema: unknown, name: string, look: Look): Field {
  return look.into(schema, UNSAID, (record) => fieldIn(record, name, look));
}

function fieldIn(schema: Record<string, unknown>, name: string, look: Look): Field {
  const parts: Field[] = [];
  const properties = own(schema, 'properties');
  if (isRecord(properties)) {
    const schemas = Object.hasOwn(properties, name) ? [properties[name]] : [];
    parts.push({ schemas, required: false, others: 'unlikely', names: Object.keys(properties) });
  }
  const extra = own(schema, 'additionalProperties');
  if (extra === true || isRecord(extra) || isRecord(own(schema, 'patternProperties'))) {
    parts.push({ ...UNSAID, others: 'allowed' });
  }
  const ref = resolve(schema, look.root);
  if (ref !== undefined) parts.push(fieldOf(ref, name, look));
  for (const part of list(schema, 'allOf')) parts.push(fieldOf(part, name, look));
  const choices = [...list(schema, 'anyOf'), ...list(schema, 'oneOf')]
    // In "an object or null" only the object has fields.
    .filter((choice) => typesOf([choice], look)?.has('object') !== false)
    .map((choice) => fieldOf(choice, name, look));
  if (choices.length > 0) {
    parts.push({
      schemas: choices.flatMap((choice) => choice.schemas),
      required: choices.every((choice) => choice.required),
      others: choices.find((choice) => choice.others !== 'unlikely')?.others ?? 'unlikely',
      names: choices.flatMap((choice) => choice.names),
    });
  }
  const others = parts.map((part) => part.others);
  return {
    schemas: parts.flatMap((part) => part.schemas),
    required: list(schema, 'required').includes(name) || parts.some((part) => part.required),
    others: others.includes('allowed') ? 'allowed' : others.includes('unlikely') ? 'unlikely' : 'unsaid',
    names: parts.flatMap((part) => part.names),
  };
}

function itemsOf(schema: unknown, look: Look): readonly unknown[] {
  return look.into<readonly unknown[]>(schema, [], (record) => itemsIn(record, look));
}

function itemsIn(schema: Record<string, unknown>, look: Look): readonly unknown[] {
  const items = own(schema, 'items');
  return [
    ...(isRecord(items) ? [items] : []),
    ...[
      resolve(schema, look.root),
      ...list(schema, 'allOf'),
      ...list(schema, 'anyOf'),
      ...list(schema, 'oneOf'),
    ].flatMap((part) => (part === undefined ? [] : itemsOf(part, look))),
  ];
}

/** @returns the types that any of the schemas allows; undefined when one does not say */
function typesOf(schemas: readonly unknown[], look: Look): ReadonlySet<JsonType> | undefined {
  const all = new Set<JsonType>();
  for (const schema of schemas) {
    const types = typesOfOne(schema, look);
    if (!types) return undefined;
    for (const type of types) all.add(type);
  }
  return all;
}

function typesOfOne(schema: unknown, look: Look): ReadonlySet<JsonType> | undefined {
  return look.into(schema, undefined, (record) => typesIn(record, look));
}

function typesIn(schema: Record<string, unknown>, look: Look): ReadonlySet<JsonType> | undefined {
  const type = own(schema, 'type');
  if (typeof type === 'string' || Array.isArray(type)) {
    return new Set([type].flat().map((name) => (name === 'integer' ? 'number' : name) as JsonType));
  }
  const listed = listedValues(schema);
  if (listed) return new Set(listed.map(jsonTypeOf));
  const ref = resolve(schema, look.root);
  if (ref !== undefined) return typesOfOne(ref, look);
  const choices = [...list(schema, 'anyOf'), ...list(schema, 'oneOf')];
  if (choices.length > 0) return typesOf(choices, look);
  for (const part of list(schema, 'allOf')) {
    const types = typesOfOne(part, look);
    if (types) return types;
  }
  return isRecord(own(schema, 'properties')) ? new Set(['object']) : undefined;
}

function valuesOf(schemas: readonly unknown[], look: Look): readonly unknown[] | undefined {
  const values: unknown[] = [];
  for (const schema of schemas) {
    if (!isRecord(schema)) return undefined;
    const resolved = resolve(schema, look.root) ?? schema;
    const listed = isRecord(resolved) ? listedValues(resolved) : undefined;
    if (!listed) return undefined;
    values.push(...listed);
  }
  return values.length > 0 ? values : undefined;
}

function listedValues(schema: Record<string, unknown>): readonly unknown[] | undefined {
  if (Object.hasOwn(schema, 'const')) return [schema.const];
  const values = own(schema, 'enum');
  return Array.isArray(values) ? values : undefined;
}

/** @returns what `#/$defs/name` stands for; only references into the schema itself are followed */
function resolve(schema: Record<string, unknown>, root: unknown): unknown {
  const ref = own(schema, '$ref');
  if (typeof ref !== 'string' || !ref.startsWith('#')) return undefined;
  let target: unknown = root;
  for (const part of ref.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (!isRecord(target)) return undefined;
    target = own(target, name);
  }
  return target === schema ? undefined : target;
}

function list(schema: Record<string, unknown>, key: string): readonly unknown[] {
  const value = own(schema, key);
  return Array.isArray(value) ? value : [];
}

/** Deeper arguments and longer lists are not offered. */
const MAX_OFFERED_DEPTH = 5;
const MAX_OFFERED = 200;

/** @returns the paths of the arguments that the schema names, as a policy writes them: `args.items[*].price` */
export function argumentPaths(inputSchema: unknown): readonly string[] {
  const paths: string[] = [];
  const visit = (schema: unknown, at: string, depth: number): void => {
    if (!isRecord(schema) || depth > MAX_OFFERED_DEPTH || paths.length >= MAX_OFFERED) return;
    if (at !== 'args') paths.push(at);
    const parts = [
      schema,
      resolve(schema, inputSchema),
      ...['allOf', 'anyOf', 'oneOf'].flatMap((key) => list(schema, key)),
    ];
    for (const part of parts) {
      if (!isRecord(part)) continue;
      const properties = own(part, 'properties');
      if (isRecord(properties)) {
        for (const [name, property] of Object.entries(properties))
          visit(property, `${at}${stepText(name)}`, depth + 1);
      }
      const items = own(part, 'items');
      if (isRecord(items)) visit(items, `${at}[*]`, depth + 1);
    }
  };
  visit(inputSchema, 'args', 0);
  return [...new Set(paths)];
}

function stepText(name: string): string {
  return /^[^.[\]"*]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
