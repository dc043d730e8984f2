import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { answer, type Behaviour, event, isCall, RemoteServer, stream } from '../../support/remote-server.js';
import { Conversation, NOBODY } from './conversation.js';

type Response = Parameters<Behaviour>[1];

const result = { content: [{ type: 'text', text: 'done' }] };

/** Does something with calls, by how many came before; everything else is a well-behaved server's. */
function onCalls(...acts: readonly ((response: Response, id: number) => void)[]): Behaviour {
  let n = 0;
  return (received, response) => {
    if (!isCall(received)) return undefined;
    acts[Math.min(n, acts.length - 1)]?.(response, received.message.id);
    n += 1;
    return true;
  };
}

const done = (response: Response, id: number) => answer(response, { jsonrpc: '2.0', id, result });
const status =
  (code: number, headers: Record<string, string> = {}, body = '') =>
  (response: Response) =>
    void response.writeHead(code, headers).end(body);

async function talking(behaviour?: Behaviour, credentials = NOBODY) {
  const server = await RemoteServer.start(behaviour);
  const talk = new Conversation(server.url, credentials);
  return {
    server,
    talk,
    async [Symbol.asyncDispose]() {
      talk.upstream.terminate('SIGTERM');
      talk.upstream.terminate('SIGTERM');
      await talk.upstream.closed;
      await server[Symbol.asyncDispose]();
    },
  };
}

const listens = (server: RemoteServer) => vi.waitFor(() => expect(server.listeners).toHaveLength(1), 10_000);

