import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Between } from '../support/between.js';
import { command } from '../support/command.js';
import { ALLOW_ALL } from '../support/policies.js';
import {
  answer,
  endless,
  event,
  isCall,
  type Received,
  RemoteServer,
  stream,
} from '../support/remote-server.js';
import { RECORDER, Rig, refusalCode, type Wrapper } from '../support/rig.js';

/** One call a day, so that a charge is seen in the next call. */
const ONCE = {
  version: '1',
  default: 'allow',
  tools: { act: { limits: [{ counter: 'acts', window: 'day', max: 1, refund: 'on_error' }] } },
};

function remote(rig: Rig, url: string, policy: object = ALLOW_ALL, args: string[] = [], env = {}): Wrapper {
  return rig.spawn(
    [
      '--url',
      url,
      '--policy',
      rig.file('policy.json', policy),
      '--db',
      rig.db,
      '--server',
      'recorder',
      ...args,
    ],
    { env },
  );
}

/** What the log says of the calls, oldest first. */
async function outcomes(rig: Rig): Promise<(string | null)[]> {
  const { stdout } = await command(rig, ['log', '--db', rig.db, '--json']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).outcome ?? null);
}

describe('Streamable HTTP', () => {
  test('a whole conversation: headers, session, list, calls, end', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start();
    const wrapper = remote(rig, server.url);
    await wrapper.initialize('2025-11-25');
    expect((await wrapper.request('tools/list')).result.tools).toHaveLength(1);
    expect((await wrapper.call('act')).result.content[0].text).toBe('did act');
    await expect.poll(() => server.listeners.length).toBe(1);
    expect(await wrapper.end()).toBe(0);
    const [first, ...later] = server.received;
    expect(first?.headers['mcp-session-id']).toBeUndefined();
    expect(first?.headers.accept).toBe('application/json, text/event-stream');
    for (const { headers } of later) {
      expect(headers['mcp-session-id']).toBe('s1');
      expect(headers['mcp-protocol-version']).toBe('2025-11-25');
    }
    expect(server.received.map(({ method }) => method)).toContain('DELETE');
  });

  test('G2: the bytes of a call arrive as they were judged', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start();
    const wrapper = remote(rig, server.url);
    await wrapper.initialize();
    const line =
      '{ "jsonrpc":"2.0" ,"id":7,"method":"tools\\/call","params":{"name":"act","arguments":{"a":1.0,"b":-0,"c":"\\u00e9\u2028é"}}, "x":1}';
    wrapper.write(`${line}\r\n`);
    await wrapper.next(({ id }) => id === 7);
    expect(server.received.find(isCall)?.body).toBe(line);
  });

  test('G1: a refused call does not reach the server, and a hidden tool is not listed', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start();
    const wrapper = remote(rig, server.url, { version: '1', default: 'allow', hide: ['act'], tools: {} });
    await wrapper.initialize();
    expect((await wrapper.request('tools/list')).result.tools).toEqual([]);
    expect((await wrapper.call('act')).error.code).toBe(-32602);
    expect(server.calls).toEqual([]);
  });

  test('one counter for a remote server and one that is started', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start();
    const wrapper = remote(rig, server.url, ONCE);
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('act'))).toBeUndefined();
    const local = rig.wrap({ policy: ONCE });
    await local.initialize();
    expect(refusalCode(await local.call('act'))).toBe('LIMIT');
  });

  test('G4: one policy, one counter and one log for a remote server and one that is started, at once', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start();
    const limit = { counter: 'acts', window: 'day', max: 3, scope: 'machine' };
    const policy = rig.file('policy.json', {
      version: '1',
      default: 'deny',
      tools: { act: { limits: [limit] } },
    });
    const own = ['--policy', policy, '--db', rig.db];
    const far = rig.spawn([...own, '--server', 'far', '--url', server.url]);
    const near = rig.spawn([...own, '--server', 'near', '--', process.execPath, RECORDER]);
    await Promise.all([far.initialize(), near.initialize()]);
    const codes: (string | undefined)[] = [];
    for (const wrapper of [far, near, far, near, far]) codes.push(refusalCode(await wrapper.call('act')));
    expect(codes).toEqual([undefined, undefined, undefined, 'LIMIT', 'LIMIT']);
    expect(server.calls).toEqual(['act', 'act']);
    expect(refusalCode(await near.call('other'))).toBe('NOT_LISTED');
    await Promise.all([far.end(), near.end()]);
    const { stdout } = await command(rig, ['log', '--db', rig.db, '--json']);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map((row) => [row.server, row.tool, row.decision])).toEqual([
      ['far', 'act', 'allow'],
      ['near', 'act', 'allow'],
      ['far', 'act', 'allow'],
      ['near', 'act', 'deny'],
      ['far', 'act', 'deny'],
      ['near', 'other', 'deny'],
    ]);
  });

  test('events: notes of progress before the answer, in order, data over several lines', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.onCalls((received, response) => {
      const send = stream(response);
      for (const progress of [1, 2, 3])
        send(event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progress } }));
      send(
        `data: {"jsonrpc":"2.0",\ndata: "id":"${received.message.id}","result":\r\ndata: {"content":[]}}\n\n`,
      );
      response.end();
    });
    const wrapper = remote(rig, server.url);
    await wrapper.initialize();
    expect((await wrapper.call('act')).result).toEqual({ content: [] });
    const progress = wrapper.messages.filter(({ method }) => method === 'notifications/progress');
    expect(progress.map(({ params }) => params.progress)).toEqual([1, 2, 3]);
  });

  test('a stream that is cut is gone on with, and the call is sent once', async () => {
    await using rig = new Rig();
    let id: unknown;
    await using server = await RemoteServer.start((received, response) => {
      if (received.headers['last-event-id'] === 'e1') {
        stream(response)(event({ jsonrpc: '2.0', id, result: { content: [], resumed: true } }, 'e2'));
        response.end();
        return true;
      }
      if (!isCall(received)) return undefined;
      id = received.message.id;
      const send = stream(response);
      send(`id: e1\nretry: 10\ndata:\n\n`);
      setTimeout(() => response.destroy(), 50);
      return true;
    });
    const wrapper = remote(rig, server.url);
    await wrapper.initialize();
    expect((await wrapper.call('act')).result.resumed).toBe(true);
    expect(server.calls).toEqual(['act']);
  });

  test('a stream is not gone on with before the server wants it', async () => {
    await using rig = new Rig();
    let message: Received['message'];
    let cut = 0;
    let waited = 0;
    await using server = await RemoteServer.start((received, response) => {
      if (received.headers['last-event-id'] === 'e1') {
        waited = performance.now() - cut;
        stream(response)(event({ jsonrpc: '2.0', id: message.id, result: { content: [] } }, 'e2'));
        response.end();
        return true;
      }
      if (!isCall(received)) return undefined;
      message = received.message;
      stream(response)('id: e1\nretry: 600\ndata:\n\n');
      cut = performance.now();
      response.end();
      return true;
    });
    const wrapper = remote(rig, server.url);
    await wrapper.initialize();
    expect((await wrapper.call('act')).result.content).toEqual([]);
    // Timers may fire a millisecond early.
    expect(waited).toBeGreaterThanOrEqual(598);
  });

  test.each<[string, (received: Received, response: import('node:http').ServerResponse) => void]>([
    ['a connection that is cut', (_, response) => response.destroy()],
    [
      'half an answer',
      (_, response) => {
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': '500' })
          .write('{"jsonrpc"');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    [
      'a stream without numbers that is cut',
      (_, response) => {
        stream(response)(': hello\n\n');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    [
      'a stream that ends without an answer',
      (_, response) => {
        stream(response)(': hello\n\n');
        response.end();
      },
    ],
    [
      'an answer to another request',
      (_, response) => answer(response, { jsonrpc: '2.0', id: 'other', result: {} }),
    ],
    ['a failure of the server', (_, response) => response.writeHead(500).end('oops')],
    ['a page', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>done')],
    ['202 for a request', (_, response) => response.writeHead(202).end()],
    [
      'a compressed answer',
      (_, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
          .end('xxxx'),
    ],
  ])(
    'G9: %s: the call is answered with an error, stays charged, and is not sent again',
    async (_, misbehave) => {
      await using rig = new Rig();
      await using server = await RemoteServer.onCalls((received, response) => {
        misbehave(received, response);
      });
      const wrapper = remote(rig, server.url, ONCE);
      await wrapper.initialize();
      expect((await wrapper.call('act')).error.message).toContain('answer was lost');
      expect(refusalCode(await wrapper.call('act'))).toBe('LIMIT');
      await wrapper.end();
      expect(server.calls).toEqual(['act']);
      expect(await outcomes(rig)).toEqual(['unanswered', null]);
    },
  );

  test('G5: a call that nobody was there to take is given back', async () => {
    await using rig = new Rig();
    let url = '';
    let port = 0;
    {
      await using server = await RemoteServer.start();
      ({ url, port } = server);
    }
    const wrapper = remote(rig, url, ONCE);
    const refused = await wrapper.call('act');
    expect(refused.error.message).toContain('nothing answers at 127.0.0.1');
    await using server = await RemoteServer.start(undefined, port);
    expect((await wrapper.call('act')).result.content[0].text).toBe('did act');
    expect(server.calls).toEqual(['act']);
    await wrapper.end();
    expect(await outcomes(rig)).toEqual(['not_sent', 'ok']);
  });

  test('a refusal of the server is an answer: 403 and 429 give the charge back where the policy says so', async () => {
    await using rig = new Rig();
    const statuses = [403, 429];
    await using server = await RemoteServer.start((received, response) => {
      const status = isCall(received) ? statuses.shift() : undefined;
      if (status === undefined) return undefined;
      response.writeHead(status, { 'content-type': 'text/plain' }).end('no');
      return true;
    });
    const wrapper = remote(rig, server.url, ONCE);
    await wrapper.initialize();
    expect((await wrapper.call('act')).error.message).toContain('403');
    expect((await wrapper.call('act')).error.message).toContain('429');
    expect((await wrapper.call('act')).result.content[0].text).toBe('did act');
    expect(wrapper.stderr).toContain(`policy-wrap login ${server.url}`);
  });

  test('an error in the words of MCP passes as it is, whatever the status', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.onCalls((received, response) => {
      const error = { code: -32020, message: 'header mismatch' };
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: received.message.id, error }));
    });
    const wrapper = remote(rig, server.url);
    await wrapper.initialize();
    expect((await wrapper.call('act')).error).toEqual({ code: -32020, message: 'header mismatch' });
  });

  test('a session that was lost is begun again once, and the call then runs once', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start((received, response, self) => {
      if (received.headers['mcp-session-id'] !== 's1' || self.sessions !== 1 || !isCall(received))
        return undefined;
      response.writeHead(404).end();
      return true;
    });
    server.announces = true;
    const wrapper = remote(rig, server.url, ONCE);
    await wrapper.initialize();
    expect((await wrapper.call('act')).result.content[0].text).toBe('did act');
    expect(server.posted('initialize')).toHaveLength(2);
    expect(server.posted('notifications/initialized')).toHaveLength(2);
    expect(server.received.filter(isCall).map(({ headers }) => headers['mcp-session-id'])).toEqual([
      's1',
      's2',
    ]);
    await wrapper.next(({ method }) => method === 'notifications/tools/list_changed');
    expect(wrapper.stderr).toContain('had lost the session');
    expect(wrapper.messages.filter(({ id }) => String(id).startsWith('pw-'))).toEqual([]);
  });

  test('G4: a server that acts and then knows no session gets no call for nothing', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.onCalls((_received, response) => {
      response.writeHead(404).end();
    });
    const wrapper = remote(rig, server.url, ONCE);
    await wrapper.initialize();
    expect((await wrapper.call('act')).error.message).toContain('answer was lost');
    expect(refusalCode(await wrapper.call('act'))).toBe('LIMIT');
    await wrapper.end();
    // Once for each session: the protocol has it sent again where the session was unknown.
    expect(server.calls).toEqual(['act', 'act']);
    expect(await outcomes(rig)).toEqual(['unanswered', null]);
  });

  test('a refusal with a long page ends nothing, and what it repeats of our headers is masked', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start((received, response) => {
      response.writeHead(401, { 'content-type': 'text/html' });
      response.write(`bad token: ${received.headers.authorization}, ${received.headers['x-key']}\n`);
      response.write('x'.repeat(1 << 20));
      response.end();
      return true;
    });
    const args = ['--header', `Authorization: Bearer $\{TOKEN}`, '--header', `X-Key: $\{KEY}`];
    const secrets = { TOKEN: 'secret-0815', KEY: 'key-4711' };
    const wrapper = remote(rig, server.url, ALLOW_ALL, args, secrets);
    const refused = await wrapper.initialize();
    expect(refused.error.message).toContain('bad token: ***, ***');
    expect((await wrapper.request('tools/list')).error.message).toContain('401');
    expect(await wrapper.end()).toBe(0);
    for (const secret of Object.values(secrets))
      expect(wrapper.stdout + wrapper.stderr).not.toContain(secret);
  });

  test('the server speaks by itself, and its questions are answered', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start();
    const wrapper = remote(rig, server.url);
    await wrapper.initialize();
    await expect.poll(() => server.listeners.length).toBe(1);
    server.listeners[0]?.write(event({ jsonrpc: '2.0', id: 0, method: 'roots/list' }));
    await wrapper.next(({ method }) => method === 'roots/list');
    wrapper.send({ jsonrpc: '2.0', id: 0, result: { roots: [] } });
    await expect
      .poll(() => server.received.map(({ body }) => body))
      .toContain('{"jsonrpc":"2.0","id":0,"result":{"roots":[]}}');
  });

  test('a listening stream that is cut is opened again from where it was', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start();
    const wrapper = remote(rig, server.url);
    await wrapper.initialize();
    await expect.poll(() => server.listeners.length).toBe(1);
    server.listeners[0]?.write('retry: 10\n');
    server.listeners[0]?.write(event({ jsonrpc: '2.0', method: 'notifications/a' }, 'n1'));
    await wrapper.next(({ method }) => method === 'notifications/a');
    server.listeners[0]?.destroy();
    await expect.poll(() => server.listeners.length, { timeout: 20_000 }).toBe(2);
    const opened = server.received.filter(({ method }) => method === 'GET');
    expect(opened.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'n1']);
    server.listeners[1]?.write(event({ jsonrpc: '2.0', method: 'notifications/b' }, 'n2'));
    await wrapper.next(({ method }) => method === 'notifications/b');
  });

  test('credentials go to no other origin', async () => {
    await using rig = new Rig();
    await using other = await RemoteServer.start();
    await using server = await RemoteServer.start((_, response) => {
      response.writeHead(307, { location: other.url }).end();
      return true;
    });
    const args = ['--header', `Authorization: Bearer $\{TOKEN}`];
    const wrapper = remote(rig, server.url, ALLOW_ALL, args, { TOKEN: 'secret-0815' });
    expect((await wrapper.initialize()).error.message).toContain('another server');
    expect(server.received[0]?.headers.authorization).toBe('Bearer secret-0815');
    expect(other.received).toEqual([]);
    expect(wrapper.stderr).not.toContain('secret-0815');
  });

  test('redirects in circles end', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start((received, response) => {
      response.writeHead(308, { location: `${received.path}x` }).end();
      return true;
    });
    const wrapper = remote(rig, server.url);
    expect((await wrapper.initialize()).error.message).toContain('from one address to the next');
    expect(server.received).toHaveLength(4);
  });

  test('an endless event is not kept', async () => {
    await using rig = new Rig();
    let written = 0;
    await using server = await RemoteServer.onCalls((_received, response) => {
      const send = stream(response);
      send('data: "');
      endless(response, (bytes) => (written += bytes));
    });
    const wrapper = remote(rig, server.url, ALLOW_ALL, ['--max-server-line', '2']);
    await wrapper.initialize();
    expect((await wrapper.call('act')).error.message).toContain('--max-server-line');
    expect(written).toBeLessThan(100 << 20);
  });

  test('2026-07-28: headers repeat the message, no session, and a cancelled request is cut', async () => {
    await using rig = new Rig();
    let cut = false;
    await using server = await RemoteServer.start((received, response) => {
      if (received.message?.method === 'tools/list') {
        const region = { type: 'string', 'x-mcp-header': 'Region' };
        const inputSchema = { type: 'object', properties: { region, plain: { type: 'string' } } };
        const result = {
          resultType: 'complete',
          ttlMs: 0,
          cacheScope: 'private',
          tools: [{ name: 'Hólá', inputSchema }],
        };
        answer(response, { jsonrpc: '2.0', id: received.message.id, result });
        return true;
      }
      if (received.message?.params?.name !== 'slow') return undefined;
      stream(response);
      response.on('close', () => {
        cut = true;
      });
      return true;
    });
    const wrapper = remote(rig, server.url);
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    await wrapper.request('tools/list', { _meta });
    await wrapper.request('tools/call', { name: 'Hólá', arguments: { region: 'eu', plain: 'x' }, _meta });
    const [list, call] = server.received;
    expect(list?.headers).toMatchObject({ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' });
    expect(call?.headers).toMatchObject({
      'mcp-method': 'tools/call',
      'mcp-name': `=?base64?${Buffer.from('Hólá').toString('base64')}?=`,
      'mcp-param-region': 'eu',
    });
    wrapper.send({ jsonrpc: '2.0', id: 99, method: 'tools/call', params: { name: 'slow', _meta } });
    await expect.poll(() => server.calls).toContain('slow');
    wrapper.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } });
    await expect.poll(() => cut).toBe(true);
    expect(server.posted('notifications/cancelled')).toEqual([]);
    expect(server.received.filter(({ method }) => method === 'GET')).toEqual([]);
  });

  test('G9: a signal ends it, with the session, while a call is pending', async () => {
    await using rig = new Rig();
    await using server = await RemoteServer.start((received) => isCall(received));
    const wrapper = remote(rig, server.url);
    await wrapper.initialize();
    wrapper.send({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'act' } });
    await expect.poll(() => server.calls).toEqual(['act']);
    wrapper.child.kill('SIGTERM');
    expect(await wrapper.exit).toBe(143);
    expect(wrapper.messages.find(({ id }) => id === 5).error).toBeDefined();
    expect(server.received.map(({ method }) => method)).toContain('DELETE');
  });
});

