import { namesOf } from '../clients/change/plan.js';
import { optionsOf, originalOf, remoteOptionsOf, type ServerEntry } from '../clients/entries.js';
import { printable } from '../text/escape.js';
import { shownCommand } from '../text/masking.js';
import type { LiveServer } from '../upstream/live-server.js';
import type { ServerSource } from '../upstream/upstream.js';
import { namedServer } from './named-server.js';

/** A server that is being wrapped. */
export interface Wrappable {
  /** As people call it. */
  readonly name: string;
  /** The name that its policy is found under. */
  readonly server: string;
  /** All names under which a policy for it may be, that one first. */
  readonly names: readonly string[];
  readonly source: ServerSource;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string | undefined;
  /** Options of the wrapper that stand in its entry already. */
  readonly options: readonly string[];
  /** Only the client knows all that it is started with. */
  readonly moreEnv: boolean;
  /** What it lists, where it was started already; or why it is not to be started. */
  readonly live?: LiveServer | string | undefined;
}

export function wrappableOf(entry: ServerEntry, server: string): Wrappable {
  const { name, env, cwd, moreEnv } = entry;
  const names = namesOf(entry, server);
  return { name, server, names, source: sourceOf(entry), env, cwd, moreEnv, options: optionsOf(entry) };
}

/** What is started, or connected with, for an entry without the wrapper. */
export function sourceOf(entry: ServerEntry): ServerSource {
  const remote = remoteOptionsOf(entry);
  const named = remote === undefined ? undefined : namedServer([], remote, '').source;
  return named ?? originalOf(entry);
}

/** The words of a command line, or the address; safe to show. */
export function sourceText(source: ServerSource): string {
  return printable(shownCommand(wordsOf(source)));
}

/** All that a client could fill in, of what a server is started with. */
export function wordsOf(source: ServerSource): readonly string[] {
  return 'url' in source ? [source.url] : source;
}
