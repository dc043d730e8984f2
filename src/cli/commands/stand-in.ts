import { runStandIn, type StandInKind } from '../../catalog/stand-in/server.js';
import { EXIT } from '../../errors.js';
import type { Terminal } from '../terminal.js';

/** Runs the bundled stand-in of a known server on standard input and output: what `demo` and the tests wrap. */
export async function standIn(kind: StandInKind, { streams, env }: Terminal): Promise<number> {
  await runStandIn(kind, { ...streams, env });
  return EXIT.done;
}
