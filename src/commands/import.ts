import { EXIT, PolicyWrapError } from '../errors.js';
import { importIntercept } from '../policy/intercept.js';
import { loadPolicy } from '../policy/load.js';
import { formatProblem } from '../policy/problem.js';
import { printable, safeJson } from '../printable.js';
import { readTextFile } from '../text-file.js';

/**
 * Turns the predecessor's YAML into a policy on stdout; what could not be carried over goes to stderr.
 *
 * @returns 0, or 3 when the result has problems of its own
 */
export async function importPolicy(file: string): Promise<number> {
  const imported = importIntercept(readText(file));
  if ('fault' in imported)
    throw new PolicyWrapError('POLICY_INVALID', `${file}: ${printable(imported.fault)}`);
  process.stdout.write(safeJson(imported.text));
  const say = (text: string) => process.stderr.write(`${printable(text)}\n`);
  for (const note of imported.notes) say(`${file}: ${note}`);
  const { problems } = loadPolicy(imported.text, 'the result');
  for (const problem of problems) say(formatProblem(problem, 'the result'));
  return problems.some(({ severity }) => severity === 'error') ? EXIT.policyInvalid : EXIT.done;
}

function readText(file: string): string {
  const text = readTextFile(file, 'the file', 'POLICY_INVALID');
  if (text === undefined) throw new PolicyWrapError('POLICY_NOT_FOUND', `${file} is not there`);
  return text;
}
