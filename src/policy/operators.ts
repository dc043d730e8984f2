import { isArray, isNumber, type Json, type JsonType, jsonTypeOf } from '../json/value.js';
import { couldBeginWith } from '../text/lookalike.js';
import { cut, kindOf, show } from './describe-value.js';
import { type Answer, contains, equal, not, oneOf, ordered, yesNo } from './evaluate/compare.js';
import { compileRegex, type Regex } from './evaluate/regex.js';

/** What a condition can come to for the values that a schema allows: `may` hold, always `fails`, always `unknown`. */
export type Prospect = 'may' | 'fails' | 'unknown';

/** What is known of a value before there is one. */
export interface Possible {
  readonly types: ReadonlySet<JsonType>;
  /** Every value that it can have, where a schema lists them. */
  readonly values: readonly unknown[] | undefined;
}

/** What is wrong with `value` in a policy file, and how to mend it. */
interface ValueFault {
  readonly message: string;
  readonly hint: string;
}

interface OperatorRow {
  /** What it compares, for the JSON Schema; operators that stand together and share it are named together. */
  readonly about: string;
  /** What other formats call it, in small letters. */
  readonly foreign: readonly string[];
  /** @returns undefined where the operator can compare with `value` */
  fault(value: Json): ValueFault | undefined;
  /** Makes of `value` what matches, once for the policy. */
  compile?(value: Json): Regex | ValueFault | undefined;
  compare(value: Json, actual: Json, compiled: Regex | undefined): Answer;
  /** The answer where there is nothing to compare; `fails` for all but `exists`. */
  missing?(value: Json): Answer;
  /** Reads on from "must" and "may"; begins with a verb. */
  words(value: Json): string;
  /** Whether the value that was found says all: `args.type is "C"`, without "which is ...". */
  readonly isSaidByValue?: boolean;
  /** A text for which it holds has the value, or one of several, in it: so an attack can bear it as a disguise. */
  readonly isInText?: true;
  prospect(value: Json, possible: Possible): Prospect;
}

const NUMBERS = 'numbers';
const ANY_VALUE = 'any JSON value, exactly and without turning text into numbers';
const LIST = '`value` is a list';

/**
 * The operators of conditions, one row each: all that a new one needs stands in its row. In the order in which people
 * are told of them.
 */
export const OPERATORS = {
  eq: {
    about: ANY_VALUE,
    foreign: ['==', '=', '===', 'equals', 'is'],
    fault: () => undefined,
    compare: equal,
    words: (value) => `be ${show(value)}`,
    isSaidByValue: true,
    isInText: true,
    prospect: (value, possible) => equality([value], possible),
  },
  neq: {
    about: ANY_VALUE,
    foreign: ['!=', '<>', 'ne', 'not_eq', 'not'],
    fault: () => undefined,
    compare: (value, actual) => not(equal(value, actual)),
    words: (value) => `be other than ${show(value)}`,
    prospect: (value, possible) => difference([value], possible),
  },
  lt: numeric('lt', ['<'], 'less than', (order) => order < 0),
  lte: numeric('lte', ['<=', 'le', 'max'], 'at most', (order) => order <= 0),
  gt: numeric('gt', ['>'], 'more than', (order) => order > 0),
  gte: numeric('gte', ['>=', 'ge', 'min'], 'at least', (order) => order >= 0),
  in: {
    about: LIST,
    foreign: [],
    fault: (value) => listFault('in', value),
    compare: oneOf,
    words: (value) => `be one of ${showAll(value)}`,
    isInText: true,
    prospect: (value, possible) => equality(isArray(value) ? value : [], possible),
  },
  not_in: {
    about: LIST,
    foreign: ['nin', 'notin'],
    fault: (value) => listFault('not_in', value),
    compare: (value, actual) => not(oneOf(value, actual)),
    words: (value) => `be none of ${showAll(value)}`,
    prospect: (value, possible) => difference(isArray(value) ? value : [], possible),
  },
  exists: {
    about: '`value` is true (default) or false',
    foreign: [],
    fault: (value) =>
      typeof value === 'boolean'
        ? undefined
        : { message: `"exists" is true or false, not ${kindOf(value)}.`, hint: 'Write true or false.' },
    // Some servers take null for an absent field, others for a value.
    compare: (value, actual) => (actual === null ? 'unknown' : yesNo(value !== false)),
    missing: (value) => yesNo(value === false),
    words: (value) => (value === false ? 'be absent' : 'be present'),
    isSaidByValue: true,
    prospect: () => 'may',
  },
  regex: {
    about: 'RE2 syntax, unanchored, text only',
    foreign: ['matches', 'match', 'pattern', 're', '=~'],
    fault: (value) =>
      typeof value === 'string'
        ? undefined
        : { message: `"regex" needs a pattern as text, not ${kindOf(value)}.`, hint: 'Write "^[a-z]+$".' },
    compile: (value) => {
      const regex = typeof value === 'string' ? compileRegex(value) : undefined;
      return regex && 'fault' in regex
        ? {
            message: `Not a regular expression that can be used: ${regex.fault}.`,
            hint: 'RE2 syntax: no look-around and no back-references; a backslash is written \\\\ in JSON.',
          }
        : regex;
    },
    compare: (_, actual, regex) =>
      regex && typeof actual === 'string' && actual.length <= regex.maxText
        ? yesNo(regex.test(actual))
        : 'unknown',
    words: (value) => `match ${typeof value === 'string' ? cut(value) : show(value)}`,
    prospect: (_, { types }) => told(types.has('string')),
  },
  contains: {
    about: 'part of a text, or element of a list',
    foreign: ['includes', 'has'],
    fault: () => undefined,
    compare: contains,
    words: (value) => `contain ${show(value)}`,
    isInText: true,
    prospect: (value, { types }) =>
      told(types.has('array') || (types.has('string') && typeof value === 'string')),
  },
  starts_with: {
    about: 'the beginning of a text',
    foreign: ['prefix', 'begins_with', 'has_prefix'],
    fault: (value) =>
      typeof value === 'string'
        ? undefined
        : {
            message: `"starts_with" needs a text, and "value" is ${kindOf(value)}; no call could be judged for certain.`,
            hint: 'Write "INV-".',
          },
    compare: (value, actual) => {
      if (typeof value !== 'string' || typeof actual !== 'string') return 'unknown';
      if (actual.startsWith(value)) return 'holds';
      return couldBeginWith(actual, value) ? 'unknown' : 'fails';
    },
    words: (value) => `start with ${show(value)}`,
    isInText: true,
    prospect: (_, { types }) => told(types.has('string')),
  },
} as const satisfies Readonly<Record<string, OperatorRow>>;

