import { isAmount } from '../../catalog/arguments.js';
import type { Json } from '../../json/value.js';
import { parsePath } from '../../policy/evaluate/path.js';
import { argumentAt, argumentPaths } from '../tool-schema.js';
import type { ArgumentPath } from './model.js';

/** Listed values beyond these are typed, not chosen. */
const MAX_VALUES = 100;

/**
 * @param inputSchema of a tool, from the server
 * @returns what a rule could look at, as the schema has it
 */
export function argumentsOf(inputSchema: unknown): readonly ArgumentPath[] {
  return argumentPaths(inputSchema).flatMap((text) => {
    const path = parsePath(text);
    if ('fault' in path) return [];
    const found = argumentAt(inputSchema, path);
    if (found.kind !== 'found') return [{ path: text, types: undefined, values: undefined, isMoney: false }];
    const name = path.steps.findLast((step) => typeof step === 'string') ?? '';
    const values = found.values?.every(isPlain) ? (found.values as readonly Json[]) : undefined;
    return [
      {
        path: text,
        types: found.types && [...found.types],
        values: values && values.length <= MAX_VALUES ? values : undefined,
        isMoney: found.types?.has('number') === true && isAmount(name),
      },
    ];
  });
}

const isPlain = (value: unknown): boolean => value === null || typeof value !== 'object';
