import { randomUUID } from 'node:crypto';
import { reasonOf } from '../../errors.js';
import type { Id } from '../../wire/message.js';
import { replaceId } from '../../wire/tool-list.js';
import { openEventEndpoint } from './event-endpoint.js';
import { Exchange } from './exchange.js';
import { listen } from './listening.js';
import { NotSent } from './not-sent.js';
import type { Outgoing } from './outgoing.js';
import type { EventEndpoint, Remote } from './remote.js';

const TOOLS_CHANGED = Buffer.from('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}', 'utf8');

/**
 * What lasts between the messages: which wire the server speaks, the stream on which it speaks by itself, and the
 * session, which is begun again when it was lost.
 */
export class Connection {
  readonly #remote: Remote;
  readonly #exchanges: Map<Id, Exchange>;
  #listening: AbortController | undefined;
  #isOver = false;
  /** Answers to requests of our own, which the client never made. */
  readonly #own = new Map<Id, (answer: Record<string, unknown>) => void>();
  #renewal: Promise<boolean> | undefined;
  /** The server knows nothing later than 2024-11-05. */
  #speaksEvents = false;
  #events: EventEndpoint | undefined;

  /** @param exchanges those in flight, by the id that they wait for */
  constructor(remote: Remote, exchanges: Map<Id, Exchange>) {
    this.#remote = remote;
    this.#exchanges = exchanges;
  }

  /** Which wire it is, in words for people. */
  get about(): string {
    const { revision, id } = this.#remote.session;
    const wire = this.#speaksEvents ? 'HTTP with SSE' : 'Streamable HTTP';
    const kept = this.#speaksEvents ? '' : id === undefined ? ', no session' : ', a session';
    return `${wire}${revision === undefined ? '' : ` of ${revision}`}${kept}`;
  }

  /**
   * Sends a message and passes on what comes back, with another wire or a new session where the server wants that.
   *
   * @param onSent called once it is on its way
   * @param onTaken called once the server has it
   * @throws NotSent
   */
  async deliver(message: Outgoing, onSent: () => void, onTaken: () => void): Promise<void> {
    const { host } = this.#remote.url;
    for (let again = false; ; again = true) {
      const events = this.#speaksEvents ? await this.#openEvents(message) : undefined;
      const exchange = new Exchange(message, this.#remote);
      if (message.id !== undefined) this.#exchanges.set(message.id, exchange);
      const delivery = await exchange.run(events ?? this.#remote.url, onSent, onTaken);
      if (delivery === 'answered') return;
      if (again || events) throw new NotSent(`${host} speaks no MCP that is known here`);
      if (delivery === 'not supported') this.#speaksEvents = true;
      else if (!(await this.#renewed()))
        throw new NotSent(`${host} has lost the session, and begins no new one`);
    }
  }

  /** @returns whether an answer was to a request of our own, and is not for the client */
  takes(id: Id, answer: Record<string, unknown>): boolean {
    const own = this.#own.get(id);
    own?.(answer);
    return own !== undefined;
  }

  /** Listens to what the server says by itself. */
  listen(): void {
    if (this.#speaksEvents || this.#isOver) return;
    this.#listening?.abort();
    const listening = new AbortController();
    this.#listening = listening;
    const { signal } = listening;
    this.#remote.over.addEventListener('abort', () => listening.abort(), { once: true, signal });
    void listen(this.#remote, signal, () => void this.#renewed()).catch((error: unknown) =>
      this.#remote.warn(reasonOf(error)),
    );
  }

  /** Listens no more. */
  end(): void {
    this.#isOver = true;
    this.#listening?.abort();
  }

  /** The connection to a server of 2024-11-05. One that was cut is made anew, and the session with it. */
  async #openEvents(message: Outgoing): Promise<EventEndpoint> {
    if (this.#events) return this.#events;
    const events = await openEventEndpoint(this.#remote, this.#remote.over).catch((error: unknown) => {
      throw new NotSent(reasonOf(error));
    });
    if (!events) throw new NotSent(`${this.#remote.url.host} has no MCP at ${this.#remote.url.pathname}`);
    this.#events = events;
    void events.over.then((reason) => {
      if (this.#events === events) this.#events = undefined;
      if (!this.#remote.over.aborted) this.#remote.warn(`the connection is over: ${reason}`);
    });
    if (message.method !== 'initialize' && !(await this.#renewed()))
      throw new NotSent(`${this.#remote.url.host} begins no new session`);
    return events;
  }

  /** A session that was lost is begun again, once for all that wait, with what the client said at the beginning. */
  #renewed(): Promise<boolean> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #renew(): Promise<boolean> {
    const { session } = this.#remote;
    const { initialize, initialized } = session;
    if (!initialize) return false;
    this.#listening?.abort();
    const id = `pw-${randomUUID()}`;
    let isBegun = false;
    this.#own.set(id, (answer) => {
      isBegun = Object.hasOwn(answer, 'result');
      session.learn(answer, 'initialize');
    });
    try {
      const bytes = Buffer.from(replaceId(initialize.bytes.toString('utf8'), id), 'utf8');
      const target = this.#events ?? this.#remote.url;
      const beginning = new Exchange({ ...initialize, bytes, id }, this.#remote);
      this.#exchanges.set(id, beginning);
      await beginning.run(target, () => {});
      if (!isBegun) return false;
      if (initialized) await new Exchange(initialized, this.#remote).run(target, () => {});
      this.#remote.warn(`${this.#remote.url.host} had lost the session; a new one was begun`);
      if (initialized) this.listen();
      // What the new session lists may be another list.
      if (session.announcesTools) void this.#remote.toClient(TOOLS_CHANGED);
      return true;
    } catch (error) {
      this.#remote.warn(reasonOf(error));
      return false;
    } finally {
      this.#own.delete(id);
      this.#exchanges.delete(id);
    }
  }
}
