import type { Charge } from '../policy/call.js';
import {
  type Admission,
  Admissions,
  type Admitted,
  type Exceeded,
  firstExceeded,
  shownOf,
} from './admission.js';
import { ApprovalClock } from './approval-clock.js';
import {
  type ApprovalEntry,
  type ApprovalState,
  Approvals,
  type ApprovalTerms,
  type Decided,
} from './approvals.js';
import { type BudgetEntry, Budgets, type BudgetTerms } from './budgets.js';
import type { Owner } from './counters/counter-key.js';
import {
  type CounterEntry,
  type CounterFilter,
  checkCounters,
  counterNames,
  countersAhead,
  type FullestCounters,
  fullestCounters,
  listCounters,
  resetCounters,
  setBackCounters,
} from './counters/counter-list.js';
import { Counters, type LimitCheck } from './counters/counters.js';
import { PendingCharges } from './counters/pending-charges.js';
import { DecisionLog, type Outcome, refundsOn, type Settlement } from './decision-log.js';
import { type LogEntry, type LogFilter, readLog } from './decision-log-query.js';
import { type EventEntry, type EventFilter, Events } from './events.js';
import { Maintenance, RETENTION, type Retention } from './maintenance.js';
import { type PauseEntry, Pauses } from './pauses.js';
import { type PinEntry, Pins, type SeenTool, type Sight } from './pins.js';
import { type PolicyState, type SessionEntry, type SessionInfo, Sessions } from './sessions.js';
import { isPassing, LOCKED_HINT } from './sqlite/faults.js';
import { BUSY, StateFile } from './sqlite/file.js';
import type { FileOptions } from './sqlite/open.js';

export type {
  Admission,
  Admitted,
  ApprovalEntry,
  ApprovalState,
  ApprovalTerms,
  BudgetEntry,
  BudgetTerms,
  CounterEntry,
  CounterFilter,
  Decided,
  EventEntry,
  EventFilter,
  Exceeded,
  FullestCounters,
  LimitCheck as Standing,
  LogEntry,
  LogFilter,
  Outcome,
  Owner,
  PauseEntry,
  PinEntry,
  PolicyState,
  Retention,
  SeenTool,
  SessionEntry,
  SessionInfo,
  Settlement,
  Sight,
};
// The shapes that callers exchange with the store; each is declared beside the code that owns it.
export { BUSY, firstExceeded as firstFull, isPassing, LOCKED_HINT };

export interface StoreOptions extends FileOptions {
  /** UTC milliseconds; the machine's clock when absent. */
  readonly now?: (() => number) | undefined;
  readonly retention?: Partial<Retention> | undefined;
}

/** What a call's charges would meet. */
export interface Peeked {
  /** The charges in order. */
  readonly checks: readonly Peek[];
  readonly fits: boolean;
}

export interface Peek extends Exceeded {
  readonly fits: boolean;
}

/**
 * What has happened, in one SQLite file that every wrapper on the machine shares (DESIGN section 8). Synchronous.
 *
 * Every method that touches the file throws PolicyWrapError STATE_UNAVAILABLE or STATE_CORRUPT for what a person must
 * mend, and then has changed nothing (G3). BUSY is returned instead of thrown: nothing was changed, ask again.
 */
export class Store {
  readonly #file: StateFile;
  readonly #now: () => number;
  readonly #sessions: Sessions;
  readonly #pending: PendingCharges;
  readonly #counters: Counters;
  readonly #log: DecisionLog;
  readonly #events: Events;
  readonly #approvals: Approvals;
  readonly #approvalClock: ApprovalClock;
  readonly #budgets: Budgets;
  readonly #pins: Pins;
  readonly #pauses: Pauses;
  readonly #admissions: Admissions;
  readonly #maintenance: Maintenance;

