import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Changed } from '../api-types/names.js';
import { type ApiError, api, errorOf } from './api.js';
import { language } from './i18n/index.js';
import { versions } from './state.js';

export interface Resource<T> {
  /** What was loaded last, also while it is loaded anew or cannot be. */
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

type Loaded<T> = Omit<Resource<T>, 'reload'>;

/**
 * Loads something, and again whenever one of `by` changes.
 *
 * @param path of the API; nothing is loaded while it is undefined
 */
export function useResource<T>(path: string | undefined, by: readonly Changed[] = []): Resource<T> {
  const [state, setState] = useState<Loaded<T>>({ data: undefined, error: undefined, isLoading: true });
  const loader = useMemo(() => new Loader<T>(path, setState), [path]);
  const version = by.reduce((sum, what) => sum + versions[what].value, 0);
  const spoken = language.value;
  useEffect(() => {
    setState({ data: undefined, error: undefined, isLoading: true });
    return () => loader.close();
  }, [loader]);
  // The version is why it is loaded again, or the language: answers come in it.
  useEffect(() => loader.load(), [loader, version, spoken]);
  return { ...state, reload: loader.load };
}

/** One request at a time: what changes meanwhile is loaded afterwards, so that a busy machine starves nobody. */
class Loader<T> {
  readonly #path: string | undefined;
  readonly #set: (update: (last: Loaded<T>) => Loaded<T>) => void;
  readonly #abort = new AbortController();
  #isLoading = false;
  #isStale = false;

  constructor(path: string | undefined, set: (update: (last: Loaded<T>) => Loaded<T>) => void) {
    this.#path = path;
    this.#set = set;
  }

  readonly load = (): void => {
    this.#isStale = true;
    if (!this.#isLoading) void this.#run();
  };

  close(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    if (this.#path === undefined) return;
    this.#isLoading = true;
    while (this.#isStale && !signal.aborted) {
      this.#isStale = false;
      this.#set((last) => ({ ...last, isLoading: true }));
      const next: (last: Loaded<T>) => Loaded<T> = await api.get<T>(this.#path, signal).then(
        (data) => () => ({ data, error: undefined, isLoading: false }),
        (error: unknown) => (last) => ({ ...last, error: errorOf(error), isLoading: false }),
      );
      if (!signal.aborted) this.#set(next);
    }
    this.#isLoading = false;
  }
}
