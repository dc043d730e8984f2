import { isAddress, isCode, type Properties } from './arguments.js';
import {
  ACTION_ARGUMENTS,
  PROGRAMS,
  QUERY_ARGUMENTS,
  QUERY_LANGUAGES,
  SURE_CODE_ARGUMENTS,
} from './evidence.js';
import { type Finding, fromName, rankOf } from './name-evidence.js';
import { searchForm, setOf, shown, wordsOf } from './words.js';

const IS = {
  actionArgument: setOf(ACTION_ARGUMENTS),
  sureCode: setOf(SURE_CODE_ARGUMENTS),
  queryArgument: setOf(QUERY_ARGUMENTS),
  /** Behind such a word in an argument's name they leave it what it is: `scriptContent`, and not `scriptName`. */
  wholeOf: setOf('text content contents source string body line lines code query'),
  harmlessMethod: setOf('get head options'),
  /** Programs that do what their arguments say. */
  program: setOf(PROGRAMS),
  handedOn: setOf('args arguments argv argumentlist cmdline commandline params flags options'),
  keeps: setOf('create update add edit save define register duplicate import'),
};

// How much is read: definitions come from the server and may be of any length.
const MAX_VALUES = 1000;
const MAX_VALUE = 1000;
const MAX_NAME = 200;

const listedValues = (schema: Readonly<Record<string, unknown>>): string[] =>
  [schema.enum, schema.const]
    .flat()
    .slice(0, MAX_VALUES)
    .filter((value): value is string => typeof value === 'string');

/** Whether the values that an argument may have are methods of HTTP. */
const isHttpMethod = (values: readonly string[]): boolean => {
  const lower = values.map((value) => value.toLowerCase());
  return lower.includes('get') && (lower.includes('post') || lower.includes('head'));
};

/** The listed values of an argument that says what is done: `action` may be `delete`. */
export function fromActions(properties: Properties): Finding[] {
  return properties
    .filter(([name]) => IS.actionArgument.has(searchForm(name)))
    .flatMap(([name, schema]) => {
      const values = listedValues(schema);
      if (isHttpMethod(values)) return [];
      return values.flatMap((value) => {
        const found = fromName(wordsOf(value.slice(0, MAX_VALUE)));
        return found
          ? [{ ...found, reason: { code: 'argument_value' as const, name, value: shown(value) } }]
          : [];
      });
    });
}

/** Where a tool has no name that says anything: an argument that is run says enough. */
export function fromCode(properties: Properties, words: readonly string[]): Finding | undefined {
  const name = properties.find(([each]) => isCode(each))?.[0] ?? handedOn(properties, words);
  if (name !== undefined) return { class: 'Execute', reason: { code: 'argument', name: shown(name) } };
  const [program] = words;
  return words.length === 1 && program !== undefined && IS.program.has(program)
    ? { class: 'Execute', reason: { code: 'program', word: shown(program) } }
    : undefined;
}

/** What a program gets that does what its arguments say. */
const handedOn = (properties: Properties, words: readonly string[]): string | undefined =>
  words.some((word) => IS.program.has(word))
    ? properties.find(
        ([each, schema]) =>
          IS.handedOn.has(searchForm(each.slice(0, MAX_NAME)).replace(/[^a-z]/g, '')) &&
          mayBeText(schema.type),
      )?.[0]
    : undefined;

/**
 * A text among the arguments that is run: a `script`, a `command`, or a `query` in a language that can change data.
 * Where the name says that the tool only looks (`explain_query`, `search_code`) the description must say "runs" too:
 * a verb that is also a noun (`d1_query`) says no such thing.
 */
export function fromRunText(
  basis: Finding,
  described: readonly Finding[],
  description: string,
  properties: Properties,
  words: readonly string[],
): Finding | undefined {
  if (rankOf(basis.class) >= rankOf('Execute')) return undefined;
  const name = runTextArgument(description, properties, words);
  if (name === undefined) return undefined;
  const looks = basis.class === 'Read' && basis.row?.noun !== true && basis.row?.vague !== true;
  if (looks && (described[0]?.class !== 'Execute' || ONLY_LOOKS.test(description.slice(0, MAX_LEAD))))
    return undefined;
  return { class: 'Execute', reason: { code: 'argument_run', name: shown(name) } };
}

/**
 * @param words of the tool's name: what it hands its arguments on to may be a program that runs them
 * @returns the name of the argument that is run, if there is one
 */
export const runTextArgument = (
  description: string,
  properties: Properties,
  words: readonly string[] = [],
): string | undefined =>
  properties.find(([name, schema]) => isRunText(name, schema, description))?.[0] ??
  handedOn(properties, words);

const MAX_LEAD = 300;
const ONLY_LOOKS = /\bread-?\s?only\b|\bselect\b/;
const LANGUAGE = new RegExp(`\\b(?:${QUERY_LANGUAGES.replaceAll(' ', '|')})\\b`);

function isRunText(name: string, schema: Readonly<Record<string, unknown>>, description: string): boolean {
  if (name.length > MAX_NAME || listedValues(schema).length > 0 || !mayBeText(schema.type)) return false;
  const words = wordsOf(name);
  const at = words.findIndex((word) => IS.sureCode.has(word));
  if (at !== -1 && words.slice(at + 1).every((word) => IS.wholeOf.has(word))) return true;
  if (words.length !== 1 || !IS.queryArgument.has(words[0] ?? '')) return false;
  const about =
    typeof schema.description === 'string' ? searchForm(schema.description.slice(0, MAX_LEAD)) : '';
  return LANGUAGE.test(description.slice(0, MAX_LEAD)) || LANGUAGE.test(about);
}

const mayBeText = (type: unknown): boolean =>
  type === undefined || [type].flat().some((each) => each === 'string' || each === 'array');

/** An argument that picks the method of a request to an address: anything may be sent there, by any method. */
export function fromHttpMethods(words: readonly string[], properties: Properties): Finding | undefined {
  // What is kept to be sent later is a record.
  if (words.some((word) => IS.keeps.has(word)) || !properties.some(([name]) => isAddress(name)))
    return undefined;
  const method = properties.find(
    ([name, schema]) =>
      searchForm(name) === 'method' &&
      (listedValues(schema).length === 0 || isHttpMethod(listedValues(schema))),
  );
  if (method === undefined) return undefined;
  const values = listedValues(method[1]).map((value) => value.toLowerCase());
  if (values.length > 0 && values.every((value) => IS.harmlessMethod.has(value))) return undefined;
  return { class: 'Execute', reason: { code: 'any_request' } };
}