describe('a whole conversation', () => {
  test('carries the session and the revision once they are known, and ends the session at its end', async () => {
    await using at = await talking();
    const { talk, server } = at;
    expect(talk.upstream.about).toBe('Streamable HTTP, no session');
    talk.begin();
    expect(await talk.call(2)).toBe('answered');
    expect(talk.upstream.about).toBe('Streamable HTTP of 2025-11-25, a session');
    await listens(server);
    expect(await talk.end()).toBe(0);
    const [initialize] = server.posted('initialize');
    expect(initialize?.headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'accept-encoding': 'identity',
    });
    expect(initialize?.headers).not.toHaveProperty('mcp-session-id');
    const later = server.received.filter(({ message }) => message?.method !== 'initialize');
    expect(later.map(({ method }) => method).sort()).toEqual(['DELETE', 'GET', 'POST', 'POST']);
    for (const { headers } of later)
      expect(headers).toMatchObject({ 'mcp-session-id': 's1', 'mcp-protocol-version': '2025-11-25' });
    expect(talk.warnings).toBe('');
    expect(talk.upstream.unsent).toBe(0);
  });

  test('a server without sessions gets no id, and no farewell', async () => {
    await using at = await talking(({ message }, response) => {
      if (message?.method !== 'initialize') return undefined;
      answer(response, { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-03-26' } });
      return true;
    });
    const { talk, server } = at;
    talk.begin();
    expect(await talk.call(2)).toBe('answered');
    await talk.end();
    expect(talk.upstream.about).toBe('Streamable HTTP of 2025-03-26, no session');
    expect(server.received.filter(({ method }) => method === 'DELETE')).toEqual([]);
  });

  test('calls wait for the session; then they do not wait for one another', async () => {
    const waiting: (() => void)[] = [];
    let begin = () => {};
    await using at = await talking(({ message }, response, server) => {
      if (message?.method === 'initialize' && server.sessions === 0) {
        begin = () => answer(response, { jsonrpc: '2.0', id: 1, result: {} }, { 'mcp-session-id': 'x' });
        return true;
      }
      if (message?.method !== 'tools/call') return undefined;
      waiting.push(() => done(response, message.id));
      return true;
    });
    const { talk, server } = at;
    talk.begin();
    talk.say('tools/call', 2, { name: 'act' });
    talk.say('tools/call', 3, { name: 'act' });
    await vi.waitFor(() => expect(server.posted('initialize')).toHaveLength(1));
    await sleep(30);
    expect(server.calls).toEqual([]);
    begin();
    await vi.waitFor(() => expect(waiting).toHaveLength(2), 10_000);
    expect(server.posted('tools/call').map(({ headers }) => headers['mcp-session-id'])).toEqual(['x', 'x']);
    for (const end of waiting.reverse()) end();
    await talk.fate(2);
    expect(talk.got.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
  });

  test('an answer over several lines is one line for the client, and nothing of it is lost', async () => {
    await using at = await talking(
      onCalls((response, id) => {
        response.writeHead(200, { 'content-type': 'Application/JSON; charset=utf-8' });
        response.end(`{\r\n  "jsonrpc": "2.0",\n  "id": ${id},\n  "result": { "text": "a\\nb" }\n}\n`);
      }),
    );
    at.talk.begin();
    expect(await at.talk.call(2)).toBe('answered');
    expect(at.talk.answer(2).result).toEqual({ text: 'a\nb' });
  });
});

describe('what a server answers in the place of a message', () => {
  test.each<[string, (response: Response) => void, string, RegExp]>([
    [
      'a page',
      status(200, { 'content-type': 'text/html' }, '<p>'),
      'lost',
      /answered with text\/html, which is no MCP$/,
    ],
    ['nothing', status(200), 'lost', /answered with no content type, which is no MCP$/],
    ['that it was taken, and no answer', status(202), 'lost', /^its answer did not come$/],
    ['no content', status(204), 'lost', /^its answer did not come$/],
    [
      'something compressed',
      status(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'x'),
      'lost',
      /sent a compressed answer$/,
    ],
    ['that it failed', status(500, {}, 'a\nb'), 'lost', /answered 500: a$/],
    [
      'a stream without an answer',
      status(200, { 'content-type': 'text/event-stream' }, ': hello\n\n'),
      'lost',
      /^its answer did not come$/,
    ],
    [
      'an answer to something else',
      status(200, { 'content-type': 'application/json' }, '{"jsonrpc":"2.0","id":99,"result":{}}'),
      'lost',
      /^its answer did not come$/,
    ],
    [
      'no answer at all',
      (response) => response.destroy(),
      'lost',
      /^the connection to 127\.0\.0\.1:\d+ was cut$/,
    ],
    [
      'a redirect that makes it another request',
      status(302, { location: '/other' }),
      'lost',
      /answered with a redirect \(302\), which no call can follow$/,
    ],
    [
      'a redirect to another server',
      status(307, { location: 'http://127.0.0.1:1/mcp' }),
      'lost',
      /which is another server: give that address$/,
    ],
  ])('G4: %s: the call counts as one that may have run', async (_, act, fate, reason) => {
    await using at = await talking(onCalls(act));
    at.talk.begin();
    expect(await at.talk.call(2)).toBe(fate);
    expect(at.talk.reasons).toEqual([expect.stringMatching(reason)]);
    // It is sent once, whatever came back.
    expect(at.server.calls).toHaveLength(1);
  });

  test.each([
    [400, 'text/plain', 'nonsense\nmore', /answered 400: nonsense$/],
    [429, 'text/plain', '', /answered 429$/],
    [413, 'application/json', '{"error":"big"}', /answered 413$/],
    [403, 'text/plain', 'no', /answered 403: no$/],
  ])('a status of %i (%s, %j) is an answer that says so', async (code, type, body, said) => {
    await using at = await talking(onCalls(status(code, { 'content-type': type }, body)));
    at.talk.begin();
    expect(await at.talk.call(2)).toBe('answered');
    expect(at.talk.answer(2).error).toEqual({ code: -32603, message: expect.stringMatching(said) });
    expect(at.talk.warnings).toContain(`answered ${code}`);
  });

  test.each([
    ['an error', 400, { error: { code: -32602, message: 'No.' } }],
    ['an error, with a status that says that it failed', 500, { error: { code: 1, message: 'No.' } }],
    ['a result', 418, { result: {} }],
  ])('%s in the words of MCP passes as it is (%i)', async (_, code, outcome) => {
    await using at = await talking(
      onCalls((response, id) => {
        response.writeHead(code, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }));
      }),
    );
    at.talk.begin();
    expect(await at.talk.call(2)).toBe('answered');
    expect(at.talk.answer(2)).toEqual({ jsonrpc: '2.0', id: 2, ...outcome });
    expect(at.talk.warnings).toBe('');
  });

  test('an answer that is too long is not held', async () => {
    await using at = await talking(
      onCalls(
        (response, id) => answer(response, { jsonrpc: '2.0', id, result: 'x'.repeat(1 << 20) }),
        (response) => stream(response)(`data: ${'x'.repeat((1 << 20) + 1000)}`),
        done,
      ),
    );
    at.talk.begin();
    expect(await at.talk.call(2)).toBe('lost');
    expect(await at.talk.call(3)).toBe('lost');
    expect(at.talk.reasons).toEqual([
      expect.stringContaining('the answer is longer than 1048576 bytes (--max-server-line'),
      expect.stringContaining('an event is longer than 1048576 bytes (--max-server-line'),
    ]);
    expect(await at.talk.call(4)).toBe('answered');
  });

  test('a message without an answer that fails is told to the person, and holds nothing up', async () => {
    await using at = await talking(({ message }, response) => {
      if (message?.method !== 'notifications/x') return undefined;
      response.destroy();
      return true;
    });
    at.talk.begin();
    at.talk.say('notifications/x');
    expect(await at.talk.call(2)).toBe('answered');
    expect(at.talk.warnings).toMatch(
      /^policy-wrap: a message for the server was lost: the connection to .* was cut\n$/,
    );
    expect(at.talk.fates).toEqual(['1 answered', '2 answered']);
  });
});

