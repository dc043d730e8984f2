import type { Charge } from '../policy/call.js';
import type { Demand } from '../policy/model.js';
import type { Admission, Admitted } from './admission.js';
import type { ApprovalEntry, Decided } from './approval-entry.js';
import type { BudgetEntry, BudgetTerms } from './budgets.js';
import type { Owner } from './counters/counter-key.js';
import type { CounterEntry, CounterFilter, FullestCounters } from './counters/counter-list.js';
import type { CounterCharges } from './counters/live-charges.js';
import type { LogEntry, Outcome, Settlement } from './decision-log.js';
import type { LogFilter } from './decision-log-query.js';
import type { EventEntry, EventFilter } from './events.js';
import type { PauseEntry } from './pauses.js';
import type { Peeked } from './reader.js';
import type { PolicyState, SessionEntry, SessionInfo } from './sessions.js';

/** Who did something, by the engine: the login cannot be forged, the host is what its machine says. */
export interface Origin {
  readonly who: string;
  readonly host: string;
}

/** What a login may do in a team. */
export type Role = 'wrapper' | 'approver' | 'auditor' | 'owner';

/** A call as a shared store decides on it. */
export interface SharedAdmission extends Admission {
  /**
   * What this machine alone knows refuses it, and the shared store only records that: a pinned definition that has
   * changed, or a pause of this machine. `pinned` is not looked at.
   */
  readonly stopped?: { readonly code: 'CHANGED' | 'PAUSED'; readonly why?: string | undefined } | undefined;
}

/** The answer to one exchange. */
export interface Exchanged {
  /** One for each admission, in order. Rows, instants and approvals are the engine's. */
  readonly admitted: Admitted[];
  /** The engine's time of the decision, UTC milliseconds: refusals count their waiting time from it. */
  readonly now: number;
}

/** A narrowing of what a team has to one's own. */
export interface Mine {
  /** Only rows of this login and host. */
  readonly mine?: boolean | undefined;
}

export type SharedLogEntry = LogEntry & Origin;
export type SharedApproval = ApprovalEntry & Origin & { readonly decidedWho: string | undefined };
export type SharedSession = SessionEntry & Origin;
export type SharedEvent = EventEntry & { readonly host: string; readonly by: string };
export type SharedPause = PauseEntry & { readonly who: string };

/** What of a team's history is missing: calls that machines were told of, and that it no longer has. */
export interface History {
  /** The newest call that it has, UTC milliseconds by its clock; undefined without any. */
  readonly newest: number | undefined;
  /** This machine misses something; `knew` is when it was told of it. */
  readonly lost: { readonly knew: number | undefined } | undefined;
  /** Others that have said so. */
  readonly others: readonly (Origin & { readonly at: number; readonly knew: number | undefined })[];
}

/** How a member stands in the team. */
export interface Member {
  readonly login: string;
  readonly roles: readonly Role[];
}

/** One thing that `store check` and `doctor` look at. */
export interface StoreFinding {
  readonly about:
    | 'reach'
    | 'version'
    | 'roles'
    | 'tls'
    | 'fsync'
    | 'commit'
    | 'standbys'
    | 'clock'
    | 'latency'
    | 'history'
    | 'locks';
  readonly level: 'ok' | 'warning' | 'error';
  /** One sentence. */
  readonly text: string;
  /** What to do about it, in the imperative. */
  readonly hint?: string | undefined;
}

/**
 * What has happened, on an engine that a team shares (docs/team.md). The counterpart of `Store`; everything answers
 * later, and every instant is by the engine's clock.
 *
 * Every method throws PolicyWrapError STATE_UNAVAILABLE where the engine cannot be reached in time, or its answer was
 * lost: then the call is refused, and whatever may have been charged is given back before the next exchange is decided
 * (G3, G5). REFUSED is thrown for what the login may not do.
 */
export interface SharedStore extends SharedReader, SharedChanges {
  /** `billing` of `?team=billing`. */
  readonly team: string;
  /** Where it is, for people, without a password: `postgres://alice@db.example/app?team=billing`. */
  readonly shown: string;

  /** Registers a wrapper together with the next exchange. @returns the session's id */
  startSession(info: SessionInfo, id?: string): string;
  describeClient(session: string, name: string, version: string): void;
  describePolicy(session: string, policy: PolicyState): void;

  /**
   * Settles and decides, in one transaction and one round trip; exchanges go one after the other, in the order of their
   * calls. Without admissions it settles, and is a sign of life.
   */
  exchange(
    session: string,
    settlements: readonly Settlement[],
    admissions: readonly SharedAdmission[],
  ): Promise<Exchanged>;

  /** Ends a session, with its last outcomes, and never throws: at the end nobody can mend anything. */
  endSession(session: string, settlements: readonly Settlement[]): Promise<void>;

