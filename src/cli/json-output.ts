import type * as z from 'zod';
import { printableJson, safeJson } from '../text/escape.js';
import type { Terminal } from './terminal.js';

/** Version of the shape of every `--json` output: fields may be added, never changed. Times in UTC. */
export const VERSION = 1;

/** What commands hand over may be frozen. */
type Frozen<T> = T extends readonly (infer U)[]
  ? readonly Frozen<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;
type WithoutVersion<T> = T extends unknown ? Omit<T, 'version'> : never;

/** What a schema describes, as it is handed over: the version is added where it is printed. */
export type Printed<S extends z.ZodType> = Frozen<WithoutVersion<z.infer<S>>>;

/**
 * Prints the result of a command for programs.
 *
 * @param _schema which shape it has
 * @param indent spaces a level; one line when 0
 * @returns whether anybody still reads
 */
export function printJson<S extends z.ZodType>(
  { out }: Terminal,
  _schema: S,
  result: Printed<S>,
  indent = 2,
): Promise<boolean> {
  return out.write(`${versioned(result, indent)}\n`);
}

/** @returns the JSON of a result with its version, without a line end */
export function versioned(result: object, indent = 0): string {
  return printableJson({ version: VERSION, ...result }, indent);
}

/**
 * Adds a member whose value is JSON text already: parsed and written anew, a number beyond a double's digits would be
 * rounded.
 *
 * @param object JSON of an object with members, on one line
 */
export function withMember(object: string, name: string, value: string): string {
  return `${object.slice(0, -1)},${JSON.stringify(name)}:${safeJson(value)}}`;
}
