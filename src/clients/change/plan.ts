import { hasVariable, triedPath } from '../../config/paths.js';
import { PolicyWrapError } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { entryServerName, policyNames, remoteName } from '../../upstream/server-name.js';
import type { Started } from '../after-install.js';
import {
  type Entry,
  isWrapped,
  optionsOf,
  originalOf,
  type ServerEntry,
  type StdioEntry,
  urlOf,
} from '../entries.js';
import type { ClientsIo } from '../io.js';
import type { Choice, OpenPlace } from '../selection.js';
import {
  nameOfWrapped,
  newPrefix,
  newRemotePrefix,
  renewedPrefix,
  type WrapOptions,
} from '../wrapped-command.js';
import { DB_FLAGS, optionValue, POLICY_FLAGS, PRESET_FLAGS } from '../wrapper-options.js';
import { type Change, changeOf } from './apply.js';
import { typed } from './masking.js';
import { type Wrap, wordsAfter, wrapEntries } from './rewrite-entry.js';

/** What an install would do. */
export interface Plan {
  readonly changes: Change[];
  readonly started: { readonly entry: Started; readonly place: OpenPlace }[];
  /** Why entries stay as they are. */
  readonly notes: string[];
}

/**
 * Decides what becomes of each chosen entry: wrapped, brought up to date, or left as it is with the reason.
 *
 * @param wanted absolute paths that a person named; without them, what the wrapper would find now
 * @param named every name must come to something; otherwise what cannot be wrapped is passed over
 * @param own what goes into one entry alone, and what is to be said of it
 * @throws PolicyWrapError CONFIG_INVALID when a named entry, or none of all, can be wrapped; CONFIG_CONFLICT
 */
export function planInstall(
  choices: readonly Choice[],
  wanted: Wanted,
  named: readonly string[],
  io: PlanIo,
  own: (entry: ServerEntry) => Own = () => NOTHING_OWN,
): Plan {
  const result: Plan = { changes: [], started: [], notes: [] };
  const usable = choices.filter(({ entry }) => {
    const reason = reasonAgainst(entry);
    if (reason !== undefined) result.notes.push(`${printable(entry.name)}: ${reason}`);
    return reason === undefined;
  });
  const lost = named.find((name) => !usable.some(({ entry }) => entry.name === name));
  if (usable.length === 0 || lost !== undefined)
    throw new PolicyWrapError('CONFIG_INVALID', result.notes.join('\n'), { hint: 'Nothing was written.' });
  const documents = new Set(usable.map(({ at }) => at.file.document));
  for (const document of documents) {
    const here = usable.filter(({ at }) => at.file.document === document);
    const wraps = here.flatMap(({ at, entry }): Wrap[] => {
      if (entry.kind === 'unusable') return [];
      const { wanted: forEntry, about } = own(entry);
      const prefix = prefixFor(entry, { ...wanted, ...forEntry }, result.notes, io);
      const words = wordsAfter(entry, prefix);
      if (entry.kind === 'stdio' && words.join('\0') === entry.words.join('\0')) {
        result.notes.push(`${printable(entry.name)}: wrapped already${asOther(entry)}`);
        return [];
      }
      const { name, env, cwd, moreEnv } = entry;
      result.started.push({ entry: { name, words, env, cwd, moreEnv, about }, place: at });
      return [{ entry, prefix }];
    });
    const [first] = here;
    if (first === undefined || wraps.length === 0) continue;
    const { file, shape, place } = first.at;
    result.changes.push(changeOf(place.path, file.snapshot, wrapEntries(document, shape, wraps)));
  }
  return result;
}

/** Whether an entry has a server in front of which the wrapper can be put, or stands. */
export function canBeWrapped(entry: Entry): entry is ServerEntry {
  return reasonAgainst(entry) === undefined;
}

/** Why an entry stays as it is; safe to show. */
export function reasonAgainst(entry: Entry): string | undefined {
  switch (entry.kind) {
    case 'remote':
      return entry.obstacle === undefined
        ? undefined
        : `a remote server that cannot be wrapped in place: ${printable(entry.obstacle)}`;
    case 'unusable':
      return `cannot be wrapped: ${printable(entry.reason)}`;
    case 'stdio':
      return entry.state.kind === 'broken' ? `cannot be wrapped: it ${entry.state.reason}` : undefined;
  }
}

type PlanIo = Pick<ClientsIo, 'wrapper' | 'namesIn' | 'database' | 'policyOf' | 'machine'>;

/** What a person named for the entries. */
export type Wanted = Pick<
  WrapOptions,
  'policy' | 'db' | 'store' | 'storeOffline' | 'preset' | 'observe' | 'server'
>;

/** What one entry alone gets. */
export interface Own {
  readonly wanted: Wanted;
  /** Lines about what judges its calls; safe to show. */
  readonly about: readonly string[];
}

const NOTHING_OWN: Own = { wanted: {}, about: [] };

/**
 * The name that an entry's policy, counters and log are kept under, as it is or as it is to be wrapped: what was wrapped
 * before keeps its name, and one without a name that of its program, for another would begin anew (G4).
 *
 * @param wanted the name that a person gave
 */
