import { own } from '../json/value.js';
import { crypto } from '../text/hash.js';
import type { Id } from '../wire/message.js';
import type { Asked } from './challenge.js';
import { type Prompt, type PromptAnswer, readAnswer } from './prompt-form.js';

/** A call that waits for a person. */
export interface HeldCall {
  /** The call's JSON-RPC id. */
  readonly callId: Id;
  readonly prompt: Prompt;
  readonly challenge: Asked | undefined;
  /** By which the client wants to hear how the call goes on (`params._meta.progressToken`). */
  readonly progressToken?: string | number | undefined;
  /** How long the call may be held in all, its turn in the queue included, in milliseconds. */
  readonly waitMs: number;
  /** What the record says meanwhile; somebody may have decided elsewhere. */
  readonly isDecided: () => boolean;
  /**
   * Called once, at the end of the wait.
   *
   * @param answer `elsewhere`: the record was decided; `nobody`: in time nobody decided
   */
  readonly resume: (answer: PromptAnswer | 'elsewhere' | 'nobody') => void;
}

/** Most calls that are held at once: each keeps a person from seeing the others. */
const QUEUE_CAP = 8;
/** How often the record is looked at, in milliseconds. */
const POLL_MS = 500;
/** With less time left than this nobody is asked any more, in milliseconds. */
const LEAST_LEFT_MS = 1000;

/** How often a client hears that a call waits, in milliseconds: some give up on one of which they hear nothing. */
const PROGRESS_MS = 5000;
/** Progress must grow with each message, and the server's own, which begins at 0 or 1, comes after ours. */
const PROGRESS_STEP = 1e-6;

/** `deadline` as `performance.now()` counts; so does `toldAt`. */
type Queued = HeldCall & { readonly deadline: number; toldAt: number; told: number };

/** Asks a person in a client of the handshake era, one question at a time, while the calls are held. */
export class PromptQueue {
  readonly #send: (message: object) => void;
  /** What the ids of our questions begin with; made with the first. */
  #prefix: string | undefined;
  #count = 0;
  #queue: Queued[] = [];
  #asked: { readonly id: string; readonly at: number; readonly held: Queued } | undefined;
  #timer: NodeJS.Timeout | undefined;

  readonly #locale: () => string | undefined;

  /**
   * @param send writes a message to the client
   * @param locale by which the person writes numbers
   */
  constructor(send: (message: object) => void, locale: () => string | undefined) {
    this.#send = send;
    this.#locale = locale;
  }

  /** @returns false when too many wait already */
  hold(call: HeldCall): boolean {
    if (this.#queue.length >= QUEUE_CAP) return false;
    this.#queue.push({
      ...call,
      deadline: performance.now() + call.waitMs,
      toldAt: Number.NEGATIVE_INFINITY,
      told: 0,
    });
    this.#next();
    return true;
  }

  /** @returns whether the id is one of ours: such a message must not reach the server, nor count as its own */
  owns(id: Id): boolean {
    return typeof id === 'string' && this.#prefix !== undefined && id.startsWith(this.#prefix);
  }

  /** Takes the client's answer to one of our questions; a late one changes nothing. */
  answer(id: Id, message: Readonly<Record<string, unknown>>): void {
    const asked = this.#asked;
    if (!asked || asked.id !== id) return;
    const { held, at } = asked;
    this.#asked = undefined;
    this.#queue = this.#queue.filter((other) => other !== held);
    const after = performance.now() - at;
    held.resume(readAnswer(own(message, 'result'), held.challenge, after, this.#locale()));
    this.#next();
  }

  /** The client gave a held call up. */
  cancel(callId: Id): void {
    this.#queue = this.#queue.filter((held) => held.callId !== callId);
    if (this.#asked?.held.callId === callId) this.#withdraw();
    this.#next();
  }

  /** The client or the server is gone: nobody waits any longer, what was asked stays in the queue of approvals. */
  abandon(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#asked = undefined;
  }

  /** Asks about the next call, unless a question is open, and looks again in a moment. */
  #next(): void {
    clearTimeout(this.#timer);
    this.#dismiss(({ isDecided }) => (isDecided() ? 'elsewhere' : undefined));
    if (this.#queue.length === 0) return;
    const now = performance.now();
    const held = this.#asked ? undefined : this.#queue.find((one) => isWorthAsking(one, now));
    if (held) {
      this.#prefix ??= `pw-${crypto().randomUUID()}`;
      const id = `${this.#prefix}-${this.#count++}`;
      this.#asked = { id, at: now, held };
      this.#send({ jsonrpc: '2.0', id, method: 'elicitation/create', params: held.prompt });
    }
    for (const waiting of this.#queue) this.#tellProgress(waiting, now);
    const left = Math.min(...this.#queue.map(({ deadline }) => deadline)) - now;
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.min(POLL_MS, left)));
  }

  #tellProgress(held: Queued, now: number): void {
    const { progressToken } = held;
    if (progressToken === undefined || now - held.toldAt < PROGRESS_MS) return;
    held.toldAt = now;
    held.told += 1;
    const progress = held.told * PROGRESS_STEP;
    const params = { progressToken, progress, message: 'waiting for a person to decide' };
    this.#send({ jsonrpc: '2.0', method: 'notifications/progress', params });
  }

  #look(): void {
    const now = performance.now();
    this.#dismiss(({ deadline }) => (now >= deadline ? 'nobody' : undefined));
    this.#next();
  }

  /** Lets go of the calls for which `why` gives a reason, whether they are being asked about or wait their turn. */
  #dismiss(why: (held: Queued) => 'elsewhere' | 'nobody' | undefined): void {
    const dismissed = this.#queue.flatMap((held) => {
      const reason = why(held);
      return reason === undefined ? [] : [{ held, reason }];
    });
    if (dismissed.length === 0) return;
    this.#queue = this.#queue.filter((held) => dismissed.every((one) => one.held !== held));
    if (dismissed.some(({ held }) => held === this.#asked?.held)) this.#withdraw();
    for (const { held, reason } of dismissed) held.resume(reason);
  }

  #withdraw(): void {
    if (!this.#asked) return;
    const params = { requestId: this.#asked.id, reason: 'the question is no longer open' };
    this.#asked = undefined;
    this.#send({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
  }
}

/** A question that disappears before it can be read only distracts from the next. */
function isWorthAsking({ deadline, waitMs }: Queued, now: number): boolean {
  return deadline - now >= Math.min(LEAST_LEFT_MS, waitMs / 2);
}
