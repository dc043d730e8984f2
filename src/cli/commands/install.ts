import { conclude } from '../../clients/after-install.js';
import { snippet } from '../../clients/change/add-entry.js';
import { type Change, carryOut } from '../../clients/change/apply.js';
import { canBeWrapped, planInstall, serverOf } from '../../clients/change/plan.js';
import { isWrapped, optionsOf, type ServerEntry } from '../../clients/entries.js';
import { type Choice, choicesIn, choose, openTarget, type Target } from '../../clients/selection.js';
import { writtenPath } from '../../config/paths.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { inQuotes, printable, safeJson } from '../../text/escape.js';
import { chosenEntries } from '../chosen-entries.js';
import { addServer } from '../install/new-entry.js';
import { assertOneName, type InstallOptions, shownEntry } from '../install/options.js';
import { assertStores, type Counting } from '../install/team-store.js';
import { assertNoAgent } from '../person.js';
import { type Protection, protect } from '../protection.js';
import { storeAddress } from '../team-store.js';
import type { ClientsTerminal } from '../this-installation.js';
import { wrappableOf } from '../wrappable.js';

/**
 * Puts the wrapper in front of servers in a client's configuration, each with a policy that judges it.
 *
 * @returns an exit code: `failed` when a server was written but did not start
 * @throws PolicyWrapError USAGE, NOT_FOUND, POLICY_NOT_FOUND, POLICY_INVALID, CONFIG_INVALID, CONFIG_CONFLICT
 */
export async function install(options: InstallOptions, io: ClientsTerminal): Promise<number> {
  const { policy, preset, strength } = options;
  if ([policy, preset, strength].filter((each) => each !== undefined).length > 1)
    throw new PolicyWrapError('USAGE', '--policy, --preset and --strength exclude each other');
  // What is no address, or has a password in it, goes into no file.
  if (options.store !== undefined) await storeAddress(options, {});
  const { store, storeOffline, server } = options;
  const wanted = { db: databasePath(options, io), store, storeOffline, server };
  const judge = { ...options, policy: policyPath(options, io) };
  if (options.add !== undefined) return await addServer(judge, options.add, wanted, io);
  const target = openTarget(options, io.machine);
  const choices = await chosen(options, target, io);
  if (isRenewal(options, choices))
    assertNoAgent('install with another policy, database, store or name, or with --observe,', io.machine);
  if (options.server !== undefined) assertOneName(options.server, choices);
  // What cannot be wrapped is told before anything is asked.
  planInstall(choices, wanted, target.entries, io);
  const protection = await protections(choices, judge, io);
  const counting = choices.flatMap(({ entry }): Counting[] =>
    canBeWrapped(entry)
      ? [{ name: entry.name, options: optionsOf(entry), env: entry.env, source: protection.of(entry).source }]
      : [],
  );
  await assertStores(counting, options, io);
  const { changes, started, notes } = planInstall(choices, wanted, target.entries, io, protection.of);
  for (const note of notes) await io.err.write(`${note}\n`);
  if (options.print === true) {
    for (const { entry, place } of started) {
      const { name, words, about } = entry;
      for (const line of about) await io.err.write(`${printable(name)}: ${line}\n`);
      const shown = await shownEntry({ name, words, env: new Map() }, io);
      await io.out.write(safeJson(snippet(place.format, place.shape, shown)));
    }
    return EXIT.done;
  }
  if (changes.length === 0) return EXIT.done;
  const names = [...new Set(started.map(({ entry }) => inQuotes(entry.name)))].join(', ');
  const all = [...protection.files, ...changes];
  if (!(await carryOut(all, target.client, `Wrap ${names}?`, options, io))) return EXIT.done;
  return await conclude(
    target,
    started.map(({ entry }) => entry),
    io,
  );
}

/** Another policy, database or name in the place of the one in force may let more through, and so does watching only. */
function isRenewal(options: InstallOptions, choices: readonly Choice[]): boolean {
  const { policy, preset, db, store, storeOffline, server, observe, dryRun, print } = options;
  const changes =
    observe === true || [policy, preset, db, store, storeOffline, server].some((each) => each !== undefined);
  if (!changes || dryRun === true || print === true) return false;
  return choices.some(({ entry }) => isWrapped(entry));
}

function policyPath(options: InstallOptions, io: ClientsTerminal): string | undefined {
  if (options.policy === undefined) return undefined;
  // Absolute, for nobody knows in which folder the client starts its servers.
  const path = writtenPath(options.policy, '--policy', io.machine.cwd, io.machine);
  if (!io.machine.exists(path))
    throw new PolicyWrapError('POLICY_NOT_FOUND', `no policy file ${printable(path)}`, {
      hint: 'Make one with `policy-wrap init`.',
    });
  return path;
}

function databasePath({ db }: InstallOptions, { machine }: ClientsTerminal): string | undefined {
  return db === undefined ? undefined : writtenPath(db, '--db', machine.cwd, machine);
}

async function chosen(
  options: InstallOptions,
  target: Target,
  io: ClientsTerminal,
): Promise<readonly Choice[]> {
  const choices = choicesIn(target);
  if (choices.length === 0 && target.entries.length === 0)
    throw new PolicyWrapError('NOT_FOUND', `${target.name} has no servers`, {
      hint: `Looked in: ${target.places.map(({ place }) => printable(place.path)).join(', ')}`,
    });
  if (target.entries.length > 0) return choose(target, choices, io.machine);
  return await chosenEntries('Wrap', options, target, choices, io);
}

/** What judges each of the chosen entries, and the files that are written for it. */
async function protections(
  choices: readonly Choice[],
  options: InstallOptions,
  io: ClientsTerminal,
): Promise<{ of: (entry: ServerEntry) => Protection; files: readonly Change[] }> {
  // Two places of a client may hold one server, which has one policy.
  const byServer = new Map<string, Protection>();
  const found = new Map<ServerEntry, Protection>();
  for (const { entry } of choices) {
    if (!canBeWrapped(entry)) continue;
    const server = serverOf(entry, options.server);
    const known = isWrapped(entry) ? undefined : byServer.get(server);
    const protection = known ?? (await protect(wrappableOf(entry, server), options, io));
    byServer.set(server, protection);
    found.set(entry, protection);
  }
  const files = [...new Set(found.values())].flatMap(({ file }) => file ?? []);
  return { of: (entry) => found.get(entry) ?? { wanted: {}, about: [] }, files };
}
