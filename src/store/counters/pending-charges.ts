import type { Row } from '../sqlite/driver.js';
import type { Cache, StateFile } from '../sqlite/file.js';
import { type ChargeRecord, parseChargeRecords } from './charge-record.js';
import { asAmount, compare, plus, type StoredAmount } from './stored-amount.js';

/** What one counter was charged at one instant, by one decision or several. A row of `charges` is one. */
export interface ChargeGroup {
  /** UTC milliseconds by the counter's own clock. */
  readonly at: number;
  /** Decisions; not all in between need have charged this counter. */
  readonly first: number;
  last: number;
  amount: StoredAmount;
}

const NONE: readonly ChargeGroup[] = [];

/** Most decisions whose charges are pending: every process that opens the file reads them all. */
export const PENDING_MAX = 256;

/**
 * A charge is written once, in the row of its decision, and is pending until whichever process finds enough of them
 * compacts them: it adds them to `counters` and writes one row of `charges` for each instant. So most calls write one
 * page of the file.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class PendingCharges implements Cache {
  readonly #file: StateFile;
  readonly #position;
  readonly #later;
  readonly #counter;
  readonly #insert;
  readonly #update;
  readonly #move;
  /** The last decision that is compacted, the newest one, and what those in between have charged, by counter. */
  #compactedUpTo = 0;
  #newest = 0;
  readonly #byCounter = new Map<number, ChargeGroup[]>();
  #isCurrent = false;

  constructor(file: StateFile) {
    const { db } = file;
    this.#file = file;
    file.register(this);
    this.#position = db.prepare('SELECT upto FROM posted');
    this.#later = db.prepare('SELECT id, charges FROM decisions WHERE id > ? ORDER BY id');
    this.#counter = db.prepare('SELECT clock, used FROM counters WHERE id = ?');
    this.#insert = db.prepare(
      'INSERT INTO charges (counter, at, first, last, amount) VALUES (?, ?, ?, ?, ?)',
    );
    this.#update = db.prepare('UPDATE counters SET clock = ?, used = ? WHERE id = ?');
    this.#move = db.prepare('UPDATE posted SET upto = ?');
  }

  /** @returns the pending charges of a counter, in the order of decisions and of time */
  of(counter: number): readonly ChargeGroup[] {
    this.#read();
    return this.#byCounter.get(counter) ?? NONE;
  }

  /** @returns counters that have pending charges */
  counters(): number[] {
    this.#read();
    return [...this.#byCounter.keys()];
  }

  /** The id that the next row of the decision log gets. */
  get nextDecision(): number {
    this.#read();
    return this.#newest + 1;
  }

  /** Takes note of a row that was just added to the decision log. */
  add(decision: number, charges: readonly ChargeRecord[]): void {
    this.#newest = decision;
    for (const charge of charges) this.#group(decision, charge);
  }

  /** Compacts once there are enough pending decisions. */
  compactWhenMany(): void {
    if (this.#newest - this.#compactedUpTo >= PENDING_MAX) this.compact();
  }

  /** Compacts everything, and outdates the caches. */
  compact(): void {
    this.#read();
    if (this.#newest === this.#compactedUpTo) return;
    for (const [counter, groups] of this.#byCounter) this.#compactCounter(counter, groups);
    this.#move.run(this.#newest);
    this.#compactedUpTo = this.#newest;
    this.#byCounter.clear();
    this.#file.outdate();
    this.#isCurrent = true;
  }

  rolledBack(): void {
    this.#compactedUpTo = 0;
    this.#newest = 0;
    this.#byCounter.clear();
  }

  outdated(): void {
    this.#isCurrent = false;
  }

  /** Decisions side by side are often of one instant, and then are one group: hundreds may be pending. */
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
    // Compacting comes before every removal of a counter: this one was removed by hand, and there is nothing to count.
    if (!row) return;
    let used = asAmount(row.used);
    let clock = row.clock as number;
    for (const { at, first, last, amount } of groups) {
      clock = Math.max(clock, at);
      // Nothing to expire or to give back.
      if (compare(amount, 0) === 0) continue;
      this.#insert.run(counter, at, first, last, amount);
      used = plus(used, amount);
    }
    this.#update.run(clock, used, counter);
  }

  /** A row of the log never changes what it charged, so only later rows are read unless another process has compacted. */
  #read(): void {
    if (this.#isCurrent) return;
    const upTo = (this.#position.get() as Row).upto as number;
    if (upTo !== this.#compactedUpTo) {
      this.#compactedUpTo = upTo;
      this.#newest = upTo;
      this.#byCounter.clear();
    }
    for (const { id, charges } of this.#later.all(this.#newest))
      this.add(id as number, charges === null ? [] : parseChargeRecords(charges));
    this.#isCurrent = true;
  }
}