export function serverOf(entry: ServerEntry, wanted?: string): string {
  if (wanted !== undefined) return wanted;
  return isWrapped(entry)
    ? nameOfWrapped(optionsOf(entry), originalOf(entry), entry.cwd)
    : entryServerName(entry.name);
}

/**
 * The names under which the policy of an entry is looked for, the one that counts first.
 *
 * @param server the name that it is kept under
 */
export function namesOf(entry: ServerEntry, server: string): [string, ...string[]] {
  const url = urlOf(entry);
  if (url === undefined) return policyNames(originalOf(entry), server, entry.cwd);
  const host = remoteName(url);
  return host === server ? [server] : [server, host];
}

function prefixFor(entry: ServerEntry, wanted: Wanted, notes: string[], io: PlanIo): string[] {
  const server = serverOf(entry, wanted.server);
  const names = namesOf(entry, server);
  const begun = (former: string | undefined): void => {
    if (former !== undefined) notes.push(`${printable(entry.name)}: ${formerText(server, former)}`);
  };
  if (entry.kind === 'remote' || entry.state.kind !== 'wrapped') {
    const places = placesFor([], names, entry.env, wanted, io);
    begun(formerName(names, places.db, io));
    const options = { ...wanted, ...places, server };
    if (entry.kind === 'remote') return newRemotePrefix(io.wrapper, options, entry);
    const listed = entry.nodes.args !== undefined || entry.nodes.list !== undefined;
    return newPrefix(io.wrapper, options, listed);
  }
  const options = optionsOf(entry);
  const places = placesFor(options, names, entry.env, wanted, io);
  const before = serverOf(entry);
  if (before !== server) begun(before);
  for (const [flag, old, now] of [
    ['--db', optionValue(options, DB_FLAGS), places.db],
    ['--policy', optionValue(options, POLICY_FLAGS), places.policy],
  ])
    if (old !== undefined && now !== undefined && old !== now)
      notes.push(`${printable(entry.name)}: ${flag} ${printable(old)} becomes ${printable(now)}`);
  return renewedPrefix(entry.state.wrapped, io.wrapper, { ...wanted, ...places });
}

/** A name under which the database knows the program already, where it has nothing under the new one. */
export function formerName(
  [server, program]: readonly [string, ...string[]],
  database: string | undefined,
  io: Pick<PlanIo, 'database' | 'namesIn'>,
): string | undefined {
  if (program === undefined) return undefined;
  const known = io.namesIn(database ?? io.database());
  return known.has(program) && !known.has(server) ? program : undefined;
}

/** Fresh counters are never a surprise. */
export function formerText(server: string, former: string): string {
  return `counters, log and approvals begin anew as ${printable(server)}; what there is of ${printable(former)} stays there (--server ${typed(former)} goes on with it)`;
}

/** Says under which name a wrapped entry is kept, where that is not its own. */
function asOther(entry: StdioEntry): string {
  if (entry.state.kind !== 'wrapped') return '';
  const name = serverOf(entry);
  return name === entryServerName(entry.name)
    ? ''
    : `, as ${printable(name)}: its policy, counters and log are kept under that name`;
}

/**
 * The database and the policy that are to be put into an entry, so that they are the same whoever starts it. What it
 * names already stays, made absolute where it is not.
 *
 * @param options the entry's own, where it is wrapped
 * @param names the server's, the one that counts first
 */
export function placesFor(
  options: readonly string[],
  names: readonly string[],
  env: ReadonlyMap<string, string>,
  wanted: Wanted,
  io: Pick<PlanIo, 'database' | 'policyOf' | 'machine'>,
): Wanted {
  const isNamed = (variable: string): boolean => (env.get(variable) ?? '') !== '';
  const db = optionValue(options, DB_FLAGS);
  const policy = optionValue(options, POLICY_FLAGS);
  const usesPolicy =
    wanted.preset === undefined &&
    optionValue(options, PRESET_FLAGS) === undefined &&
    !isNamed('POLICY_WRAP_POLICY');
  const ownDatabase = db === undefined ? undefined : (anchored(db, io) ?? io.database());
  const ownPolicy = policy === undefined ? undefined : anchored(policy, io);
  return {
    db:
      wanted.db ??
      (db === undefined && !isNamed('POLICY_WRAP_DB') ? io.database() : changed(db, ownDatabase)),
    policy:
      wanted.policy ?? (policy === undefined && usesPolicy ? io.policyOf(names) : changed(policy, ownPolicy)),
  };
}

/** A path that is right already keeps its spelling. */
function changed(before: string | undefined, now: string | undefined): string | undefined {
  return before === now ? undefined : now;
}

/** @returns undefined for a relative path; one with a variable as it is, for the client may fill it in */
function anchored(text: string, { machine }: Pick<PlanIo, 'machine'>): string | undefined {
  const { path } = triedPath(text, 'it', machine.cwd, machine);
  return path ?? (hasVariable(text) ? text : undefined);
}
