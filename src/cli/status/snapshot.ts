import type { TeamStanding } from '../../policy/remedy.js';
import type { Origin } from '../../store/shared-store.js';
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

/** In the store of a team with who made it; one of this machine alone lies beside that. */
export interface Pause extends PauseEntry {
  readonly who?: string | undefined;
  readonly isHere?: boolean | undefined;
}

/** All that `status` shows of a database, as of one instant; times in UTC milliseconds. */
export interface Snapshot {
  readonly now: number;
  /** The path of the database, or the address of a team's store. */
  readonly path: string;
  /** Undefined where there is no database. */
  readonly state:
    | {
        readonly sessions: readonly (SessionEntry & Partial<Origin>)[];
        /** By name; the fullest first where not all are there. */
        readonly counters: readonly CounterEntry[];
        readonly countersTotal: number;
        /** Counters that were charged at a time that has not come yet. */
        readonly ahead: { readonly count: number; readonly until: number };
        readonly approvals: readonly (ApprovalEntry & Partial<Origin>)[];
        /** Ids of those that were asked about by a policy that no longer decides. */
        readonly overtaken: ReadonlySet<string>;
        readonly budgets: readonly BudgetEntry[];
        readonly pauses: readonly Pause[];
        /** Commands that would let through what was refused lately. */
        readonly remedies: readonly Remedy[];
        /** How the login that looks stands in the team whose store this is. */
        readonly team?: TeamStanding | undefined;
        /** Calls are missing that machines of the team were told of: what that means, in one sentence. */
        readonly loss?: string | undefined;
        /** Tools that are not what they were. */
        readonly changed: readonly PinEntry[];
      }
    | undefined;
}

export function byName(counters: readonly CounterEntry[]): CounterEntry[] {
  return [...counters].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id));
}
