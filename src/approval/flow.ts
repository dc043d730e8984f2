import { isRecord, own } from '../json/value.js';
import type { ApprovalEntry, ApprovalState } from '../store/store.js';
import { Line } from '../wire/lines.js';
import { type McpSession, showsForms } from '../wire/mcp-session.js';
import type { Id, JudgedCall } from '../wire/message.js';
import type { Asked } from './challenge.js';
import { type PromptAnswer, promptFor, type Question, readAnswer } from './prompt-form.js';
import { PromptQueue } from './prompt-queue.js';
import { callDigest, carriesOurs, type RoundTrips, withoutOurs } from './retry-state.js';

/** A call with its bytes, about which a person may be asked before it goes to the server. */
export interface AskedCall {
  /** What the server is to get: the client's bytes, without what is ours. */
  readonly line: Line;
  readonly request: Id;
  readonly call: JudgedCall;
}

/** A call about which a person was asked, to be decided with what they said. */
export interface ResumedCall extends AskedCall {
  /** The call as it was held. */
  readonly held: AskedCall;
}

/** A person is asked about a call. `line` tells so to a client that cannot show them `question`. */
export interface AskRuling {
  readonly kind: 'ask';
  readonly line: string;
  /** Tells that nobody answered the question in time, and how a person can go on. */
  readonly unanswered: () => string;
  readonly question: Question;
  readonly approval: ApprovalEntry;
}

/** What the flow needs from whoever decides on calls. */
export interface ApprovalAuthority {
  /** How long a call may be held for a person, in milliseconds; 0 where nobody is asked in the client. */
  readonly holdMs: number;
  /** @returns what a person must type to approve the call; undefined where a yes will do */
  challenge(call: JudgedCall): Asked | undefined;
  /** By which the person writes numbers (see typed-number.ts). */
  readonly locale: string | undefined;
  /** Records what a person answered in the client. @returns the record afterwards, whoever decided it */
  decide(approvalId: string, state: 'approved' | 'rejected'): Promise<ApprovalEntry | undefined>;
  /** @returns how an approval stood when it was last looked at; undefined when its record cannot be read */
  approvalState(approvalId: string): ApprovalState | undefined;
  /** @returns how it stands at this moment */
  approvalNow(approvalId: string): ApprovalState | undefined | Promise<ApprovalState | undefined>;
}

/**
 * Asks a person in the client, in the way of its era: in the handshake era the call is held while a form is open, in
 * 2026-07-28 the question goes back and the client sends the call again. The record of the approval decides; what the
 * client answered is only recorded there.
 */
export class ApprovalFlow {
  readonly #session: McpSession;
  readonly #authority: ApprovalAuthority;
  readonly #roundTrips: RoundTrips;
  readonly #prompts: PromptQueue;
  readonly #toClient: (text: string) => void;
  readonly #resume: (call: ResumedCall) => void;
  /** Calls that wait here: the server has not heard of them. */
  readonly #held = new Map<Id, AskedCall>();

  constructor(parts: {
    readonly session: McpSession;
    readonly authority: ApprovalAuthority;
    readonly roundTrips: RoundTrips;
    readonly toClient: (text: string) => void;
    /** Takes a call whose wait is over; never called while another call is being decided. */
    readonly resume: (call: ResumedCall) => void;
  }) {
    this.#session = parts.session;
    this.#authority = parts.authority;
    this.#roundTrips = parts.roundTrips;
    const locale = () => parts.authority.locale;
    this.#prompts = new PromptQueue((message) => parts.toClient(`${JSON.stringify(message)}\n`), locale);
    this.#toClient = parts.toClient;
    this.#resume = parts.resume;
  }

