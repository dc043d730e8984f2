import type { Json, JsonType } from '../../json/value.js';
import type { Regex } from '../evaluate/regex.js';

/** A JSON Schema as arguments are checked by it: known keywords alone, patterns compiled, references resolved. */
export interface SchemaNode {
  /** `false`: nothing is accepted. */
  readonly never: boolean;
  readonly types: ReadonlySet<JsonType | 'integer'> | undefined;
  /** Canonical JSON of the values of `enum`, and of `const`. */
  readonly values: readonly ReadonlySet<string>[];
  readonly bounds: readonly Bound[];
  readonly pattern: Regex | undefined;
  readonly unique: boolean;
  readonly required: readonly string[];
  readonly dependentRequired: readonly (readonly [string, readonly string[]])[];
  readonly properties: ReadonlyMap<string, SchemaNode>;
  readonly patterns: readonly (readonly [Regex, SchemaNode])[];
  /** What the other keys must be; undefined where the schema does not say. */
  readonly additional: SchemaNode | undefined;
  readonly unevaluated: SchemaNode | undefined;
  readonly names: SchemaNode | undefined;
  readonly first: readonly SchemaNode[];
  /** What the elements behind `first` must be; undefined where the schema does not say. */
  readonly items: SchemaNode | undefined;
  readonly contains: { readonly node: SchemaNode; readonly least: number; readonly most: number } | undefined;
  /** Looked at with the same value: `$ref` and `allOf`. */
  readonly all: readonly SchemaNode[];
  readonly any: readonly (readonly SchemaNode[])[];
  readonly one: readonly (readonly SchemaNode[])[];
  readonly not: SchemaNode | undefined;
  readonly condition: SchemaNode | undefined;
  readonly ifTrue: SchemaNode | undefined;
  readonly ifFalse: SchemaNode | undefined;
  readonly dependent: readonly (readonly [string, SchemaNode])[];
}

/** A keyword that compares a number, or the length of a text, a list or an object. */
export interface Bound {
  readonly of: 'number' | 'string' | 'array' | 'object';
  /** @returns what is wrong, as in `is more than 5`; undefined where nothing is */
  readonly fault: (value: Json) => string | undefined;
}

/** A schema that cannot be used, and why, in a few words. */
export class SchemaFault extends Error {}
