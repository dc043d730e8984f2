import { printableJson, safeJson } from '../text/escape.js';
import type { Output, OutputName } from './output/outputs.js';
import { VERSION } from './output/version.js';
import type { Terminal } from './terminal.js';

/**
 * Prints the result of a command for programs.
 *
 * @param _command whose shape it has
 * @param indent spaces a level; one line when 0
 * @returns whether anybody still reads
 */
export function printJson<N extends OutputName>(
  { out }: Terminal,
  _command: N,
  result: Output<N>,
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
