import type { Row } from '../sqlite/driver.js';
import type { Cache, StateFile } from '../sqlite/file.js';
import type { PendingCharges } from './pending-charges.js';
import { asAmount, compare, minus, plus, type StoredAmount } from './stored-amount.js';

/** What one counter holds: compacted charges, which have rows of their own, and pending ones (see PendingCharges). */
export interface CounterBalance {
  readonly id: number;
  /** The counter's own clock, UTC milliseconds: not before any of its charges. */
  clock: number;
  /** The sum of the compacted charges, expired ones included. */
  compacted: StoredAmount;
  /** The sum of the pending charges, and the time of the first. */
  pending: StoredAmount;
  pendingFrom: number;
  /** The `max` of the limit that used it last, as text. */
  max: string;
  /** The sum of the rows that are expired at `cutoff`; the next one expires when the cutoff reaches `oldest`. */
  expired: StoredAmount;
  expiredRows: number;
  /** The time of the newest expired row. */
  expiredAt: number;
  cutoff: number;
  oldest: number;
  /** The `#version` of the cache in which it was read. */
  readonly version: number;
}

/** Expired rows are removed once there are this many, so that not every call pays for a removal. */
const BATCH = 32;

/**
 * Reads and writes balances. A balance that was read stays current until another process writes or pending charges are
 * compacted, so a wrapper that is alone rarely reads its counters again.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class CounterBalances implements Cache {
  readonly #pending: PendingCharges;
  #version = 0;
  readonly #read;
  readonly #sumExpired;
  readonly #expired;
  readonly #write;
  readonly #expire;
  readonly #find;
  readonly #lower;
  readonly #remove;

  constructor(file: StateFile, pending: PendingCharges) {
    const { db } = file;
    this.#pending = pending;
    file.register(this);
    this.#read = db.prepare('SELECT clock, used, max FROM counters WHERE id = ?');
    this.#sumExpired = db.prepare(
      `SELECT count(*) AS n, total(amount) AS sum, total(typeof(amount) = 'text') AS texts, max(at) AS newest,
         (SELECT min(at) FROM charges WHERE counter = ? AND at > ?) AS oldest
       FROM charges ${EXPIRED}`,
    );
    this.#expired = db.prepare(`SELECT amount FROM charges ${EXPIRED}`);
    this.#write = db.prepare('UPDATE counters SET clock = ?, used = ?, max = ? WHERE id = ?');
    this.#expire = db.prepare(`DELETE FROM charges ${EXPIRED}`);
    this.#find = db.prepare(
      'SELECT last, amount FROM charges WHERE counter = ? AND at = ? AND ? BETWEEN first AND last',
    );
    this.#lower = db.prepare('UPDATE charges SET amount = ? WHERE counter = ? AND at = ? AND last = ?');
    this.#remove = db.prepare('DELETE FROM charges WHERE counter = ? AND at = ? AND last = ?');
  }

  outdated(): void {
    this.#version += 1;
  }

  isCurrent(balance: CounterBalance): boolean {
    return balance.version === this.#version;
  }

  /** @returns undefined when there is no such counter */
  read(id: number): CounterBalance | undefined {
    const row = this.#read.get(id);
    if (!row) return undefined;
    const balance = this.fresh(id, row.clock as number, row.max as string);
    balance.compacted = asAmount(row.used);
    // Forces the first `live` to read the rows.
    balance.oldest = Number.NEGATIVE_INFINITY;
    for (const { at, amount } of this.#pending.of(id)) this.charge(balance, at, amount);
    return balance;
  }

  /** The balance of a counter whose row was just made. */
  fresh(id: number, clock: number, max: string): CounterBalance {
    return {
      id,
      clock,
      compacted: 0,
      pending: 0,
      pendingFrom: Number.POSITIVE_INFINITY,
      max,
      expired: 0,
      expiredRows: 0,
      expiredAt: Number.NEGATIVE_INFINITY,
      cutoff: Number.NEGATIVE_INFINITY,
      oldest: Number.POSITIVE_INFINITY,
      version: this.#version,
    };
  }

  /**
   * The sum of the charges after `cutoff`. Reads rows only when the cutoff has reached another one, or has gone back
   * because the machine's clock was set.
   */
  live(balance: CounterBalance, cutoff: number): StoredAmount {
    if (cutoff >= balance.oldest || cutoff < balance.cutoff) {
      const { id } = balance;
      const row = this.#sumExpired.get(id, cutoff, id, cutoff) as Row;
      balance.expired = exactSum(row, () => this.#expired.iterate(id, cutoff));
      balance.expiredRows = row.n as number;
      balance.expiredAt = (row.newest as number | null) ?? Number.NEGATIVE_INFINITY;
      balance.cutoff = cutoff;
      balance.oldest = (row.oldest as number | null) ?? Number.POSITIVE_INFINITY;
    }
    const compacted =
      balance.expiredRows === 0 ? balance.compacted : minus(balance.compacted, balance.expired);
    return plus(
      compacted,
      cutoff < balance.pendingFrom ? balance.pending : this.#pendingAfter(balance.id, cutoff),
    );
  }

  /**
   * Adds a charge that stands in its decision's row.
   *
   * @param at UTC milliseconds by the counter's own clock
   */
  charge(balance: CounterBalance, at: number, amount: StoredAmount): void {
    balance.clock = Math.max(balance.clock, at);
    balance.pending = plus(balance.pending, amount);
    if (at < balance.pendingFrom) balance.pendingFrom = at;
  }

  /**
   * Removes the rows that `live` found expired, once there are enough of them.
   *
   * @param max written to the counter's row for people to see
   */
  dropExpiredInBatches(balance: CounterBalance, max: string): void {
    const drops = balance.expiredRows >= BATCH;
    if (drops || balance.max !== max) this.#save(balance, drops, max);
  }

  /**
   * Removes all rows that `live` found expired, after a refusal. The counter's clock stays: a refused call charges
   * nothing (G5).
   *
   * @returns the time of the newest charge that was removed, UTC milliseconds; undefined when none was
   */
  dropExpired(balance: CounterBalance, max: string): number | undefined {
    const drops = balance.expiredRows > 0;
    if (drops || balance.max !== max) this.#save(balance, drops, max);
    return drops ? balance.expiredAt : undefined;
  }

  /**
   * Gives back one charge of a decision, after everything pending was compacted. The caller outdates the caches.
   */
  giveBack(id: number, at: number, decision: number, amount: StoredAmount): void {
    const row = this.#find.get(id, at, decision);
    const balance = this.read(id);
    // The charge has expired, or its counter was reset.
    if (!row || !balance) return;
    const held = asAmount(row.amount);
    const last = row.last as number;
    if (compare(held, amount) === 0) this.#remove.run(id, at, last);
    else this.#lower.run(minus(held, amount), id, at, last);
    this.#write.run(balance.clock, minus(balance.compacted, amount), balance.max, id);
  }

  #pendingAfter(id: number, cutoff: number): StoredAmount {
    let sum: StoredAmount = 0;
    for (const { at, amount } of this.#pending.of(id)) if (at > cutoff) sum = plus(sum, amount);
    return sum;
  }

  #save(balance: CounterBalance, drops: boolean, max: string): void {
    if (drops) {
      this.#expire.run(balance.id, balance.cutoff);
      balance.compacted = minus(balance.compacted, balance.expired);
      balance.expired = 0;
      balance.expiredRows = 0;
    }
    this.#write.run(balance.clock, balance.compacted, max, balance.id);
    balance.max = max;
  }
}

const EXPIRED = 'WHERE counter = ? AND at <= ?';

/** SQLite's own sum where a double holds it exactly; else added up here. */
function exactSum({ n, sum, texts }: Row, amounts: () => Iterable<Row>): StoredAmount {
  if (n === 0) return 0;
  if (texts === 0 && Number.isSafeInteger(sum)) return sum as number;
  let exact: StoredAmount = 0;
  for (const { amount } of amounts()) exact = plus(exact, asAmount(amount));
  return exact;
}
