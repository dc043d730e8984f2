import type { Id } from './message.js';

/** How many cancelled requests are remembered: they may never be answered. The oldest are forgotten. */
const CANCELLED_KEPT = 1000;
/** More unanswered requests than any peer has in flight. */
export const PENDING_MAX = 65_536;

/**
 * Requests of one side that the other has not answered. Keys are JSON values: 5 and "5" are two requests. Nothing
 * expires: a slow answer to tools/list must still be filtered (a time limit would be a way around the filter).
 */
export class PendingRequests<T> {
  readonly #open = new Map<Id, T>();
  readonly #cancelled = new Set<Id>();
  readonly #forgotten: (request: T) => void;

  /** @param forgotten called with each request that is given up because there are too many */
  constructor(forgotten: (request: T) => void = () => {}) {
    this.#forgotten = forgotten;
  }

  get size(): number {
    return this.#open.size;
  }

  has(id: Id): boolean {
    return this.#open.has(id);
  }

  get(id: Id): T | undefined {
    return this.#open.get(id);
  }

  /** Beyond PENDING_MAX the older half is forgotten: an answer to one of those then belongs to nothing. */
  add(id: Id, request: T): void {
    this.#open.set(id, request);
    if (this.#open.size <= PENDING_MAX) return;
    // Many at a time, because the first key of a Map is behind all that were deleted.
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= PENDING_MAX / 2) break;
      this.#forget(oldest);
    }
  }

  /** @returns the request that an answer with this id belongs to; it belongs to it once */
  take(id: Id): T | undefined {
    const request = this.#open.get(id);
    this.#open.delete(id);
    this.#cancelled.delete(id);
    return request;
  }

  /** The id under which a peer may mean a pending request when it writes `"5"` for 5, or 5 for `"5"`. */
  aliasOf(id: Id): Id | undefined {
    const alias = typeof id === 'number' ? String(id) : String(Number(id)) === id ? Number(id) : undefined;
    return alias !== undefined && this.#open.has(alias) ? alias : undefined;
  }

  /** An answer may still come, and is passed on if it does. */
  cancel(id: Id): T | undefined {
    const request = this.#open.get(id);
    if (request === undefined) return undefined;
    this.#cancelled.add(id);
    for (const oldest of this.#cancelled) {
      if (this.#cancelled.size <= CANCELLED_KEPT) break;
      this.#forget(oldest);
    }
    return request;
  }

  #forget(id: Id): void {
    const request = this.take(id);
    if (request !== undefined) this.#forgotten(request);
  }

  /** Empties the table and gives what still waits for an answer; who cancelled does not. */
  drain(): [Id, T][] {
    const all = [...this.#open].filter(([id]) => !this.#cancelled.has(id));
    this.#open.clear();
    this.#cancelled.clear();
    return all;
  }
}
