import { runStandIn, STAND_IN_KINDS } from '../../catalog/stand-in/server.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { printableJson } from '../../text/escape.js';
import type { Terminal } from '../terminal.js';

/**
 * Runs the bundled stand-in of a known server on standard input and output: what `demo` and the tests wrap.
 *
 * @throws PolicyWrapError USAGE for a kind that is none
 */
export async function standIn(kind: string, { streams, env }: Terminal): Promise<number> {
  if (!STAND_IN_KINDS.includes(kind)) {
    throw new PolicyWrapError('USAGE', `there is no stand-in ${printableJson(kind)}`, {
      hint: `Stand-ins: ${STAND_IN_KINDS.join(', ')}.`,
    });
  }
  await runStandIn(kind, { ...streams, env });
  return EXIT.done;
}
