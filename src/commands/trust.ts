import { EXIT, PolicyWrapError } from '../errors.js';
import { openStateWith } from '../local-state.js';
import { changeOf } from '../pin-change.js';
import { printable } from '../printable.js';
import { BUSY } from '../state/store.js';

export interface TrustOptions {
  readonly db?: string;
  /** Only show. */
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/**
 * Shows what has changed in a server's tools since they were first seen, and takes it for right from now on.
 *
 * @param tool all changed ones when absent
 */
export async function trust(
  server: string,
  tool: string | undefined,
  options: TrustOptions,
): Promise<number> {
  const store = openStateWith(options, { now: Date.now }, (each) =>
    each.pins(server).some((pin) => pin.changed),
  );
  try {
    const changed = store
      .pins(server)
      .filter((pin) => pin.changed && (tool === undefined || pin.tool === tool));
    if (!options.dryRun && changed.length > 0 && store.trustTools(server, tool, 'cli') === BUSY) {
      throw new PolicyWrapError('STATE_UNAVAILABLE', 'the state database is locked', { hint: 'try again' });
    }
    if (options.json)
      print(JSON.stringify({ version: 1, server, trusted: !options.dryRun, tools: changed }, null, 2));
    else if (changed.length === 0) print(`nothing has changed in the tools of ${printable(server)}`);
    else {
      for (const pin of changed) print(changeOf(pin));
      if (!options.dryRun) print(`${changed.length} trusted as they are now`);
    }
    return EXIT.done;
  } finally {
    store.close();
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
