/**
 * catalog/: what the tools of a server do, by their names and schemas, and the servers that are known.
 * Imports json/ and text/.
 * Never reads a policy or starts a server: presets are texts here.
 */
import { isRecord } from '../json/value.js';
import { ADDRESS_ARGUMENTS, AMOUNT_ARGUMENTS, CODE_ARGUMENTS, PAID_ARGUMENTS } from './evidence.js';
import { setOf, singular, wordsApart, wordsOf } from './words.js';

/** The arguments that an input schema names at its top level, with what it says of each. */
export type Properties = readonly (readonly [name: string, schema: Readonly<Record<string, unknown>>])[];

/** @param inputSchema from the server, and so of any form; without properties there are none */
export function propertiesOf(inputSchema: unknown): Properties {
  const properties = isRecord(inputSchema) ? inputSchema.properties : undefined;
  if (!isRecord(properties)) return [];
  return Object.entries(properties).map(([name, schema]) => [name, isRecord(schema) ? schema : {}]);
}

/**
 * @param inputSchema a tool's input schema, from the server
 * @returns the names of its numeric arguments that look like an amount of money, such as `amount_total`
 */
export function moneyArguments(inputSchema: unknown): string[] {
  const isNumeric = (type: unknown) => [type].flat().some((each) => each === 'number' || each === 'integer');
  return propertiesOf(inputSchema)
    .filter(([name, { type }]) => isNumeric(type) && isAmount(name))
    .map(([name]) => name);
}

/**
 * Whether an input schema names what stands in a place of the arguments. One that names nothing names this
 * neither.
 *
 * @param inputSchema from the server, and so of any form
 * @param steps keys, and a number for an element of a list
 */
export function isNamed(inputSchema: unknown, steps: readonly (string | number)[]): boolean {
  let schema = inputSchema;
  for (const [depth, step] of steps.entries()) {
    if (!isRecord(schema)) return depth > 0;
    if (typeof step === 'number') {
      schema = schema.items;
      continue;
    }
    const { properties } = schema;
    // Below what is named a schema may say no more.
    if (!isRecord(properties) || Object.keys(properties).length === 0) return depth > 0;
    if (!Object.hasOwn(properties, step)) return false;
    schema = properties[step];
  }
  return true;
}

const amountWords = setOf(AMOUNT_ARGUMENTS);
/** Spares taking most names apart: a word of money must be a part of the name. */
const sounds = new RegExp(AMOUNT_ARGUMENTS.replaceAll(' ', '|'), 'i');
const ASCII = /^\p{ASCII}*$/u;
const paidWords = setOf(PAID_ARGUMENTS);
const codeWords = setOf(CODE_ARGUMENTS);
const addressWords = setOf(ADDRESS_ARGUMENTS);

/** In characters. No server has longer names, and looking into them could take long (G9). */
const MAX_NAME = 200;

/**
 * Whether an argument of that name is an amount of money: the one definition of it. Words count, and not parts of
 * words: `amountTotal`, `importe2` and `prices` are, `account_consumer` is not.
 */
export const isAmount = (name: string): boolean =>
  name.length <= MAX_NAME &&
  (sounds.test(name) || !ASCII.test(name)) &&
  wordsApart(name).some((word) => amountWords.has(singular(word.replace(/\d+$/, ''))));

/** Whether a tool that commits to something pays what stands in an argument of that name. */
export const isPaid = (name: string): boolean =>
  name.length <= MAX_NAME && wordsOf(name).some((word) => paidWords.has(word));

/** Whether the value of an argument of that name is run as code. */
export const isCode = (name: string): boolean =>
  name.length <= MAX_NAME && wordsOf(name).some((word) => codeWords.has(word));

const ADDRESS_FORMATS = setOf('uri url iri');

/** The same by its schema too: what has the form of an address is one, whatever it is called. */
export const takesAddress = (name: string, { format }: Readonly<Record<string, unknown>>): boolean =>
  isAddress(name) || (typeof format === 'string' && ADDRESS_FORMATS.has(format.toLowerCase()));

/** Whether an argument of that name is an address that the tool may go to: `url`, `targetUrl`, `webhook_uri`. */
export const isAddress = (name: string): boolean =>
  name.length <= MAX_NAME && addressWords.has(singular(wordsOf(name).at(-1) ?? ''));
