import { sha256 } from '../crypto.js';
import { BUSY, type PinEntry, type SeenTool, type Sight, type Store } from '../state/store.js';

/** Tools that are noted in one transaction. */
const NOTED_AT_ONCE = 100;
/** A list may name more tools, which then cannot be told from ones that it names twice. */
const IN_LIST_CAP = 100_000;

/** Tools on their way from the server's lists into the state database. */
export class SeenTools {
  /** Not compared yet with what is remembered of them. */
  #listed: SeenTool[] = [];
  /** Compared, and still to be noted. */
  #sights: readonly Sight[] = [];
  /** Digests of the definitions in the list that the client reads at the moment, over all its pages. */
  readonly #inList = new Map<string, string>();

  /** The client asks for a list anew, from its first page. */
  begin(): void {
    this.#inList.clear();
  }

  /** @param tools of an answer, which may be one page of a list */
  add(tools: readonly SeenTool[]): void {
    for (const tool of tools) {
      const { name, definition } = tool;
      const digest = `${tool.unpinnable ? '!' : ''}${sha256(definition)}`;
      const before = this.#inList.get(name);
      // Closes the way around a pin by a second definition on another page.
      const isOdd = before === undefined ? this.#inList.size >= IN_LIST_CAP : before !== digest;
      if (before === undefined && !isOdd) this.#inList.set(name, digest);
      this.#listed.push(isOdd ? { name, definition, unpinnable: true } : tool);
    }
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
