import { PolicyWrapError, reasonOf } from '../errors.js';
import { BUSY, isPassing, LOCKED_HINT, type Store } from '../store/store.js';

export interface StateConnectionOptions {
  readonly openStore: () => Store;
  /** What comes first with a database that was opened; what it throws is a failure to open. */
  readonly opened: (store: Store) => void;
  /** A database was let go of: nothing more is to be done with it. */
  readonly lost: () => void;
  /** One line for the person, without line end; goes to stderr. */
  readonly warn: (text: string) => void;
}

/** After a failure the database is opened again at most this often, in milliseconds. */
const REOPEN_INTERVAL = 2000;
/** How long opening is tried again while others hold the database, and the longest pause between, in milliseconds. */
const OPEN_PATIENCE_MS = 25_000;
const OPEN_PAUSE_MS = 200;
/** How long a list waits for a database that is just being opened, in milliseconds. */
const LIST_PATIENCE_MS = 2000;

/** Opens the shared database late, and again when it was lost. */
export class StateConnection {
  readonly #options: StateConnectionOptions;
  #store: Store | undefined;
  #openingSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: { readonly at: number; readonly error: unknown } | undefined;

  constructor(options: StateConnectionOptions) {
    this.#options = options;
  }

  /**
   * Opens the database, or begins to: while others hold it, it is tried again and again. Each try blocks for a moment
   * only: the messages of the client and the server go on meanwhile.
   *
   * @throws PolicyWrapError while it cannot be opened
   */
  open(): Store | typeof BUSY {
    if (this.#store) return this.#store;
    if (this.#timer) return BUSY;
    const now = performance.now();
    if (this.#failure && now - this.#failure.at < REOPEN_INTERVAL) throw this.#failure.error;
    try {
      const store = this.#options.openStore();
      this.#options.opened(store);
      this.#store = store;
      this.#failure = undefined;
      this.#openingSince = undefined;
      return store;
    } catch (error) {
      this.#openingSince ??= now;
      if (isPassing(error) && now - this.#openingSince < OPEN_PATIENCE_MS) {
        this.#timer = setTimeout(() => this.#openAgain(), 20 + OPEN_PAUSE_MS * Math.random());
        return BUSY;
      }
      this.#failure = { at: now, error };
      throw error;
    }
  }

  /**
   * As `open`, for who cannot wait as calls do: where others hold the database it blocks, for a moment.
   *
   * @throws PolicyWrapError while it cannot be opened
   */
  openNow(): Store {
    const deadline = performance.now() + LIST_PATIENCE_MS;
    for (;;) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      const store = this.open();
      if (store !== BUSY) return store;
      if (performance.now() > deadline)
        throw new PolicyWrapError('STATE_UNAVAILABLE', 'the state database was locked for too long', {
          hint: LOCKED_HINT,
        });
    }
  }

  /** Does something with the database where one is open. @returns what it gives; undefined where it failed: a warning */
  quietly<T>(action: (store: Store) => T): T | undefined {
    const store = this.#store;
    if (!store) return undefined;
    try {
      return action(store);
    } catch (error) {
      this.letGoIfLost(store, error);
      this.#options.warn(`the decision log could not be written: ${reasonOf(error)}`);
      return undefined;
    }
  }

  /** Lets go of a database whose log was deleted, so that it can be opened again with all that was counted. */
  letGoIfLost(store: Store, error: unknown): void {
    if (!store.isLost || store !== this.#store) return;
    this.#store = undefined;
    this.#failure = { at: performance.now(), error };
    this.#options.lost();
    try {
      store.close();
    } catch (failure) {
      this.#options.warn(`the state database could not be closed: ${reasonOf(failure)}`);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.quietly((store) => store.close());
    this.#store = undefined;
  }

  #openAgain(): void {
    this.#timer = undefined;
    try {
      this.open();
    } catch (failure) {
      this.#options.warn(`every call is refused: ${reasonOf(failure)}`);
    }
  }
}
