import { findAll, trackedByGit } from '../../clients/findings.js';
import { takeInventory, wrappedEntries } from '../../clients/inventory.js';
import { type Check, type Context, type Finding, fail, ok, warn } from './runner.js';

/** The clients' own files: what starts, what starts unwrapped, and what should not be there. */
export const CLIENT_CHECKS: readonly Check[] = [{ id: 'clients', run: clients }];

/** What keeps an entry from starting is a failure; what is only a way around the policy, or unwise, is a warning. */
const FAILS = new Set(['BROKEN_ENTRY', 'NODE_GONE', 'SCRIPT_GONE', 'MOVING_PLACE']);

async function clients({ machine, wrapper }: Context): Promise<Finding[]> {
  const reports = takeInventory(machine, wrapper);
  const found = await findAll(reports, trackedByGit, machine);
  if (found.length > 0) {
    return found.map(({ code, path, message, fix }) =>
      (FAILS.has(code) ? fail : warn)(message.startsWith(path) ? message : `${path}: ${message}`, fix),
    );
  }
  const wrapped = wrappedEntries(reports).map(({ client, entry }) => `${entry.name} in ${client.name}`);
  return wrapped.length === 0 ? [] : [ok(`wrapped: ${wrapped.join(', ')}`)];
}
