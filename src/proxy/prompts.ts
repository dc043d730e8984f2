import { randomUUID } from 'node:crypto';
import type { Challenge } from './challenge.js';
import { type Id, own } from './message.js';
import { type Prompt, type PromptAnswer, readAnswer } from './prompt.js';

/** A call that waits for a person. */
export interface HeldCall {
  /** The call's JSON-RPC id. */
  readonly callId: Id;
  readonly prompt: Prompt;
  readonly challenge: Challenge | undefined;
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

/** More calls than these are not held; each would keep a person from seeing the others. */
const QUEUE_CAP = 8;
/** How often the record is looked at, in milliseconds. */
const POLL_MS = 500;

/** Asks a person in a client of the handshake era, one question at a time, while the calls are held. */
export class Prompts {
  readonly #send: (message: object) => void;
  readonly #prefix = `pw-${randomUUID()}`;
  #count = 0;
  #queue: (HeldCall & { readonly deadline: number })[] = [];
  #asked: { readonly id: string; readonly at: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param send writes a message to the client */
  constructor(send: (message: object) => void) {
    this.#send = send;
  }

  /** @returns false when too many wait already */
  hold(call: HeldCall): boolean {
    if (this.#queue.length >= QUEUE_CAP) return false;
    this.#queue.push({ ...call, deadline: performance.now() + call.waitMs });
    this.#next();
    return true;
  }

  /** @returns whether the id is one of ours: such a message must not reach the server, nor count as its own */
  owns(id: Id): boolean {
    return typeof id === 'string' && id.startsWith(this.#prefix);
  }

  /** Takes the client's answer to one of our questions; a late one changes nothing. */
  answer(id: Id, message: Readonly<Record<string, unknown>>): void {
    const asked = this.#asked;
    if (!asked || asked.id !== id) return;
    const [held] = this.#queue;
    const result = own(message, 'result');
    this.#asked = undefined;
    this.#settle(held ? readAnswer(result, held.challenge, performance.now() - asked.at) : 'dismissed');
  }

  /** The client gave a held call up. @returns whether it was held */
  cancel(callId: Id): boolean {
    const index = this.#queue.findIndex((held) => held.callId === callId);
    if (index === -1) return false;
    this.#queue.splice(index, 1);
    if (index === 0) this.#withdraw();
    this.#next();
    return true;
  }

  /** The client or the server is gone: nobody waits any longer, what was asked stays in the queue of approvals. */
  abandon(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#asked = undefined;
  }

  #next(): void {
    clearTimeout(this.#timer);
    const [held] = this.#queue;
    if (!held) return;
    if (!this.#asked) {
      const id = `${this.#prefix}-${this.#count++}`;
      this.#asked = { id, at: performance.now() };
      this.#send({ jsonrpc: '2.0', id, method: 'elicitation/create', params: held.prompt });
    }
    this.#watch();
  }

  /** Looks after the deadline of every held call, not only of the one that is being asked. */
  #watch(): void {
    this.#timer = setTimeout(
      () => {
        const [first, ...rest] = this.#queue;
        const now = performance.now();
        if (first?.isDecided()) {
          this.#withdraw();
          return this.#settle('elsewhere');
        }
        for (const held of rest) {
          if (now < held.deadline) continue;
          this.#queue = this.#queue.filter((other) => other !== held);
          held.resume('nobody');
        }
        if (first && now >= first.deadline) {
          this.#withdraw();
          return this.#settle('nobody');
        }
        return this.#watch();
      },
      Math.max(1, Math.min(POLL_MS, (this.#queue[0]?.deadline ?? 0) - performance.now())),
    );
  }

  #withdraw(): void {
    if (!this.#asked) return;
    const params = { requestId: this.#asked.id, reason: 'the question is no longer open' };
    this.#asked = undefined;
    this.#send({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
  }

  #settle(answer: PromptAnswer | 'elsewhere' | 'nobody'): void {
    const held = this.#queue.shift();
    this.#next();
    held?.resume(answer);
  }
}
