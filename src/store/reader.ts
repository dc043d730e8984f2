import type { Charge } from '../policy/call.js';
import type { Demand } from '../policy/model.js';
import type { ApprovalEntry } from './approval-entry.js';
import type { BudgetEntry } from './budgets.js';
import type { Owner } from './counters/counter-key.js';
import {
  type CounterEntry,
  type CounterFilter,
  counterNames,
  countersAhead,
  type FullestCounters,
  fullestCounters,
  listCounters,
} from './counters/counter-list.js';
import { type CounterCharges, liveCharges } from './counters/live-charges.js';
import type { LogEntry } from './decision-log.js';
import {
  type CallCount,
  countCalls,
  countHours,
  type HourCount,
  type LogFilter,
  readLog,
} from './decision-log-query.js';
import { checkDemands, type DemandCheck } from './demands.js';
import type { EventEntry, EventFilter } from './events.js';
import { type Exceeded, shownOf } from './exceeded.js';
import { Parts } from './parts.js';
import type { PauseEntry } from './pauses.js';
import type { PinEntry, PinKind, PinUpdate, SeenTool, Standing } from './pin-entry.js';
import { listSessions, type SessionEntry } from './sessions.js';
import type { StateFile } from './sqlite/file.js';
import { type Stop, type Stoppable, stopOf } from './stops.js';

/** How a call's charges would fare. */
export interface Peeked {
  /** The charges in order. */
  readonly checks: readonly Peek[];
  readonly fits: boolean;
  /** How what depends on the moment stands at `now`, UTC milliseconds. */
  readonly demands: readonly DemandCheck[];
  readonly now: number;
}

export interface Peek extends Exceeded {
  readonly fits: boolean;
}

/**
 * What has happened, for who only looks: every method reads one snapshot and takes no write lock.
 *
 * @throws PolicyWrapError STATE_UNAVAILABLE or STATE_CORRUPT, from every method, for what a person must mend
 */
export class StoreReader {
  protected readonly parts: Parts;
  readonly #now: () => number;

  /** @param now UTC milliseconds */
  protected constructor(file: StateFile, now: () => number) {
    this.parts = new Parts(file);
    this.#now = now;
  }

  /** What `admit` would find for these charges now; nothing is charged or recorded. */
  peek(owner: Owner, charges: readonly Charge[], demands: readonly Demand[] = []): Peeked {
    const now = this.clock();
    const { checks, held } = this.parts.file.read(() => ({
      checks: this.parts.counters.check(owner, charges, now),
      held: checkDemands(this.parts.calls, owner, demands, now),
    }));
    return {
      checks: checks.map((one) => ({ charge: one.charge, fits: one.fits, ...shownOf(one) })),
      fits: checks.every(({ fits }) => fits),
      demands: held,
      now,
    };
  }

  /** @returns every counter that passes the filter, with what it holds now */
  counters(filter: CounterFilter = {}): CounterEntry[] {
    return this.parts.file.read(() =>
      listCounters(this.parts.file.db, this.parts.pending, filter, this.clock()),
    );
  }

  /** @returns the fullest counters that pass the filter, and how many pass it */
  fullestCounters(filter: CounterFilter, limit: number): FullestCounters {
    return this.parts.file.read(() =>
      fullestCounters(this.parts.file.db, this.parts.pending, filter, this.clock(), limit),
    );
  }

  /** What another store needs to go on counting where this one is. */
  liveCharges(): CounterCharges[] {
    return this.parts.file.read(() => liveCharges(this.parts.file.db, this.parts.pending, this.clock()));
  }

  /** @returns names of counters, at most `limit` */
  counterNames(limit: number): string[] {
    return this.parts.file.read(() => counterNames(this.parts.file.db, limit));
  }

  /** How many counters were charged at a time that has not come yet, and the latest such time, UTC milliseconds. */
  countersAhead(): { readonly count: number; readonly until: number } {
    return this.parts.file.read(() => countersAhead(this.parts.file.db, this.clock()));
  }

  /** How many calls of the log bear a time that has not come yet, and the latest such time, UTC milliseconds. */
  callsAhead(): { readonly count: number; readonly until: number } {
    return this.parts.file.read(() => this.parts.calls.ahead(this.clock()));
  }

  /** @returns the newest rows of the decision log that pass the filter, oldest first */
  log(filter: LogFilter = {}): LogEntry[] {
    return this.parts.file.read(() => readLog(this.parts.file.db, filter));
  }

