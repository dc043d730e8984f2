import { openTarget } from '../../clients/selection.js';
import { PolicyWrapError } from '../../errors.js';
import type { ClientsTerminal } from '../this-installation.js';
import { atHome } from './final-screen.js';
import { findClients } from './found-servers.js';

/** Nothing to wrap: where it was looked for, and which clients have servers. */
export function noServers(ids: readonly string[] | undefined, io: ClientsTerminal): PolicyWrapError {
  const other = 'For any other client: policy-wrap install --print --add <name> -- <command>';
  if (ids === undefined)
    return new PolicyWrapError('NOT_FOUND', 'No MCP client with a server was found.', {
      hint: `policy-wrap clients shows where it was looked for. ${other}`,
    });
  const named = ids.map((client) => openTarget({ client, entries: [] }, io.machine));
  const places = named.flatMap((target) => target.places.map(({ place }) => atHome(place.path, io)));
  const [elsewhere] = findClients(undefined, [], io);
  const instead =
    elsewhere === undefined
      ? other
      : `${elsewhere.target.name} has some: policy-wrap setup --client ${elsewhere.target.words}`;
  return new PolicyWrapError('NOT_FOUND', `${named.map(({ name }) => name).join(', ')}: no MCP server.`, {
    hint: `Looked in: ${[...new Set(places)].join(', ')}. ${instead}`,
  });
}
