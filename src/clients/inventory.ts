import { PolicyWrapError } from '../errors.js';
import { readCommandLine } from '../upstream/command-line.js';
import { serverName } from '../upstream/server-name.js';
import {
  containersAt,
  type Entry,
  entriesIn,
  isWrapped,
  originalOf,
  type StdioEntry,
  urlOf,
  wrappedOf,
} from './entries.js';
import { openFile } from './files/read.js';
import { CLIENTS, type Client } from './known-clients.js';
import type { Machine } from './machine.js';
import type { Place } from './places.js';
import { MEND } from './text/document.js';
import { type Drift, driftOf, nameOfWrapped, type Wrapper } from './wrapped-command.js';

/** What was found at one place of one client. */
export interface PlaceReport {
  readonly client: Pick<Client, 'id' | 'name'>;
  readonly place: Place;
  readonly state:
    | { readonly kind: 'absent' }
    /** Cannot be read or parsed; the message has the place in it. */
    | { readonly kind: 'unreadable'; readonly problem: string; readonly fix: string | undefined }
    | { readonly kind: 'read'; readonly entries: readonly EntryReport[] };
}

export interface EntryReport {
  readonly entry: Entry;
  /** How a wrapped entry differs from what `install` would write now; empty for all others. */
  readonly drift: readonly Drift[];
  /** The same server, wrapped elsewhere, while this entry is not: a way around the policy. */
  readonly twins: readonly { readonly client: string; readonly path: string; readonly name: string }[];
}

/**
 * Every place of every client with its entries. Reads only; a file with an error in it is a finding, not a failure.
 */
export function takeInventory(
  machine: Machine,
  wrapper: Wrapper,
  clients: readonly Client[] = CLIENTS,
): PlaceReport[] {
  const found = clients.flatMap((client) =>
    distinct(client.places(machine).map((place) => ({ client, place, state: readPlace(client, place) }))),
  );
  const wrapped = found.flatMap(({ client, place, state }) =>
    state.kind !== 'read'
      ? []
      : state.entries.flatMap((entry) => {
          const identity = isWrapped(entry) ? identityOf(entry) : undefined;
          return identity === undefined
            ? []
            : [{ identity, twin: { client: client.id, path: place.path, name: entry.name } }];
        }),
  );
  return found.map(({ client, place, state }) => {
    if (state.kind !== 'read') return { client, place, state };
    const entries = state.entries.map((entry): EntryReport => {
      const command = wrappedOf(entry);
      const drift = command ? driftOf(command, wrapper, (path) => machine.exists(path)) : [];
      const identity = command || entry.disabled ? undefined : identityOf(entry);
      const twins =
        identity === undefined
          ? []
          : wrapped.filter((other) => sameServer(other.identity, identity)).map(({ twin }) => twin);
      return { entry, drift, twins };
    });
    return { client, place, state: { kind: 'read', entries } };
  });
}

type Read =
  | { kind: 'absent' }
  | { kind: 'unreadable'; problem: string; fix: string | undefined }
  | { kind: 'read'; real: string; entries: readonly Entry[] };

/** Keeps the first of two places in one file, the user's own: a project may be the home folder. */
function distinct<T extends { readonly place: Place; readonly state: Read }>(found: readonly T[]): T[] {
  const seen = new Set<string>();
  return found.filter(({ place, state }) => {
    const key = JSON.stringify([state.kind === 'read' ? state.real : place.path, place.at]);
    return seen.size < seen.add(key).size;
  });
}

function readPlace(client: Client, place: Place): Read {
  try {
    const file = openFile(place.path, client);
    if (file === undefined) return { kind: 'absent' };
    const entries = containersAt(file.document, place.at, true).flatMap((container) =>
      entriesIn(file.document, container, place.shape ?? client.shape),
    );
    return { kind: 'read', real: file.snapshot.real, entries };
  } catch (error) {
    if (PolicyWrapError.is(error))
      return {
        kind: 'unreadable',
        problem: error.message,
        fix: error.hint === MEND ? undefined : error.hint,
      };
    throw error;
  }
}

/** An entry and where it stands. */
export type FoundEntry = EntryReport & Pick<PlaceReport, 'client' | 'place'>;

/** The entries of all files that can be read. */
export function allEntries(reports: readonly PlaceReport[]): FoundEntry[] {
  return reports.flatMap(({ client, place, state }) =>
    state.kind === 'read' ? state.entries.map((report) => ({ client, place, ...report })) : [],
  );
}

