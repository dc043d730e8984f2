import { expect } from 'vitest';
import type { Charge } from '../../../src/policy/call.js';
import type { Demand } from '../../../src/policy/model.js';
import type { Decided } from '../../../src/store/approval-entry.js';
import type { SharedEvent } from '../../../src/store/shared-store.js';
import {
  type Admission,
  type Admitted,
  type ApprovalEntry,
  type BudgetEntry,
  type BudgetTerms,
  type CounterEntry,
  type LogEntry,
  type LogFilter,
  type PauseEntry,
  type SessionInfo,
  type Settlement,
  Store,
} from '../../../src/store/store.js';
import { damage, done, freshStore } from '../support.js';
import { admission, INFO, open } from '../support-shapes.js';

/** One wrapper of a test, by its session. */
export type Session = string;

/**
 * Where calls are decided, as the suites of this folder see it: the file of this machine, or the store of a team. A suite
 * is a function that takes one and defines tests; each test gets an empty one, whose clock stands still until it is told.
 */
export interface Ground {
  /** UTC milliseconds. */
  readonly at: number;
  /** The session of this test's own wrapper, on the server and grant of `INFO`. */
  readonly own: Session;
  moveTo(at: number): Promise<void>;
  session(info?: Partial<SessionInfo>): Promise<Session>;
  /** As after the end of the process: a new connection, and a new session of its own. */
  restart(): Promise<void>;
  admit(session: Session, admissions: readonly Admission[]): Promise<readonly Admitted[]>;
  settle(settlements: readonly Settlement[], session?: Session): Promise<void>;
  /** Whether a call of this test's own wrapper would pass; nothing is charged. */
  fits(charges: readonly Charge[], demands?: readonly Demand[]): Promise<boolean>;
  decideApproval(
    id: string,
    state: 'approved' | 'rejected' | 'expired',
    by: string,
    details?: { readonly note?: string; readonly budget?: BudgetTerms },
  ): Promise<Decided>;
  revokeBudget(id: string, by: string): Promise<boolean>;
  pause(server: string | undefined, note: string | undefined): Promise<void>;
  resume(server: string | undefined): Promise<number>;
  resetCounter(name: string): Promise<readonly CounterEntry[]>;
  /** Removes what is too old, all of it. */
  tidy(): Promise<void>;
  log(filter?: LogFilter): Promise<readonly LogEntry[]>;
  /** With the channel that each came through. */
  events(): Promise<readonly Pick<SharedEvent, 'kind' | 'by' | 'detail'>[]>;
  approvals(all?: boolean): Promise<readonly ApprovalEntry[]>;
  approval(id: string): Promise<ApprovalEntry | undefined>;
  budgets(): Promise<readonly BudgetEntry[]>;
  pauses(): Promise<readonly PauseEntry[]>;
  counters(): Promise<readonly CounterEntry[]>;
  /** Fails where sums and rows do not agree. */
  isSound(): Promise<void>;
}

/** Lets the clock go on, or back. */
export function wait(ground: Ground, ms: number): Promise<void> {
  return ground.moveTo(ground.at + ms);
}

/** One call of a wrapper that charges these. */
export async function admit(ground: Ground, session: Session, ...charges: Charge[]): Promise<Admitted> {
  return (await ground.admit(session, [admission(open(...charges))]))[0] as Admitted;
}

/** The file of this machine, a new one for each test. */
export function localGround(temp: { path: () => string }): Ground & { readonly path: string } {
  const at = freshStore(temp);
  return {
    get path() {
      return at.path;
    },
    get at() {
      return at.time.at;
    },
    get own() {
      return at.session;
    },
    moveTo: async (instant) => {
      at.time.at = instant;
    },
    session: async (info) => at.store.startSession({ ...INFO, ...info }),
    restart: async () => {
      at.store.close();
      at.store = Store.open(at.path, at.time);
      at.session = at.store.startSession(INFO);
    },
    admit: async (session, admissions) => done(at.store.admit(session, admissions)),
    settle: async (settlements) => void done(at.store.settle(settlements)),
    fits: async (charges, demands) => {
      const peeked = at.store.peek({ ...INFO, session: at.session }, charges, demands);
      return peeked.fits && peeked.demands.every(({ isMet }) => isMet);
    },
    decideApproval: async (...words) => done(at.store.decideApproval(...words)),
    revokeBudget: async (...words) => done(at.store.revokeBudget(...words)),
    pause: async (server, note) => void done(at.store.pause(server, note, 'cli')),
    resume: async (server) => done(at.store.resume(server, 'cli')),
    resetCounter: async (name) => done(at.store.resetCounter(name, {}, 'cli')),
    tidy: async () => {
      while (!at.store.maintain(1000));
    },
    log: async (filter) => at.store.log(filter),
    events: async () => at.store.events().map(({ kind, who, detail }) => ({ kind, by: who, detail })),
    approvals: async (all) => at.store.approvals(all),
    approval: async (id) => at.store.approval(id),
    budgets: async () => at.store.budgets(),
    pauses: async () => at.store.pauses(),
    counters: async () => at.store.counters(),
    isSound: async () => expect(damage(at.store)).toEqual([]),
  };
}
