import { closeSync, openSync, readSync } from 'node:fs';
import { EXIT, PolicyWrapError } from '../errors.js';
import { importIntercept } from '../policy/intercept.js';
import { MAX_YAML } from '../policy/intercept-yaml.js';
import { loadPolicy } from '../policy/load.js';
import { formatProblem } from '../policy/problem.js';
import { printable } from '../printable.js';

/**
 * Turns the predecessor's YAML into a policy on stdout; what could not be carried over is refused by it, and goes to
 * stderr.
 *
 * @returns 0 when all was carried over, 1 when rules of the result refuse because they could not be, 3 when the result
 *   has problems of its own
 */
export async function importPolicy(file: string): Promise<number> {
  const imported = importIntercept(readText(file));
  if ('fault' in imported)
    throw new PolicyWrapError('POLICY_INVALID', `${file}: ${printable(imported.fault)}`);
  process.stdout.write(imported.text);
  const say = (text: string) => process.stderr.write(`${printable(text)}\n`);
  for (const note of imported.notes) say(`${file}: ${note}`);
  const { problems } = loadPolicy(imported.text, 'the result');
  for (const problem of problems) say(formatProblem(problem, 'the result'));
  if (problems.some(({ severity }) => severity === 'error')) return EXIT.policyInvalid;
  return imported.isComplete ? EXIT.done : EXIT.failed;
}

/** At most 1 MiB, so that an endless file is not read to its end. */
function readText(file: string): string {
  const bytes = Buffer.alloc(MAX_YAML + 1);
  let size = 0;
  try {
    const descriptor = openSync(file, 'r');
    try {
      for (let read = -1; read !== 0 && size < bytes.length; size += read)
        read = readSync(descriptor, bytes, size, bytes.length - size, null);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new PolicyWrapError('POLICY_NOT_FOUND', `${file} could not be read`, { cause: error });
  }
  if (size > MAX_YAML) throw new PolicyWrapError('POLICY_INVALID', `${file} is longer than 1 MiB`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, size));
  } catch {
    throw new PolicyWrapError('POLICY_INVALID', `${file} is not UTF-8`, { hint: 'save it as UTF-8' });
  }
}