describe('a server that cannot be had', () => {
  test('G5: what nobody was there to take is given back', async () => {
    const server = await RemoteServer.start();
    const { url } = server;
    await server[Symbol.asyncDispose]();
    const talk = new Conversation(url);
    talk.begin();
    expect(await talk.fate(1)).toBe('not sent');
    expect(await talk.call(2)).toBe('not sent');
    expect(talk.reasons[0]).toMatch(/^nothing answers at 127\.0\.0\.1:\d+$/);
    expect(await talk.end()).toBe(0);
    expect(await talk.call(3)).toBe('not sent');
    expect(talk.reasons.at(-1)).toBe('the session has ended');
    expect(talk.upstream.unsent).toBe(0);
  });

  test.each([404, 405, 400])('one that knows neither wire (%i) is named', async (code) => {
    await using at = await talking((_, response) => {
      response.writeHead(code).end();
      return true;
    });
    at.talk.begin();
    expect(await at.talk.fate(1)).toBe('not sent');
    expect(at.talk.reasons[0]).toMatch(/^127\.0\.0\.1:\d+ has no MCP at \/mcp$/);
  });

  test('an error of MCP to the first message is passed on, whatever the status', async () => {
    await using at = await talking(({ message }, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ jsonrpc: '2.0', id: message.id, error: { code: -32600, message: 'Old.' } }),
      );
      return true;
    });
    at.talk.say('initialize', 1, {});
    expect(await at.talk.fate(1)).toBe('answered');
    expect(at.talk.answer(1).error.message).toBe('Old.');
  });
});

describe('a stream of events', () => {
  const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: {} };

  test('brings what comes before the answer, in its order; what is no message is passed over', async () => {
    await using at = await talking(
      onCalls((response, id) => {
        const send = stream(response);
        send(event(progress));
        send('event: other\ndata: {"x":1}\n\n');
        send('data: \n\n');
        send(`data: {"jsonrpc":"2.0",\ndata: "id":${id},"result":{}}\n\n`);
        response.end();
      }),
    );
    at.talk.begin();
    expect(await at.talk.call(2)).toBe('answered');
    expect(at.talk.got.slice(1)).toEqual([progress, { jsonrpc: '2.0', id: 2, result: {} }]);
  });

  test('that is cut is gone on with behind its last event, the call is sent once', async () => {
    await using at = await talking((received, response) => {
      if (isCall(received)) {
        const send = stream(response);
        send('retry: 1\n\n');
        send(event(progress, 'e1'));
        response.end();
        return true;
      }
      const after = received.headers['last-event-id'];
      if (after === undefined) return undefined;
      if (after === 'e1') {
        stream(response)('id: e2\ndata: \n\n');
        response.end();
      } else {
        stream(response)(event({ jsonrpc: '2.0', id: 2, result }, 'e3'));
        response.end();
      }
      return true;
    });
    at.talk.begin();
    expect(await at.talk.call(2)).toBe('answered');
    const after = at.server.received.map(({ headers }) => headers['last-event-id']);
    expect(after.filter((id) => id !== undefined)).toEqual(['e1', 'e2']);
    expect(at.server.calls).toHaveLength(1);
    expect(at.talk.got.slice(1)).toEqual([progress, { jsonrpc: '2.0', id: 2, result }]);
  });

  test('that the server does not go on with is given up after some tries, and the call counts', async () => {
    let tries = 0;
    await using at = await talking((received, response) => {
      if (isCall(received)) {
        stream(response)('retry: 1\nid: e1\ndata: \n\n');
        response.end();
        return true;
      }
      if (received.headers['last-event-id'] === undefined) return undefined;
      tries += 1;
      response.writeHead(405).end();
      return true;
    });
    at.talk.begin();
    vi.spyOn(Math, 'random').mockReturnValue(0);
    // 100 ms, the least that a server may ask for, and twice as long each time.
    at.talk.say('tools/call', 2, { name: 'act' });
    await vi.waitFor(() => expect(tries).toBe(3), 10_000);
    vi.restoreAllMocks();
    expect(at.talk.fates).toEqual(['1 answered']);
    at.talk.upstream.terminate('SIGTERM');
    expect(await at.talk.fate(2)).toBe('lost');
    expect(at.talk.reasons).toEqual(['the session has ended']);
  });
});

