import { PolicyWrapError } from '../../../errors.js';
import { checkScheme, namesLoopback } from '../address.js';
import { wholeBody } from '../bodies.js';
import { type HttpClient, networkReason } from '../http-client.js';

/** More than any metadata document or token, in bytes. */
const LONGEST = 1 << 20;
/** Milliseconds for one request. */
const TIMEOUT = 30_000;

/** What the SDK's functions ask the network with. */
export type OAuthFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` for metadata and tokens. Addresses in metadata come from the server: they must be https, and none may lead
 * into the private network or to this machine, unless the server itself stands there.
 *
 * @param server the address that the person gave
 */
export function oauthFetch(client: HttpClient, server: URL): OAuthFetch {
  return async (address, init = {}) => {
    const url = new URL(address);
    try {
      checkScheme(url);
    } catch (error) {
      if (PolicyWrapError.is(error)) throw new Error(error.message);
      throw error;
    }
    const typed = url.origin === server.origin || (namesLoopback(server) && namesLoopback(url));
    const headers = Object.fromEntries(new Headers(init.headers as Record<string, string>));
    const text = init.body instanceof URLSearchParams ? init.body.toString() : init.body;
    if (text !== undefined && text !== null && typeof text !== 'string')
      throw new Error('a body of another kind');
    const body = typeof text === 'string' ? Buffer.from(text, 'utf8') : undefined;
    if (init.body instanceof URLSearchParams) headers['content-type'] ??= 'application/x-www-form-urlencoded';
    if (body) headers['content-length'] = String(body.length);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new Error(`no answer within ${TIMEOUT / 1000} s`)), TIMEOUT);
    try {
      const response = await client.request(
        {
          method: init.method === 'POST' ? 'POST' : 'GET',
          url,
          headers,
          ...(body && { body }),
          signal: stop.signal,
        },
        typed,
      );
      const bytes = await wholeBody(response.body, LONGEST);
      const empty = response.status === 204 || response.status === 304;
      return new Response(empty ? null : new Uint8Array(bytes), {
        status: response.status,
        headers: Object.entries(response.headers).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, String(value)] as [string, string]],
        ),
      });
    } catch (error) {
      throw new Error(networkReason(error, url.host));
    } finally {
      clearTimeout(timer);
    }
  };
}
