import { Age } from './age.js';
import { REMEMBERED_MS } from './call-history.js';
import { removeExpiredCounters } from './counters/counter-removal.js';
import { HOUR_MS } from './decision-log.js';
import type { Parts } from './parts.js';
import { BUSY } from './sqlite/file.js';

export interface Retention {
  /** Older rows of the log are removed, in milliseconds; default 90 days. */
  readonly ageMs: number;
  /** Most rows that the log keeps, the newest; default 1,000,000. */
  readonly rows: number;
  /** Above this size of the data the oldest rows are removed whatever their age, in bytes; default 1 GiB. */
  readonly bytes: number;
}

export const RETENTION: Retention = { ageMs: 90 * 86_400_000, rows: 1_000_000, bytes: 1024 ** 3 };

/** Most rows that one step touches, which takes about a millisecond. */
const STEP = 100;
/** Most rows removed in one step because of the file's size: each may hold whole arguments. */
const BIG_STEP = 40;
const EVENTS_KEPT = 20_000;
/** How often all counters are looked through, in milliseconds. */
const COUNTERS_EVERY_MS = 60_000;
/**
 * A clock that jumps by more than this may be wrong: no counter is taken for expired before the clock has run steadily
 * for a while; in milliseconds.
 */
const JUMP_MS = 86_400_000;
/** How long that is, by this process's monotonic time, in milliseconds. */
const STEADY_AFTER_MS = 10 * 60_000;
/** Sizes of the write-ahead log from which it is copied into the database, and truncated; in bytes. */
const WAL_COPY_BYTES = 512 * 1024;
const WAL_CUT_BYTES = 8 * 1024 * 1024;
/** While calls keep coming, dead sessions are looked for at most this often, in milliseconds. */
const SESSIONS_EVERY_MS = 10_000;

/**
 * Keeps the file bounded and calls fast, in small steps when there is nothing else to do. Each step is a transaction of
 * its own, and any number of processes may run them at a time.
 */
