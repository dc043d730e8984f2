import { HOUR_MS } from './decision-log.js';
import type { Database } from './sqlite/driver.js';

/** A gap in use counts for this long at most, in milliseconds. */
const LONGEST_PAUSE_MS = 30 * 86_400_000;
/** A longer gap is taken for a wrong clock, such as after an empty battery, and counts for nothing; in milliseconds. */
const WRONG_CLOCK_MS = 400 * 86_400_000;
/** The gaps are looked for again after this long, in milliseconds. */
const KNOWN_FOR_MS = 60_000;

/**
 * How old the log's rows are. The clock alone cannot tell: one visit to the far future would make everything too old.
 * So the age of a row is the time in which the file was in use since then, by the hours in which anything was written;
 * a gap between two of them, or up to now, counts for a month at most.
 */
export class Age {
  readonly #hours;
  readonly #first;
  #known: { readonly at: number; readonly age: number; readonly skipped: number } | undefined;

  constructor(db: Database) {
    this.#hours = db.prepare('SELECT hour FROM log_hours WHERE hour <= ? ORDER BY hour DESC');
    this.#first = db.prepare('SELECT min(first) AS first FROM log_hours WHERE hour >= ? AND hour <= ?');
  }

  /** @returns UTC milliseconds: what was written before then is older than `age` */
  before(now: number, age: number): number {
    const known = this.#known;
    if (known?.age !== age || !(Math.abs(now - known.at) < KNOWN_FOR_MS))
      this.#known = { at: now, age, skipped: this.#skipped(now, age) };
    return now - age - (this.#known?.skipped ?? 0);
  }

  /**
   * The first decision of the hour of `before`. Decisions with a lower id are older, even if a wrong clock gave them a
   * later time.
   */
  firstAfter(before: number, now: number): number {
    const first = this.#first.get(Math.floor(before / HOUR_MS), Math.floor(now / HOUR_MS))?.first;
    return typeof first === 'number' ? first : 0;
  }

  /** @returns how much of the last `age` of use, in milliseconds, was a gap that does not count */
  #skipped(now: number, age: number): number {
    let skipped = 0;
    let end = now;
    for (const { hour } of this.#hours.iterate(Math.floor(now / HOUR_MS)) as Iterable<{ hour: number }>) {
      const gap = Math.max(0, end - (hour + 1) * HOUR_MS);
      if (now - end - skipped >= age) break;
      const counts = gap > WRONG_CLOCK_MS ? 0 : Math.min(gap, LONGEST_PAUSE_MS);
      skipped += gap - counts;
      end = Math.min(end, hour * HOUR_MS);
    }
    return skipped;
  }
}
