/**
 * Counters: what each limit's charges add up to, exactly, and when there is room again.
 * Imports policy (types, calendars), json, text, and `sqlite/`.
 * Never here: a transaction's begin or end, and decisions.
 */
import type { Charge } from '../../policy/call.js';
import type { Limit } from '../../policy/model.js';
import type { Cache, StateFile } from '../sqlite/file.js';
import { type CounterBalance, CounterBalances } from './balance.js';
import { type ChargeRecord, chargeRecord, refundOf } from './charge-record.js';
import { keyOf, labelOf, type Owner } from './counter-key.js';
import { type Forgotten, limitKeyOf } from './forgotten.js';
import { Freed } from './freed.js';
import type { PendingCharges } from './pending-charges.js';
import { compare, plus, type StoredAmount, toStored } from './stored-amount.js';
import { Windows } from './windows.js';

/** Whether one charge fits, and everything that committing it needs. */
export interface LimitCheck {
  readonly charge: Charge;
  readonly amount: StoredAmount;
  readonly max: StoredAmount;
  /** What the counter held before this call. */
  readonly used: StoredAmount;
  readonly fits: boolean;
  /**
   * UTC milliseconds from which the charge fits if nothing else happens; undefined when it fits now or never will, or
   * when that depends on calls in flight.
   */
  readonly retryAt: number | undefined;
  /** What calls in flight hold, if it depends on them when the charge fits. */
  readonly inFlight: StoredAmount | undefined;
  /** UTC milliseconds: what the machine's clock said before it was set back by more than a moment. */
  readonly clockWas: number | undefined;
  readonly held: Held;
}

/** A counter at the instant of one call. */
interface Held {
  readonly counter: Counter;
  /** Now by the counter's own clock, UTC milliseconds: the machine's, but never before an instant it has seen. */
  readonly now: number;
  /** Charges made at or before this instant count no more. */
  readonly cutoff: number;
  /** Until then nobody knows what is used (see Forgotten). */
  readonly unknownUntil: number | undefined;
  readonly live: StoredAmount;
  /** What this call adds, over all its charges. */
  added: StoredAmount;
}

/** The count that a charge belongs to; limits with the same key share it. */
interface Counter {
  readonly key: string;
  /** Undefined until it was read, and while it has no row. */
  balance: CounterBalance | undefined;
}

/** A smaller step back is an ordinary adjustment of the clock, and is not mentioned; in milliseconds. */
const SET_BACK_MS = 1000;
/** Cache limit: a limit that is split by an argument may have any number of counters. */
const REMEMBERED = 4096;

