import { optionValue, STORE_FLAGS } from '../../clients/wrapper-options.js';
import { readPolicy } from '../../config/policy-files.js';
import { PolicyWrapError } from '../../errors.js';
import { stack } from '../../policy/evaluate/layers.js';
import { printable } from '../../text/escape.js';
import { storeOption } from '../named-stores.js';
import type { Protection } from '../protection.js';
import { openStore, passwordFile, storeAddress } from '../team-store.js';
import type { ClientsTerminal } from '../this-installation.js';

/** What a person said of the store that a team shares. */
export interface StoreChoice {
  /** The address that entries are to name. */
  readonly store?: string | undefined;
  /** What becomes of calls while it cannot be reached. */
  readonly storeOffline?: 'refuse' | 'uncounted' | undefined;
  /** False: entries are written whatever the store says. */
  readonly storeCheck?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly print?: boolean | undefined;
}

/** An entry that is about to name a store, or to do without. */
export interface Counting {
  readonly name: string;
  /** The wrapper's options, as they stand in it already. */
  readonly options: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly source: Protection['source'];
}

const GO_ON = '--no-store-check writes the entry all the same';

/**
 * Makes sure, before anything is written, that the calls of entries can be decided where a team counts them: their
 * policies and their stores belong together, and each store lets the entry's wrapper in. What is only shown is told
 * what is wrong, and shown.
 *
 * @throws PolicyWrapError USAGE, REFUSED, STATE_UNAVAILABLE
 */
export async function assertStores(
  entries: readonly Counting[],
  options: StoreChoice,
  io: ClientsTerminal,
): Promise<void> {
  if (options.storeCheck === false) return;
  const tried = new Set<string>();
  for (const entry of entries) {
    try {
      const text = storeOf(entry, options);
      await assertFits(entry, text, io);
      if (text === undefined) continue;
      const own = variables(entry, io);
      const key = JSON.stringify([text, Object.entries(own).filter(([name]) => isOurs(name))]);
      if (tried.size < tried.add(key).size) await assertAnswers(text, own, io);
    } catch (error) {
      if (!PolicyWrapError.is(error) || (options.dryRun !== true && options.print !== true)) throw error;
      await io.err.write(`${printable(entry.name)}: ${printable(error.message)}\n`);
    }
  }
}

/** What the wrapper of the entry will find, once that is written. */
function storeOf({ options, env }: Counting, { store }: StoreChoice): string | undefined {
  return store ?? optionValue(options, STORE_FLAGS) ?? (env.get('POLICY_WRAP_STORE') || undefined);
}

/** @throws PolicyWrapError USAGE where the policy counts in another store, or in one that nobody named */
async function assertFits(
  { name, source }: Counting,
  text: string | undefined,
  io: ClientsTerminal,
): Promise<void> {
  const missing = await missingStore(source, text, io);
  if (missing === undefined) return;
  const { team, given, option } = missing;
  const instead = given === undefined ? 'no --store was given' : `--store is that of the team ${given}`;
  throw new PolicyWrapError(
    'USAGE',
    `the policy of ${printable(name)} counts in the store of the team ${team}, and ${instead}: every call would be refused`,
    { hint: `Add ${option}; ${GO_ON}.` },
  );
}

/** The store that a policy counts in, where an entry does not name it. */
interface MissingStore {
  readonly team: string;
  /** The team whose store it names instead. */
  readonly given: string | undefined;
  /** What names the missing one, as it is typed. */
  readonly option: string;
}

/** @param text the address that the entry names */
export async function missingStore(
  source: Protection['source'],
  text: string | undefined,
  { machine }: ClientsTerminal,
): Promise<MissingStore | undefined> {
  if (source === undefined || !('file' in source) || !machine.exists(source.file)) return undefined;
  const found = readPolicy(source.file);
  if (found.kind !== 'policy') return undefined;
  const address = await storeAddress({ store: text }, {});
  const team = stack(found.policy, found.extended).stores.find((each) => each !== address?.team);
  if (team === undefined) return undefined;
  const usual = await storeAddress({}, machine.env).catch(() => undefined);
  const option =
    usual?.team === team && machine.env.POLICY_WRAP_STORE
      ? storeOption(machine.env.POLICY_WRAP_STORE)
      : `--store 'postgres://<login>@<host>/<database>?team=${team}'`;
  return { team, given: address?.team, option };
}

/** @throws PolicyWrapError where the store would not decide on the calls of a wrapper with these variables */
async function assertAnswers(text: string, own: NodeJS.ProcessEnv, io: ClientsTerminal): Promise<void> {
  try {
    await answers(text, own, io);
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    const isOnlyHere = Object.keys(io.machine.env).some(
      (name) => isPassword(name) && own[name] === undefined,
    );
    const works = isOnlyHere && (await answers(text, { ...own, ...io.machine.env }, undefined).then(yes, no));
    const why = works
      ? `Its password is known to this shell, and not to the client: put it into ${printable(passwordFile())} (0600), or into the entry's "env".`
      : (error.hint ?? '');
    throw new PolicyWrapError(error.code, error.message, {
      hint: `${why} Nothing was written; ${GO_ON}, and every call is refused until the store lets it in.`.trim(),
      cause: error,
    });
  }
}

/** @param io is told what is there; undefined where nobody is to be told */
async function answers(text: string, env: NodeJS.ProcessEnv, io: ClientsTerminal | undefined): Promise<void> {
  const address = await storeAddress({ store: text }, {});
  if (!address) return;
  const store = await openStore(address, env);
  try {
    await store.needRole('wrapper');
    const { roles } = await store.hello();
    await io?.err.write(
      `The store of the team ${store.team} answers; ${printable(address.user)} is ${roles.join(' and ')} there.\n`,
    );
    if ((await store.history()).lost)
      await io?.err.write(
        'It has lost history, and every call is refused until that is mended: policy-wrap store check\n',
      );
  } finally {
    await store.close();
  }
}

const yes = (): boolean => true;
const no = (): boolean => false;
const isOurs = (name: string): boolean => name.startsWith('POLICY_WRAP_STORE');
const isPassword = (name: string): boolean => name.startsWith('POLICY_WRAP_STORE_PASSWORD');

/** What a client gives a wrapper: what it has itself, without what only this shell knows, and what the entry says. */
function variables({ env }: Counting, { machine }: ClientsTerminal): NodeJS.ProcessEnv {
  const others = Object.entries(machine.env).filter(([name]) => !isOurs(name));
  return { ...Object.fromEntries(others), ...Object.fromEntries(env) };
}
