import type { Events } from './events.js';
import type { Database, Row } from './sqlite/driver.js';

/** A smaller step back is an ordinary adjustment of the clock; in milliseconds. */
const SET_BACK_MS = 2000;
/** Later than anything that may still serve. */
const AFTER_ALL = Number.MAX_SAFE_INTEGER;
const NOTE = 'the clock of this machine was set back';

/**
 * The time by which approvals and budgets expire: the machine's, but it never runs backwards. Once the clock was set
 * back nobody can tell how long they have been open, so all of them end (G10).
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class ApprovalClock {
  readonly #db: Database;
  readonly #events: Events;
  readonly #seen;
  readonly #note;

  constructor(db: Database, events: Events) {
    this.#db = db;
    this.#events = events;
    this.#seen = db.prepare(
      'SELECT at, (SELECT at FROM decisions ORDER BY id DESC LIMIT 1) AS decided FROM clock',
    );
    this.#note = db.prepare('UPDATE clock SET at = ?');
  }

  /**
   * @param now UTC milliseconds
   * @returns the time to judge by; writes nothing
   */
  read(now: number): number {
    const seen = this.#latest();
    return now < seen - SET_BACK_MS ? AFTER_ALL : Math.max(now, seen);
  }

  /** As `read`, and writes: after the clock was set back all that is open is expired, and time goes on from `now`. */
  advance(now: number): number {
    const seen = this.#latest();
    if (now < seen - SET_BACK_MS) {
      this.#endAll(now);
      this.#note.run(now);
      return now;
    }
    if (now > seen) this.#note.run(now);
    return Math.max(now, seen);
  }

  #latest(): number {
    const { at, decided } = this.#seen.get() as Row & { at: number; decided: number | null };
    return Math.max(at, decided ?? at);
  }

  #endAll(now: number): void {
    const open = this.#db.prepare(`SELECT id FROM approvals WHERE state IN ('pending', 'approved')`).all();
    this.#db
      .prepare(
        `UPDATE approvals SET state = 'expired', note = ?, decided_by = coalesce(decided_by, 'wrapper'),
           arguments = kept, reason = kept_reason WHERE state IN ('pending', 'approved')`,
      )
      .run(NOTE);
    for (const { id } of open)
      this.#events.write(now, 'wrapper', 'approval.expired', { approval: id, note: NOTE });
    const budgets = this.#db.prepare('SELECT id FROM budgets').all();
    this.#db.prepare('DELETE FROM budgets').run();
    for (const { id } of budgets)
      this.#events.write(now, 'wrapper', 'budget.revoked', { budget: id, note: NOTE });
  }
}
