import type { Store } from '../store/store.js';
import { NAME_CAP, printable } from '../text/escape.js';
import { nameHint } from '../text/suggest.js';
import type { AnyStore } from './team-store.js';

/** The servers that wrappers have had in front of them, as far as the database remembers. */
export function serversSeen(store: Store): string[] {
  const pinned = store.pins().map(({ server }) => server);
  return [...new Set([...store.sessions().map(({ server }) => server), ...pinned])];
}

/** The same of any store; that of a team knows no definitions of tools. */
export async function serversSeenBy(store: AnyStore): Promise<string[]> {
  if ('pins' in store) return serversSeen(store);
  return [...new Set((await store.sessions()).map(({ server }) => server))];
}

/** The tools that servers have listed. @param server of this one; of all where it is undefined */
export function toolsSeen(store: Store, server?: string): string[] {
  return [...new Set(store.pins(server).map(({ tool }) => tool))];
}

/** A name that nothing here has. */
export interface Strange {
  readonly message: string;
  readonly hint: string | undefined;
}

/**
 * What to tell a person about a name that nothing here has: a misspelt one finds nothing, and that looks like good news.
 *
 * @param what it is the name of: `server`, `tool`
 * @returns undefined where the name is known, and where none was given
 */
export function strangeName(
  what: string,
  name: string | undefined,
  known: readonly string[],
): Strange | undefined {
  if (name === undefined || known.includes(name)) return undefined;
  const message = `no ${what} called ${printable(name, NAME_CAP)} was seen here`;
  return { message, hint: nameHint(name, known) };
}

/** The same as a line for people; '' for a name that is known. */
export function strangeLine(strange: Strange | undefined): string {
  if (strange === undefined) return '';
  const { message, hint } = strange;
  return `policy-wrap: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`;
}
