import { importIntercept } from '../../advice/intercept/import.js';
import { readTextFile } from '../../config/text-file.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { loadPolicy } from '../../policy/read/load.js';
import { formatProblem } from '../../policy/read/problem.js';
import { printable, safeJson } from '../../text/escape.js';
import type { Terminal } from '../terminal.js';

/**
 * Turns the predecessor's YAML into a policy on stdout; what could not be carried over is refused by it, and goes to
 * stderr.
 *
 * @returns 0 when all was carried over, 1 when rules of the result refuse because they could not be, 3 when the result
 *   has problems of its own
 */
export async function importPolicy(file: string, io: Terminal): Promise<number> {
  const imported = importIntercept(readText(file));
  if ('fault' in imported)
    throw new PolicyWrapError('POLICY_INVALID', `${file}: ${printable(imported.fault)}`);
  await io.out.write(safeJson(imported.text));
  const say = (text: string) => io.err.write(`${printable(text)}\n`);
  for (const note of imported.notes) await say(`${file}: ${note}`);
  const { problems } = loadPolicy(imported.text, 'the result');
  for (const problem of problems) await say(formatProblem(problem, 'the result'));
  if (problems.some(({ severity }) => severity === 'error')) return EXIT.policyInvalid;
  return imported.isComplete ? EXIT.done : EXIT.failed;
}

function readText(file: string): string {
  const text = readTextFile(file, 'the file', 'POLICY_INVALID');
  if (text === undefined) throw new PolicyWrapError('POLICY_NOT_FOUND', `${file} does not exist`);
  return text;
}
