import { type OpenState, openStates, type StateOptions } from '../cli/open-state.js';
import { stateFile } from '../config/policy-files.js';

/** How long the list of databases is believed: clients' configurations are read for it. In milliseconds. */
const BELIEVED_MS = 10_000;

/** The databases that the page looks at, kept open while it runs. */
export class States {
  readonly #options: StateOptions;
  readonly #clock: { now(): number };
  #states: readonly OpenState[] = [];
  #leftAlone: readonly string[] = [];
  #failure: unknown;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: StateOptions, clock: { now(): number }) {
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * @returns every database there is, the usual one first
   * @throws PolicyWrapError what Store.open throws of the usual one
   */
  open(): readonly OpenState[] {
    if (this.#failure !== undefined || performance.now() - this.#readAt > BELIEVED_MS || this.#isStale())
      this.refresh();
    if (this.#failure !== undefined) throw this.#failure;
    return this.#states;
  }

  /** Sentences about databases that could not be opened. */
  get leftAlone(): readonly string[] {
    return this.#leftAlone;
  }

  /** A text that differs once anybody has written to one of them, or one came or went. */
  stamp(): string {
    try {
      return this.open()
        .map(({ path, store }) => `${path} ${store.version}`)
        .join('\n');
    } catch (error) {
      return String(error);
    }
  }

  /** Finds them anew. What is open already stays open: connections are kept by path. */
  refresh(): void {
    this.#readAt = performance.now();
    this.#failure = undefined;
    try {
      const { states, leftAlone } = openStates(this.#options, this.#clock);
      this.#leftAlone = leftAlone;
      const old = this.#states;
      this.#states = states.map((each) => {
        const kept = old.find(({ path, store }) => path === each.path && isUsable(store));
        if (kept) each.store.close();
        return kept ?? each;
      });
      for (const each of old) if (!this.#states.includes(each)) each.store.close();
    } catch (error) {
      this.#failure = error;
    }
  }

  /** One that was deleted or replaced is opened again; a usual one that was not there may have come. */
  #isStale(): boolean {
    if (this.#states.some(({ store }) => !isUsable(store))) return true;
    const usual = stateFile(this.#options.db);
    return this.#states[0]?.path !== usual && performance.now() - this.#readAt > 500;
  }

  close(): void {
    for (const { store } of this.#states) store.close();
    this.#states = [];
  }
}

function isUsable({ version }: { readonly version: number | undefined }): boolean {
  return version !== undefined;
}
