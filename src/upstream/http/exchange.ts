import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { errorLine } from '../../wire/answers.js';
import type { Id } from '../../wire/message.js';
import { discard, eventsOf, excerptOf, held, wholeBody } from './bodies.js';
import { type HttpResponse, networkReason } from './http-client.js';
import { NotSent } from './not-sent.js';
import type { Outgoing } from './outgoing.js';
import { openStream, SPREAD } from './own-stream.js';
import { answerIn, type EventEndpoint, mediaType, type Remote } from './remote.js';

/** What a request to which no answer came may hope for. */
export type Delivery = 'answered' | 'session lost' | 'not supported';

/** Tries to go on with a stream that was cut, and the first waits between them, in milliseconds; the wait doubles. */
const RESUMPTIONS = 6;
const RESUME_WAIT = 500;
const RESUME_WAIT_MAX = 60_000;

const INTERNAL_ERROR = -32603;
/** Requests by which a client connects. */
const BEGINS: ReadonlySet<string> = new Set(['initialize', 'server/discover']);

/** One message on its way: sent once, and its answer read to the end. */
export class Exchange {
  readonly message: Outgoing;
  readonly #remote: Remote;
  readonly #abort = new AbortController();
  readonly #signal = this.#abort.signal;
  #sending = false;
  #answered = false;
  #onAnswered: () => void = () => {};
  #lastEvent: string | undefined;
  #retryAfter = RESUME_WAIT;

  constructor(message: Outgoing, remote: Remote) {
    this.message = message;
    this.#remote = remote;
  }

  /** The client wants no answer any more: in 2026-07-28 cutting the stream is how the server hears of it. */
  cancel(): void {
    this.settle();
    this.#abort.abort();
  }

  /** Bytes of it have left this process. */
  get isSent(): boolean {
    return this.#sending;
  }

  /** An answer to it came, on whichever stream. */
  settle(): void {
    this.#answered = true;
    this.#onAnswered();
  }

  /**
   * Sends the message and passes on what comes back.
   *
   * @param target where to: an address, or a connection of 2024-11-05, which brings the answer
   * @param onSent called once it is on its way, so that the next message may follow
   * @param onTaken called once the server has it: its bytes need not be held any more
   * @throws NotSent when the server provably got nothing of it
   */
  async run(
    target: URL | EventEndpoint,
    onSent: () => void,
    onTaken: () => void = () => {},
  ): Promise<Delivery> {
    const abort = () => this.#abort.abort();
    this.#remote.over.addEventListener('abort', abort, { once: true });
    try {
      const response = await this.#post(target instanceof URL ? target : target.url, onSent);
      onSent();
      onTaken();
      if (response === undefined) return 'answered';
      if (target instanceof URL) return await this.#answer(response);
      await this.#awaitEvent(response, target);
      return 'answered';
    } finally {
      this.#remote.over.removeEventListener('abort', abort);
    }
  }