describe('a session that the server has lost', () => {
  test('is begun again, once for all that wait, with what the client said at the beginning', async () => {
    let lost = false;
    await using at = await talking((received, response, server) => {
      server.announces = true;
      if (!lost || !isCall(received) || received.headers['mcp-session-id'] !== 's1') return undefined;
      response.writeHead(404).end();
      return true;
    });
    const { talk, server } = at;
    talk.begin();
    expect(await talk.call(2)).toBe('answered');
    lost = true;
    expect(await Promise.all([talk.call(3), talk.call(4)])).toEqual(['answered', 'answered']);
    expect(server.sessions).toBe(2);
    const [first, second] = server.posted('initialize');
    expect(second?.message.params).toEqual(first?.message.params);
    expect(second?.message.id).toMatch(/^pw-/);
    expect(server.posted('notifications/initialized')).toHaveLength(2);
    // Neither our own answer nor a second one reaches the client; that lists may differ does.
    expect(talk.got.map(({ id, method }) => id ?? method).sort()).toEqual([
      1,
      2,
      3,
      4,
      'notifications/tools/list_changed',
    ]);
    expect(talk.warnings).toContain('had lost the session; a new one was begun');
    await vi.waitFor(() => expect(server.listeners).toHaveLength(2), 10_000);
  });

  test('and begins no new one refuses the call, which is given back', async () => {
    await using at = await talking(({ message }, response, server) => {
      if (message?.method === 'initialize' && server.posted('initialize').length > 1) {
        response.writeHead(500).end();
        return true;
      }
      if (message?.method !== 'tools/call') return undefined;
      response.writeHead(404).end();
      return true;
    });
    at.talk.begin();
    expect(await at.talk.call(2)).toBe('lost');
    expect(at.talk.reasons.at(-1)).toMatch(/has lost the session, and begins no new one$/);
    expect(at.server.calls).toHaveLength(1);
  });

  test('a 404 twice ends it', async () => {
    await using at = await talking(onCalls(status(404)));
    at.talk.begin();
    expect(await at.talk.call(2)).toBe('lost');
    expect(at.talk.reasons[0]).toMatch(/speaks no MCP that is known here$/);
    expect(at.server.calls).toHaveLength(2);
  });
});

