import type * as z from 'zod/mini';
import type { Language } from './api-types/names.js';
import type { Page } from './page.js';

/** A request after it was let in, and its body checked. */
export interface Asked<Body = undefined> {
  /** What stands in the path: `/api/tools/:server`. */
  readonly params: Readonly<Record<string, string>>;
  /** Names and numbers alone: what calls carry never stands in an address. */
  readonly query: URLSearchParams;
  readonly body: Body;
  /** Aborted when the browser no longer waits. */
  readonly signal: AbortSignal;
  /** What the person reads. */
  readonly language: Language;
}

/** One thing that the front end can ask for or have done: a thin call into what the commands use. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: `/api/${string}`;
  /** What a POST must bring. */
  readonly body: z.ZodMiniType | undefined;
  /** @returns what is answered as JSON. @throws PolicyWrapError what a person is told */
  readonly handle: (asked: Asked<unknown>, page: Page) => unknown;
}

/** A route that changes nothing. */
export function get(path: Route['path'], handle: (asked: Asked, page: Page) => unknown): Route {
  return { method: 'GET', path, body: undefined, handle: (asked, page) => handle(asked as Asked, page) };
}

/** A route that changes something, or asks about what must not stand in an address. */
export function post<Body extends z.ZodMiniType>(
  path: Route['path'],
  body: Body,
  handle: (asked: Asked<z.output<Body>>, page: Page) => unknown,
): Route {
  return {
    method: 'POST',
    path,
    body,
    handle: (asked, page) => handle(asked as Asked<z.output<Body>>, page),
  };
}