  /**
   * Looks at a call of 2026-07-28 that may have been sent again, for us or for the server.
   *
   * @returns the call to decide; undefined while an answer that it brought is recorded
   */
  received(line: Line, call: JudgedCall): AskedCall | undefined {
    const { params, id: request } = call;
    if (call.era === 'legacy') return { line, request, call };
    const goesOn = Object.hasOwn(params, 'requestState') || Object.hasOwn(params, 'inputResponses');
    if (!goesOn) return { line, request, call };
    const digest = callDigest(call.name, call.args.values);
    const own = carriesOurs(params) ? Line.of(Buffer.from(withoutOurs(line.bytes.toString('utf8')))) : line;
    const answer = this.#roundTrips.answer(params, digest);
    if (!answer) {
      return { line: own, request, call: { ...call, continues: this.#roundTrips.roundOf(params, digest) } };
    }
    const held = { line: own, request, call };
    this.#held.set(request, held);
    void this.#goOn(
      held,
      answer.approvalId,
      readAnswer(answer.result, this.#authority.challenge(call), answer.afterMs, this.#authority.locale),
    );
    return undefined;
  }

  /** Handshake era: asks, and holds the call meanwhile. @returns false when nobody can be asked there */
  holds(asked: AskedCall, { question, approval, unanswered }: AskRuling): boolean {
    const { call } = asked;
    const mayAsk = this.#session.clientShowsForms && this.#authority.holdMs > 0;
    if (!mayAsk || call.era === 'modern' || call.task || call.wasHeld) return false;
    const prompt = promptFor(question);
    if (!prompt) return false;
    this.#held.set(call.id, asked);
    const isHeld = this.#prompts.hold({
      callId: call.id,
      prompt,
      challenge: question.challenge,
      progressToken: progressTokenOf(call),
      waitMs: this.#authority.holdMs,
      isDecided: () => !['pending', undefined].includes(this.#authority.approvalState(approval.id)),
      resume: (answer) => {
        if (answer !== 'nobody') return void this.#goOn(asked, approval.id, answer);
        this.#held.delete(call.id);
        this.#session.takeRequest(call.id);
        return this.#toClient(unanswered());
      },
    });
    if (!isHeld) this.#held.delete(call.id);
    return isHeld;
  }

  /** 2026-07-28: the question goes back instead of an answer. @returns undefined when nobody can be asked there */
  question(call: JudgedCall, { question, approval }: AskRuling): string | undefined {
    if (call.era === 'legacy' || this.#authority.holdMs === 0 || call.approvalId !== undefined)
      return undefined;
    // Only an answer to tools/call, resources/read and prompts/get may be a question.
    if (call.section && call.task) return undefined;
    const meta = own(call.params, '_meta');
    const capabilities = isRecord(meta) ? own(meta, 'io.modelcontextprotocol/clientCapabilities') : undefined;
    if (!isRecord(capabilities) || !showsForms(capabilities)) return undefined;
    const prompt = promptFor(question);
    const digest = callDigest(call.name, call.args.values);
    return prompt && this.#roundTrips.question(call.id, approval.id, digest, prompt, approval.expiresAt);
  }

  /** @returns whether a response of the client's answers one of our questions: the server must not see it */
  answered(id: Id, message: Readonly<Record<string, unknown>>): boolean {
    if (!this.#prompts.owns(id)) return false;
    this.#prompts.answer(id, message);
    return true;
  }

  /** The client gave a call up. @returns whether it was held here: the server never heard of it, and never will */
  cancelled(id: Id): boolean {
    if (!this.#held.delete(id)) return false;
    this.#prompts.cancel(id);
    this.#session.takeRequest(id);
    return true;
  }

  /** @returns whether a resumed call is still wanted; nothing is left of one that the client gave up meanwhile */
  release({ request, held }: ResumedCall): boolean {
    return this.#held.get(request) === held && this.#held.delete(request);
  }

  /** The client or the server is gone: nobody waits any longer, what was asked stays in the queue. */
  abandon(): void {
    this.#prompts.abandon();
  }

  /** A person answered, or somebody decided elsewhere: the record says how the call goes on. */
  async #goOn(held: AskedCall, approvalId: string, answer: PromptAnswer | 'elsewhere'): Promise<void> {
    // Always waits, if only a moment: it may be called while other calls are on their way.
    if (answer === 'allow') await this.#authority.decide(approvalId, 'approved');
    else if (answer === 'deny') await this.#authority.decide(approvalId, 'rejected');
    else await undefined;
    // An equal call was faster, or this answer was used before: this one needs an approval of its own.
    const now = this.#authority.approvalNow(approvalId);
    const isSpent = (now instanceof Promise ? await now : now) === 'consumed';
    const mistyped = answer === 'mistyped';
    const call = { ...held.call, approvalId: isSpent ? undefined : approvalId, wasHeld: true, mistyped };
    this.#resume({ ...held, call, held });
  }
}

function progressTokenOf({ params }: JudgedCall): string | number | undefined {
  const meta = own(params, '_meta');
  const token = isRecord(meta) ? own(meta, 'progressToken') : undefined;
  return typeof token === 'string' || typeof token === 'number' ? token : undefined;
}
