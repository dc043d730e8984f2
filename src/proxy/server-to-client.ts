import { callDigest, type RoundTrips } from '../approval/retry-state.js';
import { parseDoubles } from '../json/exact.js';
import { isDeeper } from '../json/strict.js';
import { isRecord, own } from '../json/value.js';
import { isServerRequest } from '../policy/server-requests.js';
import type { ExitCode } from '../upstream/upstream.js';
import { ambiguity } from '../wire/ambiguity.js';
import { errorLine } from '../wire/answers.js';
import { type AnyLine, idFromEnds, type Line, LineSplitter, type OversizedLine } from '../wire/lines.js';
import type { ClientRequest, McpSession } from '../wire/mcp-session.js';
import type { JudgedCall } from '../wire/message.js';
import { type Envelope, type Id, isId } from '../wire/message.js';
import { LONE_CR } from '../wire/scan-line.js';
import { replaceId } from '../wire/tool-list.js';
import { WriteBatch } from '../wire/write-batch.js';
import type { Gate } from './gate.js';
import { ListAnswers } from './list-answers.js';
import { asksForUrls, type Judged, ServerRequests } from './server-requests.js';

const INTERNAL_ERROR = -32603;
/** JSON.parse takes many seconds and gigabytes for megabytes of brackets; no client could read such a line either. */
const LONG_LINE = 1 << 20;
const LONG_LINE_DEPTH = 10_000;

/** While others hold the database: the longest wait, and all of it, in milliseconds. */
const BUSY_WAIT = { longest: 60, total: 5000 };

/** Since when a line waits for the database, `performance.now()`, and how often it was looked at. */
interface Waited {
  readonly since: number;
  readonly tries: number;
}

const isOver = ({ since }: Waited): boolean => performance.now() - since >= BUSY_WAIT.total;

type Outcome = 'ok' | 'tool_error' | 'error' | 'unanswered';

/**
 * The direction from the server to the client: bytes pass as they are, but for lists that hide tools and ids that the
 * server spelt in another type. No answer has any authority here; it only closes what the client has open.
 */
export class ServerToClient {
  readonly #session: McpSession;
  readonly #gate: Gate;
  readonly #roundTrips: RoundTrips;
  readonly #maxLine: number;
  readonly #warn: (text: string) => void;
  readonly #stray: (bytes: Buffer) => void;
  readonly #splitter: LineSplitter;
  readonly #requests: ServerRequests;
  readonly #lists: ListAnswers;
  readonly #later: (parts: readonly (Buffer | string)[]) => void;
  readonly #waiting = new Set<NodeJS.Timeout>();
  /** When what is looked at was read, `performance.now()`: once for all lines of a chunk. */
  #readAt = 0;
  #clientIsGone = false;

