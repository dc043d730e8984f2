import { PassThrough } from 'node:stream';
import { hasWaiting } from '../cli/commands/reject.js';
import { type OpenState, openState, type StateOptions } from '../cli/open-state.js';
import { type AnyStore, nowOf } from '../cli/team-store.js';
import type { Output, Terminal } from '../cli/terminal.js';
import { PolicyWrapError } from '../errors.js';
import type { SharedStore } from '../store/shared-store.js';
import type { ApprovalEntry, Store } from '../store/store.js';
import type { Changed } from './api-types/names.js';
import type { States } from './states.js';
import type { Team } from './team.js';

/** What the page's routes work with: the databases and policies that the commands use, and who is told of changes. */
export class Page {
  readonly options: StateOptions;
  readonly #terminal: Terminal;
  readonly #states: States;
  readonly #tell: (what: Changed) => void;
  /** The store that a team shares, beside this machine's databases; undefined where nothing names one. */
  readonly team: Team | undefined;
  readonly #unclear: readonly string[];
  /** @returns an address that signs in one browser, once; given by who started the server */
  address: () => string = () => '';

  /**
   * @param terminal of the person who started the page
   * @param tell tells every browser that something changed
   * @param shared the team that is shown, or why none is though some are named
   */
  constructor(
    options: StateOptions,
    terminal: Terminal,
    states: States,
    tell: (what: Changed) => void,
    shared: { readonly team?: Team; readonly unclear?: string } = {},
  ) {
    this.options = options;
    this.team = shared.team;
    this.#unclear = shared.unclear === undefined ? [] : [shared.unclear];
    this.#terminal = terminal;
    this.#states = states;
    this.#tell = tell;
  }

  /** Sentences about databases and stores that could not be opened. */
  get leftAlone(): readonly string[] {
    return [...this.#states.leftAlone, ...this.#unclear];
  }

  /** UTC milliseconds. */
  now(): number {
    return this.#terminal.now();
  }

  get env(): Terminal['env'] {
    return this.#terminal.env;
  }

  /** The folder in which the page was started; absolute. */
  get cwd(): string {
    return this.#terminal.cwd;
  }

  /** Every database that wrappers on this machine use, open, the usual one first; the page closes them. */
  stores(): readonly OpenState[] {
    return this.#states.open();
  }

  /**
   * The database in which something is found, the usual one where it is in none.
   *
   * @throws PolicyWrapError NOT_FOUND where there is no database
   */
  storeWith(has: (store: Store) => boolean): Store {
    const states = this.stores();
    const found = states.find(({ store }) => has(store)) ?? states[0];
    if (found) return found.store;
    // Says why there is none.
    openState(this.options, this).close();
    this.#states.refresh();
    return this.storeWith(has);
  }

  /**
   * What every store has, the team's first, then each database of this machine.
   *
   * @param work gets the store, and what is added to its instants to have them by this machine's clock
   */
  async ofAll<T>(
    work: (store: AnyStore, shift: number) => readonly T[] | Promise<readonly T[]>,
  ): Promise<T[]> {
    const { team } = this;
    const shared = await team?.read<readonly T[]>(async (store) => work(store, team.shift(this.now())), []);
    const own: T[] = [];
    for (const { store } of this.stores()) own.push(...(await work(store, 0)));
    return [...(shared ?? []), ...own];
  }

  /** The file of a database that the page looks at; undefined for any other. */
  pathOf(store: Store): string | undefined {
    return this.stores().find((each) => each.store === store)?.path;
  }

  /** @throws PolicyWrapError NOT_FOUND where no team is shown */
  teamStore(): SharedStore {
    if (this.team) return this.team.store;
    throw new PolicyWrapError('NOT_FOUND', 'this page was opened without the store of a team');
  }

  /** What is added to an instant of a store's to have it by this machine's clock, in milliseconds. */
  shiftOf(store: AnyStore): number {
    return this.now() - nowOf(store, this);
  }

  /**
   * The store in which an approval or a budget is found; this machine's usual database where it is in none.
   *
   * @param isMeant tells the approval that a person was shown from others with its id. One of this machine that is
   *   found so needs no answer of the team's store
   * @throws PolicyWrapError NOT_FOUND where there is no database, and what the store throws
   */
  async storeOf(id: string, isMeant?: (approval: ApprovalEntry) => boolean): Promise<AnyStore> {
    const isShown = (approval: ApprovalEntry | undefined) => approval !== undefined && isMeant?.(approval);
    const own = this.stores().find(({ store }) => isShown(store.approval(id)));
    if (own) return own.store;
    const { team } = this;
    const isTeams = await team?.read<boolean | undefined>(
      async (store) =>
        (await store.approval(id)) !== undefined || (await store.budgets()).some((one) => one.id === id),
      undefined,
    );
    const isHere = this.stores().some(({ store }) => hasWaiting(id, store));
    // While the team's store is silent, it says so itself of what is not here.
    if (team && (isTeams || (isTeams === undefined && !isHere))) return team.store;
    return this.storeWith((store) => hasWaiting(id, store));
  }

  /** Has every browser load again what it shows; called after each change that a route made. */
  changed(what: Changed): void {
    if (what === 'clients') this.#states.refresh();
    this.#tell(what);
  }

  /** A terminal at which nobody sits, for what commands share: it collects what they say. */
  collect(): Collected {
    return new Collected(this.#terminal);
  }
}

/** What was written to a terminal at which nobody sits. */
export class Collected implements Terminal {
  readonly #outText: string[] = [];
  readonly #errText: string[] = [];
  readonly out = collector(this.#outText);
  readonly err = collector(this.#errText);
  readonly streams = { input: new PassThrough(), output: new PassThrough(), error: new PassThrough() };
  readonly env: Terminal['env'];
  readonly cwd: string;
  readonly canAsk = false;
  readonly #now: () => number;

  constructor({ env, cwd, now }: Terminal) {
    this.env = env;
    this.cwd = cwd;
    this.#now = now;
  }

  /** What went to standard output. */
  get text(): string {
    return this.#outText.join('');
  }

  /** What went to standard error. */
  get notes(): string {
    return this.#errText.join('');
  }

  now(): number {
    return this.#now();
  }

  ask(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  onSignals(): void {}

  pause(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

function collector(parts: string[]): Output {
  return {
    isTerminal: false,
    hasColor: false,
    columns: Number.POSITIVE_INFINITY,
    write(text) {
      parts.push(text);
      return Promise.resolve(true);
    },
  };
}
