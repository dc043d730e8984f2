import { dirname } from 'node:path';
import type { Strength } from '../../catalog/strengths.js';
import { conclude } from '../../clients/after-install.js';
import { addEntry, type NewEntry, snippet } from '../../clients/change/add-entry.js';
import { type Change, carryOut, changeOf } from '../../clients/change/apply.js';
import {
  canBeWrapped,
  formerName,
  formerText,
  placesFor,
  planInstall,
  serverOf,
  type Wanted,
} from '../../clients/change/plan.js';
import type { ServerEntry } from '../../clients/entries.js';
import { SHAPES } from '../../clients/file-shapes.js';
import { SNIPPET_CLIENTS } from '../../clients/known-clients.js';
import { pathsOf } from '../../clients/machine.js';
import {
  type Choice,
  choicesIn,
  choose,
  type OpenPlace,
  openTarget,
  type Target,
} from '../../clients/selection.js';
import { emptyDocument } from '../../clients/text/document.js';
import { newPrefix } from '../../clients/wrapped-command.js';
import { writtenPath } from '../../config/paths.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { inQuotes, printable, safeJson } from '../../text/escape.js';
import { isMasked, MASK, maskWords } from '../../text/masking.js';
import { entryServerName, policyNames, SERVER_NAME } from '../../upstream/server-name.js';
import { chosenEntries, type EntryOptions } from '../chosen-entries.js';
import { askLine, assertNoAgent } from '../person.js';
import { type Protection, protect } from '../protection.js';
import { storeAddress } from '../team-store.js';
import type { ClientsTerminal } from '../this-installation.js';
import { wrappableOf } from '../wrappable.js';

export interface InstallOptions extends EntryOptions {
  readonly policy?: string | undefined;
  /** A shipped policy in the place of a file. */
  readonly preset?: string | undefined;
  /** How strict the policy is that is written for a server without one. */
  readonly strength?: Strength | undefined;
  /** Everything passes and is only logged; false takes that back. */
  readonly observe?: boolean | undefined;
  /** The state database that the entries are to name; else the one that wrappers share. */
  readonly db?: string | undefined;
  /** The store of a team that the entries are to name. */
  readonly store?: string | undefined;
  /** The name that one entry's counters, log and policy are kept under; else it is named after the entry. */
  readonly server?: string | undefined;
  readonly print?: boolean | undefined;
  /** Name of a new entry; its command line is `command`. */
  readonly add?: string | undefined;
  readonly command?: readonly string[] | undefined;
  /** Variables of a new entry: `NAME=VALUE`, or `NAME` to copy the value from the current environment. */
  readonly env?: readonly string[] | undefined;
}

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
  const wanted = { db: databasePath(options, io), store: options.store, server: options.server };
  const judge = { ...options, policy: policyPath(options, io) };
  if (options.add !== undefined) return await add(judge, options.add, wanted, io);
  const target = openTarget(options, io.machine);
  const choices = await chosen(options, target, io);
  if (isRenewal(options, choices))
    assertNoAgent('install with another policy, database, store or name, or with --observe,', io.machine);
  if (options.server !== undefined) assertOneName(options.server, choices);
  // What cannot be wrapped is told before anything is asked.
  planInstall(choices, wanted, target.entries, io);
  const protection = await protections(choices, judge, io);
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
  const { policy, preset, db, store, server, observe, dryRun, print } = options;
  const changes = observe === true || [policy, preset, db, store, server].some((each) => each !== undefined);
  if (!changes || dryRun === true || print === true) return false;
  return choices.some(({ entry }) => entry.kind === 'stdio' && entry.state.kind === 'wrapped');
}

/** @throws PolicyWrapError USAGE for a name that is no file name, or for servers that would share it */
function assertOneName(server: string, choices: readonly Choice[]): void {
  if (!SERVER_NAME.test(server))
    throw new PolicyWrapError('USAGE', `--server ${printable(server)}: not a name for a server`, {
      hint: `Small letters, digits, dots and dashes: ${entryServerName(server)}`,
    });
  const names = new Set(choices.map(({ entry }) => entry.name));
  if (names.size > 1)
    throw new PolicyWrapError('USAGE', '--server names one server, and several entries were chosen', {
      hint: 'Wrap them one by one; without --server each is named after its entry.',
    });
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
    const isWrapped = entry.kind === 'stdio' && entry.state.kind === 'wrapped';
    const known = isWrapped ? undefined : byServer.get(server);
    const protection = known ?? (await protect(wrappableOf(entry, server), options, io));
    byServer.set(server, protection);
    found.set(entry, protection);
  }
  const files = [...new Set(found.values())].flatMap(({ file }) => file ?? []);
  return { of: (entry) => found.get(entry) ?? { wanted: {}, about: [] }, files };
}

