import type { Database } from '../sqlite/driver.js';
import { type CounterEntry, instantsOf, listCounters, matching } from './counter-list.js';
import type { PendingCharges } from './pending-charges.js';
import { asAmount, compare } from './stored-amount.js';

/** A counter with what still counts of it. */
export interface CounterCharges {
  /** As `keyOf` makes it. */
  readonly key: string;
  readonly entry: CounterEntry;
  /** UTC milliseconds, and exact decimals as text. */
  readonly charges: readonly { readonly at: number; readonly amount: string }[];
}

/**
 * What another store needs to go on counting where this one is: every counter that is not empty. Calls that only were
 * observed are left out. Reads inside the caller's transaction.
 *
 * @param now UTC milliseconds
 */
export function liveCharges(db: Database, pending: PendingCharges, now: number): CounterCharges[] {
  const posted = db.prepare('SELECT at, amount FROM charges WHERE counter = ? ORDER BY at, last');
  return matching(db, { observe: false }).flatMap((row) => {
    const id = row.id as number;
    const own = pending.of(id);
    const { cutoff } = instantsOf(row, own, now);
    const charges = [...posted.all(id), ...own]
      .filter(({ at, amount }) => (at as number) > cutoff && compare(asAmount(amount), 0) !== 0)
      .map(({ at, amount }) => ({ at: at as number, amount: String(asAmount(amount)) }));
    const [entry] = charges.length === 0 ? [] : listCounters(db, pending, { id }, now);
    return entry ? [{ key: row.key as string, entry, charges }] : [];
  });
}
