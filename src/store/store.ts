/**
 * What has happened: counters, decisions, approvals, pins, pauses and sessions, in one SQLite file.
 * Imports policy (types, windows), json, text and errors; only `sqlite/` knows the drivers.
 * Never here: timers, retries, the wire, or what a policy means.
 */
import { type Admission, Admissions, type Admitted } from './admission.js';
import { StoreControls } from './controls.js';
import { refundsOn, type Settlement } from './decision-log.js';
import { askingDemand, DEMAND_CODES, refusingDemand } from './demands.js';
import { firstExceeded, within } from './exceeded.js';
import { Maintenance, RETENTION, type Retention } from './maintenance.js';
import { type Claim, type ClaimTerms, Notices } from './notices.js';
import {
  type PinEntry,
  type PinObserver,
  type PinUpdate,
  pinName,
  pinnedKeys,
  type SeenTool,
} from './pin-entry.js';
import type { PolicyState, SessionInfo } from './sessions.js';
import { isPassing, LOCKED_HINT } from './sqlite/faults.js';
import { BUSY, StateFile } from './sqlite/file.js';
import type { FileOptions } from './sqlite/open.js';

// The types that callers exchange with the store; each is declared where it belongs.
export type { Admission, Admitted } from './admission.js';
export type { ApprovalEntry, ApprovalState, ApprovalTerms } from './approval-entry.js';
export type { BudgetEntry, BudgetTerms } from './budgets.js';
export type { CounterEntry, CounterFilter } from './counters/counter-list.js';
export type { LogEntry, Outcome, Settlement } from './decision-log.js';
export type { LogFilter } from './decision-log-query.js';
export type { Unmet } from './demands.js';
export type { EventEntry } from './events.js';
export type { Exceeded } from './exceeded.js';
export type { Retention } from './maintenance.js';
export type { Claim, ClaimTerms } from './notices.js';
export type { PauseEntry } from './pauses.js';
export type { PinEntry, PinKind, PinObserver, PinUpdate, SeenTool, Standing } from './pin-entry.js';
export type { PinTerms } from './pins.js';
export type { Peek, Peeked } from './reader.js';
export type { PolicyState, SessionEntry, SessionInfo } from './sessions.js';
export type { Stop } from './stops.js';
export type { Filled } from './warnings.js';
export {
  askingDemand,
  BUSY,
  DEMAND_CODES,
  firstExceeded,
  isPassing,
  LOCKED_HINT,
  pinName,
  pinnedKeys,
  refusingDemand,
  within,
};

export interface StoreOptions extends FileOptions {
  /** UTC milliseconds; the machine's clock when absent. */
  readonly now?: (() => number) | undefined;
  readonly retention?: Partial<Retention> | undefined;
}

/**
 * What has happened, in one SQLite file that every wrapper on the machine shares (docs/architecture.md, "The state
 * file"). Synchronous.
 *
 * Every method that touches the file throws PolicyWrapError STATE_UNAVAILABLE or STATE_CORRUPT for what a person must
 * mend, and then has changed nothing (G3). BUSY is returned instead of thrown: nothing was changed, ask again.
 */
export class Store extends StoreControls {
  readonly #admissions: Admissions;
  readonly #maintenance: Maintenance;
  /** Made when something is told. */
  #notices: Notices | undefined;

  /** Called by `Store.open`, and by tests that put limits on the file's connection. */
  constructor(file: StateFile, options: Pick<StoreOptions, 'now' | 'retention'> = {}) {
    super(file, options.now ?? Date.now);
    this.#admissions = new Admissions(this.parts);
    this.#maintenance = new Maintenance(this.parts, { ...RETENTION, ...options.retention });
  }

  /**
   * @param path a file, made when it is missing; `:memory:` for one that ends with this object
   * @throws PolicyWrapError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_NEWER, or NOT_FOUND under `mustExist`
   */
  static open(path: string, options: StoreOptions = {}): Store {
    const file = StateFile.open(path, options);
    try {
      return new Store(file, options);
    } catch (error) {
      file.close();
      throw file.errorOf(error);
    }
  }

  /**
   * Registers a wrapper for others to see; while the database is locked, together with the next write.
   *
   * @param id to continue a session whose database was closed; a random one when absent
   * @returns the id
   */
  startSession(info: SessionInfo, id?: string): string {
    const session = this.parts.sessions.start(info, this.clock(), id);
    const { session: uid } = session.owner;
    try {
      this.write((now) => this.parts.sessions.touch(session, now));
    } catch (error) {
      this.parts.sessions.drop(uid);
      throw error;
    }
    return uid;
  }

  /** Records who the client says it is, now or together with the next write. */
  describeClient(session: string, name: string, version: string): void {
    const known = this.parts.sessions.get(session);
    this.parts.sessions.describe(known, name, version);
    this.write((now) => this.parts.sessions.touch(known, now));
  }

