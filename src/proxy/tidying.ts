import type { Admission, Store } from '../store/store.js';

/** When nothing was decided for this long, old rows are removed, a few milliseconds at a time. In milliseconds. */
const IDLE_MS = 5000;
const BUDGET_MS = 4;
/** While calls keep coming, old rows are removed each time about this much was written. */
const EVERY_BYTES = 128 * 1024;
const ROW_BYTES = 600;
/** Milliseconds between two rounds, each a sign of life: well below what others take for dead. */
const INTERVAL_MS = 20_000;

/** When a wrapper removes old rows: as long as it is idle, and under load as the log grows. */
export class Tidying {
  readonly #quietly: (work: (store: Store) => void) => void;
  #timer: NodeJS.Timeout | undefined;
  #lastUse = 0;
  /** What was written since the last time, in bytes, roughly. */
  #grown = 0;

  /** @param quietly does something with the database, if it is open; failures are told and no more */
  constructor(quietly: (work: (store: Store) => void) => void) {
    this.#quietly = quietly;
  }

  /** A database was opened. */
  start(): void {
    this.#schedule(IDLE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Calls are being decided: now is no time to tidy. */
  used(): void {
    this.#lastUse = performance.now();
  }

  /** Whoever calls without a pause pays for the removal of old rows with the growth of the log. */
  grew(admissions: readonly Admission[]): void {
    for (const { argumentsText } of admissions) this.#grown += ROW_BYTES + argumentsText.length;
    if (this.#grown < EVERY_BYTES) return;
    this.#grown = 0;
    this.#quietly((store) => store.maintain(BUDGET_MS, false));
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      const idle = performance.now() - this.#lastUse >= IDLE_MS;
      let done = true;
      if (idle) this.#quietly((store) => (done = store.maintain(BUDGET_MS)));
      this.#schedule(!idle ? IDLE_MS : done ? INTERVAL_MS : BUDGET_MS * 10);
    }, ms);
    this.#timer.unref();
  }
}
