import { isArray, isObject, type JsonObject } from '../../json/value.js';

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
