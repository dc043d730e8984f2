import { isRecord, own } from '../json/value.js';
import type { Era, Id, JudgedCall } from './message.js';
import { PENDING_MAX, PendingRequests } from './pending-requests.js';
import { carriesWords } from './pinned-answers.js';

/** A request of the client's that is not answered yet. */
export interface ClientRequest {
  readonly method: string;
  readonly era: Era;
  /** Row of the decision log, where it was judged. */
  readonly row: number | undefined;
  /** `performance.now()` when it was read, or, for a call, let through. */
  readonly sentAt: number;
  /** The server has it. A call is kept back until it is decided, which may take a person's time. */
  readonly sent: boolean;
  /** What was judged, in 2026-07-28: the server may answer it with a question. */
  readonly call: JudgedCall | undefined;
  /** It asks for a later page of a list. */
  readonly isLaterPage: boolean;
}

const LIST = 'tools/list';

/** Lists whose change a server may announce: the capability's name. */
export type ListKind = 'tools' | 'prompts' | 'resources';
/** How a `subscriptions/listen` (2026-07-28) asks for the changes of each. */
const WANTED: Readonly<Record<ListKind, string>> = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
};
const LIST_KINDS = Object.keys(WANTED) as readonly ListKind[];

/** The session alone may change it. */
type MutableRequest = { -readonly [Key in keyof ClientRequest]: ClientRequest[Key] };

/**
 * What both directions know of each other. Each side has ids of its own: a request of the server's with id 0 has
 * nothing to do with the client's request 0, and must not be taken for it.
 */
export class McpSession {
  /** What the client asked of the server. */
  readonly #clientRequests = new PendingRequests<MutableRequest>((forgotten) => this.#removed(forgotten));
  /** What the server asked of the client, with its row in the decision log where it was judged. */
  readonly serverRequests = new PendingRequests<{ readonly row: number | undefined }>();
  #lists = 0;
  #words = 0;
  #serverTakesTasks = false;
  #clientShowsForms = false;
  #announced: readonly ListKind[] = [];
  /** Open `subscriptions/listen` requests (2026-07-28) and the lists whose changes they asked for. */
  readonly #listening = new Map<Id, readonly ListKind[]>();

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

  /** The client waits for nothing. */
  get isIdle(): boolean {
    return this.#clientRequests.size === 0;
  }

  /** No further request is taken: one that was forgotten could bring its answer past the filter of lists. */
  get full(): boolean {
    return this.#clientRequests.size >= PENDING_MAX;
  }

  isPending(id: Id): boolean {
    return this.#clientRequests.has(id);
  }

  /** An answer that carries words for the model is pending (see pinned-answers.ts). */
  get wordsPending(): boolean {
    return this.#words > 0;
  }

  /** @returns the method of the request that an answer of the server's with this id belongs to */
  awaitedMethod(id: Id): string | undefined {
    const exact = this.#exact(id);
    return exact === undefined ? undefined : this.#clientRequests.get(exact)?.method;
  }

  /** @param isJudged it is kept back until it is decided, as every call of a tool is */
  addRequest(
    id: Id,
    method: string,
    era: Era,
    params: object = {},
    isJudged = method === 'tools/call',
  ): void {
    if (method === LIST) this.#lists++;
    else if (carriesWords(method)) this.#words++;
    const sent = !isJudged;
    const sentAt = sent ? performance.now() : 0;
    const cursor = own(params, 'cursor');
    const isLaterPage = cursor !== undefined && cursor !== null;
    this.#clientRequests.add(id, { method, era, row: undefined, sentAt, sent, call: undefined, isLaterPage });
  }