describe('HTTP with SSE, revision 2024-11-05', () => {
  /** Answers on the one stream that the client opened. */
  const eventServer = (endpoint: (server: RemoteServer) => string) =>
    RemoteServer.start((received, response, server) => {
      if (received.method === 'GET') {
        const send = stream(response);
        server.listeners.push(response);
        send(`event: endpoint\ndata: ${endpoint(server)}\n\n`);
        return true;
      }
      if (received.path === '/mcp') {
        response.writeHead(405).end();
        return true;
      }
      response.writeHead(202).end();
      const { id, method, params } = received.message ?? {};
      if (id === undefined || params?.name === 'lost') return true;
      const result =
        method === 'initialize'
          ? { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: { name: 'old', version: '1' } }
          : { content: [{ type: 'text', text: 'old' }] };
      server.listeners.at(-1)?.write(event({ jsonrpc: '2.0', id, result }));
      return true;
    });

  test('a whole conversation, and a new connection when the stream was cut', async () => {
    await using rig = new Rig();
    await using server = await eventServer(() => '/messages?session=1');
    const wrapper = remote(rig, server.url);
    await wrapper.initialize();
    expect((await wrapper.call('act')).result.content[0].text).toBe('old');
    wrapper.send({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'lost' } });
    await expect.poll(() => server.calls).toContain('lost');
    server.listeners[0]?.destroy();
    expect((await wrapper.next(({ id }) => id === 5)).error.message).toContain('answer was lost');
    expect((await wrapper.call('act')).result.content[0].text).toBe('old');
    expect(server.listeners).toHaveLength(2);
    // The first of them was refused where Streamable HTTP would answer.
    expect(server.posted('initialize').map(({ path }) => path)).toEqual([
      '/mcp',
      '/messages?session=1',
      '/messages?session=1',
    ]);
    expect(await wrapper.end()).toBe(0);
  });

  test('messages go to no other origin', async () => {
    await using rig = new Rig();
    await using other = await RemoteServer.start();
    await using server = await eventServer(() => other.url);
    const wrapper = remote(rig, server.url);
    expect((await wrapper.initialize()).error.message).toContain('another server');
    expect(other.received).toEqual([]);
  });
});

