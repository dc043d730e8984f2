import { type Era, type Id, isRecord, own, type ToolCall } from './message.js';
import { Pending } from './pending.js';

/** A request of the client's that the server has and has not answered. */
export interface Forwarded {
  readonly method: string;
  readonly era: Era;
  /** Row of the decision log, for calls. */
  readonly auditId: string | undefined;
  /** `performance.now()` when it was read, or, for a call, let through. */
  readonly sentAt: number;
  /** The server has it. A call is kept back until it is decided, which may take a person's time. */
  readonly sent: boolean;
  /** The call itself, in 2026-07-28: the server may answer it with a question. */
  readonly call: ToolCall | undefined;
}

/**
 * What both directions know of each other. The two id spaces are apart: a request of the server's with id 0 has
 * nothing to do with the client's (handbook, attack 11).
 */
export class Conversation {
  /** What the client asked the server. */
  readonly #asked = new Pending<Forwarded>();
  /** What the server asked the client, by method. */
  readonly askedByServer = new Pending<string>();
  #lists = 0;
  #serverTakesTasks = false;
  #clientShowsForms = false;

  /** While a list is pending, nothing ambiguous may pass from the server: it could carry the list around the filter. */
  get listPending(): boolean {
    return this.#lists > 0;
  }

  /** Whether the server said that it takes task-augmented calls (2025-11-25); else `params.task` means nothing. */
  get serverTakesTasks(): boolean {
    return this.#serverTakesTasks;
  }

  /** Whether a client of the handshake era said that it can put a form before a person. */
  get clientShowsForms(): boolean {
    return this.#clientShowsForms;
  }

  isPending(id: Id): boolean {
    return this.#asked.has(id);
  }

  ask(id: Id, method: string, era: Era): void {
    if (method === 'tools/list') this.#lists++;
    const sent = method !== 'tools/call';
    this.#asked.add(id, {
      method,
      era,
      auditId: undefined,
      sentAt: performance.now(),
      sent,
      call: undefined,
    });
  }

  /** Ties a call that is let through to its row in the decision log. */
  recorded(call: ToolCall, auditId: string | undefined): void {
    const request = this.#asked.get(call.id);
    if (!request) return;
    const kept = call.era === 'modern' ? call : undefined;
    this.#asked.add(call.id, { ...request, auditId, sentAt: performance.now(), sent: true, call: kept });
  }

  /** As `answer`, for what the server says: it has nothing to say to a call that it did not get. */
  answerOfServer(id: Id): { readonly id: Id; readonly request: Forwarded } | undefined {
    const exact = this.#asked.has(id) ? id : this.#asked.aliasOf(id);
    return exact !== undefined && this.#asked.get(exact)?.sent ? this.answer(exact) : undefined;
  }

  /** Takes the request that an answer belongs to; `"5"` for 5 counts, if nothing else does. */
  answer(id: Id): { readonly id: Id; readonly request: Forwarded } | undefined {
    const exact = this.#asked.has(id) ? id : this.#asked.aliasOf(id);
    const request = exact === undefined ? undefined : this.#asked.take(exact);
    if (exact === undefined || !request) return undefined;
    if (request.method === 'tools/list') this.#lists--;
    return { id: exact, request };
  }

  cancel(id: Id): Forwarded | undefined {
    return this.#asked.cancel(id);
  }

  /** All that the server still owes; it owes nothing afterwards. */
  drain(): [Id, Forwarded][] {
    this.#lists = 0;
    return this.#asked.drain();
  }

  /** Reads the client's capabilities from its `initialize`. */
  meetClient(params: object): void {
    const capabilities = own(params, 'capabilities');
    this.#clientShowsForms = isRecord(capabilities) && showsForms(capabilities);
  }

  /** Reads the server's capabilities from its answer to `initialize`. */
  meetServer(answer: Record<string, unknown>): void {
    let value: unknown = answer;
    for (const key of ['result', 'capabilities', 'tasks', 'requests', 'tools', 'call']) {
      value = isRecord(value) ? own(value, key) : undefined;
    }
    this.#serverTakesTasks = isRecord(value);
  }
}

/** A client's own word that it can show a form: `elicitation` with `form`, or with no mode at all (2025-06-18). */
export function showsForms(capabilities: Record<string, unknown>): boolean {
  const elicitation = own(capabilities, 'elicitation');
  if (!isRecord(elicitation)) return false;
  return Object.hasOwn(elicitation, 'form') || !Object.hasOwn(elicitation, 'url');
}
