import { hostname } from 'node:os';
import { join } from 'node:path';
import { configDirs, dataDir, surroundings } from '../config/paths.js';
import type { SharedStore, StoreAddress } from '../store/shared-store.js';
import type { Store } from '../store/store.js';
import { sha256 } from '../text/hash.js';
import type { Terminal } from './terminal.js';

export interface StoreOptions {
  /** `postgres://alice@db.example/app?team=billing`. */
  readonly store?: string | undefined;
}

/**
 * Where the store of a team is: `--store`, else POLICY_WRAP_STORE.
 *
 * @returns undefined where neither names one: this machine's database decides
 * @throws PolicyWrapError USAGE for what is no address, or has a password in it
 */
export async function storeAddress(
  { store }: StoreOptions,
  env: NodeJS.ProcessEnv,
): Promise<StoreAddress | undefined> {
  const text = store ?? (env.POLICY_WRAP_STORE || undefined);
  if (text === undefined) return undefined;
  const { parseStoreAddress } = await import('../store/postgres/address.js');
  return parseStoreAddress(text);
}

/** This machine's database, or the store of a team: what a command asks of either is awaited. */
export type AnyStore = Store | SharedStore;

/** The time by which instants of a store are to be read, UTC milliseconds: that of a team has a clock of its own. */
export function nowOf(store: AnyStore, io: Pick<Terminal, 'now'>): number {
  return 'shown' in store ? (store.now() ?? io.now()) : io.now();
}

/** @returns the store that a command was told of; undefined where it looks at this machine's database */
export async function openTeam(
  options: StoreOptions,
  { env }: Pick<Terminal, 'env'>,
): Promise<SharedStore | undefined> {
  const address = await storeAddress(options, env);
  return address && openStore(address, env, false);
}

/** Where the password of a store is looked for when no variable names another place. */
export function passwordFile(): string {
  return join(configDirs(surroundings())[0], 'store-password');
}

/**
 * Opens a store; it connects with the first request. What it needs is loaded now, and by nobody without a store.
 *
 * @param decides calls are decided by it: what was seen of its history is kept, and compared
 */
export async function openStore(
  address: StoreAddress,
  env: NodeJS.ProcessEnv,
  decides: boolean,
): Promise<SharedStore> {
  const [{ openSharedStore }, { passwordOf }, { machineId }] = await Promise.all([
    import('../store/postgres/open.js'),
    import('../store/postgres/password.js'),
    import('../store/postgres/machine.js'),
  ]);
  const folder = dataDir(surroundings());
  const { host, port, database, team } = address;
  const mark = sha256([host, port, database, team].join('\n'), 'hex').slice(0, 16);
  return openSharedStore({
    address,
    password: passwordOf(env, passwordFile()),
    machine: machineId(folder),
    host: hostname(),
    markFile: decides ? join(folder, 'stores', `${team}-${mark}.json`) : undefined,
  });
}
