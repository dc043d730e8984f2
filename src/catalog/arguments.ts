import { AMOUNT_ARGUMENTS, CODE_ARGUMENTS } from './evidence.js';
import { setOf, wordsOf } from './words.js';

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

const amountWords = setOf(AMOUNT_ARGUMENTS);
const codeWords = setOf(CODE_ARGUMENTS);

/** Whether an argument of that name is an amount of money. */
export const isAmount = (name: string): boolean => wordsOf(name).some((word) => amountWords.has(word));

/** Whether an argument of that name is run. */
export const isCode = (name: string): boolean => wordsOf(name).some((word) => codeWords.has(word));

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