  /**
   * The engine's time as far as it is known: that of its last answer and what has passed since. UTC milliseconds;
   * undefined before the first answer.
   */
  now(): number | undefined;

  /** Since when the engine has not answered, by this machine's clock, UTC milliseconds, and why; undefined while it does. */
  readonly trouble: { readonly since: number; readonly reason: string } | undefined;

  /** Asks for the engine's time and the login's roles, where they are not known yet. */
  hello(): Promise<{ readonly now: number; readonly roles: readonly Role[] }>;

  /** What the login may do, once the engine has answered. */
  readonly roles: readonly Role[] | undefined;

  /**
   * Takes down calls that passed while the engine could not be reached, without charges: each once for this machine and
   * row, as `allow` with the code UNCOUNTED and the time that this machine gave them.
   */
  recordOffline(session: string, rows: readonly OfflineRow[]): Promise<void>;

  /** Removes what is too old, where no other member does so now. @returns whether there may be more */
  tidy(): Promise<boolean>;

  close(): Promise<void>;
}

/** Reads; a wrapper's login sees counters, pauses, sessions, and approvals and rows of its own alone. */
export interface SharedReader {
  /** What `exchange` would find for these charges now; nothing is charged or recorded. */
  peek(owner: Owner, charges: readonly Charge[], demands?: readonly Demand[]): Promise<Peeked>;
  counters(filter?: CounterFilter): Promise<CounterEntry[]>;
  fullestCounters(filter: CounterFilter, limit: number): Promise<FullestCounters>;
  counterNames(limit: number): Promise<string[]>;
  /** @returns the newest rows that pass the filter, oldest first */
  log(filter?: LogFilter & Mine): Promise<SharedLogEntry[]>;
  events(filter?: EventFilter): Promise<SharedEvent[]>;
  sessions(filter?: Mine): Promise<SharedSession[]>;
  approvals(all?: boolean, filter?: Mine): Promise<SharedApproval[]>;
  approval(id: string): Promise<SharedApproval | undefined>;
  budgets(): Promise<BudgetEntry[]>;
  pauses(): Promise<SharedPause[]>;
  members(): Promise<Member[]>;
  history(): Promise<History>;
  /**
   * Looks at what the login may do, before a person is asked anything.
   *
   * @param any roles of which one is enough
   * @throws PolicyWrapError REFUSED without any of them
   */
  needRole(...any: readonly Role[]): Promise<void>;
  check(): Promise<StoreFinding[]>;
}

/** What people change; the engine checks the role and writes down who did it. */
export interface SharedChanges {
  /** As `Store.decideApproval`; needs the approver's role but for rejecting what one's own wrappers ask. */
  decideApproval(
    id: string,
    state: 'approved' | 'rejected' | 'expired',
    by: string,
    details?: { readonly note?: string | undefined; readonly budget?: BudgetTerms | undefined },
  ): Promise<Decided>;
  /** Approver. */
  revokeBudget(id: string, by: string): Promise<boolean>;
  /** Any member may stop the team, or a server on all its machines. */
  pause(server: string | undefined, note: string | undefined, by: string): Promise<void>;
  /** Approver. @returns how many pauses were lifted */
  resume(server: string | undefined, by: string): Promise<number>;
  /** Owner. @returns what they held */
  resetCounter(
    name: string,
    filter: Omit<CounterFilter, 'name'>,
    by: string,
    limit?: number,
  ): Promise<CounterEntry[]>;
  /** Owner. Copies live charges of a machine's own counters with their times. @returns how many were taken over */
  importCharges(counters: readonly CounterCharges[], by: string): Promise<number>;
  /** Owner. A login gets a role, or loses it. */
  grant(login: string, role: Role): Promise<void>;
  revoke(login: string, role: Role): Promise<void>;
  /**
   * Owner. Takes the engine's present history for the right one, after a restored backup or a lossy failover.
   *
   * @returns false, and nothing was changed, where no machine misses anything
   */
  acceptHistory(by: string): Promise<boolean>;
}

/** A call that passed without the engine. */
export interface OfflineRow {
  /** The row in the local log. */
  readonly id: number;
  /** UTC milliseconds by this machine's clock. */
  readonly at: number;
  readonly tool: string;
  readonly argumentsText: string;
  readonly policyHash: string | undefined;
  readonly rule: string | undefined;
  readonly outcome: Outcome | undefined;
  readonly latencyMs: number | undefined;
}

/** Where a shared store is, and as whom; made from `--store` and its environment, every field stated. */
export interface StoreAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly team: string;
  /** `verify-full` unless the host is this machine. */
  readonly tls: 'verify-full' | 'off';
  /** A file of certificates (PEM) to trust in the place of the system's. */
  readonly ca?: string | undefined;
}
