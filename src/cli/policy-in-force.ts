import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { knownServerAmong, preset } from '../catalog/servers.js';
import { namesOf } from '../clients/change/plan.js';
import { optionsOf } from '../clients/entries.js';
import { type NamedEntry, takeInventory, wrappedEntries } from '../clients/inventory.js';
import { type Machine, thisMachine } from '../clients/machine.js';
import { optionValue, POLICY_FLAGS, PRESET_FLAGS } from '../clients/wrapper-options.js';
import { configDirs, surroundings, triedPath } from '../config/paths.js';
import { policyFileName, policyPlaces, readPolicy, stateFile } from '../config/policy-files.js';
import { PolicyWrapError } from '../errors.js';
import { serversIn } from '../store/sqlite/inspect.js';
import type { SessionEntry } from '../store/store.js';
import { printable } from '../text/escape.js';
import { nearest } from '../text/suggest.js';
import { SERVER_NAME } from '../upstream/server-name.js';
import { openIfThere, type StateOptions } from './open-state.js';
import { thisWrapper } from './this-installation.js';

/** Where the policy of a server is, and what is to be written where there is none of the person's own yet. */
export type PolicyPlace =
  | { readonly kind: 'file'; readonly file: string }
  /** `text` becomes `file`; `preset` is the one it comes from, where it does. */
  | {
      readonly kind: 'new';
      readonly file: string;
      readonly text: string;
      readonly preset: string | undefined;
    };

export interface PolicyPlaceOptions extends StateOptions {
  readonly policy?: string | undefined;
  /** Other names that a server is found under which no client's wrapped entry names; it is known then. */
  readonly called?: readonly string[] | undefined;
  /** What was read already, by who asks about one server after the other. */
  readonly known?: KnownMachine | undefined;
}

export interface KnownMachine {
  readonly entries: readonly NamedEntry[];
  /** Sessions of the usual database, the latest first. */
  readonly sessions: readonly SessionEntry[];
}

/** A policy that lists nothing: what a server without one comes to. */
const NOTHING = `{
  "version": "1",
  "default": "deny",
  "tools": {}
}
`;

/**
 * Finds the policy file that holds for a server, by its name alone: the one that is named, the one that its entries name,
 * the one that a running wrapper reads (or the last one read, where no entry names the server), its own in the config
 * folder. A server that has none gets a file of its own, from the preset that holds for it now, or one that lists
 * nothing.
 *
 * @param server as `status` and the clients' entries call it
 * @throws PolicyWrapError NOT_FOUND for a name that nothing has; USAGE where several files hold
 */
export function policyOfServer(
  server: string,
  options: PolicyPlaceOptions,
  clock: { now(): number },
): PolicyPlace {
  if (options.policy !== undefined) return namedFile(options.policy);
  const machine = thisMachine();
  const { known } = options;
  const all = known?.entries ?? wrappedEntries(takeInventory(machine, thisWrapper()));
  const entries = all.filter((each) => each.server === server);
  const sessions = (known?.sessions ?? sessionsOf(options, clock)).filter((each) => each.server === server);
  const live = sessions.filter((session) => session.live);
  // Where no entry says how it is started next, as it was started last.
  const running = live.length > 0 || entries.length > 0 ? live : sessions.slice(0, 1);
  const named = [...entries.flatMap((entry) => filesOf(entry, machine)), ...running.flatMap(sourceOf)];
  const files = [...new Set(named)];
  if (files.length > 1)
    throw new PolicyWrapError('USAGE', `${printable(server)} is under several policies`, {
      hint: `Say which one with --policy: ${files.map((file) => printable(file)).join(', ')}`,
    });
  const [file] = files;
  if (file !== undefined && !existsSync(file))
    throw new PolicyWrapError('POLICY_NOT_FOUND', `an entry names ${printable(file)}, and it is not there`, {
      hint: 'Put it there, or take --policy out of the entry.',
    });
  if (file !== undefined) return { kind: 'file', file };

  const programs = entries.flatMap(({ entry }) => namesOf(entry, server));
  const others = [...programs, ...(options.called ?? [])].filter((name) => name !== server);
  const names: [string, ...string[]] = [server, ...new Set(others)];
  const own = policyPlaces({}, names).find(existsSync);
  if (own !== undefined) return { kind: 'file', file: own };
  const isKnown =
    options.called !== undefined ||
    entries.length > 0 ||
    live.length > 0 ||
    knownServerAmong(names) !== undefined ||
    serversIn(stateFile(options.db)).has(server);
  if (!isKnown || !SERVER_NAME.test(server)) throw unknown(server, all, options);
  return newPolicy(server, names, entries, live);
}