  constructor(
    session: McpSession,
    gate: Gate,
    options: {
      readonly roundTrips: RoundTrips;
      /** Longest line in bytes. */
      readonly maxLine: number;
      readonly warn: (text: string) => void;
      /** What is no protocol; bytes with their line end. */
      readonly stray: (bytes: Buffer) => void;
      /** A line of ours for the server. */
      readonly toServer: (text: string) => void;
      /** What the client gets of a line that had to wait. */
      readonly later: (parts: readonly (Buffer | string)[]) => void;
    },
  ) {
    this.#session = session;
    this.#gate = gate;
    this.#roundTrips = options.roundTrips;
    this.#maxLine = options.maxLine;
    this.#warn = options.warn;
    this.#stray = options.stray;
    this.#splitter = new LineSplitter(options.maxLine);
    this.#later = options.later;
    const { toServer, warn } = options;
    this.#requests = new ServerRequests({ session, gate, toServer, warn });
    this.#lists = new ListAnswers({
      session,
      gate,
      warn,
      unreadable: (id, reason) => this.#unreadable(id, reason),
      pass: (line, message, id) => this.#answer(line, message, id, 'ok', undefined),
    });
  }

  /** @returns what the client gets for a chunk of the server's output */
  push(chunk: Buffer): readonly (Buffer | string)[] {
    this.#readAt = performance.now();
    return this.#pass(this.#splitter.push(chunk));
  }

  /** @returns what the client gets for a last line without its end */
  end(): readonly (Buffer | string)[] {
    this.#readAt = performance.now();
    const last = this.#splitter.end();
    return last ? this.#pass([last]) : [];
  }

  /** Nobody reads any more what the server answers. */
  clientGone(): void {
    this.#clientIsGone = true;
  }

  /** @returns an error for each request that the server, now gone, never answered (G9) */
  oweNothing(code: ExitCode): string {
    this.#readAt = performance.now();
    for (const timer of this.#waiting) clearTimeout(timer);
    let answers = '';
    for (const [id, request] of this.#session.drain()) {
      this.#settle(request, 'unanswered');
      answers += errorLine(id, INTERNAL_ERROR, `The server ended (exit code ${code}) before it answered.`);
    }
    return answers;
  }

  #pass(lines: readonly AnyLine[]): readonly (Buffer | string)[] {
    const batch = new WriteBatch<string>();
    for (const line of lines) {
      const passed = line.kind === 'oversized' ? this.#oversized(line) : this.#line(line);
      if (passed === undefined) continue;
      if (typeof passed === 'string') batch.addText(passed);
      else batch.addLine(passed);
    }
    return batch.parts();
  }

  /** The database was locked: the line is looked at again in a moment, and what becomes of it goes to the client then. */
  #again(line: Line, { since, tries }: Waited): undefined {
    const timer = setTimeout(
      () => {
        this.#waiting.delete(timer);
        this.#readAt = performance.now();
        const passed = this.#line(line, { since, tries: tries + 1 });
        const batch = new WriteBatch<string>();
        if (typeof passed === 'string') batch.addText(passed);
        else if (passed) batch.addLine(passed);
        this.#later(batch.parts());
      },
      Math.random() * Math.min(tries + 1, BUSY_WAIT.longest),
    );
    this.#waiting.add(timer);
  }

  /** @returns what the client gets of a line with a request to it; `pass` where it is the line */
  #asks(judged: Judged, line: Line, waited: Waited): string | undefined {
    if (judged.kind === 'busy') return this.#again(line, waited);
    return judged.kind === 'instead' ? judged.text : undefined;
  }

  #line(line: Line, waited: Waited = { since: this.#readAt, tries: 0 }): Line | string | undefined {
    if (line.isBlank) return undefined;
    if (line.hasLoneCr) return this.#keptOff(line, LONE_CR, idFromEnds(line, 'answer'));
    const message = parse(line);
    if (Array.isArray(message)) return this.#batch(line, message);
    if (message?.jsonrpc !== '2.0')
      return this.#keptOff(line, 'it is no JSON', message ? undefined : idFromEnds(line, 'answer'));
    const { id, method } = message;
    const outcome = outcomeOf(message);
    if (method !== undefined && outcome === undefined) {
      if (typeof method !== 'string') return this.#keptOff(line, 'its method is no text', undefined);
      const reason = this.#ambiguity(line, message);
      if (reason !== undefined) return this.#unreadable(undefined, reason);
      if (this.#gate.judges('serverRequests')) {
        const judged = this.#requests.request(line, message, method, isOver(waited));
        if (judged.kind !== 'pass') return this.#asks(judged, line, waited);
        if (isServerRequest(method)) return line;
      }
      if (isId(id)) this.#session.serverRequests.add(id, { row: undefined });
      return line;
    }
    // Neither is both: a client that looks at `result` first would take it for an answer.
    if (method !== undefined || outcome === undefined || outcome === 'both') {
      // With a method and nothing to answer it is a request, whose id is another than ours.
      const isAnswer = method === undefined || (message.result ?? message.error ?? null) !== null;
      return this.#keptOff(line, 'it is neither one answer nor a request', isAnswer ? id : undefined);
    }
    const awaited = isId(id) ? this.#session.awaitedMethod(id) : undefined;
    if (isId(id) && awaited === 'tools/list') return this.#lists.tools(line, message, id);
    const reason = this.#ambiguity(line, message);
    if (reason !== undefined) return this.#unreadable(id, reason);
    if (isId(id)) {
      const judged = this.#gate.judges('serverRequests') ? this.#asked(line, message, id, waited) : undefined;
      if (judged?.kind === 'busy') return this.#again(line, waited);
      const instead = judged?.kind === 'instead' ? judged.text : undefined;
      return instead === undefined && outcome !== 'error' && this.#lists.looksAt(awaited)
        ? this.#lists.words(line, message, id, awaited)
        : this.#answer(line, message, id, outcome, instead);
    }
    // An error may belong to nothing; a result may not, and some clients read `null` as 0.
    if ((id === undefined || id === null) && message.result === undefined) return line;
    this.#warn("dropped an answer of the server's without a proper id");
    return undefined;
  }

  /** The server's answer may ask the client for something: in 2026-07-28, and by one error before. */
  #asked(line: Line, message: Envelope, id: Id, waited: Waited): Judged | undefined {
    const pending = this.#session.sentRequest(id);
    if (!pending) return undefined;
    const { result, error } = message;
    const asks = (isRecord(result) && Object.hasOwn(result, 'inputRequests')) || asksForUrls(error);
    if (pending.request.era === 'legacy' && !asks) return undefined;
    return this.#requests.answer(line, pending.id, pending.request, isOver(waited));
  }

  /** @param instead what the client gets, where the answer asks for what it may not */
  #answer(
    line: Line,
    message: Envelope,
    id: Id,
    outcome: Outcome,
    instead: string | undefined,
  ): Line | string | undefined {
    const answered = this.#session.takeSentRequest(id);
    if (!answered) {
      this.#warn(
        `dropped an answer of the server's to no pending request (id ${JSON.stringify(id).slice(0, 80)})`,
      );
      return undefined;
    }
    const { request } = answered;
    this.#settle(request, outcome);
    if (request.call && instead === undefined) this.#expectRetry(request.call, own(message, 'result'));
    if (request.method === 'initialize') this.#session.readServer(message);
    if (instead !== undefined) return instead;
    return answered.id === id ? line : replaceId(line.text, answered.id);
  }

  /** While a list is pending, no line passes that another reader could take for its answer. */
  #ambiguity(line: Line, message: Envelope): string | undefined {
    const isPending = this.#session.listPending || (this.#session.wordsPending && this.#lists.keepsWords);
    return isPending ? ambiguity(line.text, message) : undefined;
  }

  /** A question of the server's makes the client send the same call again; that is no second call. */
  #expectRetry(call: JudgedCall, result: unknown): void {
    if (!isRecord(result) || own(result, 'resultType') !== 'input_required') return;
    const digest = callDigest(call.name, call.args.values);
    this.#roundTrips.expectRetry(digest, own(result, 'requestState'), call.continues);
  }

  #oversized(line: OversizedLine): string | undefined {
    const reason = `${line.size} bytes, more than ${this.#maxLine} (--max-server-line raises the limit)`;
    return this.#unreadable(idFromEnds(line, 'answer'), reason);
  }

  /** A line that is no message; if it was to be an answer and it can be told whose, the client need not wait for it. */
  #keptOff(line: Line, reason: string, id: unknown): string | undefined {
    this.#stray(line.bytes);
    return isId(id) ? this.#unreadable(id, reason) : undefined;
  }

  /** Nobody was sent a batch, and no revision but one knows them. Whoever waits for an answer in it hears that it came so. */
  #batch(line: Line, messages: readonly unknown[]): string | undefined {
    const reason = 'it is a batch: one message a line';
    this.#stray(line.bytes);
    this.#warn(`dropped a line of the server's: ${reason}`);
    let answers = '';
    for (const message of messages) {
      if (!isRecord(message) || message.method !== undefined || outcomeOf(message) === undefined) continue;
      answers += this.#closed(message.id, reason) ?? '';
    }
    return answers === '' ? undefined : answers;
  }

  /** A line that cannot be passed on. */
  #unreadable(id: unknown, reason: string): string | undefined {
    this.#warn(`dropped a line of the server's: ${reason}`);
    return this.#closed(id, reason);
  }

  /** The answer to a request was lost on its way. @returns an error for whoever waits for it */
  lost(id: Id, reason: string): string | undefined {
    const answered = this.#session.takeSentRequest(id);
    if (!answered) return undefined;
    this.#readAt = performance.now();
    this.#settle(answered.request, 'unanswered');
    return errorLine(answered.id, INTERNAL_ERROR, `The server's answer was lost: ${reason}`);
  }

  /** @returns an error for whoever waits for this answer. A call whose answer does not reach the client has no outcome */
  #closed(id: unknown, reason: string): string | undefined {
    const answered = isId(id) ? this.#session.takeSentRequest(id) : undefined;
    if (!answered) return undefined;
    this.#settle(answered.request, 'unanswered');
    return errorLine(answered.id, INTERNAL_ERROR, `The server's answer was dropped: ${reason}`);
  }

  #settle(request: ClientRequest, outcome: Outcome): void {
    if (request.row === undefined) return;
    const known = this.#clientIsGone ? 'unanswered' : outcome;
    this.#gate.settle(request.row, known, Math.round(this.#readAt - request.sentAt));
  }
}

function parse(line: Line): Envelope | unknown[] | undefined {
  const { text } = line;
  if (text.length > LONG_LINE && isDeeper(text, LONG_LINE_DEPTH)) return undefined;
  try {
    const value: unknown = parseDoubles(text);
    return isRecord(value) || Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @returns what an answer says; undefined when there is none in the message, `both` when there are two */
function outcomeOf({ error, result }: Envelope): 'ok' | 'tool_error' | 'error' | 'both' | undefined {
  const hasResult = result !== undefined;
  // Some servers write `"error": null` beside a result, and some a null result beside an error.
  if (error !== undefined && (error !== null || !hasResult))
    return hasResult && result !== null ? 'both' : 'error';
  if (!hasResult) return undefined;
  return isRecord(result) && own(result, 'isError') === true ? 'tool_error' : 'ok';
}
