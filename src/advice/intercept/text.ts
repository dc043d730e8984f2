import { isArray, isObject, type Json, type JsonObject } from '../../json/value.js';
import { printable, printableJson } from '../../text/escape.js';

/** What the rules of one tool, or of all, come to. */
export interface Entry {
  readonly require: JsonObject[];
  readonly deny_if: JsonObject[];
  readonly approve_if: JsonObject[];
  readonly limits: JsonObject[];
}

export function emptyEntry(): Entry {
  return { require: [], deny_if: [], approve_if: [], limits: [] };
}

export function compact(entry: Entry): JsonObject {
  return Object.fromEntries(Object.entries(entry).filter(([, list]) => list.length > 0));
}

/** One rule that asks for every call, and says nothing of its own. */
export function shorthand(entry: JsonObject): JsonObject {
  const { approve_if: asks, ...rest } = entry;
  const [rule] = isArray(asks) ? asks : [];
  const isPlain = isObject(rule) && isArray(rule.conditions) && rule.conditions.length === 0;
  const isAlone = isArray(asks) && asks.length === 1 && rest.deny_if === undefined;
  return isPlain && isAlone && rule.on_deny === undefined ? { action: 'approve', ...rest } : entry;
}

/** JSON as `JSON.stringify` indents it, with the comments above what they are about. */
export function written(value: Json, comments: ReadonlyMap<object, string>, indent: string): string {
  const inner = `${indent}  `;
  const parts = isArray(value)
    ? value.map((item) => above(item, inner, comments) + written(item, comments, inner))
    : isObject(value)
      ? Object.entries(value).map(
          ([name, member]) => `${inner}${printableJson(name)}: ${written(member, comments, inner)}`,
        )
      : undefined;
  const [open, close] = isArray(value) ? ['[', ']'] : ['{', '}'];
  if (!parts) return printableJson(value);
  return parts.length === 0 ? open + close : `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

function above(item: Json, indent: string, comments: ReadonlyMap<object, string>): string {
  const comment = typeof item === 'object' && item !== null ? comments.get(item) : undefined;
  return comment === undefined ? indent : `${indent}// ${printable(comment, 400)}\n${indent}`;
}