  /** Records which policy a session uses since its file changed, or why the changed file was not taken. */
  describePolicy(session: string, policy: PolicyState): undefined | typeof BUSY {
    const known = this.parts.sessions.get(session);
    return this.write((now) => {
      this.parts.sessions.setPolicy(known, policy, now);
      return undefined;
    });
  }

  /** While the database is locked the row stays open; others see that the process has ended. */
  endSession(session: string): void {
    const known = this.parts.sessions.get(session);
    this.parts.sessions.drop(session);
    this.write((now) => this.parts.sessions.end(known, now));
  }

  /**
   * Decides on calls that arrived together, in order, in one transaction: each is charged and recorded, or recorded as
   * refused (G1, G4, G5).
   *
   * @returns one committed answer for each call
   */
  admit(session: string, admissions: readonly Admission[]): Admitted[] | typeof BUSY {
    const known = this.parts.sessions.get(session);
    return this.write((now) => {
      const row = this.parts.sessions.touch(known, now);
      return this.#admissions.decideAll(known.owner, row, admissions, now);
    }, true);
  }

  /** The file's log was deleted or replaced: this object must be closed, and another opened. */
  get isLost(): boolean {
    return this.parts.file.isLost;
  }

  /** Ends what `admit` keeps for a next call; to be called within a moment when none comes. */
  rest(): void {
    this.parts.file.rest();
  }

  /**
   * Records the outcome of forwarded calls, each once, and gives back the charges that the policy refunds, and no others.
   * Also works for calls of an earlier process.
   */
  settle(settlements: readonly Settlement[]): undefined | typeof BUSY {
    return this.write(() => {
      for (const settlement of settlements)
        for (const [row, charges] of this.parts.log.settle(settlement))
          this.parts.counters.giveBack(row, charges, refundsOn(settlement.outcome));
      return undefined;
    });
  }

  /** The store of a team has heard of these calls. @param decisions their audit ids */
  sent(decisions: readonly string[]): undefined | typeof BUSY {
    return this.write(() => {
      this.parts.unsent.remove(decisions);
      return undefined;
    });
  }

  /**
   * Remembers what a server's tools look like.
   *
   * @returns the tools whose change was not known yet
   */
  seeTools(server: string, tools: readonly SeenTool[], observer?: PinObserver): PinEntry[] | typeof BUSY {
    const updates = this.compareTools(server, tools, observer?.by);
    return updates.length === 0 ? [] : this.noteTools(server, updates, observer);
  }

  /** Writes down what `compareTools` has found. @returns those whose change, or late coming, was not known yet */
  noteTools(server: string, updates: readonly PinUpdate[], observer?: PinObserver): PinEntry[] | typeof BUSY {
    return this.write((now) => this.parts.pins.see(server, updates, now, observer));
  }

  /** Records in the events what a tool's definition says, once for each time that it says something else. */
  toolSuspicious(server: string, tool: string, kinds: readonly string[]): undefined | typeof BUSY {
    return this.write((now) => {
      this.parts.events.writeOnce(now, 'wrapper', 'tool.suspicious', { server, tool, kinds });
      return undefined;
    });
  }

  /** Records in the events which tools are kept from clients because they could be read in two ways. */
  toolsLeftOut(
    server: string,
    tools: readonly { readonly name: string; readonly reason: string }[],
  ): undefined | typeof BUSY {
    return this.write((now) => {
      for (const { name, reason } of tools)
        this.parts.events.write(now, 'wrapper', 'tool.left_out', { server, tool: name, reason });
      return undefined;
    });
  }

  /** Asks whether this wrapper is to tell people something that others may have seen too. */
  claimNotice(key: string, terms: ClaimTerms): Claim | typeof BUSY {
    this.#notices ??= new Notices(this.parts.file.db);
    const notices = this.#notices;
    return this.write((now) => notices.claim(key, terms, now));
  }

  /** Records in the events that a person was not told. */
  noticeLost(detail: Readonly<Record<string, unknown>>): undefined | typeof BUSY {
    return this.write((now) => {
      this.parts.events.write(now, 'wrapper', 'notice.lost', detail);
      return undefined;
    });
  }

  /**
   * Heartbeats, retention, expired counters, the write-ahead log. Call it when idle, and under load as the log grows.
   * Each step holds the lock for about a millisecond.
   *
   * @param budgetMs no step begins later than this, but one always runs; the next run continues there
   * @param isQuiet false while calls keep coming: the write-ahead log is then left to SQLite, which bounds it too
   * @returns whether everything was done
   */
  maintain(budgetMs: number, isQuiet = true): boolean {
    return this.#maintenance.run(budgetMs, (step) => this.write(step), isQuiet);
  }
}
