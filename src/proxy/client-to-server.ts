import { ApprovalFlow, type ResumedCall } from '../approval/flow.js';
import type { RoundTrips } from '../approval/retry-state.js';
import { BUSY } from '../store/store.js';
import type { NotSentListener } from '../upstream/upstream.js';
import { errorLine } from '../wire/answers.js';
import { type AnyLine, LineSplitter } from '../wire/lines.js';
import type { McpSession } from '../wire/mcp-session.js';
import type { Id, JudgedCall, MalformedCall } from '../wire/message.js';
import { isId } from '../wire/message.js';
import { WriteBatch } from '../wire/write-batch.js';
import type { Ruling, Rulings } from './call-rulings.js';
import { ClientReader, type Item, NO_ITEM } from './client-reader.js';
import type { Gate } from './gate.js';

/** Where lines that were decided together go; each is called at most once for them. */
export interface Outlets {
  /** Original bytes, in order. `notSent` is called, now or later, if the server provably got nothing of them. */
  toServer(parts: readonly Buffer[], notSent: NotSentListener): void;
  /** Lines of our own, as text. */
  toClient(text: string): void;
}

/** Most lines that one transaction decides: the server works on these while the next are decided. */
const LINES_PER_TRANSACTION = 48;

/** While others hold the database: how many tries come at once, then the longest wait, and all of it (ms). */
const BUSY_WAIT = { atOnce: 4, longest: 60, total: 5000, starting: 30_000 };

/** Since when a decision waits, `performance.now()`, and for a locked database how often it was tried. */
interface Waiting {
  readonly first: number;
  since: number;
  tries: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The direction from the client to the server. Lines that were read at once are parsed, the calls among them are
 * admitted together, then they leave in the order they came. Synchronous from line to decision, so that calls cannot
 * overtake each other; a database locked by another process, or a store that answers later, makes the lines behind wait.
 */
export class ClientToServer {
  readonly #session: McpSession;
  readonly #gate: Gate;
  readonly #outlets: Outlets;
  readonly #approvals: ApprovalFlow;
  readonly #reader: ClientReader;
  readonly #splitter: LineSplitter;
  /** Lines, and calls that were held, that wait behind a call which is being decided. */
  #waiting: (AnyLine | ResumedCall)[] = [];
  #busy: Waiting | undefined;
  #abandoned = false;
  #onBusy: () => void = () => {};

