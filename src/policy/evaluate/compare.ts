import { isArray, isObject, type Json, type JsonObject } from '../../json/value.js';
import { canonicalName } from '../../text/lookalike.js';

/**
 * `unknown` is for what the policy cannot read but the server might: another type, a key in another case. Every rule
 * takes it the safe way: `require` wants `holds`, `deny_if` and `approve_if` want `fails`.
 */
export type Answer = 'holds' | 'fails' | 'unknown';

export function yesNo(holds: boolean): Answer {
  return holds ? 'holds' : 'fails';
}

export function not(answer: Answer): Answer {
  return answer === 'unknown' ? 'unknown' : yesNo(answer === 'fails');
}

function any(answers: Iterable<Answer>): Answer {
  let result: Answer = 'fails';
  for (const answer of answers) {
    if (answer === 'holds') return 'holds';
    if (answer === 'unknown') result = 'unknown';
  }
  return result;
}

function all(answers: Iterable<Answer>): Answer {
  let result: Answer = 'holds';
  for (const answer of answers) {
    if (answer === 'fails') return 'fails';
    if (answer === 'unknown') result = 'unknown';
  }
  return result;
}

/** A number that a double does not hold cannot be determined: most servers would round it (see json/exact.ts). */
export function ordered(expected: Json, actual: Json, holds: (order: number) => boolean): Answer {
  if (typeof expected !== 'number' || typeof actual !== 'number') return 'unknown';
  return yesNo(holds(actual < expected ? -1 : actual > expected ? 1 : 0));
}

/**
 * Exact equality. Values of different types are unknown, not unequal: a server may read "500" or [500] as 500. So is a
 * lookalike of a text, and a number that a double does not hold. A policy that asks for null is sure: nothing else is
 * null. Recursion ends with the policy's own value.
 */
export function equal(expected: Json, actual: Json): Answer {
  if (expected === null) return yesNo(actual === null);
  if (typeof expected === 'number' && typeof actual === 'number') return yesNo(expected === actual);
  if (typeof expected === 'string' && typeof actual === 'string') {
    if (expected === actual) return 'holds';
    return canonicalName(expected) === canonicalName(actual) ? 'unknown' : 'fails';
  }
  if (typeof expected === 'boolean' && typeof actual === 'boolean') return yesNo(expected === actual);
  if (isArray(expected) && isArray(actual)) {
    if (expected.length !== actual.length) return 'fails';
    return all(expected.map((item, i) => equal(item, actual[i] ?? null)));
  }
  if (isObject(expected) && isObject(actual)) return equalObjects(expected, actual);
  return 'unknown';
}

function equalObjects(expected: JsonObject, actual: JsonObject): Answer {
  const keys = Object.keys(expected);
  const others = Object.keys(actual);
  if (keys.length === others.length && keys.every((key) => Object.hasOwn(actual, key))) {
    return all(keys.map((key) => equal(expected[key] ?? null, actual[key] ?? null)));
  }
  const wanted = new Set(keys.map(canonicalName));
  const canonical = new Set(others.map(canonicalName));
  return canonical.size === wanted.size && [...wanted].every((key) => canonical.has(key))
    ? 'unknown'
    : 'fails';
}

/** What `in` compares with, so that a list of any length costs one look: a call may bring 20,000 elements. */
interface Choices {
  /** Texts, numbers and true or false, and the canonical names of the texts. */
  readonly plain: ReadonlySet<Json>;
  readonly canonical: ReadonlySet<string>;
  readonly types: ReadonlySet<string>;
  readonly nested: readonly Json[];
}

const choices = new WeakMap<readonly Json[], Choices>();

function choicesOf(list: readonly Json[]): Choices {
  const known = choices.get(list);
  if (known) return known;
  const texts = list.filter((item) => typeof item === 'string');
  const nested = list.filter((item) => isArray(item) || isObject(item));
  const made: Choices = {
    plain: new Set(list),
    canonical: new Set(texts.map(canonicalName)),
    // Null is sure of itself: a value of another type is not it.
    types: new Set(list.filter((item) => item !== null).map((item) => typeof item)),
    nested,
  };
  choices.set(list, made);
  return made;
}

/** Equal to any of them; the same answers as `equal` for each, by look-up. */
export function oneOf(list: Json, actual: Json): Answer {
  if (!isArray(list)) return 'unknown';
  const { plain, canonical, types, nested } = choicesOf(list);
  if (isArray(actual) || isObject(actual)) {
    const answer = any(nested.map((item) => equal(item, actual)));
    const isOther = [...types].some((type) => type !== 'object');
    return answer === 'fails' && isOther ? 'unknown' : answer;
  }
  if (plain.has(actual)) return 'holds';
  if (typeof actual === 'string' && canonical.has(canonicalName(actual))) return 'unknown';
  // Null and numbers that a double does not hold have no type of their own: a server may read them as any.
  const own = typeof actual === 'object' ? undefined : typeof actual;
  return [...types].some((type) => type !== own) ? 'unknown' : 'fails';
}

/** A part of a text, or an element of a list. */
export function contains(part: Json, actual: Json): Answer {
  if (typeof actual === 'string') return typeof part === 'string' ? yesNo(actual.includes(part)) : 'unknown';
  if (!isArray(actual)) return 'unknown';
  return any(
    actual.map((item) => {
      const answer = equal(part, item);
      // A list in the place of a text: a server that joins it finds the part inside an element.
      const inside = typeof part === 'string' && typeof item === 'string' && item.includes(part);
      return answer === 'fails' && inside ? 'unknown' : answer;
    }),
  );
}
