import { readLogged } from '../advice/logged-call.js';
import type { Recorded } from '../draft/replay.js';
import type { Store } from '../store/store.js';

/** Calls that are kept in memory at most: the newest. */
const MOST_CALLS = 100_000;
/** A call that has no answer after this long will hardly get one, in milliseconds. */
const ANSWERED_MS = 10 * 60_000;
/** Rows read at once. */
const PAGE = 1000;

/**
 * The recorded calls of a database, read once and then as they come, so that a draft can be tried on them again and
 * again while a number is moved.
 */
export class RecordedCalls {
  readonly #store: Store;
  #calls: Recorded[] = [];
  #last = '0';
  /** Some older calls are not among them. */
  isCut = false;

  readonly #now: () => number;

  /** @param now UTC milliseconds */
  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** @returns all that are kept, oldest first, with those that came since the last time */
  calls(): readonly Recorded[] {
    // Outcomes of calls in flight come later than their rows: the last few are read again.
    this.#forgetOpen();
    for (;;) {
      const rows = this.#store.log({ afterId: this.#last, limit: PAGE });
      for (const row of rows) this.#calls.push({ row, call: readLogged(row) });
      this.#last = rows.at(-1)?.auditId ?? this.#last;
      if (rows.length < PAGE) break;
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
