import { type Era, type Id, isRecord, own } from './message.js';
import { PENDING_MAX, Pending } from './pending.js';

/** A request of the client's that the server has and has not answered. */
export interface Forwarded {
  readonly method: string;
  readonly era: Era;
  /** Row of the decision log, for calls. */
  readonly auditId: string | undefined;
  /** `performance.now()` when it was read. */
  readonly sentAt: number;
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

  /** While a list is pending, nothing ambiguous may pass from the server: it could carry the list around the filter. */
  get listPending(): boolean {
    return this.#lists > 0;
  }

  /** Whether the server said that it takes task-augmented calls (2025-11-25); else `params.task` means nothing. */
  get serverTakesTasks(): boolean {
    return this.#serverTakesTasks;
  }

  /** No request of the client's is ever forgotten; there are only too many. */
  get full(): boolean {
    return this.#asked.size >= PENDING_MAX;
  }

  isPending(id: Id): boolean {
    return this.#asked.has(id);
  }

  ask(id: Id, method: string, era: Era): void {
    if (method === 'tools/list') this.#lists++;
    this.#asked.add(id, { method, era, auditId: undefined, sentAt: performance.now() });
  }

  /** Ties a forwarded call to its row in the decision log. */
  recorded(id: Id, auditId: string | undefined): void {
    const request = this.#asked.get(id);
    if (request) this.#asked.add(id, { ...request, auditId });
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

  /** Reads the server's capabilities from its answer to `initialize`. */
  meetServer(answer: Record<string, unknown>): void {
    let value: unknown = answer;
    for (const key of ['result', 'capabilities', 'tasks', 'requests', 'tools', 'call']) {
      value = isRecord(value) ? own(value, key) : undefined;
    }
    this.#serverTakesTasks = isRecord(value);
  }
}
