import {
  type Admission,
  type Admitted,
  type ApprovalEntry,
  type ApprovalState,
  BUSY,
  type Claim,
  type ClaimTerms,
  type LogEntry,
  type Outcome,
  type PinEntry,
  type PinKind,
  type PolicyState,
  type SeenTool,
  type SessionInfo,
  type Standing,
  type Stop,
  type Store,
} from '../store/store.js';
import type { Ledger } from './ledger.js';
import { PeopleRecords } from './people-records.js';
import { PinComparison } from './pin-comparison.js';
import { StateConnection } from './state-connection.js';
import { Tidying } from './tidying.js';
import { EVENT_NAME_CAP, WaitingRecords } from './waiting-records.js';

export interface StateSessionOptions {
  readonly openStore: () => Store;
  readonly session: SessionInfo;
  /** Tools differ from what was first seen, which is news. */
  readonly toolsChanged: (tools: readonly PinEntry[]) => void;
  /** One line for the person, without line end; goes to stderr. */
  readonly warn: (text: string) => void;
}

/** How long a policy that is to be shown waits while others hold the database, in milliseconds. */
const POLICY_AGAIN_MS = 50;
/** Tools of other servers that are looked for in definitions. */
const OTHERS_MAX = 5000;

/**
 * This wrapper's side of the shared state: opens it late and again, registers the session, and does each thing at its
 * time: decisions at once, records soon, tidying when idle. Errors of a decision are thrown; those of mere records are
 * warnings.
 */
export class StateSession implements Ledger {
  readonly #options: StateSessionOptions;
  readonly #connection: StateConnection;
  /** Stays the same when the database is opened again: limits may count by it. */
  #session = '';
  #isStarting = true;
  readonly #records: WaitingRecords;
  readonly #tidying: Tidying;
  readonly #pins: PinComparison;
  readonly #people: PeopleRecords;
  #client: { readonly name: string; readonly version: string } | undefined;

