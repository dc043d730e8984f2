import { fold } from '../policy/fold.js';
import { parseDoubles } from '../policy/json.js';
import { glanceAnswer } from './answer-glance.js';
import type { Conversation, Forwarded } from './conversation.js';
import type { Gate, JudgedCall } from './gate.js';
import { type AnyLine, idFromEnds, type Line, LineSplitter, type OversizedLine } from './lines.js';
import { editTools, replaceId } from './list-filter.js';
import { ENVELOPE_KEYS, type Envelope, type Id, isId, isRecord, own, twinOf } from './message.js';
import { OUTLINED_FROM, outline } from './outline.js';
import { Parcel } from './parcel.js';
import { errorLine } from './refusal.js';
import { callDigest, type RoundTrips } from './round-trips.js';
import { isDeeper, scan } from './scan.js';
import type { ExitCode } from './upstream.js';

const INTERNAL_ERROR = -32603;
/** JSON.parse takes many seconds and gigabytes for megabytes of brackets; no client could read such a line either. */
const LONG = 1 << 20;
const LONG_DEPTH = 10_000;
const LOOSELY = { maxDepth: LONG_DEPTH, strict: false };

/**
 * The direction from the server to the client: bytes pass as they are, but for lists that hide tools and ids that the
 * server spelt in another type. No answer has any authority here; it only closes what the client has open.
 */
export class FromServer {
  readonly #conversation: Conversation;
  readonly #gate: Gate;
  readonly #roundTrips: RoundTrips;
  readonly #maxLine: number;
  readonly #warn: (text: string) => void;
  readonly #stray: (bytes: Buffer) => void;
  readonly #splitter: LineSplitter;
  /** When what is looked at was read, `performance.now()`: once for all lines of a chunk. */
  #readAt = 0;

  constructor(
    conversation: Conversation,
    gate: Gate,
    options: {
      readonly roundTrips: RoundTrips;
      /** Longest line in bytes. */
      readonly maxLine: number;
      readonly warn: (text: string) => void;
      /** What is no protocol; bytes with their line end. */
      readonly stray: (bytes: Buffer) => void;
    },
  ) {
    this.#conversation = conversation;
    this.#gate = gate;
    this.#roundTrips = options.roundTrips;
    this.#maxLine = options.maxLine;
    this.#warn = options.warn;
    this.#stray = options.stray;
    this.#splitter = new LineSplitter(options.maxLine);
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

  /** @returns an error for each request that the server, now gone, never answered (G9) */
  oweNothing(code: ExitCode): string {
    this.#readAt = performance.now();
    let answers = '';
    for (const [id, request] of this.#conversation.drain()) {
      this.#settle(request, 'unanswered');
      answers += errorLine(id, INTERNAL_ERROR, `The server ended (exit code ${code}) before it answered.`);
    }
    return answers;
  }

  #pass(lines: readonly AnyLine[]): readonly (Buffer | string)[] {
    const parcel = new Parcel<string>();
    for (const line of lines) {
      const passed = line.kind === 'oversized' ? this.#oversized(line) : this.#line(line);
      if (passed === undefined) continue;
      if (typeof passed === 'string') parcel.addText(passed);
      else parcel.addLine(passed);
    }
    return parcel.parts();
  }

  #line(line: Line): Line | string | undefined {
    if (this.#isPlainAnswer(line)) return line;
    if (line.isBlank) return undefined;
    const message = parse(line);
    if (message?.jsonrpc !== '2.0') {
      this.#stray(line.bytes);
      return undefined;
    }
    const { id, method } = message;
    const isAnswer = message.result !== undefined || message.error !== undefined;
    if (method !== undefined) {
      // Neither is both: a client that looks at `result` first would take it for an answer.
      if (isAnswer || typeof method !== 'string') {
        this.#stray(line.bytes);
        return undefined;
      }
      if (isId(id)) this.#conversation.askedByServer.add(id, method);
    } else if (!isAnswer) {
      this.#stray(line.bytes);
      return undefined;
    }
    if (this.#conversation.listPending) {
      // A second `id` or `result`, in whatever spelling, could carry the list around the filter.
      const scanned = scan(line.bytes);
      const reason = scanned.ok ? twinOf(message, ENVELOPE_KEYS) : scanned.reason;
      if (reason !== undefined) return this.#unreadable(id, reason);
    }
    if (!isAnswer) return line;
    if (isId(id)) return this.#answer(line, message, id);
    // An error may belong to nothing; a result may not, and some clients read `null` as 0.
    if ((id === undefined || id === null) && message.result === undefined) return line;
    this.#warn("dropped an answer of the server's without a proper id");
    return undefined;
  }

