/**
 * upstream/http: a server that is reached by its address: Streamable HTTP (2025-03-26 to 2026-07-28), and HTTP with SSE
 * (2024-11-05) where a server knows nothing else. Loaded only where there is an address.
 */

import { setMaxListeners } from 'node:events';
import { constants } from 'node:os';
import { PassThrough, Readable } from 'node:stream';
import { EXIT, EXIT_SIGNAL_BASE, reasonOf } from '../../errors.js';
import { printable } from '../../text/escape.js';
import type { Id } from '../../wire/message.js';
import type { ExitCode, NotSentListener, Upstream } from '../upstream.js';
import { Connection } from './connection.js';
import type { Exchange } from './exchange.js';
import { HttpClient } from './http-client.js';
import { NotSent } from './not-sent.js';
import { type OAuthFetch, oauthFetch } from './oauth/oauth-fetch.js';
import { linesOf, type Outgoing, readOutgoing } from './outgoing.js';
import { answerIn, type Credentials, type Remote } from './remote.js';
import { RemoteSession } from './session.js';

/** Bytes for the client that are held before the server is read no further. */
const HIGH_WATER = 1 << 20;
/** Bytes for the server below which more may be sent after too much was. */
const LOW_WATER = 1 << 18;
/** Milliseconds for what is in flight, from the end of the client's input and from a signal. */
const END_GRACE = 1500;
const SIGNAL_GRACE = 300;
/** Milliseconds for the server to take the end of the session. */
const FAREWELL = 1000;
/** Milliseconds that a message which has no answer may hold up those behind it. */
const ORDER_WAIT = 5000;
/** Streams that stay open after their answer, at most. */
const MOST_LINGERING = 100;

export interface RemoteOptions {
  readonly url: URL;
  /** Who we are to it, with a way to ask the network and to tell the person. */
  readonly credentials: (fetch: OAuthFetch, warn: (text: string) => void) => Credentials;
  readonly allowPrivate: boolean;
  /** Longest message of the server's, in bytes. */
  readonly longest: number;
  /** Names the proxies. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * An MCP server at an address. Each message is POSTed as it was judged, once; what comes back, on whatever stream, is
 * the server's output. Whether a message that failed reached the server is told apart: what provably did not is given
 * back, everything else counts as sent.
 */
export class HttpUpstream implements Upstream {
  readonly stdout: Readable;
  readonly stderr = new PassThrough();
  readonly closed: Promise<ExitCode>;
  readonly signalled: Promise<void>;
  readonly #remote: Remote;
  readonly #session = new RemoteSession();
  readonly #over = new AbortController();
  readonly #exchanges = new Map<Id, Exchange>();
  readonly #connection: Connection;
  /** Those whose answer came, and whose stream is still open; the oldest first. */
  readonly #lingering = new Set<Exchange>();
  #inFlight = 0;
  /** Messages leave one after the other; answers come as they like. */
  #turn: Promise<void> = Promise.resolve();
  #unsent = 0;
  #onDrain: () => void = () => {};
  #onLost: (id: Id, reason: string) => void = () => {};
  #onIdle: () => void = () => {};
  #room: (() => void)[] = [];
  #tellSignalled: () => void = () => {};
  #resolve: (code: ExitCode) => void = () => {};
  #ending = false;
  #code: ExitCode = EXIT.done;

