import { typed } from '../../clients/change/masking.js';
import type { ServerEntry } from '../../clients/entries.js';
import { printable } from '../../text/escape.js';
import { missingStore } from '../install/team-store.js';
import { storeOfEntry } from '../named-stores.js';
import type { Protection } from '../protection.js';
import type { ClientsTerminal } from '../this-installation.js';
import type { FoundServer, LeftServer } from './found-servers.js';

/**
 * Sets servers apart whose policy counts in a team's store that their entry does not name: under the wrapper every call
 * of theirs would be refused. Which login and address it is only a person knows.
 */
export async function apartByStore(
  chosen: readonly FoundServer[],
  protections: ReadonlyMap<ServerEntry, Protection>,
  io: ClientsTerminal,
): Promise<{ readonly able: readonly FoundServer[]; readonly left: readonly LeftServer[] }> {
  const able: FoundServer[] = [];
  const left: LeftServer[] = [];
  for (const found of chosen) {
    const { entry, target } = found;
    const missing = await missingStore(protections.get(entry)?.source, storeOfEntry(entry), io);
    if (missing === undefined) {
      able.push(found);
      continue;
    }
    const instead =
      missing.given === undefined ? 'its entry names none' : `its entry names that of ${missing.given}`;
    const install = `policy-wrap install ${target.words} ${typed(entry.name)} ${missing.option}`;
    left.push({
      name: printable(entry.name),
      reason: `its policy counts in the store of the team ${missing.team}, and ${instead}, so every call would be refused:\n${install}`,
    });
  }
  return { able, left };
}
