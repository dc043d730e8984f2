import { spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ROUTES } from '../../../src/page/routes.js';
import { command, inTerminal } from '../../support/asking.js';
import { Rig, refusalCode } from '../../support/rig.js';
import { ask, signIn } from '../support/http.js';
import { PageRig } from '../support/page-rig.js';
import { press } from '../support/press.js';

const JSON_BODY = { 'content-type': 'application/json' };
/** What pulls the brake, where it is let in. */
const PAUSE = '{"place":"here"}';

describe('over HTTP', () => {
  test('nothing of the API is there without a cookie and its key', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const { cookie, key } = await signIn(origin, await rig.token());
    const pause = (headers: Record<string, string>) =>
      ask(origin, '/api/pause', {
        method: 'POST',
        body: PAUSE,
        headers: { origin, ...JSON_BODY, ...headers },
      });
    const header = { 'x-policy-wrap-key': key };
    for (const headers of [{}, { cookie }, header, { cookie, 'x-policy-wrap-key': `${key}x` }]) {
      expect((await pause(headers)).status).toBe(401);
      for (const path of ['/api/events', '/api/nothing'])
        expect((await ask(origin, path, { headers })).status, path).toBe(401);
      for (const { method, path } of ROUTES) {
        const answer = await ask(origin, path, {
          method,
          headers: { origin, ...JSON_BODY, ...headers },
          ...(method === 'POST' && { body: '{}' }),
        });
        expect(answer.status, path).toBe(401);
      }
    }
    expect((await pause({ cookie, ...header })).status).toBe(200);
    // A used token signs nobody in, and takes nothing from who is.
    expect((await signIn(origin, await rig.token())).answer.status).toBe(401);
    expect((await ask(origin, '/api/overview', { headers: { cookie, ...header } })).status).toBe(200);
  });

  test('another Host, another Origin and another site get nothing, with the cookie and the key in hand', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const { cookie, key } = await signIn(origin, await rig.token());
    const mine = { cookie, 'x-policy-wrap-key': key };
    const port = new URL(origin).port;
    for (const host of [`evil.test:${port}`, '127.0.0.1', `127.0.0.1:${Number(port) + 1}`])
      for (const path of ['/', '/api/overview', '/assets/icon.svg'])
        expect((await ask(origin, path, { headers: { ...mine, host } })).status, host).toBe(403);
    for (const headers of [
      { origin: 'https://evil.test' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${Number(port) + 1}` },
      { origin: `http://localhost:${port}` },
      {},
      { origin, 'sec-fetch-site': 'cross-site' },
      { origin, 'sec-fetch-site': 'same-site' },
    ]) {
      const answer = await ask(origin, '/api/pause', {
        method: 'POST',
        body: PAUSE,
        headers: { ...mine, ...JSON_BODY, ...headers },
      });
      expect(answer.status, JSON.stringify(headers)).toBe(403);
    }
    const { text } = await ask(origin, '/api/overview', { headers: mine });
    expect(JSON.parse(text).pauses).toEqual([]);
  });

  test('cookies that other ports of the machine set take nothing from who is signed in', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const { cookie, key } = await signIn(origin, await rig.token());
    const name = cookie.replace(/=.*/, '');
    const status = async (cookies: string) =>
      (await ask(origin, '/api/overview', { headers: { cookie: cookies, 'x-policy-wrap-key': key } })).status;
    expect(await status(`${name}=theirs; ${cookie}`)).toBe(200);
    expect(await status(`${cookie}; ${name}=theirs`)).toBe(200);
    expect(await status(`theirs=${'x'.repeat(100_000)}; ${cookie}`)).toBe(200);
    expect(await status(`${name}=theirs; x${cookie}`)).toBe(401);
  });

  test('requests that no browser makes get nothing, and end nothing', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const { cookie, key } = await signIn(origin, await rig.token());
    const { host, port } = new URL(origin);
    const mine = `Cookie: ${cookie}\r\nX-Policy-Wrap-Key: ${key}\r\n`;
    const get = (target: string, headers = `Host: ${host}\r\n`, version = '1.1') =>
      `GET ${target} HTTP/${version}\r\n${headers}${mine}Connection: close\r\n\r\n`;
    const api = '/api/overview';
    const post = (rest: string) => `POST /api/pause HTTP/1.1\r\nHost: ${host}\r\n${mine}${rest}`;
    for (const request of [
      get(api, ''),
      get(api, '', '1.0'),
      get(api, `Host: evil.test\r\nHost: ${host}\r\n`),
      get(api, `Host: 127.0.0.1.:${port}\r\n`),
      get(api, `Host: a@${host}\r\n`),
      get(api, `Host: [::1]:${port}\r\n`),
      get(api, `Host: 127.0.0.1:0${port}\r\n`),
      get(api, 'Host:\r\n'),
      get(`http://${host}${api}`, 'Host: evil.test\r\n'),
      get('http://[::1/api/overview'),
      get('/assets/..%5c..%5cmain.js'),
      get('/%2e%2e/%2e%2e/%2e%2e/etc/passwd'),
      get('/assets/%c3%28.js'),
      get('/assets/%zz'),
      `CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      `TRACE ${api} HTTP/1.1\r\nHost: ${host}\r\nX: traced\r\n${mine}Connection: close\r\n\r\n`,
      `OPTIONS * HTTP/1.1\r\nHost: ${host}\r\nOrigin: https://evil.test\r\nConnection: close\r\n\r\n`,
      post(
        `Origin: ${origin}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get(api)}`,
      ),
      post(`Origin: ${origin}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`),
      post(
        `Origin: ${origin}\r\nOrigin: https://evil.test\r\nContent-Length: ${PAUSE.length}\r\nConnection: close\r\n\r\n${PAUSE}`,
      ),
      post(`Content-Length: ${PAUSE.length}\r\nConnection: close\r\n\r\n${PAUSE}`),
      `GET ${api} HTTP/1.1\r\nHost: ${host}\r\nX: ${'x'.repeat(300_000)}\r\n${mine}\r\n`,
      '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
    ]) {
      const told = await raw(Number(port), request);
      expect(told, request.slice(0, 200)).not.toMatch(/"pauses"|HTTP\/1.1 200|access-control|traced/i);
    }
    // What is right is answered, behind requests on one line and beside lines on which nobody says anything.
    const silent = Array.from({ length: 200 }, () =>
      connect(Number(port), '127.0.0.1').on('error', () => {}),
    );
    const pipelined = `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(50) + get(api);
    expect(await raw(Number(port), pipelined, 60_000)).toMatch(/"pauses":\[\]/);
    for (const socket of silent) socket.destroy();
    expect(rig.code).toBeUndefined();
    expect(rig.shown).not.toContain('this is a bug');
  });

  test('texts that are pasted to keep the page busy, or to end it, are answered', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const { cookie, key } = await signIn(origin, await rig.token());
    const headers = { cookie, 'x-policy-wrap-key': key, origin, ...JSON_BODY };
    const file = rig.policy('legiti', '{"version":"1","default":"deny"}');
    const paste = async (text: string) => {
      const body = JSON.stringify({ file, text });
      const answer = await ask(origin, '/api/paste', { method: 'POST', headers, body });
      return [answer.status, JSON.parse(answer.text).kind];
    };
    for (const [text, kind] of [
      // Deep enough for the library to come to the end of the stack, in which the engine itself ended.
      ['['.repeat(1000), 'unknown'],
      ['['.repeat(100_000), 'unknown'],
      ['- '.repeat(50_000), 'unknown'],
      ['{'.repeat(1_000_000), 'policy'],
      [`\`\`\`${'\n'.repeat(300_000)}`, 'unknown'],
      [`\`\`\`\n${' \n'.repeat(200_000)}x`, 'unknown'],
      [' '.repeat(3_000_000), 'unknown'],
    ] as const)
      expect(await paste(text), text.slice(0, 20)).toEqual([200, kind]);
    expect(rig.code).toBeUndefined();
  });

  test('the brake is heard while thousands of tools are allowed at once', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const { cookie, key } = await signIn(origin, await rig.token());
    const headers = { cookie, 'x-policy-wrap-key': key, origin, ...JSON_BODY };
    const file = rig.policy('legiti', '{"version":"1","default":"deny"}');
    const tools = Array.from({ length: 1500 }, (_, at) => `tool_${at}`);
    const done: string[] = [];
    const post = async (path: string, body: object) => {
      const answer = await ask(origin, path, { method: 'POST', headers, body: JSON.stringify(body) });
      done.push(path);
      return answer;
    };
    const text = '{"version":"1","default":"deny"}';
    const edit = post('/api/tools/edit', { file, text, tools, wish: { kind: 'allow' } });
    expect((await post('/api/pause', { place: 'here' })).status).toBe(200);
    const edited = JSON.parse((await edit).text) as { text: string };
    expect(done).toEqual(['/api/pause', '/api/tools/edit']);
    expect(Object.keys(JSON.parse(edited.text).tools)).toEqual(tools);
  });

  test('G10: a yes says which call was shown, and is none to any other', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const { cookie, key } = await signIn(origin, await rig.token());
    const headers = { cookie, 'x-policy-wrap-key': key, origin, ...JSON_BODY };
    const wrapper = rig.wrap({
      policy: { version: '1', default: 'allow', tools: { tag: { action: 'approve' } } },
    });
    await wrapper.initialize();
    await wrapper.call('tag', { n: 1 });
    await wrapper.call('tag', { n: 2 });
    const { waiting } = JSON.parse((await ask(origin, '/api/waiting', { headers })).text) as {
      waiting: { id: string; shown: string; arguments: string }[];
    };
    const [one, two] = waiting;
    const approve = async (body: object) =>
      (await ask(origin, '/api/waiting/approve', { method: 'POST', headers, body: JSON.stringify(body) }))
        .status;
    expect(await approve({ id: one?.id })).toBe(400);
    expect(await approve({ id: one?.id, shown: two?.shown })).toBe(409);
    expect(refusalCode(await wrapper.call('tag', { n: 1 }))).toBe('APPROVAL_REQUIRED');
    expect(await approve({ id: two?.id, shown: two?.shown })).toBe(200);
    expect(refusalCode(await wrapper.call('tag', { n: 1 }))).toBe('APPROVAL_REQUIRED');
    expect(refusalCode(await wrapper.call('tag', { n: 2 }))).toBeUndefined();
  });

  test('every answer forbids framing, caching, guessing and code in the page; no file but the built ones is served', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const found = await Promise.all(
      [
        '/',
        '/assets/icon.svg',
        '/api/overview',
        '/nothing',
        '/assets/../ui.js',
        '/assets/..%2f..%2fui.js',
        '/assets/%2e%2e%2findex.html',
        '/index.html',
      ].map((path) => ask(origin, path)),
    );
    expect(found.map(({ status }) => status)).toEqual([200, 200, 401, 404, 404, 404, 404, 404]);
    found.push(await ask(origin, '/', { headers: { host: 'evil.test' } }));
    for (const { headers } of found) {
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(found[0]?.text).not.toMatch(/<script>|style=|onload|https?:/);
  });

  test('a body of another shape, or one that is too large, changes nothing and ends nothing', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const { cookie, key } = await signIn(origin, await rig.token());
    const headers = { cookie, 'x-policy-wrap-key': key, origin, ...JSON_BODY };
    const send = async (body: string) =>
      (await ask(origin, '/api/pause', { method: 'POST', headers, body })).status;
    for (const body of ['', 'x', '[]', '{"server":5}', '{"__proto__":{},"x":1}', '{"all":true}'])
      expect(await send(body), body).toBe(400);
    // The answer may come before all of it was sent.
    expect(await send(`{"note":"${'x'.repeat(9 << 20)}"}`).catch(() => 413)).toBe(413);
    const { text } = await ask(origin, '/api/overview', { headers: { cookie, 'x-policy-wrap-key': key } });
    expect(JSON.parse(text).pauses).toEqual([]);
  });

  test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
    'another account of the machine gets nothing, with a token that nobody has used',
    async () => {
      await using rig = await PageRig.start();
      const origin = await rig.origin();
      const token = await rig.token();
      const { port } = new URL(origin);
      // What answers anybody at all: the front end, for which no token is needed.
      // Who writes to a connection that was hung up on gets a signal.
      const script = `trap '' PIPE; exec 3<>/dev/tcp/127.0.0.1/${port} && printf 'GET / HTTP/1.1\\r\\nHost: 127.0.0.1:${port}\\r\\nConnection: close\\r\\n\\r\\n' >&3 && cat <&3; echo tried`;
      const get = (uid: number) =>
        spawnSync('/bin/bash', ['-c', script], { uid, gid: uid, cwd: '/', encoding: 'utf8' }).stdout;
      expect(get(65534)).toBe('tried\n');
      expect(get(0)).toMatch(/^HTTP\/1.1 200/);
      expect((await signIn(origin, token)).answer.status).toBe(200);
    },
  );
});

