import { Decimal } from '../../json/decimal.js';
import { isArray, isNumber, isObject, type Json } from '../../json/value.js';
import type { Condition, Operator, Predicate } from '../model.js';
import type { Finding } from './condition.js';

/** Values and lists of values are cut to this many characters: the agent knows what it sent. */
const MAX_SHOWN = 60;

/** More conditions than this do not make a refusal clearer. */
const MAX_CONDITIONS = 3;

/** Reads on from "must" and "may"; "which" takes the third person of its first word. */
const WORDS: Readonly<Record<Operator, string>> = {
  eq: 'be',
  neq: 'be other than',
  lt: 'be less than',
  lte: 'be at most',
  gt: 'be more than',
  gte: 'be at least',
  in: 'be one of',
  not_in: 'be none of',
  exists: 'be',
  regex: 'match',
  contains: 'contain',
};

const THIRD_PERSON: Readonly<Record<string, string>> = { be: 'is', match: 'matches', contain: 'contains' };

/** @returns `be at most 100`, `be one of "a", "b"`, `match ^a`, `be present` */
function wordsOf(condition: Condition): string {
  const { op, value } = condition;
  if (op === 'exists') return value === false ? 'be absent' : 'be present';
  if (op === 'regex' && typeof value === 'string') return `match ${cut(value)}`;
  if (isArray(value) && (op === 'in' || op === 'not_in')) {
    return `${WORDS[op]} ${cut(value.map(show).join(', '))}`;
  }
  return `${WORDS[op]} ${show(value)}`;
}

/** @returns `is at most 100`, `matches ^a` */
function isWords(condition: Condition): string {
  return wordsOf(condition).replace(/^\w+/, (verb) => THIRD_PERSON[verb] ?? verb);
}

/** @returns the value as JSON, cut; lists and objects by their size */
export function show(value: Json): string {
  if (isNumber(value)) return cut(value.toString());
  if (typeof value === 'string') {
    return value.length > MAX_SHOWN
      ? `${JSON.stringify(value.slice(0, MAX_SHOWN))}...`
      : JSON.stringify(value);
  }
  if (isArray(value))
    return value.length === 1 ? 'a list of 1 element' : `a list of ${value.length} elements`;
  return isObject(value) ? 'an object' : String(value);
}

function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

/** @returns why a `require` was not met: `args.amount is 500, and must be at most 100` */
export function explainRequire(findings: readonly Finding[]): string {
  const finding =
    findings.find(({ answer }) => answer === 'fails') ?? findings.find(({ answer }) => answer === 'unknown');
  if (!finding) return 'a requirement of the policy does not hold';
  const must = `must ${wordsOf(finding.condition)}`;
  const { reached } = finding;
  switch (reached.kind) {
    case 'unclear':
      return `${reached.at} ${reached.what}, and ${finding.condition.path.text} ${must}`;
    case 'missing':
      return `${reached.at} is missing, and ${must}`;
    case 'value':
      if (isSecret(finding.condition)) return `${reached.at} does not meet its condition`;
      return `${reached.at} is ${show(reached.value)}${kindNote(finding)}, and ${must}`;
  }
}

/** @returns why a `deny_if` or `approve_if` fired: `args.amount is 500, which is more than 100` */
export function explainFired(predicate: Predicate, findings: readonly Finding[]): string {
  if (predicate.conditions.length === 0) {
    return predicate.code === 'APPROVAL_REQUIRED'
      ? 'the policy asks a person for every call'
      : 'the policy refuses every call';
  }
  const parts = findings.slice(0, MAX_CONDITIONS).map(explainFinding);
  return parts.join(', and ');
}

function explainFinding(finding: Finding): string {
  const { condition, reached, answer } = finding;
  switch (reached.kind) {
    case 'unclear':
      return `${reached.at} ${reached.what}, so that it may ${wordsOf(condition)}`;
    case 'missing':
      return `${reached.at} is missing`;
    case 'value': {
      if (isSecret(condition))
        return `${reached.at} ${answer === 'unknown' ? 'may meet' : 'meets'} its condition`;
      const is = `${reached.at} is ${show(reached.value)}${kindNote(finding)}`;
      if (answer === 'unknown') return `${is}, which may ${wordsOf(condition)}`;
      return condition.op === 'exists' || condition.op === 'eq' ? is : `${is}, which ${isWords(condition)}`;
    }
  }
}

/**
 * Values of the environment are tokens and keys as often as not, and what is said here goes to the model. Neither they
 * nor what they were compared with is shown: where the two are equal, the one is the other.
 */
function isSecret({ path }: Condition): boolean {
  return path.root === 'env';
}

/** Says what is odd about "500" where a number is looked for, and about a number that most servers would round. */
function kindNote({ answer, condition, reached }: Finding): string {
  if (answer !== 'unknown' || reached.kind !== 'value') return '';
  if (reached.value instanceof Decimal) return ' (more digits than most programs keep)';
  return typeof reached.value === 'string' && isNumber(condition.value) ? ' (text)' : '';
}
