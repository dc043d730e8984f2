import { Asking, type ResumedCall } from '../approval/flow.js';
import type { RoundTrips } from '../approval/retry-state.js';
import { BUSY } from '../store/store.js';
import { errorLine } from '../wire/answers.js';
import { type AnyLine, idFromEnds, type Line, LineSplitter } from '../wire/lines.js';
import type { Conversation } from '../wire/mcp-session.js';
import type { JudgedCall, MalformedCall } from '../wire/message.js';
import {
  type ClientMessage,
  calledIn,
  classify,
  type Id,
  isId,
  isRecord,
  own,
  type ToolCall,
} from '../wire/message.js';
import { scanLine } from '../wire/scan-line.js';
import { Parcel } from '../wire/write-batch.js';
import type { Gate, Ruling } from './gate.js';
import { reasonOf } from './state-session.js';

/** Where lines that were decided together go; each is called at most once for them. */
export interface Outlets {
  /** Original bytes, in order. `notSent` is called, now or later, if the server provably got nothing of them. */
  toServer(parts: readonly Buffer[], notSent: () => void): void;
  /** Lines of our own, as text. */
  toClient(text: string): void;
}

/** What one line comes to, before and after the gate. */
interface Item {
  /** Goes to the server if nothing refuses it. */
  readonly line?: Line | undefined;
  /** Goes back to the client at once. */
  readonly answer?: string | undefined;
  /** What the gate must see. */
  readonly call?: JudgedCall | MalformedCall | undefined;
  /** The request that `line` is. */
  readonly request?: Id | undefined;
  /** The request that `line` gives up: only now, when what came before it is decided. */
  readonly cancels?: unknown;
}

/** So many lines are decided in one transaction: then the server has these while those behind them are decided. */
const TOGETHER = 48;

/** Nothing goes anywhere. */
const NOTHING: Item = {};

/** While others hold the database: how many tries come at once, then the longest wait, and all of it (ms). */
const BUSY_WAIT = { atOnce: 4, longest: 60, total: 5000, starting: 30_000 };

/**
 * The direction from the client to the server. Lines that were read at once are classified, the calls among them are
 * admitted together, then they leave in the order they came. Synchronous from line to decision, so that calls cannot
 * overtake each other; only a database locked by another process makes the lines behind it wait.
 */
export class FromClient {
  readonly #conversation: Conversation;
  readonly #gate: Gate;
  readonly #outlets: Outlets;
  readonly #asking: Asking;
  readonly #maxLine: number;
  readonly #warn: (text: string) => void;
  readonly #splitter: LineSplitter;
  /** Lines, and calls that were held, that wait behind a call for which the database was locked. */
  #waiting: (AnyLine | ResumedCall)[] = [];
  #busy:
    | { readonly first: number; since: number; tries: number; timer: NodeJS.Timeout | undefined }
    | undefined;
  #abandoned = false;
  #onBusy: () => void = () => {};

