import { callDigest, type RoundTrips } from '../approval/retry-state.js';
import { isRecord, own } from '../json/value.js';
import { isServerRequest } from '../policy/server-requests.js';
import type { ExitCode } from '../upstream/upstream.js';
import { ambiguity } from '../wire/ambiguity.js';
import { type AnyLine, idFromEnds, type Line, LineSplitter } from '../wire/lines.js';
import type { McpSession } from '../wire/mcp-session.js';
import type { JudgedCall } from '../wire/message.js';
import { type Envelope, type Id, isId } from '../wire/message.js';
import { LONE_CR } from '../wire/scan-line.js';
import { replaceId } from '../wire/tool-list.js';
import { WriteBatch } from '../wire/write-batch.js';
import type { Gate } from './gate.js';
import { ListAnswers } from './list-answers.js';
import { type AnswerOutcome, OwedAnswers } from './owed-answers.js';
import { outcomeOf, readEnvelope } from './server-message.js';
import { asksForUrls, type Judged, ServerRequests } from './server-requests.js';
import { StrayLines } from './stray-lines.js';

/** While others hold the database: the longest wait, and all of it, in milliseconds. */
const BUSY_WAIT = { longest: 60, total: 5000 };

/** Since when a line waits for the database, `performance.now()`, and how often it was looked at. */
interface Waited {
  readonly since: number;
  readonly tries: number;
}

const isOver = ({ since }: Waited): boolean => performance.now() - since >= BUSY_WAIT.total;

/**
 * The direction from the server to the client: bytes pass as they are, but for lists that hide tools and ids that the
 * server spelt in another type. No answer has any authority here; it only closes what the client has open.
 */
