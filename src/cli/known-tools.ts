import { KNOWN_SERVERS } from '../catalog/servers.js';
import { stateFile } from '../config/policy-files.js';
import { Store } from '../store/store.js';

/**
 * Names of tools, without a server being started: those of the catalogue and those that wrappers have seen.
 *
 * @param server of this server; of all where it is undefined
 * @param db the database, as `--db` names it; one that is not there or cannot be read adds nothing
 */
export function knownTools(server: string | undefined, db: string | undefined): readonly string[] {
  const known = KNOWN_SERVERS.filter(({ command }) => server === undefined || command === server);
  return [...known.flatMap(({ tools }) => tools.map(({ name }) => name)), ...seenTools(server, db)];
}

function seenTools(server: string | undefined, db: string | undefined): readonly string[] {
  let store: Store | undefined;
  try {
    store = Store.open(stateFile(db), { mustExist: true });
    return store.pins(server).map(({ tool }) => tool);
  } catch {
    // Only for suggestions.
    return [];
  } finally {
    store?.close();
  }
}
