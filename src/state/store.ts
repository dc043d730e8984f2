import type { Decimal } from '../policy/decimal.js';
import type { Charge, Evaluation, RefusalCode } from '../policy/decision.js';
import { toDecimal } from './amount.js';
import { DecisionLog, type Entry, idOf, type LogEntry, type LogFilter, refundsOn } from './audit.js';
import { Counters, type Standing } from './counters.js';
import { BUSY, type FileOptions, StateFile } from './file.js';
import { type Session, type SessionEntry, Sessions } from './sessions.js';

export { BUSY };

/** Who is asking: one wrapper process between its start and its end. */
export interface SessionInfo {
  readonly server: string;
  readonly grant: string;
  readonly pid: number;
  readonly policyHash: string | undefined;
  readonly policySource: string | undefined;
  /** `--observe`: charges go to counters of their own and nothing is refused. */
  readonly observe: boolean;
}

/** One judged call on its way to the server, or a refusal on its way to the log. */
export interface Admission {
  readonly tool: string;
  /** The JSON-RPC id as JSON text; undefined for a call without one. */
  readonly requestId: string | undefined;
  /** What the log keeps of the arguments: a JSON array of sorted top-level names, or the whole object. */
  readonly argumentsText: string;
  readonly policyHash: string | undefined;
  /** `hidden` and `refused` are only recorded; `open` is looked up, charged and recorded. */
  readonly evaluation: Evaluation;
}

/** How a call fared against what has happened before. */
export type Admitted =
  | { readonly kind: 'allowed'; readonly auditId: string }
  | { readonly kind: 'refused'; readonly auditId: string; readonly code: RefusalCode }
  | { readonly kind: 'exceeded'; readonly auditId: string; readonly exceeded: Exceeded };

/** The first limit that a call does not fit in. */
export interface Exceeded {
  readonly charge: Charge;
  /** What the counter held before this call. */
  readonly used: Decimal;
  /** UTC milliseconds: refused until then, allowed at it if nothing else happens; undefined when it can never fit. */
  readonly retryAt: number | undefined;
}

/** What became of a forwarded call. */
export interface Settlement {
  readonly auditId: string;
  readonly outcome: Outcome;
  readonly latencyMs: number | undefined;
}

/**
 * `ok`, `tool_error` (`isError: true`), `error` (JSON-RPC error), `unanswered` (the server ended first),
 * `cancelled` (by the client), `not_sent` (provably never reached the server: its charges are given back).
 */
export type Outcome = 'ok' | 'tool_error' | 'error' | 'unanswered' | 'cancelled' | 'not_sent';

export interface StoreOptions extends FileOptions {
  /** UTC milliseconds; the machine's clock when absent. */
  readonly now?: (() => number) | undefined;
}

/**
 * What has happened, in one SQLite file that every wrapper on the machine shares (DESIGN section 8). Synchronous.
 *
 * Every method that touches the file throws PolicyWrapError STATE_UNAVAILABLE or STATE_CORRUPT for what a person must
 * mend, and then has changed nothing (G3).
 */
export class Store {
  readonly #file: StateFile;
  readonly #now: () => number;
  readonly #sessions: Sessions;
  readonly #counters: Counters;
  readonly #log: DecisionLog;

  /** For `Store.open`, and for tests that put limits on the file's connection. */
  constructor(file: StateFile, now: () => number = Date.now) {
    this.#file = file;
    this.#now = now;
    this.#sessions = new Sessions(file.db);
    this.#counters = new Counters(file.db);
    this.#log = new DecisionLog(file.db);
  }

  /**
   * @param path a file, made when it is missing; `:memory:` for one that ends with this object
   * @throws PolicyWrapError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_NEWER, or NOT_FOUND under `mustExist`
   */
  static open(path: string, options: StoreOptions = {}): Store {
    const file = StateFile.open(path, options);
    try {
      return new Store(file, options.now);
    } catch (error) {
      file.close();
      throw file.problemOf(error);
    }
  }

  /**
   * Registers a wrapper for others to see; where the database is locked, with the next thing that is written.
   *
   * @returns a random id
   */
  startSession(info: SessionInfo): string {
    const session = this.#sessions.start(info, this.#now());
    this.#write((now) => this.#sessions.touch(session, now));
    return session.owner.session;
  }

  /** Records who the client says it is; now, or with the next thing that is written. */
  describeClient(session: string, name: string, version: string): void {
    const known = this.#sessions.get(session);
    this.#sessions.describe(known, name, version);
    this.#write((now) => this.#sessions.touch(known, now));
  }

