import { calendarEnd, calendarStart } from '../policy/calendar.js';
import type { Charge } from '../policy/decision.js';
import type { Limit } from '../policy/policy.js';
import { type Amount, asAmount, compare, corruptValue, minus, plus, toAmount } from './amount.js';
import { keyOf, labelOf, type Owner } from './counter-key.js';
import type { Database } from './driver.js';

/** How one charge would fare, and all that taking it needs to know. */
export interface Standing {
  readonly charge: Charge;
  readonly amount: Amount;
  /** What the counter held before this call. */
  readonly used: Amount;
  readonly fits: boolean;
  /** UTC milliseconds from which the charge fits if nothing else happens; undefined when it does now, or never will. */
  readonly retryAt: number | undefined;
  readonly held: Held;
}

/** A counter as one transaction sees it. */
interface Held {
  readonly counter: Counter;
  /** Now by the counter's own clock, UTC milliseconds: the machine's, but never before an instant it has seen. */
  readonly now: number;
  /** Charges made at or before this instant count no more. */
  readonly cutoff: number;
  readonly live: Amount;
  readonly hasExpired: boolean;
  readonly max: string;
  /** What this call adds. */
  pending: Amount;
  isTaken: boolean;
}

/** Which count a charge belongs to; every limit with the same key shares it. */
interface Counter {
  readonly key: string;
  id: number | undefined;
}

const REFUNDS = ['never', 'on_error', 'on_success'] as const;

/** A charge as its decision remembers it: counter, UTC milliseconds, amount, index into REFUNDS. */
export type Taken = readonly [counter: number, at: number, amount: Amount, refund: number];

/** @throws PolicyWrapError STATE_CORRUPT when a decision's row holds something else */
export function takenFrom(text: unknown): Taken[] {
  try {
    const taken: unknown = JSON.parse(String(text));
    if (Array.isArray(taken) && taken.every(isTaken)) return taken;
  } catch {
    // Falls through to the one complaint.
  }
  throw corruptValue(text, 'charges');
}

function isTaken(value: unknown): value is Taken {
  if (!Array.isArray(value) || value.length !== 4) return false;
  const [counter, at, amount, refund] = value as unknown[];
  const isAmount = typeof amount === 'number' || typeof amount === 'string';
  return (
    Number.isSafeInteger(counter) && Number.isSafeInteger(at) && isAmount && Number.isSafeInteger(refund)
  );
}

/** Counters that are remembered by name before all are forgotten; a split by argument may have any number. */
const REMEMBERED = 4096;

