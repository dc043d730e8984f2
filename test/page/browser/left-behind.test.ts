import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { browser } from '../support/browser.js';
import { ask } from '../support/http.js';
import { PageRig } from '../support/page-rig.js';

/** Answers in the place of whoever listens. */
const INSTEAD = `new Response('<!doctype html><title>Not it</title><main><h1>Not it</h1></main>', {
  headers: { 'content-type': 'text/html' },
})`;

/** What a program serves that had the port before: a page that leaves a worker for the whole address. */
function earlier(answer: string, path: string, port = 0): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const isScript = url === path;
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.setHeader('service-worker-allowed', '/');
    response.setHeader('connection', 'close');
    response.end(
      isScript
        ? `addEventListener('install', () => skipWaiting());
           addEventListener('activate', (event) => event.waitUntil(clients.claim()));
           addEventListener('fetch', (event) => event.respondWith(${answer}));`
        : `<!doctype html><title>Earlier</title><script>
             navigator.serviceWorker.register('${path}', { scope: '/' });
           </script>`,
    );
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
}

test.each([
  ['passes everything on', 'fetch(event.request)', '/sw.js'],
  ['answers in the place of the page', INSTEAD, '/sw.js'],
  ['answers in its place, from a path of the API', INSTEAD, '/api/overview'],
])('a worker that %s, left by an earlier listener of the port, is removed', async (_, answer, path) => {
  const server = await earlier(answer, path);
  const { port } = server.address() as AddressInfo;
  const context = await (await browser()).newContext();
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await expect.poll(() => page.evaluate('navigator.serviceWorker.controller !== null')).toBe(true);
    await new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
    await using rig = await PageRig.start('--port', String(port));
    // From an empty tab: else only what stands behind # would change.
    await page.goto('about:blank');
    await page.goto(await rig.address());
    const own = page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Not it' });
    await own.waitFor();
    await expect
      .poll(() =>
        page
          .evaluate(
            `navigator.serviceWorker.getRegistrations().then((all) => [all.length, navigator.serviceWorker.controller])`,
          )
          // Between two pages.
          .catch(() => undefined),
      )
      .toEqual([0, null]);
    expect(await page.title()).not.toBe('Not it');
  } finally {
    await context.close();
    server.close();
  }
});

test('whoever asks for the script of a worker gets one that leaves, from the address of the page alone', async () => {
  await using rig = await PageRig.start();
  const origin = await rig.origin();
  for (const path of ['/sw.js', '/api/overview', '/']) {
    const { status, headers, text } = await ask(origin, path, { headers: { 'service-worker': 'script' } });
    expect([status, headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(headers['cache-control']).toBe('no-store');
    expect(text).toContain('registration.unregister()');
  }
  const headers = { 'service-worker': 'script', host: 'evil.test' };
  expect((await ask(origin, '/sw.js', { headers })).status).toBe(403);
});
