/** A JSON Schema, as far as completion looks at it. */
export interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema | boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

export interface Offer {
  /** A member's name, or a value as JSON. */
  readonly text: string;
  readonly detail: string | undefined;
}

/** Schemas that are looked at for one question: they may refer to themselves. */
const MOST = 500;

/**
 * What a schema allows at a place: the names of members, or the values.
 *
 * @param path from the root of the document: names of members, places in lists
 */
function schemasAt(root: Schema, path: readonly (string | number)[]): readonly Schema[] {
  let schemas = branches(root, [root]);
  for (const step of path)
    schemas = branches(
      root,
      schemas.flatMap((schema) => stepInto(schema, step)),
    );
  return schemas;
}

function stepInto(schema: Schema, step: string | number): readonly Schema[] {
  if (typeof step === 'number') return typeof schema.items === 'object' ? [schema.items] : [];
  const { properties, additionalProperties } = schema;
  if (properties && Object.hasOwn(properties, step)) return [properties[step] as Schema];
  return typeof additionalProperties === 'object' ? [additionalProperties] : [];
}

/** A schema with all that it may be, or is as well. */
function branches(root: Schema, from: readonly Schema[]): readonly Schema[] {
  const found: Schema[] = [];
  const queue = [...from];
  for (let next = queue.shift(); next !== undefined && found.length < MOST; next = queue.shift()) {
    found.push(next);
    queue.push(...(next.anyOf ?? []), ...(next.oneOf ?? []), ...(next.allOf ?? []));
    const target = next.$ref?.startsWith('#') ? resolved(root, next.$ref) : undefined;
    if (target && !found.includes(target)) queue.push(target);
  }
  return found;
}

function resolved(root: Schema, ref: string): Schema | undefined {
  let at: unknown = root;
  if (ref === '#') return root;
  for (const part of ref.slice(2).split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? Reflect.get(at, name) : undefined;
  }
  return at as Schema | undefined;
}

/** The members that an object at a place may have. @param present those that it has */
export function keysAt(
  root: Schema,
  path: readonly (string | number)[],
  present: ReadonlySet<string>,
): readonly Offer[] {
  const offers = new Map<string, Offer>();
  for (const { properties = {} } of schemasAt(root, path))
    for (const [text, { description }] of Object.entries(properties))
      if (!present.has(text) && !offers.has(text)) offers.set(text, { text, detail: description });
  return [...offers.values()];
}

/** The values that may stand at a place, as JSON. */
export function valuesAt(root: Schema, path: readonly (string | number)[]): readonly Offer[] {
  const offers = new Map<string, Offer>();
  for (const schema of schemasAt(root, path)) {
    const values = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
    const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
    const starts = types.flatMap((type) => STARTS[type] ?? []);
    for (const text of [...values.map((value) => JSON.stringify(value)), ...starts])
      if (!offers.has(text)) offers.set(text, { text, detail: schema.description });
  }
  return [...offers.values()];
}

const STARTS: Readonly<Record<string, readonly string[]>> = {
  boolean: ['true', 'false'],
  object: ['{}'],
  array: ['[]'],
};
