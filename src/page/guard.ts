import type { Access } from './access.js';
import { KEY_HEADER } from './api-types/names.js';

/**
 * Sent with everything. Scripts and styles come from our own files alone, nothing is framed, kept or guessed at, and
 * texts cannot become HTML, scripts or addresses of scripts by way of the DOM.
 */
export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "worker-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/**
 * A program that listened on our port before may have left a service worker in the browser, which answers in our place
 * and hears everything that is said to us. Browsers ask for its script anew at each visit: they get this one, which
 * takes its place, removes itself and has the page loaded from us.
 */
export const LEAVING_WORKER = `addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil((async () => {
  await registration.unregister();
  for (const client of await clients.matchAll({ type: 'window' })) await client.navigate(client.url);
})()));
`;

/** Whether a browser asks for the script of a service worker; we have none. */
export function asksForWorker(headers: Headers): boolean {
  return headers.get('service-worker') !== null;
}

type Headers = { readonly get: (name: string) => string | null };

/** The names by which a browser on this machine may reach us. */
export function originsOf(port: number): ReadonlyMap<string, string> {
  return new Map(['127.0.0.1', 'localhost'].map((host) => [`${host}:${port}`, `http://${host}:${port}`]));
}

/**
 * Why a request is not answered: its Host is another name that was made to lead here (DNS rebinding), or it comes from
 * a page of another origin.
 */
export function strangeRequest(
  headers: Headers,
  method: string,
  origins: ReadonlyMap<string, string>,
): string | undefined {
  const own = origins.get(headers.get('host') ?? '');
  if (own === undefined) return 'this page is reached by its own address alone';
  const origin = headers.get('origin');
  // Browsers name it with every POST.
  if (origin === null ? method !== 'GET' : origin !== own) return 'this request comes from another page';
  return undefined;
}

/** Whether a browser says that another page, or nobody's page, asks for what is only there for our own. */
export function isFromElsewhere(headers: Headers): boolean {
  return (headers.get('sec-fetch-site') ?? 'same-origin') !== 'same-origin';
}

/** One cookie a port: browsers send it to all of them. */
const cookieName = (port: number): string => `policy-wrap-${port}`;

/** @returns the cookie for a browser that signed in: for this host alone, never sent from other sites, unread by scripts */
export function cookieFor(port: number, value: string): string {
  return `${cookieName(port)}=${value}; Path=/; HttpOnly; SameSite=Strict`;
}

export function isSignedIn(headers: Headers, port: number, access: Access): boolean {
  const name = `${cookieName(port)}=`;
  const key = headers.get(KEY_HEADER) ?? undefined;
  // What another port of this machine has set under the same name may come first.
  return (headers.get('cookie') ?? '')
    .split(';')
    .map((each) => each.trim())
    .some((each) => each.startsWith(name) && access.isSignedIn(each.slice(name.length), key));
}
