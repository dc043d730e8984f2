import type { Limit } from '../../policy/model.js';
import type { Database } from '../sqlite/driver.js';
import { InFlight } from './in-flight.js';
import type { ChargeGroup, PendingCharges } from './pending-charges.js';
import { asAmount, compare, minus, plus, type StoredAmount } from './stored-amount.js';

/** When a charge that does not fit will fit, or what calls in flight hold if that depends on them. */
export interface FreedAt {
  /** UTC milliseconds; undefined when it never fits, or when that depends on calls in flight. */
  readonly retryAt: number | undefined;
  readonly inFlight: StoredAmount | undefined;
}

const NEVER: FreedAt = { retryAt: undefined, inFlight: undefined };

/** Finds when a counter has room again. All methods run inside the caller's transaction. */
export class Freed {
  readonly #pending: PendingCharges;
  readonly #inFlight: InFlight;
  readonly #live;

  constructor(db: Database, pending: PendingCharges) {
    this.#pending = pending;
    this.#inFlight = new InFlight(db);
    this.#live = db.prepare(
      'SELECT at, first, last, amount FROM charges WHERE counter = ? AND at > ? ORDER BY at, last',
    );
  }

  /**
   * When `wanted` fits. Charges of calls in flight to a limit that counts failures are given back as soon as they
   * succeed: an instant is named only if it is the same whatever becomes of them (G5).
   *
   * @param held what the counter holds of charges after `cutoff`, at `now` by its own clock
   * @param counter undefined while it has no row
   * @param now the machine's clock, UTC milliseconds
   * @param endOfPeriod end of the current period of a calendar limit, UTC milliseconds
   */
  at(
    held: { readonly now: number; readonly cutoff: number; readonly live: StoredAmount },
    counter: number | undefined,
    limit: Limit,
    wanted: StoredAmount,
    max: StoredAmount,
    now: number,
    endOfPeriod: () => number,
  ): FreedAt {
    if (compare(wanted, max) > 0 || counter === undefined) return NEVER;
    const fitsAt = (
      charges: Iterable<Pick<ChargeGroup, 'at' | 'amount'>>,
      left: StoredAmount,
    ): number | undefined => {
      if (compare(left, max) <= 0) return held.now;
      if (limit.align.kind === 'calendar') return endOfPeriod();
      let rest = left;
      for (const { at, amount } of charges) {
        rest = minus(rest, amount);
        if (compare(rest, max) <= 0) return at + limit.windowMs;
      }
      return undefined;
    };
    const all = plus(held.live, wanted);
    const charges = this.#liveCharges(counter, held.cutoff);
    if (limit.refund !== 'on_success') return { retryAt: fitsAt(charges, all), inFlight: undefined };
    const live = [...charges];
    const open = this.#inFlight.of(counter, live, now);
    const inFlight = open.reduce(plus, 0);
    const failed = live.map(({ at, amount }, i) => ({ at, amount: minus(amount, open[i] ?? 0) }));
    const late = fitsAt(live, all);
    const early = fitsAt(failed, minus(all, inFlight));
    return early === late ? { retryAt: late, inFlight: undefined } : { retryAt: undefined, inFlight };
  }

  /** Compacted charges, then pending ones, which is the order of time. */
  *#liveCharges(id: number, cutoff: number): Iterable<ChargeGroup> {
    for (const { at, first, last, amount } of this.#live.iterate(id, cutoff))
      yield { at: at as number, first: first as number, last: last as number, amount: asAmount(amount) };
    for (const charge of this.#pending.of(id)) if (charge.at > cutoff) yield charge;
  }
}