/**
 * Exact counters. A sliding one holds every charge that is younger than its window: a charge at t counts for
 * now < t + window, so any interval of that length holds at most `max` (G4). A calendar one holds the charges since
 * the start of the running period.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class Counters {
  #byLimit = new WeakMap<Owner, WeakMap<Limit, Map<string, Counter>>>();
  readonly #periods = new Map<string, { start: number; end: number }>();
  #remembered = 0;
  readonly #find;
  readonly #read;
  readonly #create;
  readonly #update;
  readonly #sumExpired;
  readonly #expired;
  readonly #expire;
  readonly #live;
  readonly #insert;
  readonly #takeBack;
  readonly #lower;
  readonly #bound;

  constructor(db: Database) {
    this.#find = db.prepare('SELECT id FROM counters WHERE key = ?');
    this.#read = db.prepare('SELECT clock, used, max FROM counters WHERE id = ?');
    this.#create = db.prepare(
      `INSERT INTO counters (key, name, scope, server, grant_name, session, split, window_ms, unit, timezone, observe,
         max, clock, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = db.prepare('UPDATE counters SET clock = ?, used = ?, max = ? WHERE id = ?');
    this.#sumExpired = db.prepare(
      `SELECT count(*) AS n, total(amount) AS sum, total(typeof(amount) = 'text') AS texts
       FROM charges WHERE counter = ? AND at <= ?`,
    );
    this.#expired = db.prepare('SELECT amount FROM charges WHERE counter = ? AND at <= ?');
    this.#expire = db.prepare('DELETE FROM charges WHERE counter = ? AND at <= ?');
    this.#live = db.prepare(
      'SELECT at, amount FROM charges WHERE counter = ? AND at > ? ORDER BY at, decision, part',
    );
    this.#insert = db.prepare(
      'INSERT INTO charges (counter, at, decision, part, amount) VALUES (?, ?, ?, ?, ?)',
    );
    this.#takeBack = db.prepare(
      'DELETE FROM charges WHERE counter = ? AND at = ? AND decision = ? AND part = ?',
    );
    this.#lower = db.prepare('UPDATE counters SET used = ? WHERE id = ?');
    this.#bound = db.prepare('UPDATE counters SET max = ? WHERE id = ?');
  }

  /**
   * How each of a call's charges would fare, in order, all of them together: two that name one counter must both fit.
   * Changes nothing.
   *
   * @param now UTC milliseconds
   */
  look(owner: Owner, charges: readonly Charge[], now: number): Standing[] {
    const seen: Held[] = [];
    return charges.map((charge) => {
      // It would make room for others: the policy never lets one through.
      if (charge.amount.sign < 0) throw new RangeError(`a charge of ${charge.amount}`);
      const counter = this.#counterOf(owner, charge);
      let held = seen.find((other) => other.counter.key === counter.key);
      if (!held) {
        held = this.#hold(counter, charge.limit, now);
        seen.push(held);
      }
      const amount = toAmount(charge.amount);
      const wanted = plus(held.pending, amount);
      held.pending = wanted;
      const max = toAmount(charge.limit.max);
      const fits = compare(plus(held.live, wanted), max) <= 0;
      const retryAt = fits ? undefined : this.#fitsAt(held, charge.limit, wanted, max);
      return { charge, amount, used: held.live, fits, retryAt, held };
    });
  }

  /**
   * Makes ready what was looked at to be charged: missing counters are made, expired charges dropped.
   *
   * @returns what the decision must remember to be able to give the charges back; for `take`
   */
  reserve(owner: Owner, standings: readonly Standing[]): Taken[] {
    return standings.map(({ charge, amount, held }) => [
      this.#ready(owner, charge, held),
      held.now,
      amount,
      REFUNDS.indexOf(charge.limit.refund),
    ]);
  }

  /**
   * Charges all of it.
   *
   * @param decision row of the decision log that the charges belong to
   */
  take(standings: readonly Standing[], taken: readonly Taken[], decision: number): void {
    taken.forEach(([id, at, amount], part) => {
      this.#insert.run(id, at, decision, part, amount);
    });
    for (const { charge, held } of standings) {
      if (held.isTaken) continue;
      held.isTaken = true;
      const total = plus(held.live, held.pending);
      this.#update.run(held.now, total, String(toAmount(charge.limit.max)), held.counter.id as number);
    }
  }

  /**
   * After a refusal: drops what has expired, so that a client that hammers does not make every look longer. The
   * counter's clock moves only where something was dropped, and its count never (G5).
   */
  sweep(standings: readonly Standing[]): void {
    for (const { charge, held } of standings) {
      const { id } = held.counter;
      if (id === undefined) continue;
      const max = String(toAmount(charge.limit.max));
      if (held.hasExpired) {
        this.#expire.run(id, held.cutoff);
        this.#update.run(held.now, held.live, max, id);
      } else if (max !== held.max) this.#bound.run(max, id);
    }
  }

  /**
   * Gives back the charges of one decision that `refunds` picks, each from its own counter and no other. A charge that
   * has expired, or whose counter was reset, is gone already.
   */
  giveBack(decision: number, taken: readonly Taken[], refunds: (refund: Limit['refund']) => boolean): void {
    taken.forEach(([counter, at, amount, refund], part) => {
      if (!refunds(REFUNDS[refund] ?? 'never')) return;
      if (this.#takeBack.run(counter, at, decision, part).changes === 0) return;
      const row = this.#read.get(counter);
      if (row) this.#lower.run(minus(asAmount(row.used), amount), counter);
    });
  }

  /** Must follow every transaction that was rolled back: an id that was given in it may become another counter's. */
  forget(): void {
    this.#byLimit = new WeakMap();
    this.#remembered = 0;
  }

  #counterOf(owner: Owner, { limit, split }: Charge): Counter {
    const known = this.#byLimit.get(owner)?.get(limit)?.get(split);
    if (known) return known;
    if (this.#remembered >= REMEMBERED) this.forget();
    this.#remembered += 1;
    const counter: Counter = { key: keyOf(owner, limit, split), id: undefined };
    const byLimit = this.#byLimit.get(owner) ?? new WeakMap<Limit, Map<string, Counter>>();
    const bySplit = byLimit.get(limit) ?? new Map<string, Counter>();
    this.#byLimit.set(owner, byLimit.set(limit, bySplit.set(split, counter)));
    return counter;
  }

  #hold(counter: Counter, limit: Limit, now: number): Held {
    let row = counter.id === undefined ? undefined : this.#read.get(counter.id);
    if (!row) {
      const found = this.#find.get(counter.key);
      counter.id = found && (found.id as number);
      row = counter.id === undefined ? undefined : this.#read.get(counter.id);
    }
    const clock = row ? Math.max(now, row.clock as number) : now;
    const cutoff = this.#cutoff(limit, clock);
    const base = { counter, now: clock, cutoff, pending: 0, isTaken: false };
    if (!row) return { ...base, live: 0, hasExpired: false, max: '' };
    const gone = this.#expiredSum(counter.id as number, cutoff);
    const used = asAmount(row.used);
    const live = gone === undefined ? used : minus(used, gone);
    return { ...base, live, hasExpired: gone !== undefined, max: row.max as string };
  }

  /** @returns undefined when nothing has expired */
  #expiredSum(id: number, cutoff: number): Amount | undefined {
    const { n, sum, texts } = this.#sumExpired.get(id, cutoff) as { n: number; sum: number; texts: number };
    if (n === 0) return undefined;
    if (texts === 0 && Number.isSafeInteger(sum)) return sum;
    let exact: Amount = 0;
    for (const row of this.#expired.iterate(id, cutoff)) exact = plus(exact, asAmount(row.amount));
    return exact;
  }

  /** The first instant at which `wanted` fits beside what is left; walks no further than it must. */
  #fitsAt(held: Held, limit: Limit, wanted: Amount, max: Amount): number | undefined {
    if (compare(wanted, max) > 0) return undefined;
    if (limit.align.kind === 'calendar') return this.#period(limit.align, held.now).end;
    const { id } = held.counter;
    if (id === undefined) return undefined;
    let left = plus(held.live, wanted);
    for (const row of this.#live.iterate(id, held.cutoff)) {
      left = minus(left, asAmount(row.amount));
      if (compare(left, max) <= 0) return (row.at as number) + limit.windowMs;
    }
    return undefined;
  }

  /** Makes a counter's row, or drops what has expired in it, once for a call. @returns its id */
  #ready(owner: Owner, { limit, split }: Charge, held: Held): number {
    const { counter } = held;
    if (counter.id === undefined) {
      const { align, scope } = limit;
      const isCalendar = align.kind === 'calendar';
      const { lastInsertRowid } = this.#create.run(
        counter.key,
        limit.counter,
        scope,
        scope === 'machine' ? null : owner.server,
        scope === 'machine' ? null : owner.grant,
        scope === 'session' ? owner.session : null,
        labelOf(limit, split),
        limit.windowMs,
        isCalendar ? align.unit : null,
        isCalendar ? align.timezone : null,
        owner.observe ? 1 : 0,
        String(toAmount(limit.max)),
        held.now,
        0,
      );
      counter.id = Number(lastInsertRowid);
    } else if (held.hasExpired) this.#expire.run(counter.id, held.cutoff);
    return counter.id;
  }

  #cutoff({ align, windowMs }: Limit, now: number): number {
    return align.kind === 'sliding' ? now - windowMs : this.#period(align, now).start - 1;
  }

  #period(align: Extract<Limit['align'], { kind: 'calendar' }>, at: number): { start: number; end: number } {
    const { unit, timezone } = align;
    const name = `${unit} ${timezone}`;
    let period = this.#periods.get(name);
    if (!period || at < period.start || at >= period.end) {
      period = { start: calendarStart(at, unit, timezone), end: calendarEnd(at, unit, timezone) };
      this.#periods.set(name, period);
    }
    return period;
  }
}
