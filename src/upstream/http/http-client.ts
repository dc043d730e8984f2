import { Readable } from 'node:stream';
import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import { guardedLookup, hostOf, isPrivate, namesLoopback } from './address.js';

/** What came back, its body not read yet. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly signal: AbortSignal;
  /** Called when the body is about to leave this process: before that the server provably got nothing of it. */
  readonly sending?: () => void;
}

/** Milliseconds to connect, TLS included. There is no limit on the answer: a call takes as long as it takes. */
const CONNECT_TIMEOUT = 10_000;
/** Milliseconds after which an unused connection is closed; shorter than what servers and balancers allow. */
const KEEP_ALIVE = 4000;
/** Redirects that are followed, each within the same origin. */
const REDIRECTS = 3;

/**
 * HTTP with connections that are kept, through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name. Nothing
 * is decompressed (none is asked for), and no redirect leads to another origin: credentials and calls go where the
 * person said and nowhere else.
 *
 * HTTP/1.1: over HTTP/2 (undici's `allowH2`) a call took three times as long on this machine (0.15 ms for 0.05), a
 * fifth as many were done in a second with 32 in flight, and over a line of 40 ms there and back neither differed by
 * more than a twentieth (one server of ours, TLS, connections kept).
 */
export class HttpClient {
  readonly #direct: Dispatcher;
  readonly #proxied: Dispatcher | undefined;
  readonly #allowPrivate: boolean;
  readonly #proxyPorts: readonly number[];

  constructor(options: { readonly allowPrivate: boolean; readonly env: NodeJS.ProcessEnv }) {
    const { env } = options;
    this.#allowPrivate = options.allowPrivate;
    const settings = {
      connect: { timeout: CONNECT_TIMEOUT, lookup: guardedLookup(options.allowPrivate) },
      // Each request in flight needs one: with a bound, calls that wait would hold up the message that cancels them.
      connections: null,
      keepAliveTimeout: KEEP_ALIVE,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    const httpProxy = env.HTTP_PROXY || env.http_proxy;
    const httpsProxy = env.HTTPS_PROXY || env.https_proxy;
    const noProxy = env.NO_PROXY ?? env.no_proxy;
    this.#proxyPorts = [httpProxy, httpsProxy].flatMap((proxy) => (proxy ? portOf(proxy) : []));
    this.#direct = new Agent(settings);
    this.#proxied =
      httpProxy || httpsProxy
        ? new EnvHttpProxyAgent({
            ...settings,
            // The proxy itself may stand in the private network. One that takes the connection and then says nothing
            // is waited for no longer than a server.
            proxyTls: { timeout: CONNECT_TIMEOUT },
            clientFactory: (origin, factoryOptions) =>
              new Pool(origin, { ...factoryOptions, headersTimeout: CONNECT_TIMEOUT }),
            ...(httpProxy && { httpProxy }),
            ...(httpsProxy && { httpsProxy }),
            ...(noProxy && { noProxy }),
          })
        : undefined;
  }

  /**
   * @param typed whether a person gave this address: one that a server gave (a metadata document's) may not name an
   * address of the private network, nor this machine
   * @throws Error that says in words for people why there is no answer
   */
  async request(request: HttpRequest, typed = true): Promise<HttpResponse> {
    let { url } = request;
    for (let redirects = 0; ; redirects++) {
      if (!typed && !this.#allowPrivate && (namesLoopback(url) || isLiteralPrivate(url))) {
        throw new Error(`${url.host}, which the server named, is an address of a private network`);
      }
      const { statusCode, headers, body } = await this.#send(url, request);
      // Whoever reads it gets an error while reading; one that comes later, or to nobody, must not end this process.
      body.on('error', () => {});
      const target = redirectTarget(statusCode, headers.location, url);
      if (target === undefined) return { status: statusCode, headers, body };
      body.destroy();
      if (target.origin !== url.origin) {
        throw new Error(`${url.host} sends to ${target.origin}, which is another server: give that address`);
      }
      if (redirects === REDIRECTS) throw new Error(`${url.host} sends from one address to the next`);
      url = target;
    }
  }

  async #send(url: URL, request: HttpRequest): Promise<Dispatcher.ResponseData> {
    const proxied = namesLoopback(url) ? undefined : this.#proxied;
    try {
      // What is meant for this machine may be in the clear, and is no proxy's business.
      return await (proxied ?? this.#direct).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method,
        headers: { ...request.headers, 'accept-encoding': 'identity' },
        body: request.body ? told(request.body, request.sending) : null,
        signal: request.signal,
      });
    } catch (error) {
      throw (proxied && proxyError(error, this.#proxyPorts)) ?? error;
    }
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#direct.destroy(), this.#proxied?.destroy()]);
  }
}

function portOf(proxy: string): number[] {
  if (!URL.canParse(proxy)) return [];
  const { port, protocol } = new URL(proxy);
  return [Number(port || (protocol === 'https:' ? 443 : 80))];
}

/** In words, where it was the proxy that failed. */
function proxyError(error: unknown, ports: readonly number[]): Error | undefined {
  const { code, message = '', port } = error as { code?: string; message?: string; port?: number };
  const status = /^Proxy response \((\d+)\)/.exec(message)?.[1];
  if (status === '407')
    return new Error(
      'the proxy wants to know who asks (407): HTTPS_PROXY can be https://user:password@proxy',
    );
  if (status !== undefined) return new Error(`the proxy makes no connection (${status})`);
  if (code === 'ECONNREFUSED' && ports.includes(port ?? 0))
    return new Error('nothing answers at the address of the proxy (HTTPS_PROXY)');
  if (code === 'UND_ERR_HEADERS_TIMEOUT')
    return new Error(`the proxy made no connection within ${CONNECT_TIMEOUT / 1000} s`);
  return undefined;
}

/** A body that says when it begins to leave; it is read once the connection stands. */
function told(body: Buffer, sending: () => void = () => {}): Readable {
  return new Readable({
    read() {
      sending();
      this.push(body);
      this.push(null);
    },
  });
}

function isLiteralPrivate(url: URL): boolean {
  const host = hostOf(url);
  return /^[\d.]+$|:/.test(host) && isPrivate(host);
}

/** Where a redirect leads that keeps method and body; the others would turn a call into a look at a page. */
function redirectTarget(status: number, location: string | string[] | undefined, from: URL): URL | undefined {
  if (status < 300 || status > 399 || status === 304) return undefined;
  if ((status !== 307 && status !== 308) || typeof location !== 'string') {
    throw new Error(`${from.host} answered with a redirect (${status}), which no call can follow`);
  }
  try {
    return new URL(location, from);
  } catch {
    throw new Error(`${from.host} answered with a redirect to what is no address`);
  }
}

/** What a failure of the network means, in words. */
export function networkReason(error: unknown, host: string): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message } = cause as { code?: string; message?: string };
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing answers at ${host}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `there is no address for ${host}: is the network up, is the name right?`;
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
    case 'EPIPE':
      return `the connection to ${host} was cut`;
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return `${host} did not take the connection within ${CONNECT_TIMEOUT / 1000} s`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the certificate of ${host} is signed by nobody whom this machine trusts (NODE_EXTRA_CA_CERTS names more)`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${host} has expired`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate is another server's, not that of ${host}`;
    default:
      return message ?? String(error);
  }
}