  /** Most lines are answers of which nothing more is to be known than how they came out. */
  #isPlainAnswer(line: Line): boolean {
    // While a list is pending, no line passes without a look for a second `id` or `result`.
    if (this.#conversation.listPending) return false;
    const answer = glanceAnswer(line);
    const request = answer && this.#conversation.answerOfPlain(answer.id);
    if (!answer || !request) return false;
    this.#settle(request, answer.outcome);
    return true;
  }

  #answer(line: Line, message: Envelope, id: Id): Line | string | undefined {
    const answered = this.#conversation.answerOfServer(id);
    if (!answered) {
      this.#warn(
        `dropped an answer of the server's to no pending request (id ${JSON.stringify(id).slice(0, 80)})`,
      );
      return undefined;
    }
    const { request } = answered;
    switch (request.method) {
      case 'tools/call':
        this.#settle(request, outcomeOf(message));
        if (request.call) this.#expectRetry(request.call, own(message, 'result'));
        break;
      case 'tools/list': {
        if (this.#hidesInTwin(message)) return this.#dropped(answered.id, 'it has a second list of tools');
        const before = textFor(line, id, answered.id);
        const edited = editTools(before, message, (tool, raw) => {
          const name = own(tool, 'name');
          // Hidden tools are listed by the server, too.
          const edit = typeof name === 'string' ? this.#gate.list({ ...tool, name }, raw) : 'keep';
          return this.#hides(tool) ? 'drop' : edit;
        });
        this.#gate.listed(isRecord(message.result) && typeof message.result.nextCursor === 'string');
        return edited === before && answered.id === id ? line : edited;
      }
      case 'initialize':
        this.#conversation.meetServer(message);
        break;
    }
    return answered.id === id ? line : textFor(line, id, answered.id);
  }

  /** A question of the server's makes the client send the same call again; that is no second call. */
  #expectRetry(call: JudgedCall, result: unknown): void {
    if (!isRecord(result) || own(result, 'resultType') !== 'input_required') return;
    const digest = callDigest(call.name, call.args.values);
    this.#roundTrips.expectRetry(digest, own(result, 'requestState'), call.continues);
  }

  /** A tool is left out for each name by which a client could know it that reads keys in any case. */
  #hides(tool: Record<string, unknown>): boolean {
    return Object.entries(tool).some(
      ([key, name]) => typeof name === 'string' && fold(key) === 'name' && !this.#gate.shows(name),
    );
  }

  /** Closes the way around the filter by `Tools` beside `tools`. */
  #hidesInTwin(message: Envelope): boolean {
    const result = own(message, 'result');
    if (!isRecord(result)) return false;
    return Object.entries(result).some(
      ([key, tools]) =>
        key !== 'tools' &&
        fold(key) === 'tools' &&
        Array.isArray(tools) &&
        tools.some((tool) => isRecord(tool) && this.#hides(tool)),
    );
  }

  #oversized(line: OversizedLine): string | undefined {
    return this.#unreadable(
      idFromEnds(line.head, line.tail),
      `${line.size} bytes, more than ${this.#maxLine}`,
    );
  }

  /** A line that cannot be passed on; if it is known whose answer it was, the client need not wait for it. */
  #unreadable(id: unknown, reason: string): string | undefined {
    this.#warn(`dropped a line of the server's: ${reason}`);
    const answered = isId(id) ? this.#conversation.answerOfServer(id) : undefined;
    if (!answered) return undefined;
    this.#settle(answered.request, 'error');
    return this.#dropped(answered.id, reason);
  }

  #dropped(id: Id, reason: string): string {
    return errorLine(id, INTERNAL_ERROR, `The server's answer was dropped: ${reason}`);
  }

  #settle(request: Forwarded, outcome: 'ok' | 'tool_error' | 'error' | 'unanswered'): void {
    if (request.row === undefined) return;
    this.#gate.settle(request.row, outcome, Math.round(this.#readAt - request.sentAt));
  }
}

/** An answer's text with the id that the client gave its request, where the server spelt it in another type. */
function textFor(line: Line, id: Id, asked: Id): string {
  const text = line.bytes.toString('utf8');
  return asked === id ? text : replaceId(text, asked);
}

function parse(line: Line): Envelope | undefined {
  try {
    const outlined = line.size < OUTLINED_FROM ? undefined : outline(line, LOOSELY);
    const value = outlined ? outlined.value : parseWhole(line.bytes.toString('utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function parseWhole(text: string): unknown {
  return text.length > LONG && isDeeper(text, LONG_DEPTH) ? undefined : parseDoubles(text);
}

function outcomeOf({ error, result }: Envelope): 'ok' | 'tool_error' | 'error' {
  if (error !== undefined) return 'error';
  return isRecord(result) && own(result, 'isError') === true ? 'tool_error' : 'ok';
}
