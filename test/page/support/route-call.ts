import type { Page } from '../../../src/page/page.js';
import type { Route } from '../../../src/page/route.js';

/** Asks routes as the page's server does, without the server. @returns what the route of a path answers */
export function caller(routes: readonly Route[], page: Page): (path: string, body?: object) => unknown {
  const { signal } = new AbortController();
  return (path, body) =>
    routes
      .find((route) => route.path === path)
      ?.handle({ params: {}, query: new URLSearchParams(), body, language: 'en', signal }, page);
}
