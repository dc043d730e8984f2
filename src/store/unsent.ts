import { entryOf, type LogEntry, SELECTED } from './decision-log.js';
import type { Database } from './sqlite/driver.js';

/** A call without an outcome is sent all the same after this long: its wrapper was killed; in milliseconds. */
const OPEN_MS = 600_000;

/**
 * Calls that passed while the store of a team could not be reached, until that has heard of them. Nothing here opens a
 * transaction; all methods run inside the caller's.
 */
export class Unsent {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** @param store names the store that is to hear of it */
  add(decision: number, store: string): void {
    this.#db.prepare('INSERT INTO unsent (decision, store) VALUES (?, ?)').run(decision, store);
  }

  /**
   * @param now UTC milliseconds
   * @returns the oldest of a server that are over, at most `limit`
   */
  list(store: string, server: string, now: number, limit: number): LogEntry[] {
    return this.#db
      .prepare(
        `SELECT ${SELECTED} FROM unsent u JOIN decisions d ON d.id = u.decision JOIN sessions s ON s.id = d.session
           LEFT JOIN policies p ON p.id = d.policy
         WHERE u.store = ? AND s.server = ? AND (d.outcome IS NOT NULL OR d.at < ?) ORDER BY d.id LIMIT ?`,
      )
      .all(store, server, now - OPEN_MS, limit)
      .map(entryOf);
  }

  /** @param decisions that the store has heard of; rows that the log no longer has go with them */
  remove(decisions: readonly string[]): void {
    const remove = this.#db.prepare('DELETE FROM unsent WHERE decision = ?');
    for (const decision of decisions) remove.run(Number(decision));
    this.#db.exec('DELETE FROM unsent WHERE decision < (SELECT min(id) FROM decisions)');
  }
}
