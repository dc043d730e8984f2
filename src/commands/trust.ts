import { EXIT, PolicyWrapError } from '../errors.js';
import { changeOf } from '../pin-change.js';
import { printable } from '../printable.js';
import { stateFile } from '../settings.js';
import { BUSY, Store } from '../state/store.js';

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
  const store = Store.open(stateFile(options.db), { mustExist: true, waitMs: 5000 });
  try {
    const changed = store.changedTools(server).filter((pin) => tool === undefined || pin.tool === tool);
    const odd = changed.filter((pin) => pin.changed?.unpinnable);
    if (!options.dryRun && changed.length > 0 && store.trustTools(server, tool, 'cli') === BUSY) {
      throw new PolicyWrapError('STATE_UNAVAILABLE', 'the state database is locked', { hint: 'try again' });
    }
    if (options.json)
      print(JSON.stringify({ version: 1, server, trusted: !options.dryRun, tools: changed }, null, 2));
    else if (changed.length === 0) print(`nothing has changed in the tools of ${printable(server)}`);
    else {
      for (const pin of changed) print(changeOf(pin));
      for (const pin of odd)
        print(
          `${printable(pin.tool)} cannot be trusted: it has keys that differ only in case, or is listed twice; its server must be mended`,
        );
      if (!options.dryRun) print(`${changed.length - odd.length} trusted as they are now`);
    }
    return EXIT.done;
  } finally {
    store.close();
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