  constructor(
    session: McpSession,
    gate: Gate,
    outlets: Outlets,
    options: {
      readonly roundTrips: RoundTrips;
      /** Longest line in bytes. */
      readonly maxLine: number;
      readonly warn: (text: string) => void;
    },
  ) {
    this.#session = session;
    this.#gate = gate;
    this.#outlets = outlets;
    this.#approvals = new ApprovalFlow({
      session,
      authority: gate,
      roundTrips: options.roundTrips,
      toClient: (text) => outlets.toClient(text),
      resume: (call) => this.#take([call]),
    });
    this.#reader = new ClientReader({
      session,
      gate,
      approvals: this.#approvals,
      maxLine: options.maxLine,
      warn: options.warn,
    });
    this.#splitter = new LineSplitter(options.maxLine);
  }

  /** True while a decision is awaited: read no more from the client. */
  get busy(): boolean {
    return this.#busy !== undefined;
  }

  /** @param onBusy called whenever `busy` becomes another: once it is over, everything read so far has been decided */
  onBusy(onBusy: () => void): void {
    this.#onBusy = onBusy;
  }

  /** Takes what was read at once: its calls are admitted together, some at a time. */
  push(...chunks: readonly Buffer[]): void {
    const lines: AnyLine[] = [];
    for (const chunk of chunks) for (const line of this.#splitter.push(chunk)) lines.push(line);
    this.#take(lines);
  }

  /** The end of the client's input: an unterminated last line counts, and no person will answer any more. */
  end(): void {
    const last = this.#splitter.end();
    if (last) this.#take([last]);
    this.#approvals.abandon();
  }

  /** The server is gone: nothing waits any longer. */
  abandon(): void {
    this.#abandoned = true;
    clearTimeout(this.#busy?.timer);
    this.#waiting = [];
    this.#approvals.abandon();
  }

  #take(coming: readonly (AnyLine | ResumedCall)[]): void {
    for (let next = 0; next < coming.length; next += LINES_PER_TRANSACTION) {
      const some = coming.slice(next, next + LINES_PER_TRANSACTION);
      if (this.#busy) {
        this.#waiting.push(...some);
        continue;
      }
      const items: Item[] = [];
      for (const one of some) items.push('held' in one ? this.#resumed(one) : this.#reader.read(one));
      this.#admit(items);
    }
  }

  #resumed(call: ResumedCall): Item {
    return this.#approvals.release(call) ? call : NO_ITEM;
  }

  #admit(items: readonly Item[]): void {
    const calls: (JudgedCall | MalformedCall)[] = [];
    for (const { call, also } of items) {
      if (call) calls.push(call);
      if (also) calls.push(...also);
    }
    let rulings: Rulings = [];
    if (calls.length > 0) {
      const admitted = this.#gate.admit(calls);
      if (admitted instanceof Promise) {
        this.#await(items, admitted);
        return;
      }
      if (admitted !== BUSY) rulings = admitted;
      else if (this.#mayRetry(items)) return;
      else rulings = this.#gate.giveUp(calls);
    }
    this.#decided(items, rulings);
  }

  #await(items: readonly Item[], admitted: Promise<Rulings>): void {
    this.#wait();
    void admitted.then((rulings) => {
      if (!this.#abandoned) return this.#decided(items, rulings);
      // Nobody is left to send them to.
      for (const ruling of rulings)
        if (ruling?.kind === 'forward' && ruling.row !== undefined)
          this.#gate.settle(ruling.row, 'not_sent', undefined);
    });
  }

  #wait(): Waiting {
    if (this.#busy) return this.#busy;
    const first = performance.now();
    const busy: Waiting = { first, since: first, tries: 0, timer: undefined };
    this.#busy = busy;
    this.#onBusy();
    return busy;
  }

  #decided(items: readonly Item[], rulings: Rulings): void {
    const waited = this.#busy !== undefined;
    this.#busy = undefined;
    this.#send(items, rulings);
    if (this.#waiting.length > 0) this.#take(this.#waiting.splice(0));
    if (waited && !this.#busy) this.#onBusy();
  }

  #mayRetry(items: readonly Item[]): boolean {
    const busy = this.#wait();
    const now = performance.now();
    // Many wrappers that start at once wait for one another.
    if (this.#gate.isStarting && now - busy.first < BUSY_WAIT.starting) busy.since = now;
    if (now - busy.since >= BUSY_WAIT.total) return false;
    // A transaction takes microseconds: the first tries come at once, later ones with jitter, so that several wrappers
    // that wait for one database do not meet again and again.
    const tries = busy.tries++;
    const retry = () => {
      if (!this.#abandoned) this.#admit(items);
    };
    if (tries < BUSY_WAIT.atOnce) setImmediate(retry);
    else busy.timer = setTimeout(retry, Math.random() * Math.min(tries, BUSY_WAIT.longest));
    return true;
  }

  #send(items: readonly Item[], rulings: Rulings): void {
    const batch = new WriteBatch();
    const requests: Id[] = [];
    const now = performance.now();
    let answers = '';
    let next = 0;
    for (const item of items) {
      if (item.answer) answers += item.answer;
      const own = item.call ? rulings[next++] : undefined;
      const ruling = item.also
        ? this.#ofAll(
            own,
            item.also.map(() => rulings[next++]),
          )
        : own;
      if (ruling && item.call?.kind === 'call') {
        const { call, line } = item;
        if (ruling.kind === 'ask' && line && this.#approvals.holds({ line, request: call.id, call }, ruling))
          continue;
        if (ruling.kind !== 'forward') {
          this.#session.takeRequest(call.id);
          answers += (ruling.kind === 'ask' && this.#approvals.question(call, ruling)) || ruling.line;
          continue;
        }
        this.#session.callSent(call, ruling.row, now);
      }
      if (item.cancels !== undefined && this.#cancelled(item.cancels)) continue;
      if (item.line) batch.addLine(item.line);
      if (item.request !== undefined) requests.push(item.request);
    }
    if (answers !== '') this.#outlets.toClient(answers);
    const parts = batch.parts();
    if (parts.length > 0)
      this.#outlets.toServer(parts, (ids, reason) => this.#notSent(ids ?? requests, reason));
  }

  /** A line that asks for several things goes on for all of them, or for none: then none is charged. */
  #ofAll(own: Ruling | undefined, others: readonly (Ruling | undefined)[]): Ruling | undefined {
    const refused = [own, ...others].find((ruling) => ruling?.kind !== 'forward');
    for (const ruling of refused ? [own, ...others] : others)
      if (ruling?.kind === 'forward' && ruling.row !== undefined)
        this.#gate.settle(ruling.row, refused ? 'not_sent' : 'ok', undefined);
    return refused ?? own;
  }

  /** @returns whether the call was held here: the server never heard of it, and never will */
  #cancelled(id: unknown): boolean {
    if (!isId(id)) return false;
    if (this.#approvals.cancelled(id)) return true;
    const request = this.#session.cancel(id);
    if (request?.row !== undefined) {
      this.#gate.settle(request.row, 'cancelled', Math.round(performance.now() - request.sentAt));
    }
    return false;
  }

  /** The server got nothing of these: its clients learn it at once, and calls that it never saw cost nothing. */
  #notSent(requests: readonly Id[], reason = 'The server has closed its input'): void {
    let answers = '';
    for (const id of requests) {
      const request = this.#session.takeRequest(id)?.request;
      if (!request) continue;
      if (request.row !== undefined) this.#gate.settle(request.row, 'not_sent', undefined);
      answers += errorLine(id, -32603, `${reason}; nothing was sent to it.`);
    }
    if (answers !== '') this.#outlets.toClient(answers);
  }
}
