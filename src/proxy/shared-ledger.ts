import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, PolicyWrapError, reasonOf } from '../errors.js';
import type { TeamStanding } from '../policy/remedy.js';
import type { SharedStore } from '../store/shared-store.js';
import {
  type Admission,
  type Admitted,
  type ApprovalEntry,
  type ApprovalState,
  BUSY,
  type Outcome,
  type PolicyState,
  type SessionInfo,
} from '../store/store.js';
import type { Ledger } from './ledger.js';
import { Outcomes } from './outcomes.js';
import type { StateSession } from './state-session.js';
import { untilFree } from './until-free.js';

/** Outcomes that no call takes along are sent after this long, and again after it where that failed; in milliseconds. */
const SETTLE_DELAY = 100;
const SETTLE_AGAIN = 5000;
/** How often a silent wrapper gives a sign of life, in milliseconds. */
const HEARTBEAT = 20_000;
/** How often in a row old rows are removed, some hundred at a time. */
const TIDY_TIMES = 20;
/** How long the end of the process waits for the store, in milliseconds. */
const CLOSE_MS = 3000;
/** How long this machine's own log is waited for where others hold it, in milliseconds. */
const OWN_LOG_MS = 5000;
/** Calls that the store hears of in one request. */
const UNSENT_AT_ONCE = 100;
/** Approvals whose state is remembered between two looks. */
const SEEN_CAP = 64;

/**
 * The store that a team shares, for the calls of one wrapper: decisions, approvals and the log are there. What only this
 * machine knows stays here: its pause, and what tools looked like. Where the store cannot be reached no call passes, and
 * no quota of this machine takes its place; `uncounted` lets those through that would have counted nothing.
 */
