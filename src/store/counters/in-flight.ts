import { isLive } from '../sessions.js';
import type { Database, Row } from '../sqlite/driver.js';
import { parseChargeRecords } from './charge-record.js';
import type { ChargeGroup } from './pending-charges.js';
import { plus, type StoredAmount } from './stored-amount.js';

/** Calls in flight are among the newest: only this many charges are checked. */
const LOOKED_AT = 1000;

/**
 * What calls that the server has not answered yet hold of a counter that counts failures: it is given back when they
 * succeed. A call whose wrapper has died is no longer in flight, and will never be answered.
 */
export class InFlight {
  readonly #open;
  readonly #session;

  constructor(db: Database) {
    this.#open = db.prepare(
      `SELECT session, charges FROM decisions WHERE id BETWEEN ? AND ? AND outcome IS NULL AND decision = 'allow'
         AND charges IS NOT NULL`,
    );
    this.#session = db.prepare('SELECT * FROM sessions WHERE id = ?');
  }

  /**
   * @param groups the counter's charges that count, in the order of time
   * @param now UTC milliseconds
   * @returns how much of each is in flight, in the same order
   */
  of(counter: number, groups: readonly ChargeGroup[], now: number): StoredAmount[] {
    const alive = new Map<unknown, boolean>();
    const isAlive = (session: number) => {
      let known = alive.get(session);
      if (known === undefined) {
        const row = this.#session.get(session);
        known = row !== undefined && isLive(row, now);
        alive.set(session, known);
      }
      return known;
    };
    return groups.map(({ at, first, last }, i) => {
      let sum: StoredAmount = 0;
      if (i < groups.length - LOOKED_AT) return sum;
      for (const row of this.#open.all(first, last) as (Row & { session: number; charges: string })[]) {
        if (!isAlive(row.session)) continue;
        for (const [id, time, amount] of parseChargeRecords(row.charges))
          if (id === counter && time === at) sum = plus(sum, amount);
      }
      return sum;
    });
  }
}
