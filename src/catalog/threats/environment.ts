import type { EnvironmentVariable } from '../known-server.js';
import type { ServerEnvironment } from './threat.js';

/** Names of variables that say where a server works: `APP_ENV`, `STAGE`. */
export const SAYS_WHERE = /(?:^|_)(?:env|environment|stage|tier|mode|sandbox|live|production)$/i;

/**
 * The variable that says where a server works.
 *
 * @param known what is known of the server's variables
 * @param set names of those that its entry sets
 */
export function environmentOf(
  known: readonly EnvironmentVariable[],
  set: readonly string[],
): ServerEnvironment | undefined {
  const variable = known.find(({ real }) => real !== undefined);
  if (variable?.real !== undefined) {
    const { value, test } = variable.real;
    return { variable: variable.name, real: value, test, unset: variable.required ? 'real' : 'test' };
  }
  const named = set.find((name) => SAYS_WHERE.test(name));
  return named === undefined
    ? undefined
    : { variable: named, real: 'production', test: ['test', 'development'], unset: 'real' };
}