export type Operator = keyof typeof OPERATORS;

export const OPERATOR_NAMES = Object.keys(OPERATORS) as [Operator, ...Operator[]];

/** @returns the row of an operator, whatever it leaves out */
export function operatorOf(name: Operator): OperatorRow {
  return OPERATORS[name];
}

/** @returns what all operators compare, for the JSON Schema: `eq, neq: any JSON value. lt, ...` */
export function aboutOperators(): string {
  const groups = new Map<string, string[]>();
  for (const name of OPERATOR_NAMES) {
    const { about } = OPERATORS[name];
    groups.set(about, [...(groups.get(about) ?? []), name]);
  }
  return [...groups].map(([about, names]) => `${names.join(', ')}: ${about}.`).join(' ');
}

function numeric(
  name: string,
  foreign: readonly string[],
  words: string,
  holds: (order: number) => boolean,
): OperatorRow {
  return {
    about: NUMBERS,
    foreign,
    fault: (value) =>
      isNumber(value)
        ? undefined
        : {
            message: `"${name}" compares numbers, and "value" is ${kindOf(value)}; no call could be judged for certain.`,
            hint: 'Write a number without quotes.',
          },
    compare: (value, actual) => ordered(value, actual, holds),
    words: (value) => `be ${words} ${show(value)}`,
    prospect: (_, { types }) => told(types.has('number')),
  };
}

function listFault(name: string, value: Json): ValueFault | undefined {
  if (isArray(value)) return undefined;
  return { message: `"${name}" needs a list, and "value" is ${kindOf(value)}.`, hint: 'Write ["a", "b"].' };
}

function showAll(value: Json): string {
  return isArray(value) ? cut(value.map(show).join(', ')) : show(value);
}

function told(may: boolean): Prospect {
  return may ? 'may' : 'unknown';
}

function equality(items: readonly Json[], { types, values }: Possible): Prospect {
  const fitting = items.filter((item) => types.has(jsonTypeOf(item)));
  if (fitting.some((item) => typeof item === 'object' || !values || values.includes(item))) return 'may';
  // Nothing but null is null: that is told. Another type is not.
  return items.every((item) => item === null || types.has(jsonTypeOf(item))) ? 'fails' : 'unknown';
}

function difference(items: readonly Json[], { types }: Possible): Prospect {
  return told(items.every((item) => item === null || types.has(jsonTypeOf(item))));
}