/**
 * Exact counters. A sliding counter holds every charge that is younger than its window: a charge at t counts for
 * now < t + window, so any interval of that length holds at most `max` (G4). A calendar counter holds the charges since
 * the start of the current period.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class Counters implements Cache {
  readonly #pending: PendingCharges;
  readonly #file: StateFile;
  readonly #balances: CounterBalances;
  readonly #forgotten: Forgotten;
  readonly #freed: Freed;
  readonly #windows = new Windows();
  #byLimit = new WeakMap<Owner, WeakMap<Limit, Map<string, Counter>>>();
  readonly #byKey = new Map<string, Counter>();
  #remembered = 0;
  readonly #find;
  readonly #create;

  constructor(file: StateFile, pending: PendingCharges, forgotten: Forgotten) {
    const { db } = file;
    this.#file = file;
    this.#pending = pending;
    this.#forgotten = forgotten;
    file.register(this);
    this.#balances = new CounterBalances(file, pending);
    this.#freed = new Freed(db, pending);
    this.#find = db.prepare('SELECT id FROM counters WHERE key = ?');
    this.#create = db.prepare(
      `INSERT INTO counters (key, name, scope, server, grant_name, session, split, window_ms, unit, timezone, observe,
         max, clock, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /**
   * Checks a call's charges, in order and together: two that name one counter must both fit. Changes nothing.
   *
   * @param now UTC milliseconds
   */
  check(owner: Owner, charges: readonly Charge[], now: number): LimitCheck[] {
    const checks: LimitCheck[] = [];
    for (const charge of charges) checks.push(this.#checkOne(owner, charge, checks, now));
    return checks;
  }

  /**
   * Makes the counters that are still missing.
   *
   * @returns the charges as the decision's row records them, which `commit` then counts
   */
  prepare(owner: Owner, checks: readonly LimitCheck[]): ChargeRecord[] {
    // Pushed, as all lists on a call's way: test/bench/README.md.
    const records: ChargeRecord[] = [];
    for (const { charge, amount, held } of checks) {
      const { id } = this.#ready(owner, charge, held);
      records.push(chargeRecord(id, held.now, amount, charge.limit.refund));
    }
    return records;
  }

  /** Counts all charges, after the decision's row was written. */
  commit(checks: readonly LimitCheck[]): void {
    for (const { amount, held } of checks) {
      const { balance } = held.counter;
      if (balance) this.#balances.charge(balance, held.now, amount);
    }
    for (const { max, held } of firsts(checks)) {
      const { balance } = held.counter;
      if (balance) this.#balances.dropExpiredInBatches(balance, String(max));
    }
  }

  /**
   * Removes expired charges after a refusal, so that a client that keeps calling does not make checks slower. Changes
   * neither the counter's clock nor its count: a refused call charges nothing (G5).
   */
  dropExpired(owner: Owner, checks: readonly LimitCheck[]): void {
    const counters = firsts(checks);
    if (counters.some(({ held }) => held.counter.balance && held.counter.balance.pendingFrom <= held.cutoff))
      this.#pending.compact();
    for (const { charge, max, held } of counters) {
      const balance = this.#balanceOf(held.counter);
      if (!balance) continue;
      this.#balances.live(balance, held.cutoff);
      const { limit } = charge;
      const dropped = this.#balances.dropExpired(balance, String(max));
      if (dropped === undefined) continue;
      // After the clock is set back the removed charges would count again: there must be no fresh room (G4).
      this.#forgotten.note(limitKeyOf(owner, limit), this.#windows.endOf(limit, dropped));
    }
  }

  /**
   * Gives back the charges of one decision that `refunds` picks, each to its own counter and no other. Nothing is left to
   * give back of a charge that has expired, or whose counter was reset.
   */
  giveBack(
    decision: number,
    charges: readonly ChargeRecord[],
    refunds: (refund: Limit['refund']) => boolean,
  ): void {
    const returned = charges.filter((charge) => refunds(refundOf(charge)));
    if (returned.length === 0) return;
    this.#pending.compact();
    for (const [id, at, amount] of returned) this.#balances.giveBack(id, at, decision, amount);
    this.#file.outdate();
  }

  /** A counter's id from a transaction that was rolled back may be given to another counter. */
  rolledBack(): void {
    this.#forgetAll();
  }

  #forgetAll(): void {
    this.#byLimit = new WeakMap();
    this.#byKey.clear();
    this.#remembered = 0;
  }

  /** @param before the earlier charges of the same call */
  #checkOne(owner: Owner, charge: Charge, before: readonly LimitCheck[], now: number): LimitCheck {
    const { limit } = charge;
    // It would make room for others; no policy can produce one.
    if (charge.amount.sign < 0) throw new RangeError(`a charge of ${charge.amount}`);
    const counter = this.#counterOf(owner, charge);
    const held = heldIn(before, counter) ?? this.#hold(owner, counter, limit, now);
    const amount = toStored(charge.amount);
    const wanted = plus(held.added, amount);
    held.added = wanted;
    const max = toStored(limit.max);
    const isRoom = compare(plus(held.live, wanted), max) <= 0;
    const { unknownUntil = 0 } = held;
    const seen = Math.max(held.now, unknownUntil);
    const clockWas = seen - now > SET_BACK_MS ? seen : undefined;
    const fits = isRoom && unknownUntil === 0;
    let retryAt: number | undefined;
    let inFlight: StoredAmount | undefined;
    if (!fits) {
      const free = isRoom
        ? { retryAt: unknownUntil, inFlight: undefined }
        : this.#freed.at(held, counter.balance?.id, limit, wanted, max, now, () =>
            this.#windows.endOf(limit, held.now),
          );
      retryAt = free.retryAt === undefined ? undefined : Math.max(free.retryAt, unknownUntil);
      inFlight = free.inFlight;
    }
    return { charge, amount, max, used: held.live, fits, retryAt, inFlight, clockWas, held };
  }

  /** Limits and owners that share a count get the same object, so that they see each other's charges. */
  #counterOf(owner: Owner, { limit, split }: Charge): Counter {
    return this.#byLimit.get(owner)?.get(limit)?.get(split) ?? this.#newCounterOf(owner, limit, split);
  }

  #newCounterOf(owner: Owner, limit: Limit, split: string): Counter {
    if (this.#remembered >= REMEMBERED) this.#forgetAll();
    this.#remembered += 1;
    const key = keyOf(owner, limit, split);
    const counter = this.#byKey.get(key) ?? { key, balance: undefined };
    this.#byKey.set(key, counter);
    const byLimit = this.#byLimit.get(owner) ?? new WeakMap<Limit, Map<string, Counter>>();
    const bySplit = byLimit.get(limit) ?? new Map<string, Counter>();
    this.#byLimit.set(owner, byLimit.set(limit, bySplit.set(split, counter)));
    return counter;
  }

  #hold(owner: Owner, counter: Counter, limit: Limit, now: number): Held {
    const balance = this.#balanceOf(counter);
    const clock = balance ? Math.max(now, balance.clock) : now;
    const cutoff = this.#windows.cutoff(limit, clock);
    const live = balance ? this.#balances.live(balance, cutoff) : 0;
    const unknownUntil = this.#forgotten.until(owner, limit, clock);
    return { counter, now: clock, cutoff, unknownUntil, live, added: 0 };
  }

  #balanceOf(counter: Counter): CounterBalance | undefined {
    const known = counter.balance;
    if (known && this.#balances.isCurrent(known)) return known;
    let balance = known && this.#balances.read(known.id);
    if (!balance) {
      const id = this.#find.get(counter.key)?.id as number | undefined;
      balance = id === undefined ? undefined : this.#balances.read(id);
    }
    counter.balance = balance;
    return balance;
  }

  /** Makes a counter's row where there is none. */
  #ready(owner: Owner, { limit, split }: Charge, { counter, now }: Held): CounterBalance {
    if (counter.balance) return counter.balance;
    const { align, scope } = limit;
    const isWide = scope === 'machine' || scope === 'team';
    const isCalendar = align.kind === 'calendar';
    const max = String(toStored(limit.max));
    const { lastInsertRowid } = this.#create.run(
      counter.key,
      limit.counter,
      scope,
      isWide ? null : owner.server,
      isWide ? null : owner.grant,
      scope === 'session' ? owner.session : null,
      labelOf(limit, split),
      limit.windowMs,
      isCalendar ? align.unit : null,
      isCalendar ? align.timezone : null,
      owner.observe ? 1 : 0,
      max,
      now,
      0,
    );
    counter.balance = this.#balances.fresh(Number(lastInsertRowid), now, max);
    return counter.balance;
  }
}

/** The counter's state from an earlier charge of the same call. */
function heldIn(checks: readonly LimitCheck[], { key }: Counter): Held | undefined {
  for (const { held } of checks) if (held.counter.key === key) return held;
  return undefined;
}

/** The first check of each counter; the `max` of its limit is the one that is shown. */
function firsts(checks: readonly LimitCheck[]): readonly LimitCheck[] {
  return checks.filter(({ held }, i) => checks.findIndex((other) => other.held === held) === i);
}
