import { discard, eventsOf } from './bodies.js';
import { type EventEndpoint, mediaType, type Remote } from './remote.js';

/** Milliseconds until the server must have said where messages go. */
const ENDPOINT_WAIT = 15_000;

/**
 * Opens the stream and waits for the address that the server names.
 *
 * @returns undefined where the server has no such stream either
 * @throws Error when the address lies in another origin: what is sent there would carry our credentials
 */
export async function openEventEndpoint(
  remote: Remote,
  signal: AbortSignal,
): Promise<EventEndpoint | undefined> {
  const response = await remote.client.request({
    method: 'GET',
    url: remote.url,
    headers: { ...(await remote.credentials.headers()), accept: 'text/event-stream' },
    signal,
  });
  if (response.status !== 200 || mediaType(response.headers['content-type']) !== 'text/event-stream') {
    discard(response.body);
    return undefined;
  }
  let named: (url: URL) => void = () => {};
  let refused: (error: Error) => void = () => {};
  const endpoint = new Promise<URL>((resolve, reject) => {
    named = resolve;
    refused = reject;
  });
  const over = (async () => {
    try {
      for await (const { type, data } of eventsOf(response.body, remote.longest, () => {})) {
        if (type === 'endpoint') named(sameOrigin(data, remote.url));
        else if (type === 'message' && data !== '') await remote.toClient(Buffer.from(data, 'utf8'));
      }
      return 'the server ended its stream';
    } catch (error) {
      response.body.destroy();
      const reason = error instanceof Error ? error : new Error(String(error));
      refused(reason);
      return reason.message;
    } finally {
      refused(new Error(`${remote.url.host} did not say where messages go`));
    }
  })();
  const timer = setTimeout(() => {
    refused(new Error(`${remote.url.host} did not say where messages go within ${ENDPOINT_WAIT / 1000} s`));
    response.body.destroy();
  }, ENDPOINT_WAIT);
  try {
    return { url: await endpoint, over };
  } finally {
    clearTimeout(timer);
  }
}

function sameOrigin(address: string, base: URL): URL {
  const url = new URL(address, base);
  if (url.origin !== base.origin)
    throw new Error(`${base.host} wants messages sent to ${url.origin}, another server`);
  return url;
}
