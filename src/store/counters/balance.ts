import type { Database, Row } from '../sqlite/driver.js';
import type { Generation } from '../sqlite/file.js';
import type { PendingCharges } from './pending-charges.js';
import { asAmount, compare, minus, plus, type StoredAmount } from './stored-amount.js';

/** What one counter holds: the charges that were posted to it, and those that are loose (see Journal). */
export interface CounterBalance {
  readonly id: number;
  /** The counter's own clock, UTC milliseconds: not before any of its charges. */
  clock: number;
  /** All charges that have a row, those that have expired included. */
  compacted: StoredAmount;
  /** All that have none, and the time of the first. */
  pending: StoredAmount;
  pendingFrom: number;
  /** The bound of the limit that looked at it last, as text. */
  max: string;
  /** What has expired at `cutoff` and still has a row; nothing more does before the cutoff reaches `oldest`. */
  expired: StoredAmount;
  expiredRows: number;
  /** The time of the last of these. */
  expiredAt: number;
  cutoff: number;
  oldest: number;
  /** Read or written in this generation of the file: what others did before is in it, and they did nothing since. */
  readonly generation: number;
}

/** So many expired rows are removed at a time: the price of one is spread over as many calls. */
const BATCH = 32;

/**
 * Reads and writes balances. One that was read stays true until another process has written, or this one has posted
 * (after a rollback it must be thrown away): a wrapper that is alone reads each of its counters now and then.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class CounterBalances {
  readonly #pending: PendingCharges;
  readonly #generation: Generation;
  readonly #read;
  readonly #sumExpired;
  readonly #expired;
  readonly #write;
  readonly #expire;
  readonly #find;
  readonly #lower;
  readonly #remove;

  constructor(db: Database, pending: PendingCharges, generation: Generation) {
    this.#pending = pending;
    this.#generation = generation;
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

  isCurrent(balance: CounterBalance): boolean {
    return balance.generation === this.#generation.current;
  }

  /** @returns undefined when there is no such counter */
  read(id: number): CounterBalance | undefined {
    const row = this.#read.get(id);
    if (!row) return undefined;
    const balance = this.fresh(id, row.clock as number, row.max as string);
    balance.compacted = asAmount(row.used);
    // Rows may be there: the first look at them is still to come.
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
      generation: this.#generation.current,
    };
  }

  /**
   * What a balance holds without the charges at or before `cutoff`. Looks at rows again only where the cutoff has reached
   * another one, or has gone back because the machine's clock was set.
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
    const posted = balance.expiredRows === 0 ? balance.compacted : minus(balance.compacted, balance.expired);
    return plus(
      posted,
      cutoff < balance.pendingFrom ? balance.pending : this.#pendingAfter(balance.id, cutoff),
    );
  }

  /**
   * Adds a charge that its decision has written down.
   *
   * @param at UTC milliseconds by the counter's own clock
   */
  charge(balance: CounterBalance, at: number, amount: StoredAmount): void {
    balance.clock = Math.max(balance.clock, at);
    balance.pending = plus(balance.pending, amount);
    if (at < balance.pendingFrom) balance.pendingFrom = at;
  }

  /**
   * Drops what `live` found expired, once so much has come together that it is worth it.
   *
   * @param max for people who look at the counter
   */
  dropExpiredInBatches(balance: CounterBalance, max: string): void {
    const drops = balance.expiredRows >= BATCH;
    if (drops || balance.max !== max) this.#save(balance, drops, max);
  }

  /**
   * Drops all that `live` found expired, where nothing was charged. The counter's clock stays: a refused call is none
   * (G5).
   *
   * @returns the time of the last charge that was dropped, UTC milliseconds
   */
  dropExpired(balance: CounterBalance, max: string): number | undefined {
    const drops = balance.expiredRows > 0;
    if (drops || balance.max !== max) this.#save(balance, drops, max);
    return drops ? balance.expiredAt : undefined;
  }

  /**
   * Takes back one charge of a decision; everything must be posted. What was read of its counter no longer stands.
   */
  giveBack(id: number, at: number, decision: number, amount: StoredAmount): void {
    const row = this.#find.get(id, at, decision);
    const balance = this.read(id);
    // It has expired, or its counter was reset.
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

/** A sum that SQLite made, where doubles hold it exactly, else ours. */
function exactSum({ n, sum, texts }: Row, amounts: () => Iterable<Row>): StoredAmount {
  if (n === 0) return 0;
  if (texts === 0 && Number.isSafeInteger(sum)) return sum as number;
  let exact: StoredAmount = 0;
  for (const { amount } of amounts()) exact = plus(exact, asAmount(amount));
  return exact;
}
