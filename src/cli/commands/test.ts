import * as z from 'zod';
import { type CaseOutcome, runCases } from '../../draft/cases.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { printable, printableJson } from '../../text/escape.js';
import { printJson } from '../json-output.js';
import * as parts from '../output-parts.js';
import type { Terminal } from '../terminal.js';

const expected = z.object({
  decision: parts.decision,
  code: parts.code.optional(),
  rule: parts.rule.optional(),
  retryAt: z.string().nullable().optional().describe('null: never'),
});

/** What `test --json` prints. */
export const OUTPUT = parts.result({
  failed: parts.count('cases'),
  cases: z.array(
    z.object({ file: z.string(), name: z.string(), passed: z.boolean(), expected, actual: expected }),
  ),
});

/**
 * Runs cases written as data against the real evaluator and a database in memory, each from a clean start.
 *
 * @returns 0 when all came out as expected, 4 otherwise
 * @throws PolicyWrapError when a file cannot be read
 */
export async function test(
  files: readonly string[],
  { json }: { readonly json?: boolean },
  io: Terminal,
): Promise<number> {
  if (files.length === 0)
    throw new PolicyWrapError('USAGE', 'no case file given', { hint: 'policy-wrap test cases/*.json' });
  const outcomes = files.flatMap((file) => runCases(file));
  const failed = outcomes.filter(({ passed }) => !passed).length;
  if (json) await printJson(io, OUTPUT, { failed, cases: outcomes });
  else {
    for (const outcome of outcomes) await io.out.write(`${line(outcome)}\n`);
    await io.out.write(`${outcomes.length - failed} passed, ${failed} failed\n`);
  }
  return failed === 0 ? EXIT.done : EXIT.denied;
}

function line({ file, name, passed, expected, actual }: CaseOutcome): string {
  const head = `${passed ? 'ok  ' : 'FAIL'}  ${printable(file)}: ${printable(name)}`;
  if (passed) return head;
  return `${head}\n        expected ${printableJson(expected)}\n        got      ${printableJson(actual)}`;
}