/** A wrapped entry, where it stands and under which name its server is kept. */
export interface NamedEntry extends Pick<PlaceReport, 'client' | 'place'> {
  readonly entry: StdioEntry;
  readonly server: string;
}

/** All wrapped entries. */
export function wrappedEntries(reports: readonly PlaceReport[]): NamedEntry[] {
  return allEntries(reports).flatMap(({ client, place, entry }) => {
    const wrapped = wrappedOf(entry);
    if (!wrapped || !isWrapped(entry)) return [];
    const server = nameOfWrapped(wrapped.options, wrapped.original, entry.cwd);
    return [{ client, place, entry, server }];
  });
}

export interface EntryPair {
  readonly entry: NamedEntry;
  readonly other: NamedEntry;
}

/** Pairs of wrapped entries that share one name, and so one policy, one count and one set of pins, but no server. */
export function sharedNames(reports: readonly PlaceReport[]): EntryPair[] {
  return pairs(reports, ({ server }) => server).filter(
    ({ entry, other }) => !isSameProgram(entry.entry, other.entry),
  );
}

/** Pairs of wrapped entries that start one server with the same arguments under two names: its limits count twice. */
export function splitNames(reports: readonly PlaceReport[]): EntryPair[] {
  const started = ({ entry }: NamedEntry): string => {
    const url = urlOf(entry);
    if (url !== undefined) return url;
    const words = originalOf(entry);
    const { at, args } = readCommandLine(words);
    return JSON.stringify([serverName(words, entry.cwd), ...(at === undefined ? args : words.slice(at + 1))]);
  };
  return pairs(reports, started).filter(({ entry, other }) => entry.server !== other.server);
}

/** Each wrapped entry with the first that has the same key. */
function pairs(reports: readonly PlaceReport[], keyOf: (entry: NamedEntry) => string): EntryPair[] {
  const first = new Map<string, NamedEntry>();
  return wrappedEntries(reports).flatMap((entry) => {
    const key = keyOf(entry);
    const other = first.get(key);
    if (other === undefined) first.set(key, entry);
    return other === undefined ? [] : [{ entry, other }];
  });
}

/** Whether two command lines start one program, with whatever options. */
function isSameProgram(some: StdioEntry, others: StdioEntry): boolean {
  const [here, there] = [urlOf(some), urlOf(others)];
  if (here !== undefined || there !== undefined) return here === there;
  const [a, b] = [some, others].map((entry) => identityOfWords(originalOf(entry)));
  // What an interpreter starts is told by the folder too.
  if (a !== undefined && b !== undefined && a.words === undefined && sameServer(a, b)) return true;
  const [one, two] = [some, others].map((entry) => {
    const { runner, program, name } = readCommandLine(originalOf(entry), entry.cwd);
    return JSON.stringify([runner, program, name]);
  });
  return one === two;
}

/** What tells one server from another, whoever starts it and in which version. */
export interface Identity {
  readonly name: string;
  /** The npm scope of a package; undefined for a command, which may be any package's. */
  readonly scope: string | undefined;
  /** Set where the command is an interpreter, for which all words count, or runs on another machine. */
  readonly words: string | undefined;
}

/** The identity of the server behind an entry, wrapped or not; undefined where there is none. */
function identityOf(entry: Entry): Identity | undefined {
  const url = urlOf(entry);
  if (url !== undefined) return { name: url, scope: undefined, words: 'url' };
  if (entry.kind !== 'stdio' || entry.state.kind === 'broken') return undefined;
  return identityOfWords(originalOf(entry));
}

/** The same for a command line. */
export function identityOfWords(words: readonly string[]): Identity | undefined {
  if (words.length === 0) return undefined;
  const line = readCommandLine(words);
  if (line.host !== undefined) return { name: line.host, scope: undefined, words: undefined };
  if (line.package !== undefined) {
    const [, scope, name = line.package] = /^(?:(@[^/]+)\/)?([^/]+)$/.exec(line.package) ?? [];
    return { name, scope, words: line.place };
  }
  if (line.runner !== undefined)
    return { name: line.runner, scope: undefined, words: JSON.stringify([line.place, ...line.args]) };
  const name = line.program.replace(/^.*[/\\]/, '').replace(/\.(?:exe|cmd|bat|ps1)$/i, '');
  return { name, scope: undefined, words: line.place };
}

/** A bare command may come from a package of any scope, so that `mcp-afip` and `@codespar/mcp-afip` are one server. */
export function sameServer(a: Identity, b: Identity): boolean {
  return (
    a.name === b.name &&
    a.words === b.words &&
    (a.scope === b.scope || a.scope === undefined || b.scope === undefined)
  );
}
