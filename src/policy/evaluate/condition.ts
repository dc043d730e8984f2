import { isArray, isObject, type Json } from '../../json/value.js';
import { fold } from '../../text/lookalike.js';
import type { Call } from '../call.js';
import type { Condition, Predicate, Regex } from '../model.js';
import { Place, type Reached, reach } from './path.js';

/**
 * `unknown` is for what the policy cannot read but the server might: another type, a key in another case. Every rule
 * takes it the safe way: `require` wants `holds`, `deny_if` and `approve_if` want `fails`.
 */
export type Answer = 'holds' | 'fails' | 'unknown';

/** Of the elements of `[*]`: `require` asks for every one, `deny_if` and `approve_if` for any. */
export type Quantifier = 'every' | 'any';

/** The answer of one condition with what decided it. */
export interface Finding {
  readonly condition: Condition;
  readonly reached: Reached;
  readonly answer: Answer;
}

/**
 * @returns the answer of all conditions together (any that fails makes it fail, else any unknown makes it unknown) and
 *   what was found on the way, up to the first that fails
 */
export function answerPredicate(
  predicate: Predicate,
  call: Call,
  quantifier: Quantifier,
): { readonly answer: Answer; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  let answer: Answer = 'holds';
  for (const condition of predicate.conditions) {
    const finding = answerCondition(condition, call, quantifier);
    findings.push(finding);
    if (finding.answer === 'fails') return { answer: 'fails', findings };
    if (finding.answer === 'unknown') answer = 'unknown';
  }
  return { answer, findings };
}

export function answerCondition(condition: Condition, call: Call, quantifier: Quantifier): Finding {
  // What decides at once: one element that fails where every one must hold, one that holds where any may.
  const decisive: Answer = quantifier === 'every' ? 'fails' : 'holds';
  let found: Finding | undefined;
  for (const reached of reach(condition.path, call)) {
    const answer = answerReached(condition, reached);
    if (answer === decisive) return { condition, reached, answer };
    if (!found || answer === 'unknown') found = { condition, reached, answer };
  }
  if (found) return found;
  // An empty list has no element to look at: as if the path were missing, so that `require` refuses it.
  const reached: Reached = { kind: 'missing', at: new Place(condition.path.text) };
  return { condition, reached, answer: answerReached(condition, reached) };
}

function answerReached(condition: Condition, reached: Reached): Answer {
  switch (reached.kind) {
    case 'unclear':
      return 'unknown';
    case 'missing':
      return condition.op === 'exists' && condition.value === false ? 'holds' : 'fails';
    case 'value':
      return compare(condition, reached.value);
  }
}

function compare(condition: Condition, actual: Json): Answer {
  const { op, value } = condition;
  switch (op) {
    case 'eq':
      return equal(value, actual);
    case 'neq':
      return not(equal(value, actual));
    case 'in':
      return oneOf(value, actual);
    case 'not_in':
      return not(oneOf(value, actual));
    case 'lt':
      return ordered(value, actual, (order) => order < 0);
    case 'lte':
      return ordered(value, actual, (order) => order <= 0);
    case 'gt':
      return ordered(value, actual, (order) => order > 0);
    case 'gte':
      return ordered(value, actual, (order) => order >= 0);
    case 'exists':
      // Some servers take null for an absent field, others for a value.
      if (actual === null) return 'unknown';
      return yesNo(value !== false);
    case 'regex':
      return searched(condition.regex, actual);
    case 'contains':
      return contains(value, actual);
  }
}

function searched(regex: Regex | undefined, actual: Json): Answer {
  if (!regex || typeof actual !== 'string' || actual.length > regex.maxText) return 'unknown';
  return yesNo(regex.test(actual));
}

function yesNo(holds: boolean): Answer {
  return holds ? 'holds' : 'fails';
}

function not(answer: Answer): Answer {
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

/** Numbers that a double does not hold are told of by no operator: most servers would round them (see json.ts). */
function ordered(expected: Json, actual: Json, holds: (order: number) => boolean): Answer {
  if (typeof expected !== 'number' || typeof actual !== 'number') return 'unknown';
  return yesNo(holds(actual < expected ? -1 : actual > expected ? 1 : 0));
}

/**
 * Exact equality. Values of different types are unknown, not unequal: a server may read "500" or [500] as 500. So is
 * text that differs only in what `fold` takes off, and a number that a double does not hold. A policy that asks for null is sure: nothing else is null.
 * Recursion ends with the policy's own value.
 */
function equal(expected: Json, actual: Json): Answer {
  if (expected === null) return yesNo(actual === null);
  if (typeof expected === 'number' && typeof actual === 'number') return yesNo(expected === actual);
  if (typeof expected === 'string' && typeof actual === 'string') {
    if (expected === actual) return 'holds';
    return fold(expected) === fold(actual) ? 'unknown' : 'fails';
  }
  if (typeof expected === 'boolean' && typeof actual === 'boolean') return yesNo(expected === actual);
  if (isArray(expected) && isArray(actual)) {
    if (expected.length !== actual.length) return 'fails';
    return all(expected.map((item, i) => equal(item, actual[i] ?? null)));
  }
  if (isObject(expected) && isObject(actual)) return equalObjects(expected, actual);
  return 'unknown';
}

function equalObjects(
  expected: { readonly [key: string]: Json },
  actual: { readonly [key: string]: Json },
): Answer {
  const keys = Object.keys(expected);
  const others = Object.keys(actual);
  if (keys.length === others.length && keys.every((key) => Object.hasOwn(actual, key))) {
    return all(keys.map((key) => equal(expected[key] ?? null, actual[key] ?? null)));
  }
  const wanted = new Set(keys.map(fold));
  const folds = new Set(others.map(fold));
  return folds.size === wanted.size && [...wanted].every((key) => folds.has(key)) ? 'unknown' : 'fails';
}

/** What `in` compares with, so that a list of any length costs one look: a call may bring 20,000 elements. */
interface Choices {
  /** Texts, numbers and true or false, and the folds of the texts. */
  readonly plain: ReadonlySet<Json>;
  readonly folds: ReadonlySet<string>;
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
    folds: new Set(texts.map(fold)),
    // Null is sure of itself: a value of another type is not it.
    types: new Set(list.filter((item) => item !== null).map((item) => typeof item)),
    nested,
  };
  choices.set(list, made);
  return made;
}

/** Equal to any of them; the same answers as `equal` for each, by look-up. */
function oneOf(list: Json, actual: Json): Answer {
  if (!isArray(list)) return 'unknown';
  const { plain, folds, types, nested } = choicesOf(list);
  if (isArray(actual) || isObject(actual)) {
    const answer = any(nested.map((item) => equal(item, actual)));
    const isOther = [...types].some((type) => type !== 'object');
    return answer === 'fails' && isOther ? 'unknown' : answer;
  }
  if (plain.has(actual)) return 'holds';
  if (typeof actual === 'string' && folds.has(fold(actual))) return 'unknown';
  // Null and numbers that a double does not hold have no type of their own: a server may read them as any.
  const own = typeof actual === 'object' ? undefined : typeof actual;
  return [...types].some((type) => type !== own) ? 'unknown' : 'fails';
}

/** A part of a text, or an element of a list. */
function contains(part: Json, actual: Json): Answer {
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