describe('the command', () => {
  test('needs a person at a terminal, outside of the shells of agents, and a port that is free', async () => {
    await using rig = new Rig();
    const away = await command(rig, ['ui', '--no-open']);
    expect([away.code, away.stderr]).toEqual([1, expect.stringContaining('ui is for a person')]);
    const agent = await inTerminal(rig, ['ui', '--no-open'], [], { CODEX_THREAD_ID: '1' });
    expect([agent.code, agent.stdout]).toEqual([1, expect.stringContaining('shell of Codex')]);
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const { port } = other.address() as AddressInfo;
    const taken = await inTerminal(rig, ['ui', '--no-open', '--port', String(port)], []);
    other.close();
    expect([taken.code, taken.stdout]).toEqual([2, expect.stringContaining(`port ${port} cannot be used`)]);
  });

  test('ends by itself when nobody has it open, and not before', async () => {
    await using rig = await PageRig.start('--idle', '6s');
    const page = await rig.open('/waiting');
    await page.waitForTimeout(7000);
    expect(rig.code).toBeUndefined();
    await page.context().close();
    await expect.poll(() => rig.code).toBe(0);
    expect(rig.shown).toContain('Ended: nobody had the page open for 6 s');
  });

  test('ends at Ctrl-C, and its page says so', async () => {
    await using rig = await PageRig.start();
    const page = await rig.open('/waiting');
    rig.type('\u0003');
    await page.getByText('policy-wrap does not answer').waitFor();
    await expect.poll(() => rig.code).toBe(0);
  });
});