  /** @returns how often each tool was called since then, and refused. @param since UTC milliseconds, inclusive */
  callCounts(since: number): CallCount[] {
    return this.parts.file.read(() => countCalls(this.parts.file.db, since));
  }

  /** @returns what was decided hour by hour, of a server or of all. @param since UTC milliseconds */
  callsByHour(since: number, server?: string): HourCount[] {
    return this.parts.file.read(() => countHours(this.parts.file.db, since, server));
  }

  /** @returns the newest events, oldest first */
  events(filter: EventFilter = {}): EventEntry[] {
    return this.parts.file.read(() => this.parts.events.read(filter));
  }

  /** @returns every wrapper that is or was running, the latest first */
  sessions(): SessionEntry[] {
    return this.parts.file.read(() => listSessions(this.parts.file.db, this.clock()));
  }

  /** @returns what waits for a person, or with `all` every approval that is kept; oldest first */
  approvals(all = false): ApprovalEntry[] {
    return this.parts.file.read(() =>
      this.parts.approvals.list(this.parts.approvalClock.read(this.clock()), all),
    );
  }

  /** @param id as a person types it: case, spaces and dashes do not matter */
  approval(id: string): ApprovalEntry | undefined {
    return this.parts.file.read(() =>
      this.parts.approvals.get(id, this.parts.approvalClock.read(this.clock())),
    );
  }

  /** @returns budgets that can still serve */
  budgets(): BudgetEntry[] {
    return this.parts.file.read(() => this.parts.budgets.list(this.parts.approvalClock.read(this.clock())));
  }

  /** @returns tools that are not what was first seen, of a server or of all */
  changedTools(server?: string): PinEntry[] {
    return this.parts.file.read(() => this.parts.pins.changed(server));
  }

  /** @returns what a person may trust: what has changed, and what came when its server was known already */
  openPins(server?: string): PinEntry[] {
    return this.parts.file.read(() => this.parts.pins.open(server));
  }

  /**
   * Finds the tools that `Store.noteTools` must write down; takes no write lock.
   *
   * @param tools a whole list, as far as it is known
   * @param by the session that lists them
   * @returns what to note, in parts if there is much of it
   */
  compareTools(server: string, tools: readonly SeenTool[], by?: string): PinUpdate[] {
    const now = this.clock();
    return this.parts.file.read(() => this.parts.pins.compare(server, tools, by, now));
  }

  /** @returns names of tools that other servers were seen to have, at most `limit` */
  toolsOfOthers(server: string, limit: number): Set<string> {
    return this.parts.file.read(() => this.parts.pins.toolsOfOthers(server, limit));
  }

  /** @param hash digest of the definition that is listed. @returns how it stands to what is trusted */
  standing(server: string, kind: PinKind, name: string, hash: string): Standing {
    const now = this.clock();
    return this.parts.file.read(() => this.parts.pins.standing(server, kind, name, hash, now));
  }

  /** @returns what is remembered of a tool or another part of a server, with the digest of what is trusted */
  pin(server: string, kind: PinKind, name: string): (PinEntry & { readonly hash: string }) | undefined {
    return this.parts.file.read(() => this.parts.pins.get(server, kind, name));
  }

  /** @returns the remembered tools of a server, or of all */
  pins(server?: string): PinEntry[] {
    return this.parts.file.read(() => this.parts.pins.list(server));
  }

  /** What this machine alone knows that stops calls: one answer each, undefined where nothing does. */
  stops(server: string, calls: readonly Stoppable[]): (Stop | undefined)[] {
    const now = this.clock();
    return this.parts.file.read(() => {
      const pause = this.parts.pauses.of(server);
      return calls.map((call) => stopOf(this.parts, server, call, pause, now));
    });
  }

  /** Calls of which the store of a team has not heard yet, the oldest first. */
  unsent(store: string, server: string, limit: number): LogEntry[] {
    const now = this.clock();
    return this.parts.file.read(() => this.parts.unsent.list(store, server, now, limit));
  }

  pauses(): PauseEntry[] {
    return this.parts.file.read(() => this.parts.pauses.list());
  }

  /** Differs once another process has written; undefined where the file is gone or was replaced and must be opened again. */
  get version(): number | undefined {
    return this.parts.file.version;
  }

  close(): void {
    this.parts.file.close();
  }

  /** UTC milliseconds. A transaction reads it once, while it holds the lock, so that rows are in the order of their times. */
  protected clock(): number {
    const now = this.#now();
    if (!Number.isSafeInteger(now)) throw new RangeError(`the clock says ${now}`);
    return now;
  }
}
