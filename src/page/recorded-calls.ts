import { readLogged } from '../advice/logged-call.js';
import type { Recorded } from '../draft/replay.js';
import type { ReadableLog } from '../store/history.js';

/** Calls that are kept in memory at most: the newest. */
const MOST_CALLS = 100_000;
/** A call that has no answer after this long will hardly get one, in milliseconds. */
const ANSWERED_MS = 10 * 60_000;
/** Rows read at once. */
const PAGE = 1000;
/** Of a team's log the newest are read in one request, which must not take long. */
const MOST_SHARED = 10_000;

/**
 * The recorded calls of a database, or of a team's store, read once and then as they come, so that a draft can be tried on them again and
 * again while a number is moved.
 */
export class RecordedCalls {
  readonly #log: ReadableLog;
  #calls: Recorded[] = [];
  #last = '0';
  /** Some older calls are not among them. */
  isCut = false;

  readonly #now: () => number;

  readonly #isShared: boolean;
  #reading: Promise<unknown> = Promise.resolve();

  /**
   * @param now UTC milliseconds, by the log's clock
   * @param isShared the log is a team's, and may be much longer
   */
  constructor(log: ReadableLog, now: () => number, isShared = false) {
    this.#log = log;
    this.#now = now;
    this.#isShared = isShared;
  }

  /**
   * @returns all that are kept, oldest first, with those that came since the last time
   * @throws PolicyWrapError what the log throws
   */
  calls(): Promise<readonly Recorded[]> {
    // One after the other: two that read at once would have the same rows twice.
    const calls = this.#reading.then(() => this.#read());
    this.#reading = calls.catch(() => {});
    return calls;
  }

  async #read(): Promise<readonly Recorded[]> {
    // Outcomes of calls in flight come later than their rows: the last few are read again.
    this.#forgetOpen();
    const newest = this.#isShared && this.#last === '0';
    for (;;) {
      const rows = await this.#log.log(
        newest && this.#calls.length === 0
          ? { limit: MOST_SHARED, follows: true }
          : { afterId: this.#last, limit: PAGE, follows: true },
      );
      if (newest && rows.length === MOST_SHARED) this.isCut = true;
      for (const row of rows) this.#calls.push({ row, call: readLogged(row) });
      this.#last = rows.at(-1)?.auditId ?? this.#last;
      if (newest || rows.length < PAGE) break;
    }
    if (this.#calls.length > MOST_CALLS) {
      this.#calls = this.#calls.slice(-MOST_CALLS);
      this.isCut = true;
    }
    return this.#calls;
  }

  #forgetOpen(): void {
    const open = this.#calls.findIndex(
      ({ row, call }) =>
        row.outcome === undefined && call.disposition === 'passed' && this.#now() - row.at < ANSWERED_MS,
    );
    if (open === -1) return;
    this.#calls = this.#calls.slice(0, open);
    this.#last = this.#calls.at(-1)?.row.auditId ?? '0';
  }
}
