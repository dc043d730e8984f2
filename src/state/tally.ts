import { type Amount, asAmount, minus, plus } from './amount.js';
import type { Database, Row } from './driver.js';
import type { Generation } from './file.js';

/**
 * What one counter holds. Its row in `counters` sums up the charges of decisions up to `upto`; those of later
 * decisions are loose, and are added to the row only now and then, so that most calls write one page less.
 */
export interface Tally {
  readonly id: number;
  /** The counter's own clock, UTC milliseconds: not before any of its charges. */
  clock: number;
  /** All charges that have a row, those that have expired included. */
  sum: Amount;
  /** The bound of the limit that looked at it last, as text. */
  max: string;
  /** How many charges the row does not hold yet, and the newest decision that charged. */
  loose: number;
  last: number;
  /** What has expired at `cutoff` and still has a row; nothing more does before the cutoff reaches `oldest`. */
  expired: Amount;
  expiredRows: number;
  cutoff: number;
  oldest: number;
  /** Read or written in this generation of the file: what others did before is in it, and they did nothing since. */
  readonly generation: number;
}

/** So many loose or expired charges are put in order at a time: the price of one is spread over as many calls. */
const BATCH = 32;

/**
 * Reads and writes tallies. One that was read stays true until another process has written (after a rollback it must be
 * thrown away): a wrapper that is alone reads each of its counters once.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class Tallies {
  readonly #generation: Generation;
  readonly #read;
  readonly #sumLoose;
  readonly #loose;
  readonly #sumExpired;
  readonly #expired;
  readonly #insert;
  readonly #write;
  readonly #expire;
  readonly #takeBack;

  constructor(db: Database, generation: Generation) {
    this.#generation = generation;
    this.#read = db.prepare('SELECT clock, used, max, upto FROM counters WHERE id = ?');
    this.#sumLoose = db.prepare(`SELECT ${SUM}, max(at) AS at, max(decision) AS last FROM charges ${LOOSE}`);
    this.#loose = db.prepare(`SELECT amount FROM charges ${LOOSE}`);
    this.#sumExpired = db.prepare(
      `SELECT ${SUM}, (SELECT min(at) FROM charges WHERE counter = ? AND at > ?) AS oldest
       FROM charges ${EXPIRED}`,
    );
    this.#expired = db.prepare(`SELECT amount FROM charges ${EXPIRED}`);
    this.#insert = db.prepare(
      'INSERT INTO charges (counter, at, decision, part, amount) VALUES (?, ?, ?, ?, ?)',
    );
    this.#write = db.prepare('UPDATE counters SET clock = ?, used = ?, max = ?, upto = ? WHERE id = ?');
    this.#expire = db.prepare(`DELETE FROM charges ${EXPIRED}`);
    this.#takeBack = db.prepare(
      'DELETE FROM charges WHERE counter = ? AND at = ? AND decision = ? AND part = ?',
    );
  }

  isCurrent(tally: Tally): boolean {
    return tally.generation === this.#generation.current;
  }

  /** @returns undefined when there is no such counter */
  read(id: number): Tally | undefined {
    const row = this.#read.get(id);
    if (!row) return undefined;
    const upto = row.upto as number;
    const place = [id, row.clock as number, upto] as const;
    const loose = this.#sumLoose.get(...place) as Row;
    const sum = exactSum(loose, () => this.#loose.iterate(...place));
    return {
      id,
      clock: Math.max(row.clock as number, (loose.at as number | null) ?? 0),
      sum: plus(asAmount(row.used), sum),
      max: row.max as string,
      loose: loose.n as number,
      last: Math.max(upto, (loose.last as number | null) ?? 0),
      expired: 0,
      expiredRows: 0,
      cutoff: Number.NEGATIVE_INFINITY,
      oldest: Number.NEGATIVE_INFINITY,
      generation: this.#generation.current,
    };
  }

  /** The tally of a counter whose row was just made. */
  fresh(id: number, clock: number, max: string): Tally {
    return {
      id,
      clock,
      sum: 0,
      max,
      loose: 0,
      last: 0,
      expired: 0,
      expiredRows: 0,
      cutoff: Number.NEGATIVE_INFINITY,
      oldest: Number.POSITIVE_INFINITY,
      generation: this.#generation.current,
    };
  }

  /**
   * What a tally holds without the charges at or before `cutoff`. Looks again only where the cutoff has reached
   * another charge, or has gone back because the machine's clock was set.
   */
  live(tally: Tally, cutoff: number): Amount {
    if (cutoff >= tally.oldest || cutoff < tally.cutoff) {
      const { id } = tally;
      const row = this.#sumExpired.get(id, cutoff, id, cutoff) as Row;
      tally.expired = exactSum(row, () => this.#expired.iterate(id, cutoff));
      tally.expiredRows = row.n as number;
      tally.cutoff = cutoff;
      tally.oldest = (row.oldest as number | null) ?? Number.POSITIVE_INFINITY;
    }
    return tally.expiredRows === 0 ? tally.sum : minus(tally.sum, tally.expired);
  }

  /** @param at UTC milliseconds by the counter's own clock */
  charge(tally: Tally, at: number, decision: number, part: number, amount: Amount): void {
    this.#insert.run(tally.id, at, decision, part, amount);
    tally.clock = at;
    tally.sum = plus(tally.sum, amount);
    tally.loose += 1;
    tally.last = decision;
    if (at < tally.oldest) tally.oldest = at;
  }

  /**
   * Drops what `live` found expired and brings the row up to date, once so much has come together that it is worth it.
   *
   * @param max for people who look at the counter
   */
  settle(tally: Tally, max: string): void {
    const drops = tally.expiredRows >= BATCH;
    if (drops || tally.loose >= BATCH || tally.max !== max) this.#settle(tally, drops, max);
  }

  /**
   * Drops all that `live` found expired, where nothing was charged: the counter's clock must move to `now`, or a
   * machine's clock that is set back would bring it to life again (G4).
   */
  expire(tally: Tally, now: number, max: string): void {
    const drops = tally.expiredRows > 0;
    if (drops) tally.clock = Math.max(tally.clock, now);
    if (drops || tally.max !== max) this.#settle(tally, drops, max);
  }

  /**
   * Removes one charge. What was read of its counter no longer stands.
   *
   * @returns whether it was there: one that has expired, or whose counter was reset, is gone already
   */
  takeBack(id: number, at: number, decision: number, part: number, amount: Amount): boolean {
    // Read before, so that the counter's clock stays past the charge (G4).
    const tally = this.read(id);
    if (!tally || this.#takeBack.run(id, at, decision, part).changes === 0) return false;
    this.#write.run(tally.clock, minus(tally.sum, amount), tally.max, tally.last, id);
    return true;
  }

  #settle(tally: Tally, drops: boolean, max: string): void {
    if (drops) {
      this.#expire.run(tally.id, tally.cutoff);
      tally.sum = minus(tally.sum, tally.expired);
      tally.expired = 0;
      tally.expiredRows = 0;
    }
    this.#write.run(tally.clock, tally.sum, max, tally.last, tally.id);
    tally.loose = 0;
    tally.max = max;
  }
}

const SUM = "count(*) AS n, total(amount) AS sum, total(typeof(amount) = 'text') AS texts";
/** Counter, its clock, decision: charges that the counter's row does not hold. */
const LOOSE = 'WHERE counter = ? AND at >= ? AND decision > ?';
const EXPIRED = 'WHERE counter = ? AND at <= ?';

/** A sum that SQLite made, where doubles hold it exactly, else ours. */
function exactSum({ n, sum, texts }: Row, amounts: () => Iterable<Row>): Amount {
  if (n === 0) return 0;
  if (texts === 0 && Number.isSafeInteger(sum)) return sum as number;
  let exact: Amount = 0;
  for (const { amount } of amounts()) exact = plus(exact, asAmount(amount));
  return exact;
}

/**
 * For whoever looks at many counters: what one holds, its clock and its newest decision, the loose charges included.
 *
 * @param row of `counters`: id, clock, used, upto
 */
export function heldBy(
  db: Database,
  row: Row,
): { readonly used: Amount; readonly clock: number; readonly last: number } {
  let used = asAmount(row.used);
  let clock = row.clock as number;
  let last = row.upto as number;
  for (const { at, decision, amount } of db
    .prepare(`SELECT at, decision, amount FROM charges ${LOOSE}`)
    .iterate(row.id as number, clock, last)) {
    used = plus(used, asAmount(amount));
    clock = Math.max(clock, at as number);
    last = Math.max(last, decision as number);
  }
  return { used, clock, last };
}
