import type { Database, Row } from '../sqlite/driver.js';
import type { Generation } from '../sqlite/file.js';
import type { Journal } from './pending-charges.js';
import { type Amount, asAmount, compare, minus, plus } from './stored-amount.js';

/** What one counter holds: the charges that were posted to it, and those that are loose (see Journal). */
export interface Tally {
  readonly id: number;
  /** The counter's own clock, UTC milliseconds: not before any of its charges. */
  clock: number;
  /** All charges that have a row, those that have expired included. */
  posted: Amount;
  /** All that have none, and the time of the first. */
  loose: Amount;
  looseFrom: number;
  /** The bound of the limit that looked at it last, as text. */
  max: string;
  /** What has expired at `cutoff` and still has a row; nothing more does before the cutoff reaches `oldest`. */
  expired: Amount;
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
 * Reads and writes tallies. One that was read stays true until another process has written, or this one has posted
 * (after a rollback it must be thrown away): a wrapper that is alone reads each of its counters now and then.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class Tallies {
  readonly #journal: Journal;
  readonly #generation: Generation;
  readonly #read;
  readonly #sumExpired;
  readonly #expired;
  readonly #write;
  readonly #expire;
  readonly #find;
  readonly #lower;
  readonly #remove;

  constructor(db: Database, journal: Journal, generation: Generation) {
    this.#journal = journal;
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

  isCurrent(tally: Tally): boolean {
    return tally.generation === this.#generation.current;
  }

  /** @returns undefined when there is no such counter */
  read(id: number): Tally | undefined {
    const row = this.#read.get(id);
    if (!row) return undefined;
    const tally = this.fresh(id, row.clock as number, row.max as string);
    tally.posted = asAmount(row.used);
    // Rows may be there: the first look at them is still to come.
    tally.oldest = Number.NEGATIVE_INFINITY;
    for (const { at, amount } of this.#journal.loose(id)) this.charge(tally, at, amount);
    return tally;
  }

  /** The tally of a counter whose row was just made. */
  fresh(id: number, clock: number, max: string): Tally {
    return {
      id,
      clock,
      posted: 0,
      loose: 0,
      looseFrom: Number.POSITIVE_INFINITY,
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
   * What a tally holds without the charges at or before `cutoff`. Looks at rows again only where the cutoff has reached
   * another one, or has gone back because the machine's clock was set.
   */
  live(tally: Tally, cutoff: number): Amount {
    if (cutoff >= tally.oldest || cutoff < tally.cutoff) {
      const { id } = tally;
      const row = this.#sumExpired.get(id, cutoff, id, cutoff) as Row;
      tally.expired = exactSum(row, () => this.#expired.iterate(id, cutoff));
      tally.expiredRows = row.n as number;
      tally.expiredAt = (row.newest as number | null) ?? Number.NEGATIVE_INFINITY;
      tally.cutoff = cutoff;
      tally.oldest = (row.oldest as number | null) ?? Number.POSITIVE_INFINITY;
    }
    const posted = tally.expiredRows === 0 ? tally.posted : minus(tally.posted, tally.expired);
    return plus(posted, cutoff < tally.looseFrom ? tally.loose : this.#looseAfter(tally.id, cutoff));
  }

  /**
   * Adds a charge that its decision has written down.
   *
   * @param at UTC milliseconds by the counter's own clock
   */
  charge(tally: Tally, at: number, amount: Amount): void {
    tally.clock = Math.max(tally.clock, at);
    tally.loose = plus(tally.loose, amount);
    if (at < tally.looseFrom) tally.looseFrom = at;
  }

  /**
   * Drops what `live` found expired, once so much has come together that it is worth it.
   *
   * @param max for people who look at the counter
   */
  settle(tally: Tally, max: string): void {
    const drops = tally.expiredRows >= BATCH;
    if (drops || tally.max !== max) this.#settle(tally, drops, max);
  }

  /**
   * Drops all that `live` found expired, where nothing was charged. The counter's clock stays: a refused call is none
   * (G5).
   *
   * @returns the time of the last charge that was dropped, UTC milliseconds
   */
  expire(tally: Tally, max: string): number | undefined {
    const drops = tally.expiredRows > 0;
    if (drops || tally.max !== max) this.#settle(tally, drops, max);
    return drops ? tally.expiredAt : undefined;
  }

  /**
   * Takes back one charge of a decision; everything must be posted. What was read of its counter no longer stands.
   */
  takeBack(id: number, at: number, decision: number, amount: Amount): void {
    const row = this.#find.get(id, at, decision);
    const tally = this.read(id);
    // It has expired, or its counter was reset.
    if (!row || !tally) return;
    const held = asAmount(row.amount);
    const last = row.last as number;
    if (compare(held, amount) === 0) this.#remove.run(id, at, last);
    else this.#lower.run(minus(held, amount), id, at, last);
    this.#write.run(tally.clock, minus(tally.posted, amount), tally.max, id);
  }

  #looseAfter(id: number, cutoff: number): Amount {
    let sum: Amount = 0;
    for (const { at, amount } of this.#journal.loose(id)) if (at > cutoff) sum = plus(sum, amount);
    return sum;
  }

  #settle(tally: Tally, drops: boolean, max: string): void {
    if (drops) {
      this.#expire.run(tally.id, tally.cutoff);
      tally.posted = minus(tally.posted, tally.expired);
      tally.expired = 0;
      tally.expiredRows = 0;
    }
    this.#write.run(tally.clock, tally.posted, max, tally.id);
    tally.max = max;
  }
}

const EXPIRED = 'WHERE counter = ? AND at <= ?';

/** A sum that SQLite made, where doubles hold it exactly, else ours. */
function exactSum({ n, sum, texts }: Row, amounts: () => Iterable<Row>): Amount {
  if (n === 0) return 0;
  if (texts === 0 && Number.isSafeInteger(sum)) return sum as number;
  let exact: Amount = 0;
  for (const { amount } of amounts()) exact = plus(exact, asAmount(amount));
  return exact;
}
