import type { Database, Row } from '../sqlite/driver.js';
import type { Generation } from '../sqlite/file.js';
import { type ChargeRecord, parseChargeRecords } from './charge-record.js';
import { asAmount, compare, plus, type StoredAmount } from './stored-amount.js';

/** What one counter was charged at one instant, by one decision or several. */
export interface ChargeGroup {
  /** UTC milliseconds by the counter's own clock. */
  readonly at: number;
  /** Decisions; not all in between need have charged this counter. */
  readonly first: number;
  last: number;
  amount: StoredAmount;
}

const NONE: readonly ChargeGroup[] = [];

/** So many decisions may be loose: whoever opens the file reads them, and one call in so many pays for posting them. */
export const PENDING_MAX = 256;

/**
 * The decision log as a pending in the bookkeeper's sense: a charge is written down once, in the row of its decision,
 * and posted to `charges` and `counters` together with others, by whichever process finds that there are enough. So a
 * call writes one page of the file, and what is charged at one instant is one row.
 *
 * What was read stays true until another process has written. Nothing here opens a transaction; all methods run inside
 * the caller's.
 */
export class PendingCharges {
  readonly #generation: Generation;
  readonly #position;
  readonly #later;
  readonly #counter;
  readonly #insert;
  readonly #update;
  readonly #move;
  /** Of the file, in which generation it was read: the last decision that is posted, the newest, what is in between. */
  #compactedUpTo = 0;
  #newest = 0;
  readonly #byCounter = new Map<number, ChargeGroup[]>();
  #readIn = Number.NaN;

  constructor(db: Database, generation: Generation) {
    this.#generation = generation;
    this.#position = db.prepare('SELECT upto FROM posted');
    this.#later = db.prepare('SELECT id, charges FROM decisions WHERE id > ? ORDER BY id');
    this.#counter = db.prepare('SELECT clock, used FROM counters WHERE id = ?');
    this.#insert = db.prepare(
      'INSERT INTO charges (counter, at, first, last, amount) VALUES (?, ?, ?, ?, ?)',
    );
    this.#update = db.prepare('UPDATE counters SET clock = ?, used = ? WHERE id = ?');
    this.#move = db.prepare('UPDATE posted SET upto = ?');
  }

  /** What a counter was charged that is not posted, in the order of the decisions and of time. */
  of(counter: number): readonly ChargeGroup[] {
    this.#read();
    return this.#byCounter.get(counter) ?? NONE;
  }

  /** Counters that were charged what is not posted. */
  counters(): number[] {
    this.#read();
    return [...this.#byCounter.keys()];
  }

  /** The id of the next decision; `decided` must follow. */
  get next(): number {
    this.#read();
    return this.#newest + 1;
  }

  /** Takes note of a row that this process writes to the log. */
  add(decision: number, charges: readonly ChargeRecord[] | undefined): void {
    this.#newest = decision;
    if (charges === undefined) return;
    for (const charge of charges) this.#group(decision, charge);
  }

  /** Posts if it is worth it. The rows of all decisions must be there. */
  compactWhenMany(): void {
    if (this.#newest - this.#compactedUpTo >= PENDING_MAX) this.compact();
  }

  /** Posts everything. What was remembered of counters no longer stands. */
  compact(): void {
    this.#read();
    if (this.#newest === this.#compactedUpTo) return;
    for (const [counter, groups] of this.#byCounter) this.#compactCounter(counter, groups);
    this.#move.run(this.#newest);
    this.#compactedUpTo = this.#newest;
    this.#byCounter.clear();
    this.#generation.current += 1;
    this.#readIn = this.#generation.current;
  }

  /** Must follow every transaction that was rolled back. */
  forget(): void {
    this.#compactedUpTo = 0;
    this.#newest = 0;
    this.#byCounter.clear();
    this.#readIn = Number.NaN;
  }

  /** Decisions side by side tend to be of one instant, and are one: hundreds may be loose. */
  #group(decision: number, [counter, at, amount]: ChargeRecord): void {
    let groups = this.#byCounter.get(counter);
    if (!groups) {
      groups = [];
      this.#byCounter.set(counter, groups);
    }
    const open = groups.at(-1);
    if (open?.at === at) {
      open.last = decision;
      open.amount = plus(open.amount, amount);
    } else groups.push({ at, first: decision, last: decision, amount });
  }

  #compactCounter(counter: number, groups: readonly ChargeGroup[]): void {
    const row = this.#counter.get(counter);
    // Whoever removes a counter posts before: it was removed by hand, and nothing is left to be counted.
    if (!row) return;
    let used = asAmount(row.used);
    let clock = row.clock as number;
    for (const { at, first, last, amount } of groups) {
      clock = Math.max(clock, at);
      // Where nothing was taken, nothing is there to expire or to be given back.
      if (compare(amount, 0) === 0) continue;
      this.#insert.run(counter, at, first, last, amount);
      used = plus(used, amount);
    }
    this.#update.run(clock, used, counter);
  }

  /** Rows of the log never change what they charge: what was read before is read again only where others have posted. */
  #read(): void {
    if (this.#readIn === this.#generation.current) return;
    const posted = (this.#position.get() as Row).upto as number;
    if (posted !== this.#compactedUpTo) {
      this.#compactedUpTo = posted;
      this.#newest = posted;
      this.#byCounter.clear();
    }
    for (const { id, charges } of this.#later.all(this.#newest))
      this.add(id as number, charges === null ? undefined : parseChargeRecords(charges));
    this.#readIn = this.#generation.current;
  }
}
