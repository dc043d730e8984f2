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

/** As `nowOf`, where nothing may have been asked of the store yet. */
export async function askNow(store: AnyStore, io: Pick<Terminal, 'now'>): Promise<number> {
  if ('shown' in store) await store.hello();
  return nowOf(store, io);
}

/** @returns the store that a command was told of; undefined where it looks at this machine's database */
export async function openTeam(
  options: StoreOptions,
  { env }: Pick<Terminal, 'env'>,
): Promise<SharedStore | undefined> {
  const address = await storeAddress(options, env);
  return address && openStore(address, env);
}

/** @returns the address that a further command has to name, for people; undefined where the environment does */
export function storeToName(
  { shown }: SharedStore,
  { store }: StoreOptions,
  { POLICY_WRAP_STORE: usual }: NodeJS.ProcessEnv,
): string | undefined {
  return store === undefined || store === usual ? undefined : shown;
}

/** Where the password of a store is looked for when no variable names another place. */
export function passwordFile(): string {
  return join(configDirs(surroundings())[0], 'store-password');
}

/** Opens a store; it connects with the first request. What it needs is loaded now, and by nobody without a store. */
export async function openStore(address: StoreAddress, env: NodeJS.ProcessEnv): Promise<SharedStore> {
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
    markFile: join(folder, 'stores', `${team}-${mark}.json`),
  });
}