export class Maintenance {
  readonly #parts: Parts;
  readonly #retention: Retention;
  readonly #age: Age;
  /** Used for what rules over several tools look back to: an `Age` remembers one length of time. */
  readonly #remembered: Age;
  #countersAfter = 0;
  readonly #steps: readonly ((now: number) => boolean)[] = [
    (now) => this.#heartbeats(now),
    (now) => this.#approvalsAndBudgets(now),
    (now) => this.#expiredCounters(now),
    (now) => this.#oldDecisions(now),
    (now) => this.#leftovers(now),
  ];
  /** Where the next run goes on, so that short runs do not all end in the first step. */
  #step = 0;
  #countersAt = Number.NEGATIVE_INFINITY;
  /** The clock less monotonic time, and the monotonic time of its last jump; in milliseconds. */
  #offset: number | undefined;
  #jumpedAt = Number.NEGATIVE_INFINITY;
  #sessionsAt = Number.NEGATIVE_INFINITY;
  #isQuiet = true;
  readonly #ids;
  readonly #timeOf;
  readonly #bytes;
  readonly #removeSurplus;
  readonly #removeAged;
  readonly #oldest;
  readonly #removeHours;
  readonly #removeEvents;

  constructor(parts: Parts, retention: Retention) {
    const { db } = parts.file;
    this.#parts = parts;
    this.#age = new Age(db);
    this.#remembered = new Age(db);
    this.#retention = retention;
    this.#ids = db.prepare(
      'SELECT (SELECT min(id) FROM decisions) AS first, (SELECT max(id) FROM decisions) AS last',
    );
    this.#timeOf = db.prepare('SELECT at FROM decisions WHERE id = ?');
    this.#bytes = db.prepare(
      `SELECT (page_count - freelist_count) * page_size AS bytes
       FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
    );
    this.#removeSurplus = db.prepare('DELETE FROM decisions WHERE id <= ?');
    this.#removeAged = db.prepare('DELETE FROM decisions WHERE id <= ? AND (at < ? OR id < ?)');
    this.#oldest = db.prepare('SELECT id, at FROM decisions ORDER BY id LIMIT 1');
    this.#removeHours = db.prepare('DELETE FROM log_hours WHERE hour < ? AND first < ?');
    this.#removeEvents = db.prepare(
      `DELETE FROM events WHERE id IN (SELECT id FROM events
         WHERE at < ? OR id <= (SELECT max(id) FROM events) - ? ORDER BY id LIMIT ?)`,
    );
  }

  /**
   * @param budgetMs no step begins later than this, but one always runs
   * @param transact runs a step in a write transaction
   * @param isQuiet nothing else is to be done: the write-ahead log is copied too
   * @returns whether everything was done; false when time was up or another process was writing
   */
  run(
    budgetMs: number,
    transact: (step: (now: number) => boolean) => boolean | typeof BUSY,
    isQuiet: boolean,
  ): boolean {
    const deadline = performance.now() + budgetMs;
    this.#isQuiet = isQuiet;
    for (; this.#step < this.#steps.length; this.#step += 1) {
      const step = this.#steps[this.#step];
      for (let more = step !== undefined; step && more; ) {
        const result = transact(step);
        if (result === BUSY) return false;
        more = result;
        if (performance.now() >= deadline) {
          if (!more) this.#step += 1;
          return false;
        }
      }
    }
    this.#step = 0;
    if (isQuiet) this.#parts.file.checkpoint(WAL_COPY_BYTES, WAL_CUT_BYTES);
    return true;
  }

  #heartbeats(now: number): boolean {
    for (const session of this.#parts.sessions.own()) this.#parts.sessions.touch(session, now);
    return false;
  }

  #approvalsAndBudgets(now: number): boolean {
    const time = this.#parts.approvalClock.advance(now);
    this.#parts.budgets.removeOld(time);
    return this.#parts.approvals.expireAndRemove(time, this.#age.before(now, this.#retention.ageMs), STEP);
  }

  #expiredCounters(now: number): boolean {
    if (!this.#isSteady(now)) return false;
    const isNewRound = this.#countersAfter === 0;
    if (isNewRound && Math.abs(now - this.#countersAt) < COUNTERS_EVERY_MS) return false;
    this.#parts.pending.compact();
    const next = removeExpiredCounters(
      this.#parts.file.db,
      this.#parts.forgotten,
      now,
      this.#countersAfter,
      STEP,
    );
    this.#parts.file.outdate();
    this.#countersAfter = next ?? 0;
    if (next === undefined) this.#countersAt = now;
    return next !== undefined;
  }

  /** A computer that has slept looks the same as a wrong clock: then expired counters are removed a while later. */
  #isSteady(now: number): boolean {
    const own = performance.now();
    const offset = now - own;
    if (this.#offset !== undefined && Math.abs(offset - this.#offset) > JUMP_MS) this.#jumpedAt = own;
    this.#offset = offset;
    return own - this.#jumpedAt >= STEADY_AFTER_MS;
  }

  /**
   * Removes the oldest rows first.
   *
   * INVARIANT: the newest row is never removed, since its id would be given to another decision.
   */
  #oldDecisions(now: number): boolean {
    const { first, last } = this.#ids.get() as { first: number | null; last: number | null };
    if (first === null || last === null) return false;
    const { ageMs, rows, bytes } = this.#retention;
    const oldest = this.#timeOf.get(first)?.at as number;
    // Ids have no gaps.
    const surplus = (this.#bytes.get()?.bytes as number) > bytes ? BIG_STEP : last - first + 1 - rows;
    const before = this.#age.before(now, ageMs);
    const youngest = this.#age.firstAfter(before, now);
    if (surplus <= 0 && oldest >= before && first >= youngest) return false;
    // What a row has charged must be in its counter before the row goes.
    this.#parts.pending.compact();
    const upTo = Math.min(first + STEP, last) - 1;
    this.#parts.calls.keep(upTo, this.#remembered.before(now, REMEMBERED_MS));
    const { changes } =
      surplus > 0
        ? this.#removeSurplus.run(Math.min(upTo, first + surplus - 1))
        : this.#removeAged.run(upTo, before, youngest);
    return Number(changes) > 0;
  }

  /** Removes sessions without rows in the log, old events, and hours without rows. */
  #leftovers(now: number): boolean {
    const tooOld = this.#age.before(now, this.#retention.ageMs);
    const oldest = this.#oldest.get();
    if (this.#isQuiet || performance.now() - this.#sessionsAt >= SESSIONS_EVERY_MS) {
      this.#sessionsAt = performance.now();
      // A row may bear a time that a wrong clock gave it: its session must stay.
      const isLate = typeof oldest?.at === 'number' && oldest.at > now;
      const begins = typeof oldest?.at === 'number' ? Math.min(oldest.at, isLate ? tooOld : now) : now;
      this.#parts.sessions.removeOld(now, begins, STEP);
    }
    this.#removeHours.run(
      Math.floor(Math.min(tooOld, (oldest?.at as number | undefined) ?? now) / HOUR_MS),
      (oldest?.id as number | undefined) ?? 0,
    );
    this.#parts.calls.tidy(this.#remembered.before(now, REMEMBERED_MS));
    const { changes } = this.#removeEvents.run(tooOld, EVENTS_KEPT, STEP);
    return Number(changes) === STEP;
  }
}
