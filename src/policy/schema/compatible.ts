import { canonicalJson } from '../../json/canonical.js';
import { isArray, isObject, type Json, type JsonObject } from '../../json/value.js';

/** Keywords of a schema that are for readers. */
const WORDS = ['title', 'description', '$comment', 'examples'];
/** Those that are compared part by part. */
const IN_PARTS = ['properties', 'required', '$defs', 'definitions'];
/** A reference to a part that is not compared when a call does not give it. */
const REF_ELSEWHERE = /"\$ref":"(?!#\/(?:\$defs|definitions)\/)/;

/**
 * Why a call that was written by a trusted definition may mean something else to a server that now has another: the
 * model has read the old one. Words about the tool may differ, and arguments that the call does not give; what it gives
 * must be described as it was, and what it leaves out must not be asked for.
 *
 * @param trusted the tool as it is trusted, and shown
 * @param current the tool as its server has it now
 * @returns in a few words; undefined where the call means the same
 */
export function incompatibility(
  trusted: JsonObject,
  current: JsonObject,
  args: JsonObject,
): string | undefined {
  if (textOf(hints(trusted)) !== textOf(hints(current))) return 'its hints are not the trusted ones';
  if (textOf(trusted.outputSchema) !== textOf(current.outputSchema))
    return 'its output schema is not the trusted one';
  const before = trusted.inputSchema;
  const after = current.inputSchema;
  if (!isObject(before) || !isObject(after)) return 'it has no input schema to compare';
  if (textOf(without(before, [...WORDS, ...IN_PARTS])) !== textOf(without(after, [...WORDS, ...IN_PARTS])))
    return 'its input schema is not the trusted one';
  // Another argument, or an example, may be what a given one is described by.
  const isWhole = REF_ELSEWHERE.test(canonicalJson(before));
  if (isWhole && canonicalJson(before) !== canonicalJson(after))
    return 'its input schema is not the trusted one';
  for (const keyword of ['$defs', 'definitions'])
    for (const [name, schema] of Object.entries(membersOf(before, keyword)))
      if (textOf(schema) !== textOf(membersOf(after, keyword)[name]))
        return 'its input schema is not the trusted one';
  const wanted = namesIn(before.required);
  const more = namesIn(after.required).find((name) => !wanted.includes(name));
  if (more !== undefined) return `it now requires ${shown(more)}`;
  return changedArgument(membersOf(before, 'properties'), membersOf(after, 'properties'), args);
}

function changedArgument(before: JsonObject, after: JsonObject, args: JsonObject): string | undefined {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [ownOf(before, name), ownOf(after, name)];
    if (Object.hasOwn(args, name)) {
      if (now === undefined) return `it no longer has the argument ${shown(name)}`;
      if (textOf(old) !== textOf(now)) return `it now describes the argument ${shown(name)} in another way`;
    } else if (textOf(defaultOf(old)) !== textOf(defaultOf(now)))
      return `the default of ${shown(name)} is not the trusted one`;
  }
  return undefined;
}

/** Without the title, which is a word about the tool. */
function hints({ annotations }: JsonObject): Json | undefined {
  return isObject(annotations) ? without(annotations, ['title']) : annotations;
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function membersOf(schema: JsonObject, keyword: string): JsonObject {
  const value = ownOf(schema, keyword);
  return isObject(value) ? value : {};
}

function ownOf(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function defaultOf(schema: Json | undefined): Json | undefined {
  return isObject(schema) ? ownOf(schema, 'default') : undefined;
}

function namesIn(required: Json | undefined): readonly Json[] {
  return isArray(required) ? required : [];
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : canonicalJson(value);
}

function shown(name: Json): string {
  return JSON.stringify(String(name).slice(0, 80));
}