  /** Remembers what a `subscriptions/listen` wants to hear of. */
  listen(id: Id, params: object): void {
    const notifications = own(params, 'notifications');
    if (!isRecord(notifications)) return;
    this.#listening.set(
      id,
      LIST_KINDS.filter((kind) => own(notifications, WANTED[kind]) === true),
    );
  }

  /**
   * How the client may be told that a list changed: to each listening stream that asked for it, or, in the handshake
   * era, where the server said that it announces changes.
   */
  listChanged(kind: ListKind): object[] {
    const method = `notifications/${kind}/list_changed`;
    const streams = [...this.#listening].flatMap(([id, wanted]) => {
      const params = { _meta: { 'io.modelcontextprotocol/subscriptionId': id } };
      return wanted.includes(kind) ? [{ jsonrpc: '2.0', method, params }] : [];
    });
    return this.#announced.includes(kind) ? [{ jsonrpc: '2.0', method }, ...streams] : streams;
  }

  /**
   * Ties a call that is let through to its row in the decision log.
   *
   * @param now `performance.now()`
   */
  callSent(call: JudgedCall, row: number | undefined, now: number): void {
    const request = this.#clientRequests.get(call.id);
    if (!request) return;
    request.row = row;
    request.sentAt = now;
    request.sent = true;
    request.call = call.era === 'modern' ? call : undefined;
  }

  /** The request that an answer of the server's belongs to, which stays open. */
  sentRequest(id: Id): { readonly id: Id; readonly request: ClientRequest } | undefined {
    const exact = this.#exact(id);
    const request = exact === undefined ? undefined : this.#clientRequests.get(exact);
    return exact !== undefined && request?.sent ? { id: exact, request } : undefined;
  }

  /** As `takeRequest`, for an answer of the server's: it has none to give to a call that it did not get. */
  takeSentRequest(id: Id): { readonly id: Id; readonly request: ClientRequest } | undefined {
    const exact = this.#exact(id);
    return exact !== undefined && this.#clientRequests.get(exact)?.sent ? this.#take(exact) : undefined;
  }

  /** Takes the request that an answer belongs to. An answer to `"5"` counts for 5 if no request has the id `"5"`. */
  takeRequest(id: Id): { readonly id: Id; readonly request: ClientRequest } | undefined {
    const exact = this.#exact(id);
    return exact === undefined ? undefined : this.#take(exact);
  }

  #exact(id: Id): Id | undefined {
    return this.#clientRequests.has(id) ? id : this.#clientRequests.aliasOf(id);
  }

  #take(id: Id): { readonly id: Id; readonly request: ClientRequest } | undefined {
    const request = this.#clientRequests.take(id);
    if (!request) return undefined;
    this.#removed(request);
    this.#listening.delete(id);
    return { id, request };
  }

  #removed(request: ClientRequest): void {
    if (request.method === LIST) this.#lists--;
    else if (carriesWords(request.method)) this.#words--;
  }

  cancel(id: Id): ClientRequest | undefined {
    this.#listening.delete(id);
    return this.#clientRequests.cancel(id);
  }

  /** All that the server still owes; it owes nothing afterwards. */
  drain(): [Id, ClientRequest][] {
    this.#lists = 0;
    this.#words = 0;
    return this.#clientRequests.drain();
  }

  /** Reads the client's capabilities from its `initialize`. */
  readClient(params: object): void {
    const capabilities = own(params, 'capabilities');
    this.#clientShowsForms = isRecord(capabilities) && showsForms(capabilities);
  }

  /** Reads the server's capabilities from its answer to `initialize`. */
  readServer(answer: Record<string, unknown>): void {
    this.#serverTakesTasks = isRecord(
      at(answer, 'result', 'capabilities', 'tasks', 'requests', 'tools', 'call'),
    );
    this.#announced = LIST_KINDS.filter(
      (kind) => at(answer, 'result', 'capabilities', kind, 'listChanged') === true,
    );
  }
}

/** A client's own word that it can show a form: `elicitation` with `form`, or with no mode at all (2025-06-18). */
export function showsForms(capabilities: Record<string, unknown>): boolean {
  const elicitation = own(capabilities, 'elicitation');
  if (!isRecord(elicitation)) return false;
  return Object.hasOwn(elicitation, 'form') || !Object.hasOwn(elicitation, 'url');
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isRecord(inner) ? own(inner, key) : undefined), value);
}
