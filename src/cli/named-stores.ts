import { optionsOf, type ServerEntry } from '../clients/entries.js';
import { takeInventory, wrappedEntries } from '../clients/inventory.js';
import type { Machine } from '../clients/machine.js';
import { optionValue, STORE_FLAGS } from '../clients/wrapper-options.js';
import { PolicyWrapError } from '../errors.js';
import { parseStoreAddress } from '../store/postgres/address.js';
import { printable } from '../text/escape.js';

/** The store of a team as a wrapper would open it. */
export interface NamedStore {
  /** The address as it is written. */
  readonly text: string;
  /** Words for people: `afip in Cursor`. */
  readonly namedBy: string;
  /** What the wrapper gets: its entry's own variables on top of the client's. */
  readonly env: NodeJS.ProcessEnv;
}

/** The stores that wrapped entries of clients name; one that several name comes several times. */
export function storesOfEntries(
  machine: Machine,
  wrapper: Parameters<typeof takeInventory>[1],
  env: NodeJS.ProcessEnv,
): NamedStore[] {
  return wrappedEntries(takeInventory(machine, wrapper)).flatMap(({ client, entry }): NamedStore[] => {
    const text = storeOfEntry(entry);
    if (text === undefined) return [];
    const own = { ...env, ...Object.fromEntries(entry.env) };
    return [{ text, namedBy: `${entry.name} in ${client.name}`, env: own }];
  });
}

/** The address of a team's store that an entry names for its wrapper, which it may not have yet. */
export function storeOfEntry(entry: ServerEntry): string | undefined {
  return optionValue(optionsOf(entry), STORE_FLAGS) ?? (entry.env.get('POLICY_WRAP_STORE') || undefined);
}

/**
 * Says of stores that a command does not look at, since nobody named them to it, what they are and how to name them.
 *
 * @returns a line for each store, safe to show
 */
export function storesLeftAlone(stores: readonly NamedStore[]): string[] {
  const byAddress = new Map<string, NamedStore[]>();
  for (const each of stores) byAddress.set(each.text, [...(byAddress.get(each.text) ?? []), each]);
  return [...byAddress].map(([text, entries]) => {
    const names = [...new Set(entries.map(({ namedBy }) => printable(namedBy)))];
    const who = names.length > 2 ? `${names[0]} and ${names.length - 1} others` : names.join(', ');
    return `${teamText(text)} (${who}): name it with ${storeOption(text)}, or in POLICY_WRAP_STORE`;
  });
}

/** `the store of the team billing`; safe to show. */
export function teamText(text: string): string {
  try {
    return `the store of the team ${parseStoreAddress(text).team}`;
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return 'the store of a team';
  }
}

/** The option that names a store, as it is typed in a shell: what could end its quotes is not offered to be pasted. */
export function storeOption(text: string): string {
  return /^[\x21-\x7e]+$/.test(text) && !/['"\\!]/.test(text) ? `--store '${text}'` : '--store <its address>';
}

/** A command of ours as it has to be typed: about a team's store with the option that names it, where that is needed. */
export function inTeam(words: string, team: { readonly store: string | undefined } | undefined): string {
  return team?.store === undefined ? words : `${words} ${storeOption(team.store)}`;
}