function namedFile(path: string): PolicyPlace {
  const [file = path] = policyPlaces({ policy: path }, []);
  if (existsSync(file)) return { kind: 'file', file };
  throw new PolicyWrapError('POLICY_NOT_FOUND', `no policy file ${printable(file)}`, {
    hint: 'Make one with `policy-wrap init`.',
  });
}

function newPolicy(
  server: string,
  names: readonly string[],
  entries: readonly NamedEntry[],
  live: readonly SessionEntry[],
): PolicyPlace {
  const file = join(configDirs(surroundings())[0], policyFileName(server));
  const [asked] = entries.flatMap(({ entry }) => optionValue(optionsOf(entry), PRESET_FLAGS) ?? []);
  // A file of one's own does not hold beside a preset that was asked for.
  if (asked !== undefined)
    throw new PolicyWrapError('USAGE', `${printable(server)} is started with --preset ${printable(asked)}`, {
      hint: `Take that out of its entry and write the policy: policy-wrap presets ${printable(asked)} > ${file}`,
    });
  const running = live.map(({ policySource }) => /^preset (.+)$/.exec(policySource ?? '')?.[1]).find(Boolean);
  const name = running ?? knownServerAmong(names)?.presets[0].name;
  const shipped = name === undefined ? undefined : preset(name);
  return shipped
    ? { kind: 'new', file, text: shipped.text, preset: shipped.name }
    : { kind: 'new', file, text: NOTHING, preset: undefined };
}

function filesOf({ entry }: NamedEntry, machine: Machine): string[] {
  const options = optionsOf(entry);
  const written = optionValue(options, POLICY_FLAGS) ?? entry.env.get('POLICY_WRAP_POLICY');
  if (!written || optionValue(options, PRESET_FLAGS) !== undefined) return [];
  const { path } = triedPath(written, '--policy', machine.cwd, machine);
  // A path that a wrapper refuses is told by `doctor`.
  return path === undefined ? [] : [path];
}

const sourceOf = ({ policySource }: SessionEntry): string[] =>
  policySource !== undefined && isAbsolute(policySource) && existsSync(policySource) ? [policySource] : [];

/** The wrappers that run now. @param server in front of this one alone */
export function liveSessions(
  server: string | undefined,
  options: StateOptions,
  clock: { now(): number },
): readonly SessionEntry[] {
  return sessionsOf(options, clock).filter(
    (session) => session.live && (server === undefined || session.server === server),
  );
}

function sessionsOf(options: StateOptions, clock: { now(): number }): readonly SessionEntry[] {
  try {
    const store = openIfThere(options, clock);
    const sessions = store?.sessions() ?? [];
    store?.close();
    return sessions;
  } catch (error) {
    // What is wrong with the database is told by every command that needs it.
    if (PolicyWrapError.is(error)) return [];
    throw error;
  }
}

/** The wrappers that run under a policy file now, be it their own or one that theirs extends. */
export function wrappersUnder(file: string, options: StateOptions, clock: { now(): number }): number {
  const real = realOf(file);
  return liveSessions(undefined, options, clock).filter((session) =>
    sourceOf(session).some((source) => layersOf(source).some((each) => realOf(each) === real)),
  ).length;
}

function layersOf(source: string): readonly string[] {
  try {
    const found = readPolicy(source);
    return found.kind === 'policy' ? found.files : [source];
  } catch (error) {
    // A wrapper keeps its last good policy, and reads the file once it is mended.
    if (PolicyWrapError.is(error)) return [source];
    throw error;
  }
}

function realOf(file: string): string {
  return existsSync(file) ? realpathSync(file) : file;
}

/**
 * From when on a policy holds that was just written.
 *
 * @param running wrappers that read it
 * @param none what is said where there are none, safe to show
 */
export function holdsText(running: number, none: string): string {
  return running > 0
    ? 'It holds within a second: running wrappers read it by themselves.'
    : `${none}: it holds from the next start on.`;
}

function unknown(server: string, entries: readonly NamedEntry[], options: StateOptions): PolicyWrapError {
  const names = new Set([...entries.map((each) => each.server), ...serversIn(stateFile(options.db))]);
  const likely = nearest(server, names);
  const list = [...names]
    .sort()
    .map((name) => printable(name))
    .join(', ');
  return new PolicyWrapError('NOT_FOUND', `no server is called ${printable(server)}`, {
    hint:
      likely !== undefined
        ? `Did you mean ${printable(likely)}?`
        : names.size > 0
          ? `There are: ${list}. Or name the file with --policy.`
          : 'Wrap one first (policy-wrap install), or name the file with --policy.',
  });
}