  constructor(options: RemoteOptions) {
    this.stdout = new Readable({ highWaterMark: HIGH_WATER, read: () => this.#makeRoom() });
    this.signalled = new Promise((resolve) => {
      this.#tellSignalled = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    // Each request in flight listens for the end.
    setMaxListeners(0, this.#over.signal);
    const client = new HttpClient(options);
    const warn = (text: string) => void this.stderr.write(`policy-wrap: ${printable(text)}\n`);
    this.#remote = {
      url: options.url,
      client,
      session: this.#session,
      credentials: options.credentials(oauthFetch(client, options.url), warn),
      longest: options.longest,
      over: this.#over.signal,
      toClient: (message) => this.#toClient(message),
      lost: (id, reason) => this.#onLost(id, reason),
      warn,
    };
    this.#connection = new Connection(this.#remote, this.#exchanges);
  }

  get about(): string {
    return this.#connection.about;
  }

  get unsent(): number {
    return this.#unsent;
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  onLost(listener: (id: Id, reason: string) => void): void {
    this.#onLost = listener;
  }

  send(parts: readonly Buffer[], notSent: NotSentListener): void {
    for (const bytes of linesOf(parts)) {
      const message = readOutgoing(bytes);
      this.#unsent += bytes.length;
      this.#inFlight++;
      this.#turn = this.#turn.then(() => this.#delivery(message, notSent));
    }
  }

  /** @returns settles once the next message may follow: whatever is said before the session is there waits for it */
  #delivery(message: Outgoing, notSent: NotSentListener): Promise<void> {
    return new Promise((next) => {
      const onSent = message.method === 'initialize' ? () => {} : next;
      let isHeld = true;
      const onTaken = () => {
        if (isHeld) this.#taken(message);
        isHeld = false;
      };
      void this.#deliver(message, notSent, onSent, onTaken).finally(() => {
        next();
        onTaken();
        this.#inFlight--;
        if (this.#inFlight === 0) this.#onIdle();
      });
    });
  }

  /** The server has a message, or never will: what waits for its answer is not held up by it any more. */
  #taken(message: Outgoing): void {
    const wasFull = this.#unsent > LOW_WATER;
    this.#unsent -= message.bytes.length;
    if (wasFull && this.#unsent <= LOW_WATER) this.#onDrain();
  }

  /** @param onSent called once the next message may follow */
  async #deliver(
    message: Outgoing,
    notSent: NotSentListener,
    onSent: () => void,
    onTaken: () => void,
  ): Promise<void> {
    if (this.#over.signal.aborted) {
      if (message.id !== undefined) notSent([message.id], 'the session has ended');
      return;
    }
    if (this.#cancelled(message)) return;
    if (message.method === 'initialize') this.#session.initialize = message;
    if (message.method === 'notifications/initialized') this.#session.initialized = message;
    // What has no answer is waited for, so that what it announces is known before what depends on it.
    const isRequest = message.id !== undefined;
    const timer = isRequest ? undefined : setTimeout(onSent, ORDER_WAIT);
    try {
      await this.#connection.deliver(message, isRequest ? onSent : () => {}, onTaken);
      if (message.method === 'notifications/initialized') this.#connection.listen();
    } catch (error) {
      const reason = error instanceof NotSent ? error.message : reasonOf(error);
      if (!this.#over.signal.aborted) this.#remote.warn(reason);
      if (message.id === undefined) return;
      const exchange = this.#exchanges.get(message.id);
      // A server that got it may have run it, whatever it answered then: no status is a proof (G4).
      if (exchange?.isSent && message.method !== 'initialize') exchange.giveUp(reason);
      else notSent([message.id], reason);
    } finally {
      clearTimeout(timer);
      const exchange = message.id === undefined ? undefined : this.#exchanges.get(message.id);
      if (exchange) this.#lingering.delete(exchange);
      // Not that of a later request, which has the same id by now.
      if (message.id !== undefined && exchange?.message === message) this.#exchanges.delete(message.id);
    }
  }

  /** Some servers go on with a stream after its answer, and some forget to end it: of those the oldest is cut. */
  #linger(exchange: Exchange): void {
    this.#lingering.add(exchange);
    for (const oldest of this.#lingering) {
      if (this.#lingering.size <= MOST_LINGERING) return;
      this.#lingering.delete(oldest);
      oldest.cancel();
    }
  }

  /** In 2026-07-28 a request is cancelled by cutting its stream; the message would be an unknown one. */
  #cancelled(message: Outgoing): boolean {
    if (message.method !== 'notifications/cancelled' || this.#session.initialize !== undefined) return false;
    const target = this.#exchanges.get(message.params.requestId as Id);
    target?.cancel();
    return target !== undefined;
  }

  async #toClient(bytes: Buffer): Promise<void> {
    const answer = answerIn(bytes);
    if (answer) {
      const exchange = this.#exchanges.get(answer.id);
      if (exchange) {
        exchange.settle();
        this.#linger(exchange);
      }
      if (this.#connection.takes(answer.id, answer.message)) return;
      this.#session.learn(answer.message, exchange?.message.method);
    }
    if (!this.stdout.push(oneLine(bytes))) await new Promise<void>((resolve) => this.#room.push(resolve));
  }

  #makeRoom(): void {
    for (const resolve of this.#room.splice(0)) resolve();
  }

  end(): void {
    void this.#end(END_GRACE);
  }

  terminate(signal: NodeJS.Signals): void {
    const again = this.#code !== EXIT.done;
    this.#code = EXIT_SIGNAL_BASE + constants.signals[signal];
    this.#tellSignalled();
    if (again) this.#over.abort();
    else if (this.#ending) setTimeout(() => this.#onIdle(), SIGNAL_GRACE).unref();
    else void this.#end(SIGNAL_GRACE);
  }

  async #end(grace: number): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#connection.end();
    if (this.#inFlight > 0) {
      const timer = setTimeout(() => this.#onIdle(), grace);
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        this.#over.signal.addEventListener('abort', () => resolve());
      });
      clearTimeout(timer);
    }
    await this.#farewell();
    this.#over.abort();
    await this.#remote.client.close();
    this.stderr.end();
    this.stdout.push(null);
    // What it said is read first; a client that is gone is not waited for.
    const finish = () => this.#resolve(this.#code);
    this.stdout.once('end', finish).once('close', finish);
    if (this.stdout.readableEnded || this.stdout.destroyed) finish();
    void this.signalled.then(() => setTimeout(() => this.stdout.destroy(), SIGNAL_GRACE).unref());
  }

  /** Ends the session at the server's side too ("Session management"); servers may not know how. */
  async #farewell(): Promise<void> {
    if (this.#session.id === undefined) return;
    // No AbortSignal.timeout in an AbortSignal.any: once collected as garbage it ends nothing (Node 20).
    const timer = setTimeout(() => this.#over.abort(), FAREWELL);
    try {
      const response = await this.#remote.client.request({
        method: 'DELETE',
        url: this.#remote.url,
        headers: { ...(await this.#remote.credentials.headers()), ...this.#session.headers() },
        signal: this.#over.signal,
      });
      response.body.destroy();
    } catch {
      // It ends by itself some day.
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A message as one line: between its tokens, line ends mean nothing; inside a text JSON has none. */
function oneLine(bytes: Buffer): Buffer {
  const line = Buffer.allocUnsafe(bytes.length + 1);
  bytes.copy(line);
  for (let at = 0; at < bytes.length; at++) {
    const byte = line[at];
    if (byte === 10 || byte === 13) line[at] = 0x20;
  }
  line[bytes.length] = 10;
  return line;
}
