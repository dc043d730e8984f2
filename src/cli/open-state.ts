import { existsSync } from 'node:fs';
import { stateFile } from '../config/policy-files.js';
import { PolicyWrapError } from '../errors.js';
import { BUSY, LOCKED_HINT, Store } from '../store/store.js';
import { printable } from '../text/escape.js';
import { type OtherDatabases, otherDatabases } from './databases.js';
import { storesLeftAlone } from './named-stores.js';
import { type AnyStore, openTeam, type StoreOptions } from './team-store.js';
import type { Terminal } from './terminal.js';

/** How long a person who typed a command waits for other processes, in milliseconds. */
const WAIT_MS = 2000;

export interface StateOptions {
  readonly db?: string | undefined;
}

/** Whose time is looked at; UTC milliseconds. */
interface Clock {
  now(): number;
}

/**
 * Opens the state database for a command; makes none unless told to.
 *
 * @throws PolicyWrapError NOT_FOUND where there is none, and what Store.open throws
 */
export function openState(
  { db }: StateOptions,
  clock: Clock,
  { mustExist = true, waitMs = WAIT_MS }: { readonly mustExist?: boolean; readonly waitMs?: number } = {},
): Store {
  return Store.open(stateFile(db), { mustExist, waitMs, now: () => clock.now() });
}

/** As `openState`. @returns undefined where there is no database yet: nothing was ever wrapped */
export function openIfThere(options: StateOptions, clock: Clock): Store | undefined {
  try {
    return openState(options, clock);
  } catch (error) {
    if (PolicyWrapError.is(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** None besides the one that a person named. */
export function othersThan({ db }: StateOptions): OtherDatabases {
  return db === undefined ? otherDatabases(stateFile(undefined)) : { databases: [], unclear: [], stores: [] };
}

/**
 * A line for commands that look at one database only, about others that are there.
 *
 * @returns '' where there are none, or a person named one
 */
export function leftAloneText(options: StateOptions): string {
  const { databases, stores } = othersThan(options);
  const there = databases.filter(({ path }) => existsSync(path));
  const named = there.map(({ path, namedBy }) => `${printable(path)} (${printable(namedBy)})`);
  const lines = named.length === 0 ? [] : [`Not looked at (name it with --db): ${named.join(', ')}`];
  return [...lines, ...storesLeftAlone(stores).map((line) => `Not looked at: ${line}`)]
    .map((line) => `${line}\n`)
    .join('');
}

/** The store of a team where one is named, else this machine's database, with a word about others that are there. */
export async function openOne(options: StateOptions & StoreOptions, io: Terminal): Promise<AnyStore> {
  const team = await openTeam(options, io);
  if (!team) await io.err.write(leftAloneText(options));
  return team ?? openState(options, io);
}

/** A database that was opened. */
export interface OpenState {
  readonly path: string;
  readonly store: Store;
}

export interface OpenStates {
  /** The usual one first, where it is there. */
  readonly states: readonly OpenState[];
  /** Sentences about those that were not opened, and why. */
  readonly leftAlone: readonly string[];
}

/**
 * Opens every database that wrappers on this machine may be using; with `db` that one alone. Makes none.
 *
 * @param others as `otherDatabases` finds them
 * @throws PolicyWrapError what Store.open throws of the usual one; of others it is told in `leftAlone`
 */
export function openStates(
  options: StateOptions,
  clock: Clock,
  others: OtherDatabases = othersThan(options),
): OpenStates {
  const usual = openIfThere(options, clock);
  const states = usual === undefined ? [] : [{ path: stateFile(options.db), store: usual }];
  const leftAlone = [...others.unclear.map(unclearText), ...storesLeftAlone(others.stores)];
  for (const { path, namedBy } of others.databases) {
    if (!existsSync(path)) continue;
    try {
      states.push({ path, store: openState({ db: path }, clock) });
    } catch (error) {
      if (!PolicyWrapError.is(error)) throw error;
      leftAlone.push(`${printable(path)} (${printable(namedBy)}): ${printable(error.message)}`);
    }
  }
  return { states, leftAlone };
}

/** What an entry names and no command can look at. */
export function unclearText({ text, namedBy, reason }: OtherDatabases['unclear'][number]): string {
  return `${printable(text)} (${printable(namedBy)}): ${printable(reason)}`;
}

/**
 * Opens the database in which something is found, the usual one where it is in none.
 *
 * @throws PolicyWrapError as `openState`
 */
export function openStateWith(options: StateOptions, clock: Clock, has: (store: Store) => boolean): Store {
  const { states } = openStates(options, clock);
  const found = states.find(({ store }) => has(store)) ?? states[0];
  for (const { store } of states) if (store !== found?.store) store.close();
  return found?.store ?? openState(options, clock);
}

/** What was written. @throws PolicyWrapError STATE_UNAVAILABLE when another process held the database all the time */
export function written<T>(result: T | typeof BUSY): T {
  if (result !== BUSY) return result;
  throw new PolicyWrapError('STATE_UNAVAILABLE', 'the state database is locked by another process', {
    hint: `Nothing was changed; try again in a moment. ${LOCKED_HINT}`,
  });
}
