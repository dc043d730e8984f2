import { existsSync } from 'node:fs';
import { reasonOf } from '../errors.js';
import type { Seen } from '../notify/seen.js';
import type { Telling } from '../notify/start.js';
import type { StateSession } from './state-session.js';

/** What was seen while the rest is loaded, at most. */
const WAITING_MAX = 1000;

/**
 * Passes on what a person elsewhere may want to know. Never throws and holds no call up; nothing of it is loaded before a
 * person has said where they want to be told.
 */
export class Outside {
  readonly #server: string;
  readonly #file: string;
  readonly #stateSession: StateSession;
  readonly #now: () => number;
  readonly #warn: (text: string) => void;
  #waiting: { readonly seen: Seen; readonly at: number }[] = [];
  #telling: Telling | undefined;
  #loading: Promise<void> | undefined;
  /** There were settings at the start: until they are read, every call may be of interest. */
  readonly #isWanted: boolean;

  /** @param parts `file` says where people want to be told; `now` is the time of whoever decides on calls */
  constructor(parts: {
    readonly server: string;
    readonly file: string;
    readonly stateSession: StateSession;
    readonly now: () => number;
    readonly warn: (text: string) => void;
  }) {
    this.#server = parts.server;
    this.#file = parts.file;
    this.#stateSession = parts.stateSession;
    this.#now = parts.now;
    this.#warn = parts.warn;
    this.#isWanted = existsSync(this.#file);
  }

  /** Somebody wants to hear of every call, allowed ones included. */
  get wantsCalls(): boolean {
    return this.#telling?.wantsCalls ?? this.#isWanted;
  }

  /** Gets ready where a person wants to be told something. */
  prepare(): void {
    if (this.#isWanted) this.#loading ??= this.#load().catch((error: unknown) => this.#failed(error));
  }

  saw(seen: Seen): void {
    const at = Date.now();
    if (this.#telling) this.#tell(this.#telling, seen, at);
    else if (this.#isWanted || existsSync(this.#file)) {
      if (this.#waiting.length < WAITING_MAX) this.#waiting.push({ seen, at });
      this.#loading ??= this.#load().catch((error: unknown) => this.#failed(error));
    }
  }

  /** Waits a moment for what is on its way. */
  async close(): Promise<void> {
    await this.#loading;
    await this.#telling?.close();
  }

  async #load(): Promise<void> {
    const { openTelling } = await import('../notify/start.js');
    const telling = await openTelling({
      server: this.#server,
      file: this.#file,
      counters: () => this.#stateSession.unsplitCounters(),
      warn: this.#warn,
      claim: (key, terms) => this.#stateSession.claimNotice(key, terms),
      lost: ({ event, title }, channel, reason) => {
        this.#warn(`a message did not go out${channel === '' ? '' : ` by ${channel}`}: ${reason} (${title})`);
        this.#stateSession.noticeLost({ event, channel, reason });
      },
      env: process.env,
      now: Date.now,
    });
    this.#telling = telling;
    for (const { seen, at } of this.#waiting.splice(0)) this.#tell(telling, seen, at);
  }

  #tell(telling: Telling, seen: Seen, at: number): void {
    try {
      telling.saw(seen, { at, now: this.#now() });
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#warn(`nobody can be told outside of the client: ${reasonOf(error)}`);
  }
}
