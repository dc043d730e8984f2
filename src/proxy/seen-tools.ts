import { BUSY, type PinEntry, type PinUpdate, type SeenTool, type Store } from '../store/store.js';

/** Tools that are noted in one transaction. */
const NOTED_AT_ONCE = 100;

/** Tools on their way from the server's lists into the state database. */
export class SeenTools {
  /** Not compared yet with what is remembered of them. */
  #listed: SeenTool[] = [];
  /** Compared, and still to be noted. */
  #sights: readonly PinUpdate[] = [];

  /** @param tools of an answer, which may be one page of a list */
  add(tools: readonly SeenTool[]): void {
    this.#listed.push(...tools);
  }

  /**
   * Compares what was added, without a lock, and notes what is news, some tools at a time: a server that lists thousands
   * must not keep others from the database.
   *
   * @returns the tools whose change is news, and whether all was compared and noted
   */
  compare(store: Store, server: string): { readonly changed: readonly PinEntry[]; readonly isDone: boolean } {
    if (this.#sights.length === 0 && this.#listed.length > 0) {
      this.#sights = store.compareTools(server, this.#listed);
      this.#listed = [];
    }
    if (this.#sights.length === 0) return { changed: [], isDone: true };
    const changed = store.noteTools(server, this.#sights.slice(0, NOTED_AT_ONCE));
    if (changed === BUSY) return { changed: [], isDone: false };
    this.#sights = this.#sights.slice(NOTED_AT_ONCE);
    return { changed, isDone: this.#sights.length + this.#listed.length === 0 };
  }
}
