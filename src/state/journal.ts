import { type Amount, asAmount, compare, plus } from './amount.js';
import type { Database, Row } from './driver.js';
import type { Generation } from './file.js';
import { type Taken, takenFrom } from './taken.js';

/** A charge that stands in its decision's row and nowhere else so far. */
export interface LooseCharge {
  readonly decision: number;
  readonly counter: number;
  /** UTC milliseconds by the counter's own clock. */
  readonly at: number;
  readonly amount: Amount;
}

/** What one counter was charged at one instant, by one decision or several side by side. */
interface Posting {
  readonly at: number;
  readonly first: number;
  last: number;
  amount: Amount;
}

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
  #loose: LooseCharge[] = [];
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

  /** All that is not posted, in the order of the decisions; of one counter also in the order of time. */
  get loose(): readonly LooseCharge[] {
    this.#read();
    return this.#loose;
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
    for (const [counter, at, amount] of charges) this.#loose.push({ decision, counter, at, amount });
  }

  /** Posts if it is worth it. The rows of all decisions must be there. */
  postSome(): void {
    if (this.#newest - this.#posted >= LOOSE_MAX) this.post();
  }

  /** Posts everything. What was remembered of counters no longer stands. */
  post(): void {
    this.#read();
    if (this.#newest === this.#posted) return;
    const byCounter = new Map<number, LooseCharge[]>();
    for (const charge of this.#loose) {
      const others = byCounter.get(charge.counter);
      if (others) others.push(charge);
      else byCounter.set(charge.counter, [charge]);
    }
    for (const [counter, charges] of byCounter) this.#postTo(counter, charges);
    this.#move.run(this.#newest);
    this.#posted = this.#newest;
    this.#loose = [];
    this.#generation.current += 1;
    this.#readIn = this.#generation.current;
  }

  /** Must follow every transaction that was rolled back. */
  forget(): void {
    this.#posted = 0;
    this.#newest = 0;
    this.#loose = [];
    this.#readIn = Number.NaN;
  }

  #postTo(counter: number, charges: readonly LooseCharge[]): void {
    const row = this.#counter.get(counter);
    // Whoever removes a counter posts before: it was removed by hand, and nothing is left to be counted.
    if (!row) return;
    let used = asAmount(row.used);
    let clock = row.clock as number;
    for (const { at } of charges) clock = Math.max(clock, at);
    for (const { at, first, last, amount } of postings(charges)) {
      this.#insert.run(counter, at, first, last, amount);
      used = plus(used, amount);
    }
    this.#update.run(clock, used, counter);
  }

  /** Rows of the log never change what they charge: of what was read before, only what was posted since is dropped. */
  #read(): void {
    if (this.#readIn === this.#generation.current) return;
    const posted = (this.#position.get() as Row).upto as number;
    if (posted !== this.#posted) {
      this.#loose = this.#loose.filter(({ decision }) => decision > posted);
      this.#posted = posted;
      this.#newest = Math.max(this.#newest, posted);
    }
    for (const { id, charges } of this.#later.all(this.#newest))
      this.decided(id as number, charges === null ? undefined : takenFrom(charges));
    this.#readIn = this.#generation.current;
  }
}

/** Of one counter. Where nothing was taken, nothing is there to expire or to be given back. */
function postings(charges: readonly LooseCharge[]): Posting[] {
  const all: Posting[] = [];
  let open: Posting | undefined;
  for (const { decision, at, amount } of charges) {
    if (compare(amount, 0) === 0) continue;
    if (open?.at === at) {
      open.last = decision;
      open.amount = plus(open.amount, amount);
    } else {
      open = { at, first: decision, last: decision, amount };
      all.push(open);
    }
  }
  return all;
}
