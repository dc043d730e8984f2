import { basename } from 'node:path';
import { KNOWN_SERVERS } from '../../catalog/servers.js';
import { namesOf } from '../../clients/change/plan.js';
import { optionsOf } from '../../clients/entries.js';
import { allEntries, takeInventory, wrappedEntries } from '../../clients/inventory.js';
import { optionValue, POLICY_FLAGS } from '../../clients/wrapper-options.js';
import { triedPath } from '../../config/paths.js';
import { nearest } from '../../text/suggest.js';
import { entryServerName } from '../../upstream/server-name.js';
import { usablePolicies } from './policy.js';
import { type Check, type Context, type Finding, ok, warn } from './runner.js';

/** Whether every policy file holds for some server. */
export const POLICY_NAME_CHECKS: readonly Check[] = [{ id: 'policy-names', run: belonging }];

/**
 * A policy whose name is no server's holds for nothing, and a person who wrote it believes that it does. Servers are
 * those of entries (wrapped or not, for they may be wrapped next), of the state database, and the known ones.
 */
function belonging(context: Context): Finding[] {
  if (context.server !== undefined) return [];
  const files = context.policyFiles();
  const reports = takeInventory(context.machine, context.wrapper);
  const names = new Set([
    ...context.namesIn(context.database),
    ...KNOWN_SERVERS.map(({ command }) => command),
    ...allEntries(reports).flatMap(({ entry }) =>
      entry.kind === 'unusable' ? [] : namesOf(entry, entryServerName(entry.name)),
    ),
  ]);
  const wrapped = wrappedEntries(reports);
  for (const { server } of wrapped) names.add(server);
  const used = new Set([
    ...usablePolicies(context).flatMap(({ files: [, ...extended] }) => extended),
    ...wrapped.flatMap(({ entry }) => {
      const written = optionValue(optionsOf(entry), POLICY_FLAGS) ?? entry.env.get('POLICY_WRAP_POLICY');
      if (written === undefined) return [];
      // A path that a wrapper refuses is told by another check.
      return triedPath(written, '--policy', context.machine.cwd, context.machine).path ?? [];
    }),
  ]);
  const lost = files.filter((file) => !used.has(file) && !names.has(nameOf(file)));
  if (lost.length === 0) return files.length === 0 ? [] : [ok('every policy file belongs to a server')];
  return lost.map((file) => {
    const likely = nearest(nameOf(file), [...names]);
    const meant = likely === undefined ? 'the name of a server' : `${likely}.json`;
    return warn(
      `${file} belongs to no server: nothing is called ${nameOf(file)}, and no entry names the file`,
      `rename it to ${meant}, or name it: policy-wrap install <client> <entry> --policy ${file}`,
    );
  });
}

const nameOf = (file: string): string => basename(file, '.json');
