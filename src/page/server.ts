import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { createAdaptorServer } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import * as z from 'zod/mini';
import { PolicyWrapError } from '../errors.js';
import type { Access } from './access.js';
import type { Changed, Language } from './api-types/names.js';
import { type Failure, type SignedIn, SignIn } from './api-types/shell.js';
import {
  asksForWorker,
  cookieFor,
  HEADERS,
  isFromElsewhere,
  isSignedIn,
  LEAVING_WORKER,
  originsOf,
  strangeRequest,
} from './guard.js';
import type { Page } from './page.js';
import { peerCheck } from './peer.js';
import type { Route } from './route.js';
import type { Watch } from './watch.js';

/** Longest body, in bytes: a policy file may be a megabyte. */
const MOST_BYTES = 8 << 20;
/**
 * Longest headers, in bytes. Browsers send the cookies of every port of this machine to each of them: those of others
 * must not keep the brake from being pulled.
 */
const MOST_HEADERS = 256 << 10;
/** How often a browser that waits for changes hears that we are there, in milliseconds. */
const BEAT_MS = 15_000;

export interface ServerParts {
  /** 0 for any that is free. */
  readonly port: number;
  /** Folder of the built front end. */
  readonly assets: string;
  readonly access: Access;
  readonly page: Page;
  readonly watch: Watch;
  readonly routes: readonly Route[];
  /** Told of every request that was let in, for the idle end. */
  readonly used: () => void;
  /** Told of what was thrown and is no message for people. */
  readonly report: (error: unknown) => void;
}

export interface PageServer {
  readonly port: number;
  /** Another account that knows a token could use it: the system does not tell us who is at the other end. */
  readonly isOpenToAccounts: boolean;
  close(): Promise<void>;
}

/**
 * Serves the page on 127.0.0.1.
 *
 * @throws PolicyWrapError USAGE when the port is taken
 */
export async function serve(parts: ServerParts): Promise<PageServer> {
  const app = new Hono();
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer,
    serverOptions: { maxHeaderSize: MOST_HEADERS },
  }) as Server;
  const port = await listen(server, parts.port);
  const check = peerCheck(port);
  server.on('connection', (socket) => {
    if (check && !check(socket.remoteAddress, socket.remotePort)) socket.destroy();
  });
  guard(app, port);
  api(app, port, parts);
  assets(app, parts.assets);
  return {
    port,
    isOpenToAccounts: check === undefined,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE' || error.code === 'EACCES';
      const message = `port ${port} cannot be used: ${error.message}`;
      reject(
        isTaken ? new PolicyWrapError('USAGE', message, { hint: 'Name another --port, or none.' }) : error,
      );
    });
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function guard(app: Hono, port: number): void {
  const origins = originsOf(port);
  app.use(async (context, next) => {
    const { raw, method } = context.req;
    const strange = strangeRequest(raw.headers, method, origins);
    if (strange !== undefined) context.res = context.text(`${strange}\n`, 403);
    // Whatever its path and its scope were.
    else if (asksForWorker(raw.headers))
      context.res = context.body(LEAVING_WORKER, 200, {
        'content-type': TYPES.js,
        'service-worker-allowed': '/',
      });
    else await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
  });
  app.notFound((context) => context.text('not found\n', 404));
}

function api(app: Hono, port: number, parts: ServerParts): void {
  const { access, page, routes } = parts;
  app.onError((error, context) => failed(context, error, parts));
  app.use('/api/*', async (context, next) => {
    if (isFromElsewhere(context.req.raw.headers))
      return context.text('this request comes from another page\n', 403);
    return next();
  });
  const tooLarge = (context: Context) =>
    context.json(failure('USAGE', `more than ${MOST_BYTES >> 20} MB was sent`), 413);
  app.use('/api/*', bodyLimit({ maxSize: MOST_BYTES, onError: tooLarge }));
  app.post('/api/sign-in', async (context) => {
    const given = await bodyOf(context, SignIn);
    const signedIn = access.signIn(given.token);
    if (!signedIn) return context.json(failure('SIGNED_OUT', USED, USED_HINT), 401);
    parts.used();
    context.header('set-cookie', cookieFor(port, signedIn.cookie));
    return context.json({ key: signedIn.key } satisfies SignedIn);
  });
  app.use('/api/*', async (context, next) => {
    if (!isSignedIn(context.req.raw.headers, port, access))
      return context.json(failure('SIGNED_OUT', SIGNED_OUT, SIGNED_OUT_HINT), 401);
    parts.used();
    return next();
  });
  app.get('/api/events', (context) => streamSSE(context, (stream) => tellChanges(stream, parts)));
  for (const { method, path, body, handle } of routes) {
    app.on(method, path, async (context) => {
      const { raw } = context.req;
      const asked = {
        params: context.req.param() as Record<string, string>,
        query: new URL(raw.url).searchParams,
        body: body && (await bodyOf(context, body)),
        signal: raw.signal,
        language: languageOf(context),
      };
      return context.json((await handle(asked, page)) ?? null);
    });
  }
}