describe('what the server says by itself', () => {
  test('is heard, and heard again from where it was once its stream was cut', async () => {
    const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };
    await using at = await talking(({ method, headers }, response, server) => {
      if (method !== 'GET') return undefined;
      server.listeners.push(response);
      const send = stream(response);
      if (headers['last-event-id'] === undefined) {
        send('retry: 100\n\n');
        send(event(changed, 'a'));
        response.end();
      } else send(event({ ...changed, method: 'notifications/x' }, 'b'));
      return true;
    });
    at.talk.begin();
    await vi.waitFor(() => expect(at.talk.got).toHaveLength(3), 10_000);
    expect(at.talk.got.slice(1).map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/x',
    ]);
    const opened = at.server.received.filter(({ method }) => method === 'GET');
    expect(opened.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'a']);
    expect(opened[0]?.headers.accept).toBe('text/event-stream');
  });

  test.each([405, 404, 400])('a server that has no such stream (%i) is not asked again', async (code) => {
    await using at = await talking(({ method, message }, response) => {
      if (message?.method === 'initialize') {
        answer(response, { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-06-18' } });
        return true;
      }
      if (method !== 'GET') return undefined;
      response.writeHead(code).end();
      return true;
    });
    at.talk.begin();
    await at.talk.call(2);
    await vi.waitFor(() => expect(at.server.received.some(({ method }) => method === 'GET')).toBe(true));
    await sleep(30);
    expect(at.talk.warnings).toBe('');
    expect(at.server.received.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });
});

test.each([500, 429])(
  'a stream of its own that cannot be opened now (%i) is tried again a moment later',
  async (code) => {
    let asked = 0;
    await using at = await talking(({ method }, response) => {
      if (method !== 'GET') return undefined;
      asked += 1;
      if (asked === 1) {
        response.writeHead(code).end();
        return true;
      }
      stream(response)(event({ jsonrpc: '2.0', method: 'notifications/x' }));
      return true;
    });
    at.talk.begin();
    await vi.waitFor(() => expect(at.talk.got).toHaveLength(2), 10_000);
    expect(asked).toBe(2);
  },
);

test('G9: the end of the input waits for all that is in flight, and for nothing more', async () => {
  const answers: (() => void)[] = [];
  await using at = await talking(onCalls((response, id) => void answers.push(() => done(response, id))));
  at.talk.begin();
  for (const id of [2, 3]) at.talk.say('tools/call', id, { name: 'act' });
  await vi.waitFor(() => expect(answers).toHaveLength(2), 10_000);
  const ended = at.talk.end();
  answers[0]?.();
  await vi.waitFor(() => expect(at.talk.got).toHaveLength(2));
  await sleep(50);
  expect(at.server.received.filter(({ method }) => method === 'DELETE')).toEqual([]);
  answers[1]?.();
  expect(await ended).toBe(0);
  expect(at.talk.fates.slice(1).sort()).toEqual(['2 answered', '3 answered']);
});

describe('credentials', () => {
  test('that were renewed are tried once more, and what the server repeats of them is masked', async () => {
    let token = 'old';
    const renewed: number[] = [];
    const credentials = {
      ...NOBODY,
      headers: async () => ({ authorization: token }),
      renew: async ({ status: code }: { status: number }) => {
        renewed.push(code);
        token = 'new';
        return renewed.length === 1;
      },
      masked: (text: string) => text.replace('new', '****'),
      advice: () => 'log in',
    };
    await using at = await talking(({ headers, message }, response) => {
      if (message?.method !== 'tools/call') return undefined;
      if (headers.authorization === 'new' && message.id === 2) return undefined;
      response.writeHead(401, { 'content-type': 'text/plain' }).end(`who is ${headers.authorization}?`);
      return true;
    }, credentials);
    at.talk.begin();
    expect(await at.talk.call(2)).toBe('answered');
    expect(at.talk.answer(2).result).toBeDefined();
    expect(renewed).toEqual([401]);
    expect(await at.talk.call(3)).toBe('answered');
    // A model gets no command, the person does.
    expect(at.talk.answer(3).error.message).toMatch(/answered 401: who is \*\*\*\*\?$/);
    expect(at.talk.warnings).toContain('answered 401: who is ****?; log in');
    expect(renewed).toEqual([401, 401]);
    expect(at.server.calls).toHaveLength(3);
  });

  test('where it begins the client hears what its person can do', async () => {
    const challenges: unknown[] = [];
    const advice = (challenge: string | undefined) => {
      challenges.push(challenge);
      return 'log in';
    };
    await using at = await talking(
      (received, response) => {
        if (received.method !== 'POST') return undefined;
        response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
        return true;
      },
      { ...NOBODY, advice },
    );
    at.talk.say('initialize', 1, {});
    expect(await at.talk.fate(1)).toBe('answered');
    expect(at.talk.answer(1).error.message).toMatch(/answered 401; log in$/);
    await at.talk.call(2);
    expect(challenges).toEqual([undefined, 'Bearer']);
  });
});

describe('2026-07-28', () => {
  const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };

  test('a request is cancelled by cutting its stream; the next call runs', async () => {
    let cut = 0;
    await using at = await talking(
      onCalls((response) => {
        stream(response);
        response.on('close', () => (cut += 1));
      }, done),
    );
    at.talk.say('tools/call', 2, { name: 'act', ...meta });
    await vi.waitFor(() => expect(at.server.calls).toHaveLength(1));
    at.talk.say('notifications/cancelled', undefined, { requestId: 2, ...meta });
    await vi.waitFor(() => expect(cut).toBe(1), 10_000);
    expect(at.server.posted('notifications/cancelled')).toEqual([]);
    expect(at.talk.fates).toEqual([]);
    expect(await at.talk.call(3)).toBe('answered');
    expect(at.server.posted('tools/call')[0]?.headers).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'act',
    });
  });

  test('one that is not known any more is told in a message', async () => {
    await using at = await talking();
    expect(await at.talk.call(2)).toBe('answered');
    at.talk.say('notifications/cancelled', undefined, { requestId: 2 });
    await vi.waitFor(() => expect(at.server.posted('notifications/cancelled')).toHaveLength(1), 10_000);
  });

  test('before it, a message cancels', async () => {
    await using at = await talking(onCalls((response) => void stream(response)));
    at.talk.begin();
    at.talk.say('tools/call', 2, { name: 'act' });
    await vi.waitFor(() => expect(at.server.calls).toHaveLength(1), 10_000);
    at.talk.say('notifications/cancelled', undefined, { requestId: 2 });
    await vi.waitFor(() => expect(at.server.posted('notifications/cancelled')).toHaveLength(1), 10_000);
  });
});

