import type { TeamStanding } from '../policy/remedy.js';
import type { Admission, Admitted, ApprovalEntry, ApprovalState, BUSY, Outcome } from '../store/store.js';

/**
 * Where calls are decided and written down: the file of this machine, which answers at once, or a store that several
 * machines share, which answers later. Instants in what it answers are those of its own clock.
 */
export interface Ledger {
  /**
   * Decides on calls that arrived together and records it, all or nothing.
   *
   * @returns one answer for each call, now or later, with its row in the log (below 0: that of this machine, where another
   *   decides); BUSY: nothing was changed, ask again
   * @throws PolicyWrapError when it cannot be done, as a promise that fails where it answers later; nothing is charged
   */
  admit(admissions: readonly Admission[]): readonly Admitted[] | typeof BUSY | Promise<readonly Admitted[]>;

  /** Nothing was decided yet: when many wrappers start at once, each has to wait for the others. */
  readonly isStarting: boolean;

  /** How this wrapper's login stands in the team that decides; undefined where this machine does. */
  readonly team?: TeamStanding | undefined;

  /** UTC milliseconds, by the clock of whoever decides. */
  now(): number;

  /** @param needed rules go by outcomes: they are written before the next call is decided */
  needsOutcomes(needed: boolean): void;

  /**
   * Records what became of a forwarded call, soon.
   *
   * @param row as it was admitted
   */
  settle(row: number, outcome: Outcome, latencyMs: number | undefined): void;

  /** Remembers for the log who the client says it is. */
  clientIs(name: string, version: string): void;

  /**
   * Takes down a person's answer from the client.
   *
   * @returns the record as it stands afterwards, whoever decided; undefined when it could not be written
   */
  decide(approvalId: string, state: 'approved' | 'rejected'): Promise<ApprovalEntry | undefined>;

  /** Whether an approval may be given in the client, by whoever sits in front of it. */
  readonly asksHere: boolean;

  /** How an approval stood when it was last looked at; asks for a newer look where that takes time. */
  approvalState(id: string): ApprovalState | undefined;

  /** How an approval stands now; undefined when its record cannot be read. */
  approvalNow(id: string): ApprovalState | undefined | Promise<ApprovalState | undefined>;
}
