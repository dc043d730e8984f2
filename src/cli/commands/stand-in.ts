import { runStandIn, type StandInKind } from '../../catalog/stand-in/server.js';
import { EXIT } from '../../errors.js';

/** Runs the bundled stand-in of a known server on standard input and output: what `demo` and the tests wrap. */
export async function standIn(kind: StandInKind): Promise<number> {
  await runStandIn(kind, { input: process.stdin, output: process.stdout, env: process.env });
  return EXIT.done;
}
