import { storesOfEntries } from '../cli/named-stores.js';
import { openStore, type StoreOptions, storeAddress } from '../cli/team-store.js';
import type { Terminal } from '../cli/terminal.js';
import { thisWrapper } from '../cli/this-installation.js';
import { thisMachine } from '../clients/machine.js';
import { PolicyWrapError } from '../errors.js';
import type { Role, SharedLogEntry, SharedStore } from '../store/shared-store.js';
import { printable } from '../text/escape.js';
import type { TeamHere } from './api-types/shell.js';

/** How long a store that does not answer is left in peace, in milliseconds: each question may take two seconds. */
const REST_MS = 3000;
/** Rows of the log that are read at once, and at most for one answer. */
const PAGE = 1000;
const MOST_ROWS = 20_000;

/** The store that a team shares, as the page looks at it: what it is asked, its clock, and what this login may do. */
export class Team {
  readonly store: SharedStore;
  readonly #login: string;
  #roles: readonly Role[] | undefined;
  #problem: PolicyWrapError | undefined;
  #restUntil = 0;

  constructor(store: SharedStore, login: string) {
    this.store = store;
    this.#login = login;
  }

  /**
   * Asks the store something. Where it does not answer or refuses, the page goes on with what this machine has, and
   * says so on every screen.
   *
   * @param otherwise what is shown then
   */
  async read<T>(work: (store: SharedStore) => Promise<T>, otherwise: T): Promise<T> {
    if (performance.now() < this.#restUntil) return otherwise;
    try {
      // Its clock must be known before an instant of its is read.
      await this.store.hello();
      const answer = await work(this.store);
      this.#problem = undefined;
      return answer;
    } catch (error) {
      if (!PolicyWrapError.is(error)) throw error;
      this.#problem = error;
      if (error.code === 'STATE_UNAVAILABLE') this.#restUntil = performance.now() + REST_MS;
      return otherwise;
    }
  }

  /** What is added to an instant of the store's to have it by this machine's clock, in milliseconds. */
  shift(now: number): number {
    return now - (this.store.now() ?? now);
  }

  /** Whether this login has one of these roles; an owner may give it to them while the page is open. */
  may(...roles: readonly Role[]): boolean {
    return this.#roles?.some((role) => roles.includes(role)) ?? false;
  }

  here(): TeamHere {
    const { team, shown } = this.store;
    const problem = this.#problem && { message: this.#problem.message, hint: this.#problem.hint };
    return { ...{ name: team, shown, login: this.#login, roles: this.#roles ?? [], problem } };
  }

  /** A text that differs once anything has happened in the team that the page shows. */
  async stamp(): Promise<string> {
    const seen = await this.read(async (store) => {
      const members = await store.members();
      this.#roles = members.find(({ login }) => login === this.#login)?.roles ?? [];
      const [row] = await store.log({ limit: 1 });
      const waiting = (await store.approvals()).map(({ id }) => id);
      const events = (await store.events({ limit: 1 })).map(({ id }) => id);
      return JSON.stringify([this.#roles, row?.auditId, row?.outcome, waiting, events, await store.pauses()]);
    }, 'silent');
    return `${seen} ${this.#problem?.message ?? ''}`;
  }

  #hours: { readonly rows: { at: number; server: string; decision: string }[]; last: string } | undefined;

  /**
   * The decisions since then, for the plot: read once, and then as they come.
   *
   * @param since UTC milliseconds by the store's clock
   */
  async since(since: number): Promise<readonly { at: number; server: string; decision: string }[]> {
    const kept = this.#hours ?? { rows: [], last: '0' };
    this.#hours = kept;
    for (let read = 0; read < MOST_ROWS; read += PAGE) {
      const rows: SharedLogEntry[] = await this.read(
        (store) => store.log({ since, afterId: kept.last, limit: PAGE }),
        [],
      );
      kept.rows.push(...rows.map(({ at, server, decision }) => ({ at, server, decision })));
      kept.last = rows.at(-1)?.auditId ?? kept.last;
      if (rows.length < PAGE) break;
    }
    const old = kept.rows.findIndex(({ at }) => at >= since);
    kept.rows.splice(0, old === -1 ? kept.rows.length : old);
    return kept.rows;
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

/**
 * The team that the page shows: of `--store`, of POLICY_WRAP_STORE, or the one that the entries of clients name.
 *
 * @returns `unclear` names several of which none was chosen; none of both where nothing names a store
 * @throws PolicyWrapError USAGE for what is no address
 */
export async function openTeamHere(
  options: StoreOptions,
  { env }: Pick<Terminal, 'env'>,
): Promise<{ readonly team?: Team; readonly unclear?: string }> {
  const named = await storeAddress(options, env);
  if (named) return { team: new Team(await openStore(named, env), named.user) };
  const ofEntries = storesOfEntries(thisMachine(), thisWrapper(), env);
  const [first] = ofEntries;
  if (first === undefined) return {};
  const texts = new Set(ofEntries.map(({ text }) => text));
  if (texts.size > 1) {
    const list = ofEntries.map(({ text, namedBy }) => `${printable(text)} (${printable(namedBy)})`);
    return { unclear: `several stores, name one with --store: ${[...new Set(list)].join(', ')}` };
  }
  try {
    const address = await storeAddress({ store: first.text }, first.env);
    return address ? { team: new Team(await openStore(address, first.env), address.user) } : {};
  } catch (error) {
    // Its wrapper refuses too, and `doctor` says more; the page shows this machine all the same.
    if (!PolicyWrapError.is(error)) throw error;
    return { unclear: `${printable(first.text)} (${printable(first.namedBy)}): ${printable(error.message)}` };
  }
}
