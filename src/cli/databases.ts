import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { optionsOf } from '../clients/entries.js';
import { takeInventory, wrappedEntries } from '../clients/inventory.js';
import { type Machine, thisMachine } from '../clients/machine.js';
import { DB_FLAGS, optionValue } from '../clients/wrapper-options.js';
import { databaseFile, homeFolder, otherDatabaseFiles, triedPath } from '../config/paths.js';
import { stateFile } from '../config/policy-files.js';
import { type NamedStore, storesOfEntries } from './named-stores.js';

/** A state database besides the one that a command without `--db` uses. */
export interface OtherDatabase {
  readonly path: string;
  /** What names it, for people: `afip in Cursor`. */
  readonly namedBy: string;
  /** A client's entry names it: the next wrapper makes it where it is not there yet. */
  readonly isNamed: boolean;
}

/** What an entry names and cannot be looked at. */
export interface Unclear {
  readonly text: string;
  readonly namedBy: string;
  readonly reason: string;
}

export interface OtherDatabases {
  readonly databases: readonly OtherDatabase[];
  readonly unclear: readonly Unclear[];
  /** Stores of teams that entries name: what they count, ask and pause is there. */
  readonly stores: readonly NamedStore[];
}

/**
 * Finds the state databases that wrappers on this machine may be using besides the usual one: those that clients'
 * entries name, those of packaged apps and earlier versions, and under `sudo` those of the person who typed it. A count,
 * an approval and a pause hold in one database only (G4), so whoever looks or acts must know of all.
 *
 * @param usual the one that is looked at anyway
 * @param accounts the content of /etc/passwd
 */
export function otherDatabases(
  usual: string = stateFile(undefined),
  machine: Machine = thisMachine(),
  accounts: () => string = () => readFileSync('/etc/passwd', 'utf8'),
): OtherDatabases {
  const seen = new Set([identityOf(usual)]);
  const databases: OtherDatabase[] = [];
  const unclear: Unclear[] = [];
  const add = (path: string, namedBy: string, isNamed: boolean): void => {
    if (seen.size < seen.add(identityOf(path)).size) databases.push({ path, namedBy, isNamed });
  };
  for (const account of [machine, ...invoker(machine, accounts)]) {
    // Root must not make or change files where another account's settings say so: only what is theirs already.
    const isOurs = account === machine;
    const mayUse = (path: string): boolean => isOurs || isOwnedBy(path, machine.env.SUDO_UID);
    for (const { path, namedBy, problem } of namedIn(account)) {
      if (problem !== undefined) unclear.push({ text: path, namedBy, reason: problem });
      else if (mayUse(path)) add(path, namedBy, isOurs);
    }
    for (const path of [databaseFile(account), ...otherDatabaseFiles(account, account.list)])
      if (account.exists(path) && mayUse(path)) add(path, 'a usual place', false);
  }
  return { databases, unclear, stores: storesOfEntries(machine, ANY_WRAPPER, machine.env) };
}

/** What starts the wrapper makes no difference here. */
const ANY_WRAPPER = { node: '', script: '' };

interface Named {
  readonly path: string;
  readonly namedBy: string;
  readonly problem?: string | undefined;
}

/** The databases of wrapped entries, as their wrappers will find them. */
function namedIn(machine: Machine): Named[] {
  return wrappedEntries(takeInventory(machine, ANY_WRAPPER)).flatMap(({ client, entry }): Named[] => {
    const namedBy = `${entry.name} in ${client.name}`;
    const option = optionValue(optionsOf(entry), DB_FLAGS);
    const text = option ?? entry.env.get('POLICY_WRAP_DB');
    if (!text) return usualOf(entry.env, machine).map((path) => ({ path, namedBy }));
    const tried = triedPath(text, option === undefined ? 'POLICY_WRAP_DB' : '--db', machine.cwd, machine);
    return [{ path: tried.path ?? text, namedBy, problem: tried.problem }];
  });
}

/** Where an entry's own environment leads a wrapper that no option names a database to. */
function usualOf(env: ReadonlyMap<string, string>, machine: Machine): string[] {
  const moving = ['HOME', 'USERPROFILE', 'XDG_DATA_HOME', 'LOCALAPPDATA'].filter((name) => env.has(name));
  if (moving.length === 0) return [];
  const given = env.get(machine.platform === 'win32' ? 'USERPROFILE' : 'HOME') ?? machine.home;
  const home = homeFolder(machine.platform, given, () => machine.home);
  return [databaseFile({ ...machine, home, env: { ...machine.env, ...Object.fromEntries(env) } })];
}

/** Under `sudo`, the person at the keyboard, whose home is not the one of this process. */
function invoker(machine: Machine, accounts: () => string): Machine[] {
  const { SUDO_USER } = machine.env;
  if (machine.platform === 'win32' || !SUDO_USER || machine.env.SUDO_UID === undefined) return [];
  const home = homeOf(SUDO_USER, machine, accounts);
  return home === undefined || home === machine.home ? [] : [{ ...machine, home, env: {} }];
}

function homeOf(account: string, { platform }: Machine, accounts: () => string): string | undefined {
  if (platform === 'darwin') return `/Users/${account}`;
  try {
    const line = accounts()
      .split('\n')
      .find((each) => each.startsWith(`${account}:`));
    return line?.split(':')[5] || undefined;
  } catch {
    return undefined;
  }
}

function isOwnedBy(path: string, uid: string | undefined): boolean {
  return existsSync(path) && String(statSync(path).uid) === uid;
}

/** Two names of one file are one database. */
function identityOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