  /** Where the database is locked the row stays open; others see by the process that it has ended. */
  endSession(session: string): void {
    const known = this.#sessions.get(session);
    this.#write((now) => this.#sessions.end(known, now));
    this.#sessions.drop(known);
  }

  /**
   * Decides on calls that came together, in their order, in one transaction: what the limits say is looked up,
   * charged and recorded, or recorded as refused (G1, G4, G5).
   *
   * @returns one answer a call, committed; or BUSY, and nothing was changed
   */
  admit(session: string, admissions: readonly Admission[]): Admitted[] | typeof BUSY {
    const known = this.#sessions.get(session);
    return this.#write((now) => {
      const row = this.#sessions.touch(known, now);
      return admissions.map((admission) => this.#admitOne(known, row, admission, now));
    });
  }

  /**
   * Records what became of forwarded calls, each once, and gives back what the policy says is given back: the call's
   * own charges and no others. Works for calls of an earlier process too.
   */
  settle(settlements: readonly Settlement[]): undefined | typeof BUSY {
    return this.#write(() => {
      for (const { auditId, outcome, latencyMs } of settlements) {
        const decision = idOf(auditId);
        const taken = this.#log.settle(decision, outcome, latencyMs);
        this.#counters.giveBack(decision, taken, refundsOn(outcome));
      }
      return undefined;
    });
  }

  /** @returns the newest rows of the decision log that pass the filter, oldest first */
  log(filter: LogFilter = {}): LogEntry[] {
    return this.#file.read(() => this.#log.read(filter));
  }

  /** @returns every wrapper that is or was running, the latest first */
  sessions(): SessionEntry[] {
    return this.#file.read(() => this.#sessions.list(this.#now()));
  }

  close(): void {
    this.#file.close();
  }

  #admitOne(session: Session, row: number, admission: Admission, now: number): Admitted {
    const { evaluation } = admission;
    const record = (entry: Partial<Entry> & Pick<Entry, 'decision'>) =>
      this.#log.write(
        {
          session: row,
          tool: admission.tool,
          policyHash: admission.policyHash,
          argumentsText: admission.argumentsText,
          requestId: admission.requestId,
          code: undefined,
          rule: undefined,
          taken: [],
          approval: undefined,
          ...entry,
        },
        now,
      );
    switch (evaluation.kind) {
      case 'hidden': {
        const auditId = String(record({ decision: 'hide', rule: '(hidden)' }));
        return { kind: 'refused', auditId, code: 'NOT_LISTED' };
      }
      case 'refused': {
        const { code, rule } = evaluation.refusal;
        return { kind: 'refused', auditId: String(record({ decision: 'deny', code, rule })), code };
      }
      case 'open': {
        const { owner } = session;
        const standings = this.#counters.look(owner, evaluation.charges, now);
        const exceeded = exceededOf(standings);
        if (exceeded) {
          this.#counters.sweep(standings);
          const rule = exceeded.charge.limit.pointer;
          return {
            kind: 'exceeded',
            auditId: String(record({ decision: 'deny', code: 'LIMIT', rule })),
            exceeded,
          };
        }
        if (evaluation.ask) {
          const { code, rule } = evaluation.ask;
          return { kind: 'refused', auditId: String(record({ decision: 'ask', code, rule })), code };
        }
        const taken = this.#counters.reserve(owner, standings);
        const decision = record({ decision: 'allow', taken });
        this.#counters.take(standings, taken, decision);
        return { kind: 'allowed', auditId: String(decision) };
      }
    }
  }

  #write<T>(work: (now: number) => T): T | typeof BUSY {
    const result = this.#file.write(
      () => work(this.#clock()),
      () => {
        this.#sessions.forget();
        this.#counters.forget();
        this.#log.forget();
      },
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

/**
 * The first limit that refuses, with the instant at which none does any more: a call that must wait for two limits is
 * not let through when the first of them is free again (G5).
 */
function exceededOf(standings: readonly Standing[]): Exceeded | undefined {
  const full = standings.filter(({ fits }) => !fits);
  const [first] = full;
  if (!first) return undefined;
  const instants = full.map(({ retryAt }) => retryAt ?? Number.POSITIVE_INFINITY);
  const retryAt = Math.max(...instants);
  return {
    charge: first.charge,
    used: toDecimal(first.used),
    retryAt: retryAt === Number.POSITIVE_INFINITY ? undefined : retryAt,
  };
}
