import { BUSY, type Outcome, type Store } from '../store/store.js';
import { Outcomes } from './outcomes.js';

/** Records are written together, at the latest this long after the first of them or the last call, in milliseconds. */
const DELAY_MS = 50;
/** How long they wait for a locked database at the end of the process, in milliseconds. */
const FINAL_MS = 500;
/** Longer names of tools are cut in the events, in UTF-16 units. */
export const EVENT_NAME_CAP = 200;

/** What no call has to wait for: outcomes of calls, and tools that were left out of a list. */
export class WaitingRecords {
  readonly #server: string;
  readonly #quietly: (work: (store: Store) => void) => void;
  readonly #outcomes = new Outcomes();
  /** Not yet in the events. */
  #leftOut: { readonly name: string; readonly reason: string }[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param quietly does something with the database, if it is open; failures are told and no more */
  constructor(server: string, quietly: (work: (store: Store) => void) => void) {
    this.#server = server;
    this.#quietly = quietly;
  }

  /** @param needed rules go by outcomes: they are written before the next call is decided */
  needsOutcomes(needed: boolean): void {
    this.#outcomes.areNeeded = needed;
  }

  settle(row: number, outcome: Outcome, latencyMs: number | undefined): void {
    this.#outcomes.add(row, outcome, latencyMs);
    this.soon();
  }

  leftOut(name: string, reason: string): void {
    this.#leftOut.push({ name: name.slice(0, EVENT_NAME_CAP), reason });
    this.soon();
  }

  /** Writes what the next decision must find there. @returns false when another process holds the database */
  writeDue(store: Store): boolean {
    return !this.#outcomes.areDue || this.#outcomes.write(store);
  }

  /** Writes in a moment what there is by then; without any, the database rests. */
  soon(): void {
    this.#timer ??= setTimeout(() => this.#write(), DELAY_MS);
  }

  /** The end of the process: writes what there is, waiting for others for a moment. */
  finish(store: Store): void {
    this.#noteLeftOut(store);
    const deadline = performance.now() + FINAL_MS;
    const pause = new Int32Array(new SharedArrayBuffer(4));
    while (!this.#outcomes.write(store) && performance.now() < deadline) {
      // Nothing else is to be done meanwhile.
      Atomics.wait(pause, 0, 0, 5);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #write(): void {
    this.#timer = undefined;
    this.#quietly((store) => {
      this.#noteLeftOut(store);
      if (this.#outcomes.areWritten) store.rest();
      else if (!this.#outcomes.write(store))
        this.#timer = setTimeout(() => this.#write(), DELAY_MS * (0.5 + Math.random()));
    });
  }

  /** Tries again with the next outcomes where the database is locked: nothing depends on it. */
  #noteLeftOut(store: Store): void {
    if (this.#leftOut.length === 0) return;
    if (store.toolsLeftOut(this.#server, this.#leftOut) !== BUSY) this.#leftOut = [];
  }
}