async function add(
  options: InstallOptions,
  name: string,
  places: Wanted,
  io: ClientsTerminal,
): Promise<number> {
  const command = await anchored(options.command ?? [], io);
  if (command.length === 0)
    throw new PolicyWrapError('USAGE', 'which command?', {
      hint: `policy-wrap install ${options.client ?? '<client>'} --add ${printable(name)} -- <command> [args]`,
    });
  if (name === '' || printable(name) !== name)
    throw new PolicyWrapError('USAGE', `not a valid name for an entry: "${printable(name)}"`);
  if (options.server !== undefined) assertOneName(options.server, []);
  const server = options.server ?? entryServerName(name);
  const serverNames = policyNames(command, server);
  const variables = io.variablesOf(command);
  const given = givenEnvironment(options.env ?? [], io);
  const judgedBy = async (env: ReadonlyMap<string, string>) => {
    const what = { names: serverNames, source: command, env, cwd: undefined, options: [], moreEnv: false };
    const wrappable = { name, server, ...what };
    const protection = await protect(wrappable, options, io);
    const wanted = { ...places, ...protection.wanted };
    const named = { ...wanted, ...placesFor([], serverNames, new Map(), wanted, io), server };
    return { protection, words: [...newPrefix(io.wrapper, named, true), ...command] };
  };
  if (options.print === true) {
    const { protection, words } = await judgedBy(given);
    for (const line of protection.about) await io.err.write(`${printable(name)}: ${line}\n`);
    // Names alone: what is printed ends up in scrollback and logs.
    const names = [...variables.map((variable) => variable.name), ...given.keys()];
    const env = new Map(names.map((variable) => [variable, '']));
    return print(options, await shownEntry({ name, words, env }, io), io);
  }
  const target = openTarget({ ...options, scope: options.scope ?? 'user' }, io.machine);
  const targets = target.places.filter(({ place }) => mayHold(place, io));
  if (targets.length === 0)
    throw new PolicyWrapError(
      'NOT_FOUND',
      `${target.name} keeps its settings in a folder that does not exist`,
      {
        hint: `Looked for: ${target.places.map(({ place }) => printable(dirname(place.path))).join(', ')}. Start ${target.name} once, then try again.`,
      },
    );
  const env = new Map(given);
  for (const variable of variables) {
    if (env.has(variable.name)) continue;
    const value =
      io.canAsk && options.yes !== true
        ? await askLine(
            `${variable.name} (${variable.description}${variable.required ? '' : '; may stay empty'}): `,
            io,
            { secret: variable.secret },
          )
        : '';
    if (value !== '') env.set(variable.name, value);
    else if (variable.required)
      await io.err.write(`${variable.name} is left out; the server needs it: ${variable.description}\n`);
  }
  const { protection, words } = await judgedBy(env);
  const { file: policyFile, about } = protection;
  const changes = targets.map(({ place, file, shape, format }) => {
    const document = file?.document ?? emptyDocument(place.path, format);
    const edited = addEntry(document, place.at, shape, { name, words, env });
    return changeOf(place.path, file?.snapshot, edited);
  });
  const former = formerName(serverNames, places.db, io);
  if (former !== undefined) await io.err.write(`${printable(name)}: ${formerText(server, former)}\n`);
  const all = policyFile === undefined ? changes : [policyFile, ...changes];
  if (!(await carryOut(all, target.client, `Add ${inQuotes(name)}?`, options, io))) return EXIT.done;
  return await conclude(target, [{ name, words, env, cwd: undefined, moreEnv: false, about }], io);
}

/** A program named by a relative path is this folder's; the client looks from another one. */
async function anchored([command, ...args]: readonly string[], io: ClientsTerminal): Promise<string[]> {
  if (command === undefined) return [];
  if (args.some((word) => /^\.{1,2}[/\\]/.test(word)))
    await io.err.write(
      'A relative path among the arguments is resolved from the folder in which the client starts its servers.\n',
    );
  return [/[/\\]/.test(command) ? pathsOf(io.machine).resolve(io.machine.cwd, command) : command, ...args];
}

/** A project's folder is made; an app's own is its to make, and its absence says that the app is not there. */
function mayHold(place: OpenPlace['place'], io: ClientsTerminal): boolean {
  if (place.variant === 'profile') return false;
  return place.scope !== 'user' || io.machine.exists(pathsOf(io.machine).dirname(place.path));
}

/** What is printed ends up in scrollback and logs. */
async function shownEntry(entry: NewEntry, io: ClientsTerminal): Promise<NewEntry> {
  if (!isMasked(entry.words)) return entry;
  await io.err.write(`${MASK} stands for what is not shown: fill it in again.\n`);
  return { ...entry, words: maskWords(entry.words) };
}

async function print(options: InstallOptions, entry: NewEntry, io: ClientsTerminal): Promise<number> {
  const other = SNIPPET_CLIENTS.find(({ id }) => id === options.client);
  if (other !== undefined) {
    await io.err.write(`For ${other.name}, in ${other.where}:\n`);
    await io.out.write(safeJson(snippet('json', other.shape, entry)));
    return EXIT.done;
  }
  if (options.client === undefined && options.config === undefined) {
    await io.err.write('For any client whose file has "mcpServers":\n');
    await io.out.write(safeJson(snippet('json', SHAPES.mcpServers, entry)));
    return EXIT.done;
  }
  const [first] = openTarget(options, io.machine).places;
  if (first === undefined) return EXIT.failed;
  await io.err.write(`For ${printable(first.place.path)}:\n`);
  await io.out.write(safeJson(snippet(first.format, first.shape, entry)));
  return EXIT.done;
}

function givenEnvironment(given: readonly string[], io: ClientsTerminal): Map<string, string> {
  const env = new Map<string, string>();
  for (const item of given) {
    const at = item.indexOf('=');
    const name = at < 0 ? item : item.slice(0, at);
    const inherited = Object.hasOwn(io.machine.env, name) ? io.machine.env[name] : undefined;
    const value = at < 0 ? inherited : item.slice(at + 1);
    if (name === '' || value === undefined)
      throw new PolicyWrapError('USAGE', `--env ${printable(name)}: not set in this environment`, {
        hint: 'Set it before the command, or write NAME=VALUE.',
      });
    env.set(name, value);
  }
  return env;
}