  async #awaitEvent(response: HttpResponse, events: EventEndpoint): Promise<void> {
    if (response.status < 200 || response.status > 299) return this.#refused(response);
    discard(response.body);
    if (this.message.id === undefined || this.#answered) return;
    const answered = new Promise<undefined>((resolve) => {
      this.#onAnswered = () => resolve(undefined);
      this.#signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const reason = await Promise.race([answered, events.over]);
    if (!this.#answered) this.giveUp(reason ?? 'the session has ended');
  }

  async #answer(response: HttpResponse): Promise<Delivery> {
    const { status, headers, body } = response;
    if (status === 404 && this.message.method !== 'initialize' && this.#remote.session.id !== undefined) {
      discard(body);
      return 'session lost';
    }
    if (this.message.method === 'initialize' && (status === 400 || status === 404 || status === 405)) {
      // Servers of 2024-11-05 know no POST here. Others have an answer in the body.
      if (await this.#passErrorBody(body)) return 'answered';
      return 'not supported';
    }
    if (status < 200 || status > 299) {
      await this.#refused(response);
      return 'answered';
    }
    if (this.message.method === 'initialize') this.#remote.session.begin(headers['mcp-session-id']);
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding === 'identity') await this.#read(body, mediaType(headers['content-type']), status);
    else {
      // A few bytes could become gigabytes; nobody asked for it.
      body.destroy();
      this.giveUp(`${this.#remote.url.host} sent a compressed answer`);
    }
    if (this.message.id !== undefined && !this.#answered) this.giveUp('its answer did not come');
    return 'answered';
  }

  async #post(url: URL, onSent: () => void): Promise<HttpResponse | undefined> {
    const { client, session, credentials } = this.#remote;
    try {
      for (let again = false; ; again = true) {
        const response = await client.request({
          method: 'POST',
          url,
          headers: {
            ...(await unlessAborted(credentials.headers(), this.#signal)),
            ...session.headersOf(this.message),
            'content-type': 'application/json',
            'content-length': String(this.message.bytes.length),
            accept: 'application/json, text/event-stream',
          },
          body: this.message.bytes,
          signal: this.#signal,
          sending: () => {
            this.#sending = true;
            onSent();
          },
        });
        if ((response.status !== 401 && response.status !== 403) || again) return response;
        // The server did not look at the message, so it may have it again.
        const refusal = { ...response, body: await held(response.body) };
        if (!(await unlessAborted(credentials.renew(refusal), this.#signal))) return refusal;
      }
    } catch (error) {
      if (this.#answered) return undefined;
      const reason = this.#reason(error, url);
      if (!this.#sending) throw new NotSent(reason);
      this.giveUp(reason);
      return undefined;
    }
  }

  async #read(body: Readable, type: string, status: number): Promise<void> {
    try {
      if (this.message.id === undefined || status === 202 || status === 204) discard(body);
      else if (type === 'text/event-stream') await this.#follow(body);
      else if (type === 'application/json')
        await this.#remote.toClient(await wholeBody(body, this.#remote.longest));
      else {
        discard(body);
        // It took the request, whatever it says: a page is no proof that nothing was done.
        this.giveUp(`${this.#remote.url.host} answered with ${type || 'no content type'}, which is no MCP`);
      }
    } catch (error) {
      body.destroy();
      if (!this.#answered && this.message.id !== undefined)
        this.giveUp(this.#reason(error, this.#remote.url));
    }
  }

  #reason(error: unknown, url: URL): string {
    return this.#remote.over.aborted ? 'the session has ended' : networkReason(error, url.host);
  }

  /** Reads the stream of an answer; one that is cut is gone on with where the server numbers its events. */
  async #follow(first: Readable): Promise<void> {
    let body: Readable | undefined = first;
    for (let tries = 0; body !== undefined; ) {
      try {
        const events = eventsOf(body, this.#remote.longest, (ms) => {
          this.#retryAfter = ms;
        });
        for await (const event of events) {
          tries = 0;
          if (event.id !== undefined) this.#lastEvent = event.id;
          if (event.type === 'message' && event.data !== '')
            await this.#remote.toClient(Buffer.from(event.data, 'utf8'));
        }
      } catch (error) {
        if (this.#lastEvent === undefined || this.#signal.aborted) throw error;
      }
      if (this.#answered || this.#lastEvent === undefined) return;
      body = undefined;
      while (body === undefined && tries++ < RESUMPTIONS) body = await this.#resume(tries);
    }
  }

  async #resume(tries: number): Promise<Readable | undefined> {
    const pause = Math.min(this.#retryAfter * 2 ** (tries - 1), RESUME_WAIT_MAX);
    // Never earlier than the server asked; later by chance, so that clients cut together do not come back together.
    await wait(pause * (1 + Math.random() / SPREAD), undefined, { signal: this.#signal });
    const response = await openStream(this.#remote, this.#signal, this.#lastEvent);
    return typeof response === 'object' ? response.body : undefined;
  }

  /** @returns whether the body of a refusal is an answer in MCP's own words; then it is passed on */
  async #passErrorBody(body: Readable): Promise<boolean> {
    const bytes = await wholeBody(body, this.#remote.longest).catch(() => undefined);
    if (bytes === undefined || this.message.id === undefined) return false;
    if (!isAnswerTo(bytes, this.message.id)) return false;
    await this.#remote.toClient(bytes);
    return true;
  }

  /** Answers for a server that said no with a status instead of a message. */
  async #refused({ status, headers, body }: HttpResponse): Promise<void> {
    const { url, credentials, warn } = this.#remote;
    const isJson = mediaType(headers['content-type']) === 'application/json';
    if (isJson && this.message.id !== undefined) {
      if (await this.#passErrorBody(body)) return;
    }
    const excerpt = isJson ? '' : credentials.masked(await excerptOf(body));
    body.destroy();
    const what = `${url.host} answered ${status}${excerpt === '' ? '' : `: ${excerpt.split('\n')[0]}`}`;
    const isBeginning = BEGINS.has(this.message.method ?? '');
    // Where it begins, a login finds out by itself what the server wants.
    const challenge = isBeginning ? undefined : String(headers['www-authenticate'] ?? '');
    const advice = status === 401 || status === 403 ? credentials.advice(challenge) : '';
    warn(advice === '' ? what : `${what}; ${advice}`);
    if (this.message.id === undefined) return;
    // What a server did before it failed cannot be told; a status below 500 says that it did nothing.
    if (status >= 500) this.giveUp(what);
    // A client shows its person why a server cannot be had; a model gets no command.
    else this.#fail(advice !== '' && isBeginning ? `${what}; ${advice}` : what);
  }

  /** The server did not do what was asked. */
  #fail(reason: string): void {
    if (this.#answered || this.message.id === undefined) return;
    const line = errorLine(this.message.id, INTERNAL_ERROR, reason);
    void this.#remote.toClient(Buffer.from(line.trimEnd(), 'utf8'));
    this.#answered = true;
  }

  /** Nothing more is to be expected, though the server may have run it. */
  giveUp(reason: string): void {
    if (this.message.id === undefined) {
      if (!this.#signal.aborted) this.#remote.warn(`a message for the server was lost: ${reason}`);
      return;
    }
    if (this.#answered) return;
    this.#answered = true;
    this.#remote.lost(this.message.id, reason);
  }
}

/** A token may be long in coming; what ends the request ends the wait too. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new Error('the request was given up'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function isAnswerTo(bytes: Buffer, id: Id): boolean {
  const answer = answerIn(bytes);
  return (
    answer?.id === id && (Object.hasOwn(answer.message, 'error') || Object.hasOwn(answer.message, 'result'))
  );
}
