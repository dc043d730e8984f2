import type { Database, Row } from '../sqlite/driver.js';
import type { Generation } from '../sqlite/file.js';
import { type Taken, takenFrom } from './charge-record.js';
import { type Amount, asAmount, compare, plus } from './stored-amount.js';

/** What one counter was charged at one instant, by one decision or several. */
export interface Posting {
  /** UTC milliseconds by the counter's own clock. */
  readonly at: number;
  /** Decisions; not all in between need have charged this counter. */
  readonly first: number;
  last: number;
  amount: Amount;
}

const NONE: readonly Posting[] = [];

/** So many decisions may be loose: whoever opens the file reads them, and one call in so many pays for posting them. */
export const LOOSE_MAX = 256;

/**
 * The decision log as a journal in the bookkeeper's sense: a charge is written down once, in the row of its decision,
 * and posted to `charges` and `counters` together with others, by whichever process finds that there are enough. So a
 * call writes one page of the file, and what is charged at one instant is one row.
 *
 * What was read stays true until another process has written. Nothing here opens a transaction; all methods run inside
 * the caller's.
 */
export class Journal {
  readonly #generation: Generation;
  readonly #position;
  readonly #later;
  readonly #counter;
  readonly #insert;
  readonly #update;
  readonly #move;
  /** Of the file, in which generation it was read: the last decision that is posted, the newest, what is in between. */
  #posted = 0;
  #newest = 0;
  readonly #loose = new Map<number, Posting[]>();
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
  loose(counter: number): readonly Posting[] {
    this.#read();
    return this.#loose.get(counter) ?? NONE;
  }

  /** Counters that were charged what is not posted. */
  looseCounters(): number[] {
    this.#read();
    return [...this.#loose.keys()];
  }

  /** The id of the next decision; `decided` must follow. */
  get next(): number {
    this.#read();
    return this.#newest + 1;
  }

  /** Takes note of a row that this process writes to the log. */
  decided(decision: number, charges: readonly Taken[] | undefined): void {
    this.#newest = decision;
    if (charges === undefined) return;
    for (const charge of charges) this.#add(decision, charge);
  }

  /** Posts if it is worth it. The rows of all decisions must be there. */
  postSome(): void {
    if (this.#newest - this.#posted >= LOOSE_MAX) this.post();
  }

  /** Posts everything. What was remembered of counters no longer stands. */
  post(): void {
    this.#read();
    if (this.#newest === this.#posted) return;
    for (const [counter, postings] of this.#loose) this.#postTo(counter, postings);
    this.#move.run(this.#newest);
    this.#posted = this.#newest;
    this.#loose.clear();
    this.#generation.current += 1;
    this.#readIn = this.#generation.current;
  }

  /** Must follow every transaction that was rolled back. */
  forget(): void {
    this.#posted = 0;
    this.#newest = 0;
    this.#loose.clear();
    this.#readIn = Number.NaN;
  }

  /** Decisions side by side tend to be of one instant, and are one: hundreds may be loose. */
  #add(decision: number, [counter, at, amount]: Taken): void {
    let postings = this.#loose.get(counter);
    if (!postings) {
      postings = [];
      this.#loose.set(counter, postings);
    }
    const open = postings.at(-1);
    if (open?.at === at) {
      open.last = decision;
      open.amount = plus(open.amount, amount);
    } else postings.push({ at, first: decision, last: decision, amount });
  }

  #postTo(counter: number, postings: readonly Posting[]): void {
    const row = this.#counter.get(counter);
    // Whoever removes a counter posts before: it was removed by hand, and nothing is left to be counted.
    if (!row) return;
    let used = asAmount(row.used);
    let clock = row.clock as number;
    for (const { at, first, last, amount } of postings) {
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
    if (posted !== this.#posted) {
      this.#posted = posted;
      this.#newest = posted;
      this.#loose.clear();
    }
    for (const { id, charges } of this.#later.all(this.#newest))
      this.decided(id as number, charges === null ? undefined : takenFrom(charges));
    this.#readIn = this.#generation.current;
  }
}
