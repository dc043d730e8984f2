import {
  BUSY,
  type PinEntry,
  type PinKind,
  type PinUpdate,
  type SeenTool,
  type Store,
} from '../store/store.js';

/** Tools that are noted in one transaction: a list of thousands must not keep others from the database. */
const TOOLS_PER_TRANSACTION = 100;
/** How long others have their turn after each transaction, at most, in milliseconds. */
const PAUSE_MS = 10;

/** What came with one answer, which may be one page of a list. */
interface Page {
  readonly tools: readonly SeenTool[];
  /** The kind of which a whole list ends with it. */
  readonly ended: PinKind | undefined;
}

/** Compares what a server lists with the definitions that were first seen of it, a part at a time, page by page. */
export class PinComparison {
  readonly #server: string;
  readonly #session: () => string;
  readonly #changed: (tools: readonly PinEntry[]) => void;
  readonly #goOn: () => void;
  /** Not compared yet. */
  readonly #pages: Page[] = [];
  /** Compared, and still to be noted. */
  #updates: readonly PinUpdate[] = [];
  /** What those end. */
  #ended: PinKind | undefined;
  /** Kinds of which it is written down that the server's first list is over. */
  readonly #known = new Set<PinKind>();
  /** Tools whose change is news, until all of a list is compared: they are told together. */
  #news: PinEntry[] = [];
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param session its id, once there is one
   * @param changed called once for a list, with the tools whose change is news
   * @param goOn called in a moment when something is left: it calls `run` again
   */
  constructor(
    server: string,
    session: () => string,
    changed: (tools: readonly PinEntry[]) => void,
    goOn: () => void,
  ) {
    this.#server = server;
    this.#session = session;
    this.#changed = changed;
    this.#goOn = goOn;
  }

  /**
   * @param tools of an answer, which may be one page of a list
   * @param ended the kind of which a whole list ends with it
   */
  add(tools: readonly SeenTool[], ended?: PinKind): void {
    const isKnown = ended === undefined || this.#known.has(ended);
    if (tools.length > 0 || !isKnown) this.#pages.push({ tools, ended: isKnown ? undefined : ended });
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
    this.#compare(store);
    if (this.#updates.length === 0 && this.#ended === undefined) return true;
    const some = this.#updates.slice(0, TOOLS_PER_TRANSACTION);
    const rest = this.#updates.slice(TOOLS_PER_TRANSACTION);
    const ended = new Set(rest.length === 0 && this.#ended !== undefined ? [this.#ended] : []);
    const changed = store.noteTools(this.#server, some, { by: this.#session(), ended });
    if (changed === BUSY) return false;
    this.#news.push(...changed);
    this.#updates = rest;
    if (rest.length === 0) {
      if (this.#ended !== undefined) this.#known.add(this.#ended);
      this.#ended = undefined;
    }
    return rest.length === 0 && this.#pages.length === 0;
  }

  /** Takes pages until one has news; those that end nothing are compared together. */
  #compare(store: Store): void {
    while (this.#updates.length === 0 && this.#ended === undefined && this.#pages.length > 0) {
      const end = this.#pages.findIndex(({ ended }) => ended !== undefined);
      const pages = this.#pages.splice(0, end < 0 ? this.#pages.length : end + 1);
      const tools = pages.flatMap((page) => page.tools);
      this.#updates = store.compareTools(this.#server, tools, this.#session());
      this.#ended = pages.at(-1)?.ended;
    }
  }
}