test('G9: a connection cut at any byte of the answer leaves no call waiting, and none runs twice', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  await using wire = await Between.to(server.port);
  const wrapper = remote(rig, `http://127.0.0.1:${wire.port}/mcp`);
  await wrapper.initialize();
  const answerLength = 300;
  let cuts = 0;
  for (let at = 1; at < answerLength; at += 7) {
    wire.answerBytes = at;
    const { result, error } = await wrapper.call(`at-${at}`);
    expect(result ?? error).toBeDefined();
    if (error) cuts += 1;
    wire.answerBytes = Number.POSITIVE_INFINITY;
  }
  await wrapper.end();
  expect(new Set(server.calls).size).toBe(server.calls.length);
  // Else no answer was cut at all.
  expect(cuts).toBeGreaterThan(10);
});

test('G4: a connection cut at any byte of the request leaves the call charged, and it is sent once', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  let budget = Number.POSITIVE_INFINITY;
  /** Beginnings of requests since the budget was set. */
  let begun = 0;
  const { connect } = await import('node:net');
  const proxy = createServer((socket) => {
    const far = connect(server.port, '127.0.0.1');
    far.pipe(socket);
    socket.on('data', (chunk) => {
      if (chunk.toString('latin1').startsWith('POST ')) begun++;
      const part = chunk.subarray(0, Math.max(0, budget));
      budget -= part.length;
      far.write(part);
      if (budget <= 0) socket.destroy();
    });
    for (const [one, two] of [
      [socket, far],
      [far, socket],
    ] as const)
      one.on('error', () => {}).on('close', () => two.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = proxy.address() as import('node:net').AddressInfo;
    const wrapper = remote(rig, `http://127.0.0.1:${port}/mcp`);
    await wrapper.initialize();
    await expect.poll(() => server.listeners.length).toBe(1);
    const cuts = Array.from({ length: 18 }, (_, n) => 1 + n * 19);
    for (const cut of cuts) {
      budget = cut;
      begun = 0;
      expect((await wrapper.call(`at-${cut}`)).error).toBeDefined();
      expect(begun).toBe(1);
      budget = Number.POSITIVE_INFINITY;
    }
    await wrapper.end();
    // What the server got of them was no request.
    expect(server.calls).toEqual([]);
    expect(await outcomes(rig)).toEqual(cuts.map(() => 'unanswered'));
  } finally {
    proxy.close();
  }
});
