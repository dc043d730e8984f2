import { useEffect, useState } from 'preact/hooks';
import { type ApiError, api, errorOf } from '../api.js';

export interface Posted<T> {
  /** The last answer, also while the next is under way. */
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
}

/**
 * Asks about what is being typed or moved: the newest question alone, and never two at once of one kind.
 *
 * @param body undefined asks nothing
 * @param waitMs how long typing must rest first
 * @param version asked again when it changes
 */
export function usePost<T>(
  path: string,
  body: object | undefined,
  waitMs = 0,
  version: unknown = 0,
): Posted<T> {
  const [state, setState] = useState<Posted<T>>({ data: undefined, error: undefined, isLoading: false });
  const question = body && JSON.stringify(body);
  /** What was asked last: an answer says nothing of a question that is only just drawn. */
  const [asked, setAsked] = useState<string>();
  useEffect(() => {
    setAsked(question);
    if (question === undefined) {
      setState({ data: undefined, error: undefined, isLoading: false });
      return;
    }
    const abort = new AbortController();
    setState((last) => ({ ...last, isLoading: true }));
    const timer = setTimeout(() => {
      api.post<T>(path, JSON.parse(question), abort.signal).then(
        (data) => !abort.signal.aborted && setState({ data, error: undefined, isLoading: false }),
        (error) =>
          !abort.signal.aborted && setState((last) => ({ ...last, error: errorOf(error), isLoading: false })),
      );
    }, waitMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [path, question, waitMs, version]);
  return asked === question ? state : { ...state, isLoading: true };
}
