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

/** A verb in Spanish, as it follows "debe" and "puede", and as it follows "que"; and what comes after it. */
export type SpanishPhrase = readonly [infinitive: string, present: string, rest: string];

type Show = (value: Json) => string;

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
  /** The same in Spanish. @param show a value as Spanish shows it */
  spanish(value: Json, show: Show): SpanishPhrase;
  /** How the sentences of the page name it, in English and in Spanish. */
  readonly label: readonly [english: string, spanish: string];
  /** With false for its value, which then says all; where it compares with true and false alone. */
  readonly labelOfFalse?: readonly [english: string, spanish: string];
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
    spanish: (value, shown) => ser(shown(value)),
    label: ['is', 'es'],
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
    spanish: (value, shown) => ser(`distinto de ${shown(value)}`),
    label: ['is not', 'no es'],
    prospect: (value, possible) => difference([value], possible),
  },
  lt: numeric('lt', ['<'], (order) => order < 0, {
    english: 'less than',
    spanish: 'menor que',
    label: ['is under', 'es menor que'],
  }),
  lte: numeric('lte', ['<=', 'le', 'max'], (order) => order <= 0, {
    english: 'at most',
    spanish: 'como mucho',
    label: ['is at most', 'es como máximo'],
  }),
  gt: numeric('gt', ['>'], (order) => order > 0, {
    english: 'more than',
    spanish: 'mayor que',
    label: ['is over', 'supera'],
  }),
  gte: numeric('gte', ['>=', 'ge', 'min'], (order) => order >= 0, {
    english: 'at least',
    spanish: 'al menos',
    label: ['is at least', 'es como mínimo'],
  }),
  in: {
    about: LIST,
    foreign: [],
    fault: (value) => listFault('in', value),
    compare: oneOf,
    words: (value) => `be one of ${showAll(value, show)}`,
    spanish: (value, shown) => ser(`uno de ${showAll(value, shown)}`),
    label: ['is one of', 'es uno de'],
    isInText: true,
    prospect: (value, possible) => equality(isArray(value) ? value : [], possible),
  },
  not_in: {
    about: LIST,
    foreign: ['nin', 'notin'],
    fault: (value) => listFault('not_in', value),
    compare: (value, actual) => not(oneOf(value, actual)),
    words: (value) => `be none of ${showAll(value, show)}`,
    spanish: (value, shown) => ser(`ninguno de ${showAll(value, shown)}`),
    label: ['is none of', 'no es ninguno de'],
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
    spanish: (value) => ['estar', 'está', value === false ? 'ausente' : 'presente'],
    label: ['is given', 'está presente'],
    labelOfFalse: ['is not given', 'no está presente'],
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
    spanish: (value, shown) => [
      'coincidir',
      'coincide',
      `con ${typeof value === 'string' ? cut(value) : shown(value)}`,
    ],
    label: ['matches the pattern', 'coincide con el patrón'],
    prospect: (_, { types }) => told(types.has('string')),
  },
  contains: {
    about: 'part of a text, or element of a list',
    foreign: ['includes', 'has'],
    fault: () => undefined,
    compare: contains,
    words: (value) => `contain ${show(value)}`,
    spanish: (value, shown) => ['contener', 'contiene', shown(value)],
    label: ['contains', 'contiene'],
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
    spanish: (value, shown) => ['empezar', 'empieza', `con ${shown(value)}`],
    label: ['starts with', 'empieza por'],
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
  holds: (order: number) => boolean,
  { english, spanish, label }: { english: string; spanish: string; label: OperatorRow['label'] },
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
    words: (value) => `be ${english} ${show(value)}`,
    spanish: (value, shown) => ser(`${spanish} ${shown(value)}`),
    label,
    prospect: (_, { types }) => told(types.has('number')),
  };
}

function listFault(name: string, value: Json): ValueFault | undefined {
  if (isArray(value)) return undefined;
  return { message: `"${name}" needs a list, and "value" is ${kindOf(value)}.`, hint: 'Write ["a", "b"].' };
}

function showAll(value: Json, shown: Show): string {
  return isArray(value) ? cut(value.map(shown).join(', ')) : shown(value);
}

function ser(rest: string): SpanishPhrase {
  return ['ser', 'es', rest];
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
