import type {
  ApprovalEntry,
  BudgetEntry,
  CounterEntry,
  PauseEntry,
  PinEntry,
  SessionEntry,
} from '../../store/store.js';
import type { Remedy } from '../remedies.js';

/** A limit that is split by an argument may have thousands of counters; no more than these are shown. */
export const COUNTERS_SHOWN = 40;
export const COUNTERS_IN_JSON = 200;
/** How long a refusal is named with what would let it through, in milliseconds. */
export const LATELY_MS = 3_600_000;

/** All that `status` shows of a database, as of one instant; times in UTC milliseconds. */
export interface Snapshot {
  readonly now: number;
  readonly path: string;
  /** Undefined where there is no database. */
  readonly state:
    | {
        readonly sessions: readonly SessionEntry[];
        /** By name; the fullest first where not all are there. */
        readonly counters: readonly CounterEntry[];
        readonly countersTotal: number;
        /** Counters that were charged at a time that has not come yet. */
        readonly ahead: { readonly count: number; readonly until: number };
        readonly approvals: readonly ApprovalEntry[];
        readonly budgets: readonly BudgetEntry[];
        readonly pauses: readonly PauseEntry[];
        /** Commands that would let through what was refused lately. */
        readonly remedies: readonly Remedy[];
        /** Tools that are not what they were. */
        readonly changed: readonly PinEntry[];
      }
    | undefined;
}

export function byName(counters: readonly CounterEntry[]): CounterEntry[] {
  return [...counters].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id));
}