export class ServerToClient {
  readonly #session: McpSession;
  readonly #gate: Gate;
  readonly #roundTrips: RoundTrips;
  readonly #warn: (text: string) => void;
  readonly #stray: StrayLines;
  readonly #splitter: LineSplitter;
  readonly #requests: ServerRequests;
  readonly #lists: ListAnswers;
  readonly #later: (parts: readonly (Buffer | string)[]) => void;
  readonly #waiting = new Set<NodeJS.Timeout>();
  /** Lines behind one that is being decided, and the end of that. */
  #behind: AnyLine[] | undefined;
  #held: Promise<void> | undefined;
  readonly #owed: OwedAnswers;

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
    this.#owed = new OwedAnswers(session, gate, options.warn);
    this.#roundTrips = options.roundTrips;
    this.#warn = options.warn;
    this.#stray = new StrayLines(this.#owed, options);
    this.#splitter = new LineSplitter(options.maxLine);
    this.#later = options.later;
    const { toServer, warn } = options;
    this.#requests = new ServerRequests({ session, gate, toServer, warn });
    this.#lists = new ListAnswers({
      session,
      gate,
      warn,
      unreadable: (id, reason) => this.#owed.unreadable(id, reason),
      pass: (line, message, id) => this.#answer(line, message, id, 'ok', undefined),
    });
  }

  /** @returns what the client gets for a chunk of the server's output */
  push(chunk: Buffer): readonly (Buffer | string)[] {
    this.#owed.read();
    return this.#pass(this.#splitter.push(chunk));
  }

  /** @returns what the client gets for a last line without its end */
  end(): readonly (Buffer | string)[] {
    this.#owed.read();
    const last = this.#splitter.end();
    return last ? this.#pass([last]) : [];
  }

  /** Nobody reads any more what the server answers. */
  clientGone(): void {
    this.#owed.clientGone();
  }

  /** @returns an error for each request that the server, now gone, never answered (G9) */
  oweNothing(code: ExitCode): string {
    for (const timer of this.#waiting) clearTimeout(timer);
    return this.#owed.allOf(code);
  }

  /** A line waits for its decision, and all behind it: read no more from the server. */
  get busy(): boolean {
    return this.#behind !== undefined;
  }

  /** Until no line waits for its decision. */
  async decided(): Promise<void> {
    while (this.#held) await this.#held;
  }

  #pass(lines: readonly AnyLine[]): readonly (Buffer | string)[] {
    const batch = new WriteBatch<string>();
    for (const line of lines) {
      if (this.#behind) {
        this.#behind.push(line);
        continue;
      }
      const passed = line.kind === 'oversized' ? this.#stray.oversized(line) : this.#line(line);
      add(batch, passed);
    }
    return batch.parts();
  }

  /** The database was locked: the line is looked at again in a moment, and what becomes of it goes to the client then. */
  #again(line: Line, { since, tries }: Waited): undefined {
    const timer = setTimeout(
      () => {
        this.#waiting.delete(timer);
        this.#owed.read();
        const passed = this.#line(line, { since, tries: tries + 1 });
        const batch = new WriteBatch<string>();
        add(batch, passed);
        this.#later(batch.parts());
      },
      Math.random() * Math.min(tries + 1, BUSY_WAIT.longest),
    );
    this.#waiting.add(timer);
  }

  /** Goes on with a line once it is judged; until then all lines behind it wait, so that they stay in order. */
  #judged(
    judged: Judged | undefined,
    line: Line,
    waited: Waited,
    then: (judged: Judged | undefined) => Line | string | undefined,
  ): Line | string | undefined {
    if (judged?.kind === 'busy') return this.#again(line, waited);
    if (judged?.kind !== 'later') return then(judged);
    this.#behind = [];
    this.#held = judged.judged.then((decided) => {
      const batch = new WriteBatch<string>();
      this.#owed.read();
      add(batch, then(decided));
      const behind = this.#behind ?? [];
      this.#behind = this.#held = undefined;
      this.#later([...batch.parts(), ...this.#pass(behind)]);
    });
    return undefined;
  }

  #line(line: Line, waited: Waited = { since: this.#owed.readAt, tries: 0 }): Line | string | undefined {
    if (line.isBlank) return undefined;
    if (line.hasLoneCr) return this.#stray.keptOff(line, LONE_CR, idFromEnds(line, 'answer'));
    const message = readEnvelope(line);
    if (Array.isArray(message)) return this.#stray.batch(line, message);
    if (message?.jsonrpc !== '2.0')
      return this.#stray.keptOff(line, 'it is no JSON', message ? undefined : idFromEnds(line, 'answer'));
    const { id, method } = message;
    const outcome = outcomeOf(message);
    if (method !== undefined && outcome === undefined) {
      if (typeof method !== 'string') return this.#stray.keptOff(line, 'its method is no text', undefined);
      const reason = this.#ambiguity(line, message);
      if (reason !== undefined) return this.#owed.unreadable(undefined, reason);
      if (this.#gate.judges('serverRequests')) {
        const judged = this.#requests.request(line, message, method, isOver(waited));
        return this.#judged(judged, line, waited, (judged) => {
          if (judged?.kind !== 'pass') return undefined;
          return isServerRequest(method) ? line : this.#asked(line, id);
        });
      }
      return this.#asked(line, id);
    }
    // Neither is both: a client that looks at `result` first would take it for an answer.
    if (method !== undefined || outcome === undefined || outcome === 'both') {
      // With a method and nothing to answer it is a request, whose id is another than ours.
      const isAnswer = method === undefined || (message.result ?? message.error ?? null) !== null;
      return this.#stray.keptOff(line, 'it is neither one answer nor a request', isAnswer ? id : undefined);
    }
    const awaited = isId(id) ? this.#session.awaitedMethod(id) : undefined;
    if (isId(id) && awaited === 'tools/list') return this.#lists.tools(line, message, id);
    const reason = this.#ambiguity(line, message);
    if (reason !== undefined) return this.#owed.unreadable(id, reason);
    if (isId(id)) {
      const judged = this.#gate.judges('serverRequests')
        ? this.#askedIn(line, message, id, waited)
        : undefined;
      return this.#judged(judged, line, waited, (judged) => {
        const instead = judged?.kind === 'instead' ? judged.text : undefined;
        return instead === undefined && outcome !== 'error' && this.#lists.looksAt(awaited)
          ? this.#lists.words(line, message, id, awaited)
          : this.#answer(line, message, id, outcome, instead);
      });
    }
    // An error may belong to nothing; a result may not, and some clients read `null` as 0.
    if ((id === undefined || id === null) && message.result === undefined) return line;
    this.#warn("dropped an answer of the server's without a proper id");
    return undefined;
  }

  /** A request of the server's that passes. */
  #asked(line: Line, id: unknown): Line {
    if (isId(id)) this.#session.serverRequests.add(id, { row: undefined });
    return line;
  }

  /** The server's answer may ask the client for something: in 2026-07-28, and by one error before. */
  #askedIn(line: Line, message: Envelope, id: Id, waited: Waited): Judged | undefined {
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
    outcome: AnswerOutcome,
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
    this.#owed.settle(request, outcome);
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

  /** The answer to a request was lost on its way. @returns an error for whoever waits for it */
  lost(id: Id, reason: string): string | undefined {
    return this.#owed.lost(id, reason);
  }
}

function add(batch: WriteBatch<string>, passed: Line | string | undefined): void {
  if (typeof passed === 'string') batch.addText(passed);
  else if (passed) batch.addLine(passed);
}