const USED = 'this address was used already, is older than a quarter of an hour, or is not of this run';
const USED_HINT =
  'Each address signs in one browser, once. Open policy-wrap ui again, or ask for another address in a browser that is signed in.';
const SIGNED_OUT = 'this browser is not signed in';
const SIGNED_OUT_HINT = 'Open the address that policy-wrap ui has printed in your terminal.';

async function tellChanges(stream: SSEStreamingApi, { watch }: ServerParts): Promise<void> {
  let beat: NodeJS.Timeout | undefined;
  const send = (event: string, data: string) => void stream.writeSSE({ event, data }).catch(() => {});
  // What is written at once by a burst of calls is told once: the browser loads it again as a whole.
  const ended = new Promise<void>((resolve) => {
    const stop = watch.listen((what: Changed) => send('changed', what));
    beat = setInterval(() => send('beat', ''), BEAT_MS);
    stream.onAbort(() => {
      stop();
      resolve();
    });
  });
  send('ready', '');
  await ended;
  clearInterval(beat);
}

/** As the front end says it; English for everything else. */
function languageOf(context: Context): Language {
  return context.req.header('accept-language')?.startsWith('es') ? 'es' : 'en';
}

async function bodyOf<T extends z.ZodMiniType>(context: Context, type: T): Promise<z.output<T>> {
  const read = z.safeParse(type, await context.req.json().catch(() => undefined));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue === undefined ? '' : `: ${issue.path.join('.')} ${issue.message}`;
  throw new PolicyWrapError('USAGE', `the request is not what this page sends${where}`);
}

const failure = (code: string, message: string, hint?: string): Failure => ({
  error: { code, message, hint },
});

const STATUS: Partial<Record<PolicyWrapError['code'], 403 | 404 | 409 | 422 | 503>> = {
  NOT_FOUND: 404,
  POLICY_NOT_FOUND: 404,
  REFUSED: 409,
  CONFIG_CONFLICT: 409,
  POLICY_INVALID: 422,
  CONFIG_INVALID: 422,
  STATE_UNAVAILABLE: 503,
};

function failed(context: Context, error: unknown, { report }: ServerParts): Response {
  if (PolicyWrapError.is(error))
    return context.json(failure(error.code, error.message, error.hint), STATUS[error.code] ?? 400);
  // Nobody waits for it any more: a slider that is moved asks anew each time.
  if (context.req.raw.signal.aborted) return context.body(null, 503);
  report(error);
  // What it says may carry what a call carried.
  return context.json(failure('BUG', 'this is a bug of policy-wrap; the terminal says more'), 500);
}

const TYPES: Readonly<Record<string, string>> & { readonly js: string } = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/**
 * The built front end, which holds nothing of anybody: anyone may have it, and it is in every package. There it lies
 * compressed, so that the package is smaller; on its way through this machine that would gain nothing.
 */
function assets(app: Hono, folder: string): void {
  const send = (context: Context, name: string, read: () => Buffer<ArrayBuffer>): Response => {
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined) return context.text('not found\n', 404);
    try {
      return context.body(read(), 200, { 'content-type': type });
    } catch {
      return context.text('not found\n', 404);
    }
  };
  app.get('/', (context) => send(context, 'index.html', () => readFileSync(join(folder, 'index.html'))));
  app.get('/assets/:name', (context) => {
    const name = context.req.param('name');
    // Without a slash or two points: no way out of the folder.
    return /^[\w-]+\.\w+$/.test(name)
      ? send(context, name, () => brotliDecompressSync(readFileSync(join(folder, 'assets', `${name}.br`))))
      : context.text('not found\n', 404);
  });
}