describe('in a browser', () => {
  test('a page of another origin can neither change, read nor frame anything, nor by DNS rebinding', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const { port } = new URL(origin);
    const page = await rig.open('/waiting');
    const seen: IncomingMessage[] = [];
    const hostile = createServer((request, response) => {
      seen.push(request);
      response.setHeader('content-type', 'text/html').end('<h1>hostile</h1>');
    });
    await new Promise<void>((done) => hostile.listen(0, '127.0.0.1', done));
    try {
      const { port: theirs } = hostile.address() as AddressInfo;
      // The last is no other site for a browser: it sends the cookie there.
      for (const home of [
        `http://evil.test:${theirs}`,
        `http://localhost:${theirs}`,
        `http://127.0.0.1:${theirs}`,
      ]) {
        const other = await page.context().newPage();
        await other.goto(home);
        const tried = await other.evaluate(attack(origin));
        expect(tried, home).toEqual({ simple: 'failed', header: 'failed', read: 'failed', frame: 'empty' });
        await other.setContent(`<form method="post" action="${origin}/api/pause"><input name="{}"></form>`);
        await other.evaluate('document.forms[0].submit()');
        await other.waitForURL(`${origin}/**`).catch(() => {});
        await other.close();
      }
      // DNS rebinding: the browser takes it for the hostile page's own origin, and sends what it likes.
      const rebound = await page.context().newPage();
      const answer = await rebound.goto(`http://evil.test:${port}/`);
      expect(answer?.status()).toBe(403);
      const cookie = seen
        .map(({ headers }) => headers.cookie ?? '')
        .find((text) => text.includes('policy-wrap-'));
      expect(cookie).toBeDefined();
      // What the other port got is worth nothing without the key, which stays with the page's own origin.
      expect((await ask(origin, '/api/overview', { headers: { cookie: cookie ?? '' } })).status).toBe(401);
      await page.reload();
      await page.getByText('Nothing waits for you').waitFor();
      expect(await page.getByText('Paused').count()).toBe(0);
    } finally {
      hostile.close();
    }
  });

  test('a page of another origin has no hold on the page that it opens: it can neither steer it nor put another in its place', async () => {
    await using rig = await PageRig.start();
    const origin = await rig.origin();
    const page = await rig.open('/waiting');
    const hostile = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>Hostile</title>');
    });
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', () => resolve()));
    const home = `http://evil.test:${(hostile.address() as AddressInfo).port}/`;
    try {
      const other = await page.context().newPage();
      await other.goto(home);
      for (const features of ['', 'popup', 'noopener']) {
        const coming = other.context().waitForEvent('page');
        await other.evaluate(`globalThis.held = open('${origin}/#/waiting', 'held', '${features}'), 0`);
        const opened = await coming;
        await opened.getByText('Nothing waits for you').waitFor();
        expect(await opened.evaluate('opener'), features).toBeNull();
        await expect.poll(() => other.evaluate('held === null || held.closed')).toBe(true);
        const next = other.context().waitForEvent('page');
        await other.evaluate(
          `open('${home}', 'held', '${features}'), held && (held.location = '${home}'), 0`,
        );
        await (await next).waitForURL(home);
        expect(opened.url()).toBe(`${origin}/#/waiting`);
        await opened.close();
        await (await next).close();
      }
    } finally {
      hostile.close();
      hostile.closeAllConnections();
    }
  });

  test('names and arguments that are HTML, turn the text around or are very long stay text', async () => {
    await using rig = await PageRig.start();
    const html = '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>';
    const name = `${html}\u202egnp.exe\u200b`;
    const wrapper = rig.wrap({
      policy: {
        version: '1',
        default: 'allow',
        audit: { arguments: 'full' },
        tools: { '*': { action: 'approve' } },
      },
      args: ['--grant', html],
    });
    await wrapper.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: html, version: '1' },
    });
    expect(refusalCode(await wrapper.call(name, { [html]: `${html}\u202e`, long: 'x'.repeat(30_000) }))).toBe(
      'APPROVAL_REQUIRED',
    );
    await wrapper.call('y'.repeat(100_000), { a: html });
    for (const [path, width] of [
      ['/waiting', 360],
      ['/live', 1600],
    ] as const) {
      const page = await rig.open(path, { width });
      await page.getByText('gnp.exe').first().waitFor();
      expect(await page.evaluate('globalThis.hacked')).toBeUndefined();
      expect(await page.locator('main img, main script').count()).toBe(0);
      const text = await page.locator('main').innerText();
      expect(text).toContain('<img src=x');
      expect(text).toContain('\\u{202e}gnp.exe\\u{200b}');
      expect(text).not.toMatch(/[\u202e\u200b]/);
      const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect(wide).toBeLessThanOrEqual(0);
    }
    expect(rig.problems).toEqual([]);
  });

  test('two browsers see one state: what one decides leaves the other, which is told when it comes too late', async () => {
    await using rig = await PageRig.start();
    const wrapper = rig.wrap({
      policy: { version: '1', default: 'allow', tools: { tag: { action: 'approve' } } },
    });
    await wrapper.initialize();
    await wrapper.call('tag', { n: 1 });
    const [one, other] = [await rig.open('/waiting'), await rig.open('/waiting', { language: 'es' })];
    const theirs = other.getByRole('button', { name: 'Aprobar una vez' });
    await theirs.waitFor();
    // The other browser does not hear of the decision for now, as when a laptop sleeps.
    await other.route('**/api/waiting', (route) => route.abort());
    await press(one.getByRole('button', { name: 'Approve once' }), one.getByText('approved, not used yet'));
    await press(theirs, other.getByText(/is no longer waiting: approved on the page/));
    await other.unroute('**/api/waiting');
    expect(refusalCode(await wrapper.call('tag', { n: 1 }))).toBeUndefined();
    await other.getByText('aprobada y usada').waitFor();
    expect(await theirs.count()).toBe(0);
  });

  test('a browser that never signed in is told how', async () => {
    await using rig = await PageRig.start();
    const page = await rig.blank();
    await page.goto(await rig.origin());
    await page.getByRole('heading', { name: 'This browser is not signed in' }).waitFor();
    // An address that differs behind the # alone is not loaded anew.
    await page.goto('about:blank');
    await page.goto(`${await rig.origin()}/#token=nonsense`);
    await page.getByText('this address was used already').waitFor();
  });
});

