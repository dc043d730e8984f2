import { BUSY, type Outcome, type Settlement, type Store } from '../store/store.js';

type Unwritten = Settlement & { last: number };

/** What became of forwarded calls, until it is written: many outcomes in one transaction. */
export class Outcomes {
  #unwritten: Unwritten[] = [];
  #areNeeded = false;
  #areDue = false;

  /** @param needed a rule goes by outcomes */
  set areNeeded(needed: boolean) {
    this.#areNeeded = needed;
    this.#areDue ||= needed && this.#unwritten.length > 0;
  }

  /** The next call must find them there, in the order in which it happened: one may give a charge back. */
  get areDue(): boolean {
    return this.#areDue;
  }

  get areWritten(): boolean {
    return this.#unwritten.length === 0;
  }

  /**
   * @param row of the call in the decision log
   * @param latencyMs undefined when it never reached the server
   */
  add(row: number, outcome: Outcome, latencyMs: number | undefined): void {
    const last = this.#unwritten.at(-1);
    const continues = last?.last === row - 1 && last.outcome === outcome && last.latencyMs === latencyMs;
    // Calls that come and go together are one: thousands may be answered before they are written.
    if (continues) last.last = row;
    else this.#unwritten.push({ first: row, last: row, outcome, latencyMs });
    this.#areDue ||= this.#areNeeded || outcome === 'not_sent';
  }

  /** What is not written, which is then somebody else's to write. */
  take(): readonly Unwritten[] {
    const taken = this.#unwritten;
    this.#unwritten = [];
    this.#areDue = false;
    return taken;
  }

  /** It could not be written: a call is settled once, so it may be tried again. */
  putBack(taken: readonly Unwritten[]): void {
    this.#unwritten = [...taken, ...this.#unwritten];
  }

  /** @returns false when another process holds the database: nothing was written */
  write(store: Store): boolean {
    if (this.#unwritten.length === 0) return true;
    if (store.settle(this.#unwritten) === BUSY) return false;
    this.#unwritten = [];
    this.#areDue = false;
    return true;
  }
}