export class SharedLedger implements Ledger {
  readonly #store: SharedStore;
  readonly #own: StateSession;
  readonly #session: string;
  readonly #uncounted: boolean;
  readonly #warn: (text: string) => void;
  readonly #outcomes = new Outcomes();
  readonly #seen = new Map<string, ApprovalState | undefined>();
  readonly #looking = new Set<string>();
  #settleTimer: NodeJS.Timeout | undefined;
  readonly #heartbeat: NodeJS.Timeout;
  #lastUse = performance.now();
  /** What was said on stderr of the store's failure; undefined while it answers. */
  #told: string | undefined;
  #closed = false;
  #isTelling = false;
  /** The last exchange: at the end it is waited for, since what it let through may have to be given back. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly store: SharedStore;
    /** This machine's side: pins, the local pause, and a log of what the store could not hear of. */
    readonly own: StateSession;
    readonly session: SessionInfo;
    /** Calls that charge nothing and need nobody pass while the store cannot be reached. */
    readonly uncounted: boolean;
    /** One line for the person, without line end; goes to stderr. */
    readonly warn: (text: string) => void;
  }) {
    this.#store = parts.store;
    this.#own = parts.own;
    this.#uncounted = parts.uncounted;
    this.#warn = parts.warn;
    this.#session = parts.store.startSession(parts.session);
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT).unref();
  }

  /** Connects, so that the first call need not wait for it, and says so where that fails. */
  open(): void {
    void this.#send();
  }

  admit(admissions: readonly Admission[]): typeof BUSY | Promise<readonly Admitted[]> {
    const stops = this.#own.stops(admissions);
    if (stops === BUSY) return BUSY;
    const asked = admissions.map((admission, i) => ({ ...admission, pinned: undefined, stopped: stops[i] }));
    const decided = this.#decide(admissions, asked);
    this.#last = decided.catch(() => {});
    return decided;
  }

  async #decide(
    admissions: readonly Admission[],
    asked: Parameters<SharedStore['exchange']>[2],
  ): Promise<readonly Admitted[]> {
    try {
      return await this.#exchange(asked);
    } catch (error) {
      return await this.#withoutIt(admissions, error);
    }
  }

  /** Decides, and sends along what became of earlier calls: they are settled before the next is decided. */
  async #exchange(asked: Parameters<SharedStore['exchange']>[2]): Promise<readonly Admitted[]> {
    this.#lastUse = performance.now();
    const settlements = this.#outcomes.take();
    try {
      const { admitted } = await this.#store.exchange(this.#session, settlements, asked);
      if (this.#told !== undefined) this.#warn(`the store ${this.#store.shown} answers again`);
      this.#told = undefined;
      if (this.#uncounted) void this.#tellOf();
      return admitted;
    } catch (error) {
      this.#outcomes.putBack(settlements);
      this.#tell(error);
      throw error;
    }
  }

  /** Sends what passed without it, a part at a time; with the next sign of life goes on with what is left. */
  async #tellOf(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (;;) {
        const calls = this.#own.unsent(this.#store.shown, UNSENT_AT_ONCE);
        if (calls.length === 0) return;
        const rows = calls.map(({ auditId, at, tool, policyHash, rule, outcome, latencyMs, ...call }) => ({
          id: Number(auditId),
          ...{ at, tool, argumentsText: call.arguments, policyHash, rule, outcome, latencyMs },
        }));
        await this.#store.recordOffline(this.#session, rows);
        if (!this.#own.sent(calls)) return;
      }
    } catch {
      // It is gone again: they stay where they are.
    } finally {
      this.#isTelling = false;
    }
  }

  /** The store decided nothing: what needs it is refused, and all of it is written down here. */
  async #withoutIt(admissions: readonly Admission[], error: unknown): Promise<readonly Admitted[]> {
    const why = messageOf(error);
    const refusal = { code: 'STORE', rule: '(store)', authorText: undefined, explanation: why } as const;
    // Not where it answers, and refuses: a role that was taken away, a history that is not the one that is known.
    const mayPass = this.#uncounted && this.#store.trouble !== undefined;
    const admitted = await this.#here(
      admissions.map((admission) => {
        const { evaluation } = admission;
        if (evaluation.kind !== 'open') return admission;
        if (mayPass && countsNothing(evaluation)) return { ...admission, unsentTo: this.#store.shown };
        return { ...admission, approval: undefined, evaluation: { kind: 'refused', refusal } };
      }),
    );
    // Rows of this machine's log must never meet the team's: who only observes passes on what was refused, too.
    return admitted.map((one) => {
      const here = { ...one, row: -one.row };
      if (here.kind !== 'refused') return here;
      return here.code === 'STORE' ? { ...here, why } : { ...here, isPausedHere: here.code === 'PAUSED' };
    });
  }

  async #here(admissions: readonly Admission[]): Promise<readonly Admitted[]> {
    const admitted = await untilFree(() => this.#own.admit(admissions), OWN_LOG_MS);
    if (admitted !== BUSY) return admitted;
    throw new PolicyWrapError('STATE_UNAVAILABLE', 'the state database was locked for too long');
  }

  /** Once for each failure that lasts. */
  #tell(error: unknown): void {
    if (this.#told === undefined) this.#warn(`calls are refused: ${reasonOf(error)}`);
    this.#told = reasonOf(error);
  }

  get isStarting(): boolean {
    return this.#own.isStarting;
  }

  now(): number {
    return this.#store.now() ?? Date.now();
  }

  needsOutcomes(): void {
    // Each exchange takes along what is known.
  }

  settle(row: number, outcome: Outcome, latencyMs: number | undefined): void {
    if (row < 0) this.#own.settle(-row, outcome, latencyMs);
    else {
      this.#outcomes.add(row, outcome, latencyMs);
      this.#settleSoon(SETTLE_DELAY);
    }
  }

  #settleSoon(ms: number): void {
    if (this.#closed) return;
    this.#settleTimer ??= setTimeout(async () => {
      this.#settleTimer = undefined;
      if (this.#outcomes.areWritten || (await this.#send())) return;
      this.#settleSoon(SETTLE_AGAIN);
    }, ms);
  }

  /** @returns whether the store has what is known of calls */
  async #send(): Promise<boolean> {
    try {
      await this.#exchange([]);
      return true;
    } catch {
      return false;
    }
  }

  async #beat(): Promise<void> {
    const isIdle = performance.now() - this.#lastUse >= HEARTBEAT / 2;
    if (isIdle && !(await this.#send())) return;
    try {
      for (let times = 0; times < TIDY_TIMES && (await this.#store.tidy()); times += 1);
    } catch {
      // Only a record that is kept too long; the next heartbeat tries again.
    }
  }

  clientIs(name: string, version: string): void {
    this.#own.clientIs(name, version);
    this.#store.describeClient(this.#session, name, version);
  }

  policyIs(policy: PolicyState): void {
    this.#store.describePolicy(this.#session, policy);
  }

  get team(): TeamStanding {
    // Which store a shell of the person's knows of nobody can tell from here.
    return { store: this.#store.shown, roles: this.#store.roles ?? [] };
  }

  get asksHere(): boolean {
    return this.#store.roles?.includes('approver') ?? false;
  }

  async decide(approvalId: string, state: 'approved' | 'rejected'): Promise<ApprovalEntry | undefined> {
    try {
      const decided = await this.#store.decideApproval(approvalId, state, 'client');
      if (decided.kind === 'unknown') return undefined;
      this.#remember(approvalId, decided.approval.state);
      return decided.approval;
    } catch (error) {
      this.#warn(`an answer to approval ${approvalId} could not be recorded: ${reasonOf(error)}`);
      return undefined;
    }
  }

  approvalState(id: string): ApprovalState | undefined {
    if (!this.#looking.has(id)) void this.approvalNow(id);
    return this.#seen.get(id);
  }

  async approvalNow(id: string): Promise<ApprovalState | undefined> {
    this.#looking.add(id);
    try {
      this.#remember(id, (await this.#store.approval(id))?.state);
    } catch {
      // As it was when it was last seen; whoever holds a call looks again.
    } finally {
      this.#looking.delete(id);
    }
    return this.#seen.get(id);
  }

  #remember(id: string, state: ApprovalState | undefined): void {
    this.#seen.delete(id);
    this.#seen.set(id, state);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= SEEN_CAP) break;
      this.#seen.delete(oldest);
    }
  }

  /** Sends what became of the last calls, and lets go. Never fails, and never takes long. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#settleTimer);
    clearInterval(this.#heartbeat);
    const end = async () => {
      await this.#last;
      // Whoever waited for it settles first.
      await new Promise((resume) => setImmediate(resume));
      await this.#store.endSession(this.#session, this.#outcomes.take());
      await this.#store.close();
    };
    await Promise.race([end().catch(() => {}), sleep(CLOSE_MS, undefined, { ref: false })]);
  }
}

function countsNothing({
  charges,
  ask,
  demands,
}: Extract<Admission['evaluation'], { kind: 'open' }>): boolean {
  return charges.length === 0 && ask === undefined && demands === undefined;
}
