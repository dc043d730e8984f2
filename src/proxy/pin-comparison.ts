import { BUSY, type PinEntry, type PinUpdate, type SeenTool, type Store } from '../store/store.js';

/** Tools that are noted in one transaction: a list of thousands must not keep others from the database. */
const TOOLS_PER_TRANSACTION = 100;
/** How long others have their turn after each transaction, at most, in milliseconds. */
const PAUSE_MS = 10;

/** Compares the tools that a server lists with the definitions that were first seen of them, a part at a time. */
export class PinComparison {
  readonly #server: string;
  readonly #changed: (tools: readonly PinEntry[]) => void;
  readonly #goOn: () => void;
  /** Not compared yet. */
  #listed: SeenTool[] = [];
  /** Compared, and still to be noted. */
  #updates: readonly PinUpdate[] = [];
  /** Tools whose change is news, until all of a list is compared: they are told together. */
  #news: PinEntry[] = [];
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param changed called once for a list, with the tools whose change is news
   * @param goOn called in a moment when something is left: it calls `run` again
   */
  constructor(server: string, changed: (tools: readonly PinEntry[]) => void, goOn: () => void) {
    this.#server = server;
    this.#changed = changed;
    this.#goOn = goOn;
  }

  /** @param tools of an answer, which may be one page of a list */
  add(tools: readonly SeenTool[]): void {
    this.#listed.push(...tools);
  }

  /** Compares what was added, without a lock, and notes a part of what is news. @returns whether nothing is left */
  run(store: Store): boolean {
    const isDone = this.#note(store);
    if (!isDone) {
      this.#timer ??= setTimeout(
        () => {
          this.#timer = undefined;
          this.#goOn();
        },
        1 + PAUSE_MS * Math.random(),
      );
    } else if (this.#news.length > 0) this.#changed(this.#news.splice(0));
    return isDone;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #note(store: Store): boolean {
    if (this.#updates.length === 0 && this.#listed.length > 0) {
      this.#updates = store.compareTools(this.#server, this.#listed);
      this.#listed = [];
    }
    if (this.#updates.length === 0) return true;
    const changed = store.noteTools(this.#server, this.#updates.slice(0, TOOLS_PER_TRANSACTION));
    if (changed === BUSY) return false;
    this.#news.push(...changed);
    this.#updates = this.#updates.slice(TOOLS_PER_TRANSACTION);
    return this.#updates.length + this.#listed.length === 0;
  }
}