describe('back-pressure', () => {
  test('what is not taken is counted, and when there is room again it is told', async () => {
    const answers: (() => void)[] = [];
    await using at = await talking(onCalls((response, id) => void answers.push(() => done(response, id))));
    const { upstream } = at.talk;
    let drained = 0;
    upstream.onDrain(() => (drained += 1));
    at.talk.begin();
    await at.talk.fate(1);
    at.talk.say('tools/call', 2, { name: 'act', filler: 'x'.repeat(300_000) });
    expect(upstream.unsent).toBeGreaterThan(300_000);
    await vi.waitFor(() => expect(answers).toHaveLength(1), 10_000);
    answers[0]?.();
    await at.talk.fate(2);
    await vi.waitFor(() => expect(upstream.unsent).toBe(0));
    expect(drained).toBe(1);
    at.talk.say('tools/call', 3, { name: 'act' });
    await vi.waitFor(() => expect(answers).toHaveLength(2), 10_000);
    answers[1]?.();
    await at.talk.fate(3);
    expect(drained).toBe(1);
  });
});

describe('HTTP with SSE, of 2024-11-05', () => {
  /** Messages go to /messages, answers come on the stream. */
  const sse =
    (
      endpoint = '/messages',
      act: (message: { id?: number }, send: (text: string) => void) => boolean = () => false,
    ): Behaviour =>
    ({ method, path, message }, response, server) => {
      if (method === 'GET') {
        server.listeners.push(response);
        stream(response)(`event: endpoint\ndata: ${endpoint}\n\n`);
        return true;
      }
      if (path === '/mcp') {
        response.writeHead(405).end();
        return true;
      }
      response.writeHead(202).end('Accepted');
      const send = (text: string) => void server.listeners.at(-1)?.write(text);
      if (message.id === undefined || act(message, send)) return true;
      const its =
        message.method === 'initialize' ? { protocolVersion: '2024-11-05', capabilities: {} } : result;
      send(event({ jsonrpc: '2.0', id: message.id, result: its }));
      return true;
    };

  test('is spoken where a server knows nothing else; a connection that was cut is made anew', async () => {
    await using at = await talking(sse());
    const { talk, server } = at;
    talk.begin();
    expect(await talk.call(2)).toBe('answered');
    expect(talk.upstream.about).toBe('HTTP with SSE of 2024-11-05');
    expect(server.posted('tools/call').map(({ path }) => path)).toEqual(['/messages']);
    server.listeners[0]?.end();
    await vi.waitFor(
      () => expect(talk.warnings).toContain('the connection is over: the server ended its stream'),
      10_000,
    );
    expect(await talk.call(3)).toBe('answered');
    expect(server.listeners).toHaveLength(2);
    expect(server.posted('initialize').map(({ path }) => path)).toEqual(['/mcp', '/messages', '/messages']);
    expect(talk.got.map(({ id }) => id)).toEqual([1, 2, 3]);
    await talk.end();
    expect(server.received.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test('a call whose answer does not come before the stream ends may have run', async () => {
    await using at = await talking(sse('/messages', ({ id }) => id === 2));
    at.talk.begin();
    at.talk.say('tools/call', 2, { name: 'act' });
    await vi.waitFor(() => expect(at.server.calls).toHaveLength(1), 10_000);
    at.server.listeners[0]?.end();
    expect(await at.talk.fate(2)).toBe('lost');
    expect(at.talk.reasons).toEqual(['the server ended its stream']);
  });

  test('messages go to no other origin', async () => {
    await using at = await talking(sse('http://127.0.0.1:1/messages'));
    at.talk.begin();
    expect(await at.talk.fate(1)).toBe('not sent');
    expect(at.talk.reasons[0]).toMatch(/wants messages sent to http:\/\/127\.0\.0\.1:1, another server$/);
  });
});
