import { KEY_HEADER } from '../api-types/names.js';
import type { Failure, SignedIn } from '../api-types/shell.js';
import { language } from './i18n/index.js';

const KEY = 'policy-wrap-key';

/** What a person is told when something could not be done. */
export class ApiError extends Error {
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** What an answer that is no answer of ours says: the page was ended in the terminal. */
const GONE = 'GONE';
export const SIGNED_OUT = 'SIGNED_OUT';

/** @returns the headers of every request, without which nothing is answered */
export const keyHeader = (): Record<string, string> => ({ [KEY_HEADER]: localStorage.getItem(KEY) ?? '' });

/** Any error as one that a person can be told. */
export function errorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError('BUG', error instanceof Error ? error.message : String(error));
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      credentials: 'same-origin',
      // What is said comes in the person's language, where there are words for it.
      headers: { ...init.headers, 'accept-language': language.value, ...keyHeader() },
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(GONE, 'policy-wrap ui no longer runs', 'Start it again in your terminal.');
  }
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  const answer: unknown = isJson ? await response.json() : undefined;
  if (response.ok && isJson) return answer as T;
  const { error } = (answer ?? {}) as Partial<Failure>;
  throw new ApiError(
    error?.code ?? 'BUG',
    error?.message ?? `the page was answered with ${response.status}`,
    error?.hint,
  );
}

export const api = {
  /** @throws ApiError */
  get: <T>(path: string, signal?: AbortSignal): Promise<T> =>
    ask<T>(path, { method: 'GET', ...(signal && { signal }) }),
  /** @throws ApiError */
  post: <T>(path: string, body: object, signal?: AbortSignal): Promise<T> =>
    ask<T>(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
      ...(signal && { signal }),
    }),
};

/** The token behind `#`, where the address has one. */
export const tokenInAddress = (): string | undefined => /^#token=([\w-]+)$/.exec(location.hash)?.[1];

/**
 * Signs in by the token behind `#` in the address that the terminal printed, and takes it out of the address.
 *
 * @throws ApiError
 */
export async function signIn(): Promise<void> {
  const token = tokenInAddress();
  if (token === undefined) return;
  history.replaceState(null, '', '/');
  dispatchEvent(new HashChangeEvent('hashchange'));
  const { key } = await api.post<SignedIn>('/api/sign-in', { token });
  localStorage.setItem(KEY, key);
}