/**
 * Says something over a connection of its own.
 *
 * @param waitMs how long it stays open when nothing comes: what could go on, such as a chunk that is missing, is not
 *   answered
 * @returns what came until it was closed
 */
function raw(port: number, text: string, waitMs = 2000): Promise<string> {
  return new Promise((resolve) => {
    let told = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.on('data', (chunk) => {
      told += chunk;
    });
    socket.setTimeout(waitMs, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => resolve(told));
  });
}

/** What a hostile page can try by script. */
function attack(origin: string): string {
  return `(async () => {
    const post = (init) => fetch('${origin}/api/pause', { method: 'POST', credentials: 'include', body: '${PAUSE}', ...init })
      .then((response) => response.type, () => 'failed');
    const simple = await post({ mode: 'no-cors' });
    const header = await post({ headers: { 'content-type': 'application/json', 'x-policy-wrap-key': 'x' } });
    const read = await fetch('${origin}/api/overview', { credentials: 'include' }).then((r) => r.text(), () => 'failed');
    const frame = document.createElement('iframe');
    frame.src = '${origin}/';
    const loaded = new Promise((done) => { frame.onload = done; });
    document.body.append(frame);
    await loaded;
    let inside = 'empty';
    try { if (frame.contentDocument?.querySelector('#app')) inside = 'framed'; } catch {}
    return { simple, header, read, frame: inside };
  })()`;
}