  constructor(
    conversation: Conversation,
    gate: Gate,
    outlets: Outlets,
    options: {
      readonly roundTrips: RoundTrips;
      /** Longest line in bytes. */
      readonly maxLine: number;
      readonly warn: (text: string) => void;
    },
  ) {
    this.#conversation = conversation;
    this.#gate = gate;
    this.#outlets = outlets;
    this.#asking = new Asking({
      conversation,
      desk: gate,
      roundTrips: options.roundTrips,
      toClient: (text) => outlets.toClient(text),
      resume: (call) => this.#take([call]),
    });
    this.#maxLine = options.maxLine;
    this.#warn = options.warn;
    this.#splitter = new LineSplitter(options.maxLine);
  }

  /** True while a decision waits for the database: read no more from the client. */
  get busy(): boolean {
    return this.#busy !== undefined;
  }

  /** @param onBusy called whenever `busy` becomes another: once it is over, everything read so far has been decided */
  onBusy(onBusy: () => void): void {
    this.#onBusy = onBusy;
  }

  /** Takes what was read at once: its calls are admitted together, some at a time. */
  push(...chunks: readonly Buffer[]): void {
    const [only] = chunks;
    if (chunks.length === 1 && only) this.#take(this.#splitter.push(only));
    else this.#take(chunks.flatMap((chunk) => this.#splitter.push(chunk)));
  }

  /** The end of the client's input: an unterminated last line counts, and no person will answer any more. */
  end(): void {
    const last = this.#splitter.end();
    if (last) this.#take([last]);
    this.#asking.abandon();
  }

  /** The server is gone: nothing waits any longer. */
  abandon(): void {
    this.#abandoned = true;
    clearTimeout(this.#busy?.timer);
    this.#waiting = [];
    this.#asking.abandon();
  }

  #take(coming: readonly (AnyLine | ResumedCall)[]): void {
    for (let next = 0; next < coming.length; next += TOGETHER) {
      const some = coming.length <= TOGETHER ? coming : coming.slice(next, next + TOGETHER);
      if (this.#busy) this.#waiting.push(...some);
      else this.#admit(some.map((one) => ('held' in one ? this.#resumed(one) : this.#read(one))));
    }
  }

  #resumed(call: ResumedCall): Item {
    return this.#asking.release(call) ? call : NOTHING;
  }

  #admit(items: readonly Item[]): void {
    const calls: (JudgedCall | MalformedCall)[] = [];
    for (const { call } of items) if (call) calls.push(call);
    let rulings: readonly (Ruling | undefined)[] = [];
    if (calls.length > 0) {
      const admitted = this.#gate.admit(calls);
      if (admitted !== BUSY) rulings = admitted;
      else if (this.#mayRetry(items)) return;
      else rulings = this.#gate.giveUp(calls);
    }
    const waited = this.#busy !== undefined;
    this.#busy = undefined;
    this.#send(items, rulings);
    if (this.#waiting.length > 0) this.#take(this.#waiting.splice(0));
    if (waited && !this.#busy) this.#onBusy();
  }

  #mayRetry(items: readonly Item[]): boolean {
    if (!this.#busy) {
      const first = performance.now();
      this.#busy = { first, since: first, tries: 0, timer: undefined };
      this.#onBusy();
    }
    const now = performance.now();
    // Many wrappers that start at once wait for one another.
    if (this.#gate.isStarting && now - this.#busy.first < BUSY_WAIT.starting) this.#busy.since = now;
    if (now - this.#busy.since >= BUSY_WAIT.total) return false;
    // A transaction takes microseconds: the first tries come at once, later ones with jitter, so that several wrappers
    // that wait for one database do not meet again and again.
    const tries = this.#busy.tries++;
    const retry = () => {
      if (!this.#abandoned) this.#admit(items);
    };
    if (tries < BUSY_WAIT.atOnce) setImmediate(retry);
    else this.#busy.timer = setTimeout(retry, Math.random() * Math.min(tries, BUSY_WAIT.longest));
    return true;
  }

  /** Classifies a line and remembers its request, so that a later line of the same chunk cannot take its id. */
  #read(line: AnyLine): Item {
    try {
      return this.#classified(line);
    } catch (error) {
      // A bug of ours must neither let a line through nor end the process (G3).
      this.#warn(`a line of the client's could not be read: ${reasonOf(error)}`);
      return { answer: errorLine(undefined, -32603, 'Message refused: it could not be read') };
    }
  }

  #classified(line: AnyLine): Item {
    if (line.kind === 'oversized') {
      const reason = `longer than ${this.#maxLine} bytes (${line.size}); --max-client-line raises the limit`;
      return { answer: this.#refusal(idFromEnds(line, 'request'), -32600, reason) };
    }
    if (line.isBlank) return NOTHING;
    const scanned = scanLine(line);
    const message = classify(scanned);
    switch (message.kind) {
      case 'refused':
        return this.#refused(line, scanned.ok ? message : { ...message, id: idFromEnds(line, 'request') });
      case 'call':
      case 'request':
        return this.#request(line, message);
      case 'notification':
        if (message.method !== 'notifications/cancelled') return { line };
        return { line, cancels: own(message.params, 'requestId') };
      case 'response':
        return this.#response(line, message);
    }
  }

  #refused(line: Line, message: ClientMessage & { kind: 'refused' }): Item {
    const { code, reason } = message;
    const answer = message.answered ? { answer: this.#refusal(message.id, code, reason) } : {};
    const tool = line.hasLoneCr ? calledIn(line.text) : message.call;
    return tool === undefined ? answer : { ...answer, call: { kind: 'malformed', tool, reason } };
  }

  /** Without the id of a request that is pending: the client would take it for the answer to that. */
  #refusal(id: Id | undefined, code: number, reason: string): string {
    const isFree = id !== undefined && !this.#conversation.isPending(id);
    return errorLine(isFree ? id : undefined, code, `Message refused: ${reason}`);
  }

  #request(line: Line, message: ClientMessage & { kind: 'call' | 'request' }): Item {
    const isCall = message.kind === 'call';
    const pending = this.#conversation.isPending(message.id);
    if (pending || this.#conversation.full) {
      const reason = pending
        ? `the id ${shown(message.id)} belongs to a request that is still pending`
        : 'too many requests are pending';
      const answer = this.#refusal(message.id, -32600, reason);
      return isCall ? { answer, call: { kind: 'malformed', tool: message.name, reason } } : { answer };
    }
    if (isCall) {
      this.#conversation.ask(message.id, 'tools/call', message.era);
      return this.#call(line, message);
    }
    this.#conversation.ask(message.id, message.method, message.era, message.params);
    if (message.method === 'initialize') this.#meetClient(message.params);
    if (message.method === 'subscriptions/listen') this.#conversation.listen(message.id, message.params);
    return { line, request: message.id };
  }

  #call(line: Line, message: ToolCall): Item {
    const call = message.task && !this.#conversation.serverTakesTasks ? { ...message, task: false } : message;
    return this.#asking.received(line, call) ?? NOTHING;
  }

  #response(line: Line, { id, message }: ClientMessage & { kind: 'response' }): Item {
    if (id !== undefined && this.#asking.answered(id, message)) return NOTHING;
    if (id === undefined || this.#conversation.askedByServer.take(id) !== undefined) return { line };
    this.#warn(
      `dropped an answer of the client's to a request that the server did not make (id ${shown(id)})`,
    );
    return NOTHING;
  }

  #meetClient(params: object): void {
    this.#conversation.meetClient(params);
    const info = own(params, 'clientInfo');
    const name = isRecord(info) ? own(info, 'name') : undefined;
    const version = isRecord(info) ? own(info, 'version') : undefined;
    if (typeof name === 'string') this.#gate.clientIs(name, typeof version === 'string' ? version : '');
  }

  /** @returns whether the call was held here: the server never heard of it, and never will */
  #cancelled(id: unknown): boolean {
    if (!isId(id)) return false;
    if (this.#asking.cancelled(id)) return true;
    const request = this.#conversation.cancel(id);
    if (request?.row !== undefined) {
      this.#gate.settle(request.row, 'cancelled', Math.round(performance.now() - request.sentAt));
    }
    return false;
  }

  #send(items: readonly Item[], rulings: readonly (Ruling | undefined)[]): void {
    const parcel = new Parcel();
    const requests: Id[] = [];
    const now = performance.now();
    let answers = '';
    let next = 0;
    for (const item of items) {
      if (item.answer) answers += item.answer;
      const ruling = item.call ? rulings[next++] : undefined;
      if (ruling && item.call?.kind === 'call') {
        const { call, line } = item;
        if (ruling.kind === 'ask' && line && this.#asking.holds({ line, request: call.id, call }, ruling))
          continue;
        if (ruling.kind !== 'forward') {
          this.#conversation.answer(call.id);
          answers += (ruling.kind === 'ask' && this.#asking.question(call, ruling)) || ruling.line;
          continue;
        }
        this.#conversation.recorded(call, ruling.row, now);
      }
      if (item.cancels !== undefined && this.#cancelled(item.cancels)) continue;
      if (item.line) parcel.addLine(item.line);
      if (item.request !== undefined) requests.push(item.request);
    }
    if (answers !== '') this.#outlets.toClient(answers);
    const parts = parcel.parts();
    if (parts.length > 0) this.#outlets.toServer(parts, () => this.#notSent(requests));
  }

  /** The server does not read any more: its clients learn it at once, and calls that it never saw cost nothing. */
  #notSent(requests: readonly Id[]): void {
    let answers = '';
    for (const id of requests) {
      const request = this.#conversation.answer(id)?.request;
      if (!request) continue;
      if (request.row !== undefined) this.#gate.settle(request.row, 'not_sent', undefined);
      answers += errorLine(id, -32603, 'The server has closed its input; nothing was sent to it.');
    }
    if (answers !== '') this.#outlets.toClient(answers);
  }
}

function shown(id: Id): string {
  return JSON.stringify(id).slice(0, 80);
}
