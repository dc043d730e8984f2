import { discard } from './bodies.js';
import type { HttpResponse } from './http-client.js';
import { mediaType, type Remote } from './remote.js';

/** A wait before a stream is opened again is longer by chance, by up to this part of it. */
export const SPREAD = 8;

/**
 * Opens a stream on which the server speaks by itself, or goes on with one that was cut.
 *
 * @param after the last event that was read
 * @returns the answer; `never` where the server has no such stream, `gone` where it has lost the session, undefined
 * where it may be tried again
 */
export async function openStream(
  remote: Remote,
  signal: AbortSignal,
  after: string | undefined,
): Promise<HttpResponse | 'never' | 'gone' | undefined> {
  try {
    const response = await remote.client.request({
      method: 'GET',
      url: remote.url,
      headers: {
        ...(await remote.credentials.headers()),
        ...remote.session.headers(),
        ...(after !== undefined && /^[\x20-\x7e]{1,4096}$/.test(after) && { 'last-event-id': after }),
        accept: 'text/event-stream',
      },
      signal,
    });
    const { status, headers, body } = response;
    if (status === 200 && mediaType(headers['content-type']) === 'text/event-stream') return response;
    const renewed = status === 401 && (await remote.credentials.renew(response));
    discard(body);
    if (renewed) return undefined;
    if (status === 404 && remote.session.id !== undefined) return 'gone';
    return status >= 500 || status === 429 ? undefined : 'never';
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}
