import { Decimal } from './decimal.js';
import type { Call } from './decision.js';
import { fold } from './fold.js';
import { isArray, isNumber, isObject, type Json } from './json.js';
import { type Reached, reach } from './path.js';
import type { Condition, Predicate, Regex } from './policy.js';

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
  const reached: Reached = { kind: 'missing', at: condition.path.text };
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

/** Both exact: doubles compare as the shortest decimals that stand for them do. */
export function compareNumbers(a: number | Decimal, b: number | Decimal): number {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
  return (a instanceof Decimal ? a : Decimal.from(a)).compare(b instanceof Decimal ? b : Decimal.from(b));
}

function ordered(expected: Json, actual: Json, holds: (order: number) => boolean): Answer {
  if (!isNumber(expected) || !isNumber(actual)) return 'unknown';
  return yesNo(holds(compareNumbers(actual, expected)));
}

/**
 * Exact equality. Values of different types are unknown, not unequal: a server may read "500" or [500] as 500. So is
 * text that differs only in case or invisible characters. A policy that asks for null is sure: nothing else is null.
 * Recursion ends with the policy's own value.
 */
function equal(expected: Json, actual: Json): Answer {
  if (expected === null) return yesNo(actual === null);
  if (isNumber(expected)) {
    return isNumber(actual) ? yesNo(compareNumbers(expected, actual) === 0) : 'unknown';
  }
  if (typeof expected === 'string' && typeof actual === 'string') {
    if (expected === actual) return 'holds';
    return mayBeTwins(expected, actual) && fold(expected) === fold(actual) ? 'unknown' : 'fails';
  }
  if (typeof expected === 'boolean' && typeof actual === 'boolean') return yesNo(expected === actual);
  if (isArray(expected) && isArray(actual)) {
    if (expected.length !== actual.length) return 'fails';
    return all(expected.map((item, i) => equal(item, actual[i] ?? null)));
  }
  if (isObject(expected) && isObject(actual)) return equalObjects(expected, actual);
  return 'unknown';
}

/** Spares folding megabytes: folding shrinks a text by a factor of 20 at most, invisible characters aside. */
function mayBeTwins(a: string, b: string): boolean {
  return Math.max(a.length, b.length) <= 1024 + 20 * Math.min(a.length, b.length);
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

function oneOf(list: Json, actual: Json): Answer {
  return isArray(list) ? any(list.map((item) => equal(item, actual))) : 'unknown';
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
