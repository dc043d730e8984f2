import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Access } from '../../src/page/access.js';
import type { Page } from '../../src/page/page.js';
import { get, type Route } from '../../src/page/route.js';
import { serve } from '../../src/page/server.js';
import { Watch } from '../../src/page/watch.js';
import { ask, signIn } from './support/http.js';

/** A server of these routes alone, with a browser that is signed in. */
const served = (...routes: readonly Route[]) => servedFrom('/nowhere', routes);

async function servedFrom(assets: string, routes: readonly Route[] = []) {
  const access = new Access();
  const reported: unknown[] = [];
  const server = await serve({
    ...{ port: 0, assets, access, routes },
    page: {} as Page,
    watch: new Watch({ stamp: () => '', open: () => [] } as never, undefined),
    used: () => {},
    report: (error) => reported.push(error),
  });
  onTestFinished(() => server.close());
  const origin = `http://127.0.0.1:${server.port}`;
  const { cookie, key } = await signIn(origin, access.newToken());
  return { origin, headers: { cookie, 'x-policy-wrap-key': key }, reported };
}

describe('what goes wrong in an answer', () => {
  test('a bug is told in the terminal, and not to the browser, which may have been given what a call carried', async () => {
    const { origin, headers, reported } = await served(
      get('/api/bug', () => {
        throw new Error('amount 121000');
      }),
    );
    const { status, text } = await ask(origin, '/api/bug', { headers });
    expect([status, text.includes('121000')]).toEqual([500, false]);
    expect(String(reported)).toContain('amount 121000');
  });

  test('a question that the browser no longer waits for is no bug', async () => {
    let asked = () => {};
    let ended = () => {};
    const isAsked = new Promise<void>((done) => {
      asked = done;
    });
    const isEnded = new Promise<void>((done) => {
      ended = done;
    });
    const { origin, headers, reported } = await served(
      get('/api/slow', async ({ signal }) => {
        asked();
        await new Promise<void>((done) => signal.addEventListener('abort', () => done()));
        ended();
        signal.throwIfAborted();
      }),
      get('/api/quick', () => 'answered'),
    );
    const slow = request(`${origin}/api/slow`, { headers }).on('error', () => {});
    slow.end();
    await isAsked;
    slow.destroy();
    await isEnded;
    expect((await ask(origin, '/api/quick', { headers })).text).toBe('"answered"');
    expect(reported).toEqual([]);
  });
});

test('the front end comes as it was written, though it lies there compressed; nothing else comes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-assets-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<p>ñ</p>');
  writeFileSync(join(folder, 'assets', 'app-1_x.js.br'), brotliCompressSync("export const word = 'ñ';"));
  writeFileSync(join(folder, 'assets', 'cut.js.br'), brotliCompressSync('export {};').subarray(0, 4));
  const { origin } = await servedFrom(folder);
  const got = async (path: string) => {
    const { status, text, headers } = await ask(origin, path);
    return [status, text, headers['content-type'], headers['content-encoding']];
  };
  expect(await got('/')).toEqual([200, '<p>ñ</p>', 'text/html; charset=utf-8', undefined]);
  expect(await got('/assets/app-1_x.js')).toEqual([
    ...[200, "export const word = 'ñ';", 'text/javascript; charset=utf-8', undefined],
  ]);
  for (const path of ['/assets/app-1_x.js.br', '/assets/app.js', '/assets/cut.js', '/assets/..%2findex.html'])
    expect((await got(path))[0]).toBe(404);
});