  /** For `Store.open`, and for tests that put limits on the file's connection. */
  constructor(file: StateFile, options: Pick<StoreOptions, 'now' | 'retention'> = {}) {
    const { db } = file;
    this.#file = file;
    this.#now = options.now ?? Date.now;
    this.#sessions = new Sessions(db);
    this.#pending = new PendingCharges(db, file.generation);
    this.#counters = new Counters(db, this.#pending, file.generation);
    this.#log = new DecisionLog(db, this.#pending);
    this.#events = new Events(db);
    this.#approvals = new Approvals(db, this.#events);
    this.#approvalClock = new ApprovalClock(db, this.#events);
    this.#budgets = new Budgets(db, this.#events);
    this.#pins = new Pins(db, this.#events);
    this.#pauses = new Pauses(db, this.#events, file.generation);
    this.#admissions = new Admissions({
      counters: this.#counters,
      log: this.#log,
      approvals: this.#approvals,
      approvalClock: this.#approvalClock,
      budgets: this.#budgets,
      pins: this.#pins,
      pauses: this.#pauses,
    });
    const retention = { ...RETENTION, ...options.retention };
    this.#maintenance = new Maintenance(
      file,
      this.#pending,
      this.#sessions,
      this.#approvals,
      this.#approvalClock,
      this.#budgets,
      retention,
    );
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
   * Registers a wrapper for others to see; where the database is locked, with the next thing that is written.
   *
   * @param id of a session that goes on after its database was closed; without it a random one
   * @returns the id
   */
  startSession(info: SessionInfo, id?: string): string {
    const session = this.#sessions.start(info, this.#clock(), id);
    const { session: uid } = session.owner;
    try {
      this.#write((now) => this.#sessions.touch(session, now));
    } catch (error) {
      this.#sessions.drop(uid);
      throw error;
    }
    return uid;
  }

  /** Records who the client says it is; now, or with the next thing that is written. */
  describeClient(session: string, name: string, version: string): void {
    const known = this.#sessions.get(session);
    this.#sessions.describe(known, name, version);
    this.#write((now) => this.#sessions.touch(known, now));
  }

  /** Records by which policy a session decides since its file changed, or why it does not. */
  describePolicy(session: string, policy: PolicyState): undefined | typeof BUSY {
    const known = this.#sessions.get(session);
    return this.#write((now) => {
      this.#sessions.policyIs(known, policy, now);
      return undefined;
    });
  }

  /** Where the database is locked the row stays open; others see by the process that it has ended. */
  endSession(session: string): void {
    const known = this.#sessions.get(session);
    this.#sessions.drop(session);
    this.#write((now) => this.#sessions.end(known, now));
  }

  /**
   * Decides on calls that came together, in their order, in one transaction: what the limits say is looked up,
   * charged and recorded, or recorded as refused (G1, G4, G5).
   *
   * @returns one answer a call, committed
   */
  admit(session: string, admissions: readonly Admission[]): Admitted[] | typeof BUSY {
    const known = this.#sessions.get(session);
    return this.#write((now) => {
      const row = this.#sessions.touch(known, now);
      return this.#admissions.decideAll(known.owner, row, admissions, now);
    }, true);
  }

  /** The file's log was deleted or replaced: this object must be closed, and another opened. */
  get isLost(): boolean {
    return this.#file.isLost;
  }

  /** Must follow `admit` within a moment when no other call does. */
  rest(): void {
    this.#file.rest();
  }

  /**
   * Records what became of forwarded calls, each once, and gives back what the policy says is given back: the call's
   * own charges and no others. Works for calls of an earlier process too.
   */
  settle(settlements: readonly Settlement[]): undefined | typeof BUSY {
    return this.#write(() => {
      for (const settlement of settlements) {
        for (let row = settlement.first; row <= settlement.last; ) {
          const end = this.#log.settleRun(row, settlement);
          if (end === row) this.#settleOne(row++, settlement);
          else row = end;
        }
      }
      return undefined;
    });
  }

  /** What `admit` would find for these charges now; nothing is charged or recorded. */
  peek(owner: Owner, charges: readonly Charge[]): Peeked {
    const now = this.#clock();
    const checks = this.#file.read(() => this.#counters.check(owner, charges, now));
    return {
      checks: checks.map((one) => ({ charge: one.charge, fits: one.fits, ...shownOf(one) })),
      fits: checks.every(({ fits }) => fits),
    };
  }

  /** @returns every counter that passes the filter, with what it holds now */
  counters(filter: CounterFilter = {}): CounterEntry[] {
    return this.#file.read(() => listCounters(this.#file.db, this.#pending, filter, this.#clock()));
  }

  /** @returns the fullest counters that pass the filter, and how many pass it */
  fullestCounters(filter: CounterFilter, limit: number): FullestCounters {
    return this.#file.read(() => fullestCounters(this.#file.db, this.#pending, filter, this.#clock(), limit));
  }

  /** @returns names of counters, at most `limit` */
  counterNames(limit: number): string[] {
    return this.#file.read(() => counterNames(this.#file.db, limit));
  }

  /**
   * Empties counters and says so in the events.
   *
   * @param who `cli` or another channel
   * @param limit at most so many at once: a limit that is split may have any number, and others wait meanwhile
   * @returns what they held
   */
  resetCounter(
    name: string,
    filter: Omit<CounterFilter, 'name'>,
    who: string,
    limit?: number,
  ): CounterEntry[] | typeof BUSY {
    return this.#write((now) => {
      const entries = resetCounters(this.#file.db, this.#pending, { ...filter, name }, now, limit);
      this.#file.generation.current += 1;
      for (const { server, grant, split, used, max, observe } of entries)
        this.#events.write(now, who, 'counter.reset', { name, server, grant, split, used, max, observe });
      return entries;
    });
  }

  /** How many counters were charged at a time that has not come yet, and the latest such time, UTC milliseconds. */
  countersAhead(): { readonly count: number; readonly until: number } {
    return this.#file.read(() => countersAhead(this.#file.db, this.#clock()));
  }

  /**
   * Sets counters that are ahead of the clock back to it, some at a time: what they hold counts as charged now.
   *
   * @returns what they hold; empty when none was left
   */
  resetClock(who: string, count: number): CounterEntry[] | typeof BUSY {
    return this.#write((now) => {
      const entries = setBackCounters(this.#file.db, this.#pending, now, count);
      this.#file.generation.current += 1;
      if (entries.length > 0) this.#events.write(now, who, 'clock.reset', { counters: entries.length });
      return entries;
    });
  }

  /** @returns the newest rows of the decision log that pass the filter, oldest first */
  log(filter: LogFilter = {}): LogEntry[] {
    return this.#file.read(() => readLog(this.#file.db, filter));
  }

  /** @returns the newest events, oldest first */
  events(filter: EventFilter = {}): EventEntry[] {
    return this.#file.read(() => this.#events.read(filter));
  }

  /** @returns every wrapper that is or was running, the latest first */
  sessions(): SessionEntry[] {
    return this.#file.read(() => this.#sessions.list(this.#clock()));
  }

  /** @returns what waits for a person, or with `all` every approval that is kept; oldest first */
  approvals(all = false): ApprovalEntry[] {
    return this.#file.read(() => this.#approvals.list(this.#approvalClock.read(this.#clock()), all));
  }

  /** @param id as a person types it: case, spaces and dashes do not matter */
  approval(id: string): ApprovalEntry | undefined {
    return this.#file.read(() => this.#approvals.get(id, this.#approvalClock.read(this.#clock())));
  }

  /**
   * Takes down what a person said, once, while they are waited for.
   *
   * @param state `expired` withdraws the question
   * @param by the channel: `cli` or `client`
   * @param budget further calls that are granted together with an approval
   */
  decideApproval(
    id: string,
    state: 'approved' | 'rejected' | 'expired',
    by: string,
    { note, budget }: { readonly note?: string | undefined; readonly budget?: BudgetTerms | undefined } = {},
  ): Decided | typeof BUSY {
    return this.#write((clock) => {
      const now = this.#approvalClock.advance(clock);
      const decided = this.#approvals.decide(id, state, by, note, now);
      if (decided.kind === 'done' && state === 'approved' && budget)
        this.#budgets.make(decided.approval, budget, by, now);
      return decided;
    });
  }

  /** @returns budgets that can still serve */
  budgets(): BudgetEntry[] {
    return this.#file.read(() => this.#budgets.list(this.#approvalClock.read(this.#clock())));
  }

  /** @returns whether there was one */
  revokeBudget(id: string, by: string): boolean | typeof BUSY {
    return this.#write((now) => this.#budgets.revoke(id, by, now));
  }

  /**
   * Remembers what a server's tools look like.
   *
   * @returns the tools that differ from what was first seen, if that is news
   */
  seeTools(server: string, tools: readonly SeenTool[]): PinEntry[] | typeof BUSY {
    const sights = this.compareTools(server, tools);
    return sights.length === 0 ? [] : this.noteTools(server, sights);
  }

  /**
   * The first half of `seeTools`: takes no lock.
   *
   * @param tools a whole list, as far as it is known
   * @returns what is to be noted, in parts that hold the lock for a moment each
   */
  compareTools(server: string, tools: readonly SeenTool[]): Sight[] {
    return this.#file.read(() => this.#pins.compare(server, tools));
  }

  /** The second half. @returns the tools that differ from what was first seen, if that is news */
  noteTools(server: string, sights: readonly Sight[]): PinEntry[] | typeof BUSY {
    return this.#write((now) => this.#pins.see(server, sights, now));
  }

  /** @returns tools that are not what was first seen, at most `limit`, of a server or of all */
  changedTools(server?: string, limit?: number): PinEntry[] {
    return this.#file.read(() => this.#pins.changed(server, limit));
  }

  /** Takes down in the events which tools a client does not get to see because they could be read in two ways. */
  toolsLeftOut(
    server: string,
    tools: readonly { readonly name: string; readonly reason: string }[],
  ): undefined | typeof BUSY {
    return this.#write((now) => {
      for (const { name, reason } of tools)
        this.#events.write(now, 'wrapper', 'tool.left_out', { server, tool: name, reason });
      return undefined;
    });
  }

  /** @returns the remembered tools of a server, or of all */
  pins(server?: string): PinEntry[] {
    return this.#file.read(() => this.#pins.list(server));
  }

  /** Takes changed definitions for the right ones. @returns which */
  trustTools(server: string, tool: string | undefined, who: string): PinEntry[] | typeof BUSY {
    return this.#write((now) => this.#pins.trust(server, tool, who, now));
  }

  /** Stops every call of a server, or of all. */
  pause(server: string | undefined, note: string | undefined, who: string): undefined | typeof BUSY {
    return this.#write((now) => {
      this.#pauses.pause(server, note, who, now);
      return undefined;
    });
  }

  /** @returns how many pauses were lifted */
  resume(server: string | undefined, who: string): number | typeof BUSY {
    return this.#write((now) => this.#pauses.resume(server, who, now));
  }

  pauses(): PauseEntry[] {
    return this.#file.read(() => this.#pauses.list());
  }

  /**
   * Signs of life, retention, expired counters, the write-ahead log: to be called now and then when nothing else is to
   * be done, and under load as often as the log grows. Each step holds the lock for about a millisecond.
   *
   * @param budgetMs no step begins after so long, but one is always made; the next run goes on there
   * @param isQuiet false while calls keep coming: then the write-ahead log is left to SQLite, which bounds it too
   * @returns whether all was done
   */
  maintain(budgetMs: number, isQuiet = true): boolean {
    return this.#maintenance.run(budgetMs, (step) => this.#write(step), isQuiet);
  }

  /** Reads the whole file. @returns what is wrong with it, a sentence each; takes a second for a million rows */
  check(): string[] {
    return this.#file.read(() => {
      const { db } = this.#file;
      const damage = db
        .prepare('PRAGMA quick_check')
        .all()
        .map((row) => String(Object.values(row)[0]));
      return [...damage.filter((line) => line !== 'ok'), ...checkCounters(db)];
    });
  }

  close(): void {
    this.#file.close();
  }

  #settleOne(row: number, { outcome, latencyMs }: Settlement): void {
    const taken = this.#log.settle(row, outcome, latencyMs);
    this.#counters.giveBack(row, taken, refundsOn(outcome));
  }

  #write<T>(work: (now: number) => T, keeps = false): T | typeof BUSY {
    const result = this.#file.write(
      () => work(this.#clock()),
      () => {
        this.#sessions.forget();
        this.#pending.forget();
        this.#counters.forget();
        this.#log.forget();
      },
      keeps,
    );
    if (result !== BUSY) this.#sessions.committed();
    return result;
  }

  /** One instant for a transaction, read while it holds the lock, so that rows are in the order of their times. */
  #clock(): number {
    const now = this.#now();
    if (!Number.isSafeInteger(now)) throw new RangeError(`the clock says ${now}`);
    return now;
  }
}