  constructor(options: StateSessionOptions) {
    this.#options = options;
    this.#connection = new StateConnection({
      openStore: options.openStore,
      opened: (store) => this.#register(store),
      lost: () => this.#tidying.stop(),
      warn: options.warn,
    });
    const quietly = (work: (store: Store) => void) => void this.#connection.quietly(work);
    this.#records = new WaitingRecords(options.session.server, quietly);
    this.#tidying = new Tidying(quietly);
    this.#people = new PeopleRecords(options.session.server, this.#connection, options.warn);
    this.#pins = new PinComparison(
      options.session.server,
      () => this.#session,
      options.toolsChanged,
      () => quietly((store) => this.#pins.run(store)),
    );
  }

  /**
   * Opens the database, or begins to: while others hold it, it is tried again and again.
   *
   * @throws PolicyWrapError while it cannot be opened
   */
  open(): void {
    this.#connection.open();
  }

  /** Nothing was decided yet: when many wrappers start at once, each has to wait for the others. */
  get isStarting(): boolean {
    return this.#isStarting;
  }

  #register(store: Store): void {
    this.#session = store.startSession(this.#options.session, this.#session || undefined);
    if (this.#client) store.describeClient(this.#session, this.#client.name, this.#client.version);
    this.#tidying.start();
  }

  /** @param needed rules go by outcomes: they are written before the next call is decided */
  needsOutcomes(needed: boolean): void {
    this.#records.needsOutcomes(needed);
  }

  /** Remembers for the log who the client says it is. */
  clientIs(name: string, version: string): void {
    this.#client = { name, version };
    this.#connection.quietly((store) => store.describeClient(this.#session, name, version));
  }

  /** Shows others by which policy this wrapper decides since its file changed, or why it keeps the last. */
  policyIs(policy: PolicyState): void {
    this.#connection.quietly((store) => {
      if (store.describePolicy(this.#session, policy) === BUSY) {
        setTimeout(() => this.policyIs(policy), POLICY_AGAIN_MS).unref();
      }
    });
  }

  /**
   * Decides on calls and records it, in one transaction.
   *
   * @throws PolicyWrapError when it cannot be done; nothing was changed
   */
  admit(admissions: readonly Admission[]): Admitted[] | typeof BUSY {
    return this.#deciding((store) => {
      if (!this.#records.writeDue(store)) return BUSY;
      if (!this.#pins.run(store)) return BUSY;
      this.#records.soon();
      const admitted = store.admit(this.#session, admissions);
      if (admitted !== BUSY) this.#tidying.grew(admissions);
      return admitted;
    });
  }

  /**
   * What this machine alone knows that stops calls, whoever decides on them: its own pause, and definitions that have
   * changed.
   *
   * @throws PolicyWrapError where that cannot be told
   */
  stops(admissions: readonly Admission[]): (Stop | undefined)[] | typeof BUSY {
    return this.#deciding((store) =>
      this.#pins.run(store) ? store.stops(this.#options.session.server, admissions) : BUSY,
    );
  }

  /** Decides with the database, opened again where it was lost. Failures are the caller's (G3). */
  #deciding<T>(decide: (store: Store) => T | typeof BUSY): T | typeof BUSY {
    const store = this.#connection.open();
    if (store === BUSY) return BUSY;
    try {
      this.#tidying.used();
      const decided = decide(store);
      if (decided !== BUSY) this.#isStarting = false;
      return decided;
    } catch (error) {
      this.#connection.letGoIfLost(store, error);
      throw error;
    }
  }

  /** Calls of this server of which the store of a team has not heard yet; empty where they cannot be read. */
  unsent(store: string, limit: number): readonly LogEntry[] {
    return this.#connection.quietly((own) => own.unsent(store, this.#options.session.server, limit)) ?? [];
  }

  /** @returns whether it is written down that the store has heard of them; it may hear of them twice */
  sent(calls: readonly LogEntry[]): boolean {
    const written = this.#connection.quietly((own) => own.sent(calls.map(({ auditId }) => auditId)) !== BUSY);
    return written ?? false;
  }

  /**
   * Compares listed tools with what they were when they were first seen; at the latest before the next decision.
   *
   * @param tools of an answer, which may be one page of a list
   * @param ended the kind of which a whole list ends with it
   */
  sawTools(tools: readonly SeenTool[], ended?: PinKind): void {
    this.#pins.add(tools, ended);
    this.#connection.quietly((store) => this.#pins.run(store));
  }

  /**
   * How a definition that the server lists stands to what is trusted. A list does not wait as calls do: others that hold
   * the database only open make it wait for a moment.
   *
   * @throws PolicyWrapError where that cannot be told
   */
  standing(kind: PinKind, name: string, hash: string): Standing {
    return this.#connection.openNow().standing(this.#options.session.server, kind, name, hash);
  }

  /** As `standing`, without waiting. @returns undefined where it cannot be told at this moment */
  standingNow(kind: PinKind, name: string, hash: string): Standing | undefined {
    return this.#connection.quietly((store) =>
      store.standing(this.#options.session.server, kind, name, hash),
    );
  }

  /** @throws PolicyWrapError where nothing can be compared with what is trusted */
  readyToCompare(): void {
    this.#connection.openNow();
  }

  /** @returns what is remembered of a tool; undefined also where it cannot be read */
  pinOf(tool: string): ReturnType<Store['pin']> {
    return this.#connection.quietly((store) => store.pin(this.#options.session.server, 'tool', tool));
  }

  /** @returns names of tools that other servers have; empty where the state cannot be read */
  toolsOfOthers(): ReadonlySet<string> {
    const read = (store: Store) => store.toolsOfOthers(this.#options.session.server, OTHERS_MAX);
    return this.#connection.quietly(read) ?? new Set();
  }

  /** Takes down in the events what a tool's definition says. A record and no more: it is not tried again. */
  suspicious(tool: string, kinds: readonly string[]): void {
    const name = tool.slice(0, EVENT_NAME_CAP);
    this.#connection.quietly((store) => store.toolSuspicious(this.#options.session.server, name, kinds));
  }

  /** Takes down in the events, soon, that the client does not get to see a tool. */
  leftOut(name: string, reason: string): void {
    this.#records.leftOut(name, reason);
  }

  /**
   * Records what became of a forwarded call, soon.
   *
   * @param row as it was admitted
   */
  settle(row: number, outcome: Outcome, latencyMs: number | undefined): void {
    this.#records.settle(row, outcome, latencyMs);
  }

  decide(approvalId: string, state: 'approved' | 'rejected'): Promise<ApprovalEntry | undefined> {
    return this.#people.decide(approvalId, state);
  }

  approvalState(id: string): ApprovalState | undefined {
    return this.#people.approvalState(id);
  }

  approvalNow(id: string): ApprovalState | undefined {
    return this.approvalState(id);
  }

  now(): number {
    return Date.now();
  }

  /** @returns the counters of this server, and those shared with others, that no argument splits; empty where they cannot be read */
  unsplitCounters(): { name: string; used: number; max: number }[] {
    const { server } = this.#options.session;
    const read = (store: Store) => store.counters({ ofServer: server, split: '', observe: false });
    return (this.#connection.quietly(read) ?? []).map(({ name, used, max }) => {
      return { name, used: used.toNumber(), max: max.toNumber() };
    });
  }

  claimNotice(key: string, terms: ClaimTerms): Promise<Claim | undefined> {
    return this.#people.claimNotice(key, terms);
  }

  noticeLost(detail: Readonly<Record<string, unknown>>): void {
    this.#people.noticeLost(detail);
  }

  get asksHere(): boolean {
    return true;
  }

  /** Writes what is still to be written and closes the database. */
  close(): void {
    this.#records.stop();
    this.#tidying.stop();
    this.#pins.stop();
    this.#connection.quietly((store) => {
      this.#records.finish(store);
      store.endSession(this.#session);
    });
    this.#connection.close();
  }
}
