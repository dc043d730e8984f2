import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from './connection.js';

/** How often it is looked whether the engine is back, while calls come, and while nobody asks; in milliseconds. */
const LOOK_MS = 700;
const IDLE_LOOK_MS = 5000;
/** Nobody asks when the last one did longer ago, in milliseconds. */
const IDLE_MS = 30_000;
/** How long a request waits for the first look: most failures are over at once. In milliseconds. */
const FIRST_LOOK_MS = 500;

/** What only says that the engine was not reached, or goes down or up; everything else is an answer. */
const SILENT = /^(?:08|57P)/;

/** Whether a failure is that of an engine that does not answer. */
export function isSilence({ state }: Failure): boolean {
  return state === undefined || SILENT.test(state);
}

/**
 * Remembers that the engine does not answer, so that not every request waits for it in turn: they fail at once, while it
 * is looked in the background whether it is back. Nothing is decided here.
 */
export class Outage {
  /** @returns what kept it from answering; undefined where it answers */
  readonly #look: () => Promise<Failure | undefined>;
  readonly #lookMs: number;
  #failure: Failure | undefined;
  #first: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #askedAt = 0;
  #isClosed = false;

  constructor(look: () => Promise<Failure | undefined>, lookMs = LOOK_MS) {
    this.#look = look;
    this.#lookMs = lookMs;
  }

  begin(failure: Failure): void {
    if (this.#isClosed) return;
    const isNew = this.#failure === undefined;
    this.#failure = failure;
    if (!isNew) return;
    this.#askedAt = performance.now();
    this.#lookNow();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#failure = undefined;
    this.#first = undefined;
  }

  /** @throws Failure while the engine does not answer: nothing was sent */
  check(): void {
    if (this.#failure) throw new Failure(this.#failure.message, this.#failure.state, false);
  }

  /** As `check`, and waits a moment for a look that was just begun. */
  async over(): Promise<void> {
    if (!this.#failure) return;
    const wasIdle = performance.now() - this.#askedAt > IDLE_MS;
    this.#askedAt = performance.now();
    if (wasIdle) this.#lookNow();
    if (this.#first) {
      await Promise.race([this.#first, sleep(FIRST_LOOK_MS, undefined, { ref: false })]);
      // The next one does not wait for the same look once more.
      this.#first = undefined;
    }
    this.check();
  }

  close(): void {
    this.#isClosed = true;
    this.end();
  }

  #lookNow(): void {
    this.#first = this.#lookOnce();
    this.#schedule();
  }

  /** One look does not wait for the one before it, which may hang: each has its own time. */
  #schedule(): void {
    clearTimeout(this.#timer);
    const isIdle = performance.now() - this.#askedAt > IDLE_MS;
    const next = () => {
      void this.#lookOnce();
      this.#schedule();
    };
    this.#timer = setTimeout(next, isIdle ? IDLE_LOOK_MS : this.#lookMs).unref();
  }

  async #lookOnce(): Promise<void> {
    const found = await this.#look();
    if (this.#isClosed || !this.#failure) return;
    if (found) this.#failure = found;
    else this.end();
  }
}
