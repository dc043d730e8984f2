import { isArray, isNumber, type Json } from '../json/value.js';
import type { Condition, Path, ToolEntry } from '../policy/model.js';
import { type Argument, type JsonType, jsonTypeOf } from './tool-schema.js';

/** More names than this do not make a finding clearer. */
const MAX_NAMES = 8;

/** What a condition can come to for the values that a schema allows: `may` hold, always `fails`, always `unknown`. */
export type Prospect = 'may' | 'fails' | 'unknown';

/** The environment and the tool's name are text, and the name is known where the entry is an exact one. */
export function fixedArgument(path: Path, entry: ToolEntry | undefined): Argument | undefined {
  if (path.root === 'args') return undefined;
  const values = path.root === 'tool' && entry?.name.plain ? [entry.name.text] : undefined;
  return { kind: 'found', types: new Set(['string']), values, required: path.root === 'tool' };
}

/** The counterpart of `compare` in condition.ts for what is known of a value before there is one. */
export function prospectOf(condition: Condition, argument: Argument): Prospect {
  if (argument.kind !== 'found' || !argument.types) return 'may';
  const { op, value } = condition;
  const { types } = argument;
  const told = (may: boolean): Prospect => (may ? 'may' : 'unknown');
  switch (op) {
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return told(types.has('number'));
    case 'regex':
      return told(types.has('string'));
    case 'contains':
      return told(types.has('array') || (types.has('string') && typeof value === 'string'));
    case 'eq':
      return equality([value], types, argument.values);
    case 'in':
      return equality(isArray(value) ? value : [], types, argument.values);
    case 'neq':
      return difference([value], types);
    case 'not_in':
      return difference(isArray(value) ? value : [], types);
    case 'exists':
      return 'may';
  }
}

function equality(
  items: readonly Json[],
  types: ReadonlySet<JsonType>,
  values: readonly unknown[] | undefined,
): Prospect {
  const fitting = items.filter((item) => types.has(typeOf(item)));
  if (fitting.some((item) => typeof item === 'object' || !values || values.includes(item))) return 'may';
  // Nothing but null is null: that is told. Another type is not.
  return items.every((item) => item === null || types.has(typeOf(item))) ? 'fails' : 'unknown';
}

function difference(items: readonly Json[], types: ReadonlySet<JsonType>): Prospect {
  return items.every((item) => item === null || types.has(typeOf(item))) ? 'may' : 'unknown';
}

function typeOf(value: Json): JsonType {
  return isNumber(value) ? 'number' : jsonTypeOf(value);
}

const TYPES: Readonly<Record<JsonType, string>> = {
  null: 'null',
  boolean: 'true or false',
  number: 'a number',
  string: 'text',
  array: 'a list',
  object: 'an object',
};

/** @returns `is a number`, `is one of "a", "b"`, for a sentence */
export function describeArgument(argument: Argument): string {
  if (argument.kind !== 'found') return 'is not described';
  if (argument.values) return `is one of ${some(argument.values.map((value) => JSON.stringify(value)))}`;
  return `is ${[...(argument.types ?? [])].map((type) => TYPES[type] ?? 'something else').join(' or ')}`;
}

/** @returns the first few of the names, and how many more there are */
export function some(names: readonly string[]): string {
  const shown = names
    .slice(0, MAX_NAMES)
    .map((name) => (name.length > 60 ? `${name.slice(0, 60)}...` : name));
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return shown.join(', ') + more;
}
