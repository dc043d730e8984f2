import { describe, expect, test, vi } from 'vitest';
import { openEventEndpoint } from '../../../src/upstream/http/event-endpoint.js';
import { HttpClient } from '../../../src/upstream/http/http-client.js';
import { listen } from '../../../src/upstream/http/listening.js';
import { openStream } from '../../../src/upstream/http/own-stream.js';
import type { Remote } from '../../../src/upstream/http/remote.js';
import { RemoteSession } from '../../../src/upstream/http/session.js';
import { type Behaviour, event, RemoteServer, stream } from '../../support/remote-server.js';
import { NOBODY } from './conversation.js';

const STREAM = { 'content-type': 'text/event-stream; charset=utf-8' };

/** A server, and what one of its streams is opened with. */
async function rig(behaviour: Behaviour, more: Partial<Remote> = {}) {
  const server = await RemoteServer.start(behaviour);
  const client = new HttpClient({ allowPrivate: false, env: {} });
  const over = new AbortController();
  const got: string[] = [];
  const warned: string[] = [];
  const remote: Remote = {
    ...{ url: new URL(server.url), client, session: new RemoteSession(), credentials: NOBODY, longest: 1000 },
    over: over.signal,
    toClient: async (message) => void got.push(message.toString()),
    lost: () => {},
    warn: (text) => warned.push(text),
    ...more,
  };
  return {
    ...{ server, remote, got, warned, over },
    open: (after?: string) => openStream(remote, over.signal, after),
    endpoint: () => openEventEndpoint(remote, over.signal),
    async [Symbol.asyncDispose]() {
      over.abort();
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
const always =
  (status: number, headers: Record<string, string> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(status, headers).end();
    return true;
  };

describe('a stream on which the server speaks by itself', () => {
  test.each([
    [200, STREAM, 'a stream'],
    [200, { 'content-type': 'application/json' }, 'never'],
    [200, {}, 'never'],
    [202, STREAM, 'never'],
    [400, {}, 'never'],
    [401, {}, 'never'],
    [404, {}, 'never'],
    [405, {}, 'never'],
    [428, {}, 'never'],
    [429, {}, 'again'],
    [499, {}, 'never'],
    [500, {}, 'again'],
    [503, {}, 'again'],
  ] as const)('is opened by %i %j: %s', async (status, headers, expected) => {
    await using at = await rig(always(status, headers));
    const found = await at.open();
    expect(typeof found === 'object' ? 'a stream' : (found ?? 'again')).toBe(expected);
  });

  test('is gone with the session, where there was one', async () => {
    await using at = await rig(always(404));
    at.remote.session.begin('s1');
    expect(await at.open()).toBe('gone');
    expect(at.server.received[0]?.headers['mcp-session-id']).toBe('s1');
  });

  test('is tried again with renewed credentials, and not where they cannot be renewed', async () => {
    const renewed: number[] = [];
    const renew = async ({ status }: { status: number }) => renewed.push(status) === 1;
    await using at = await rig(always(401), { credentials: { ...NOBODY, renew } });
    expect(await at.open()).toBeUndefined();
    expect(await at.open()).toBe('never');
    expect(renewed).toEqual([401, 401]);
    await using forbidden = await rig(always(403), { credentials: { ...NOBODY, renew } });
    expect(await forbidden.open()).toBe('never');
    expect(renewed).toHaveLength(2);
  });

  test('is tried again where the connection was cut, unless all is over', async () => {
    await using at = await rig((_, response) => {
      response.destroy();
      return true;
    });
    expect(await at.open()).toBeUndefined();
    at.over.abort();
    await expect(at.open()).rejects.toThrow();
  });

  test.each([
    ['e1', true],
    ['x'.repeat(4096), true],
    ['x'.repeat(4097), false],
    ['', false],
    ['a\u00e9', false],
  ])('goes on behind the event %j where a header can say so: %s', async (after, isSaid) => {
    await using at = await rig(always(405));
    await at.open(after);
    expect(at.server.received[0]?.headers['last-event-id']).toBe(isSaid ? after : undefined);
  });
});

describe('listening', () => {
  test('ends where the server has no stream, and says so where it has lost the session', async () => {
    await using none = await rig(always(405));
    const gone = vi.fn();
    await listen(none.remote, none.over.signal, gone);
    expect(gone).not.toHaveBeenCalled();
    await using lost = await rig(always(404));
    lost.remote.session.begin('s1');
    await listen(lost.remote, lost.over.signal, gone);
    expect(gone).toHaveBeenCalledTimes(1);
  });

  test('passes messages on, and nothing else; a stream that is cut is told of and opened again', async () => {
    const message = { jsonrpc: '2.0', method: 'notifications/x' };
    let opened = 0;
    await using at = await rig((_, response) => {
      opened += 1;
      if (opened > 1) return always(405)(_, response, undefined as never);
      const send = stream(response);
      send('retry: 1\n\n');
      send('event: ping\ndata: {}\n\n');
      send('data: \n\n');
      send(event(message));
      // Longer than it may be.
      send(`data: ${'x'.repeat(2000)}`);
      return true;
    });
    await listen(at.remote, at.over.signal, () => {});
    expect(at.got.map((text) => JSON.parse(text))).toEqual([message]);
    expect(at.warned).toEqual([
      expect.stringMatching(/^the server's own stream was cut: an event is longer than 1000/),
    ]);
    expect(opened).toBe(2);
  });

  test('ends without a word where all is over', async () => {
    await using at = await rig((_, response) => {
      stream(response);
      at.over.abort();
      return true;
    });
    await listen(at.remote, at.over.signal, () => {});
    expect(at.warned).toEqual([]);
  });
});

describe('the stream of 2024-11-05', () => {
  test.each([
    [405, STREAM],
    [404, {}],
    [200, { 'content-type': 'text/html' }],
  ] as const)('is none by %i %j', async (status, headers) => {
    await using at = await rig(always(status, headers));
    expect(await at.endpoint()).toBeUndefined();
  });

  test('says where messages go, then brings them; who does not say so is given up', async () => {
    const message = { jsonrpc: '2.0', method: 'notifications/x' };
    await using at = await rig((_, response) => {
      const send = stream(response);
      send('event: endpoint\ndata: /messages?s=1\n\n');
      send('event: ping\ndata: x\n\n');
      send('data: \n\n');
      send(event(message));
      response.end();
      return true;
    });
    const found = await at.endpoint();
    expect(found?.url.href).toBe(new URL('/messages?s=1', at.remote.url).href);
    expect(await found?.over).toBe('the server ended its stream');
    expect(at.got.map((text) => JSON.parse(text))).toEqual([message]);
    await using silent = await rig(always(200, STREAM));
    await expect(silent.endpoint()).rejects.toThrow(/ did not say where messages go$/);
  });

  test('is waited for a quarter of a minute', async () => {
    let asked = () => {};
    const opened = new Promise<void>((resolve) => (asked = resolve));
    await using at = await rig((_, response) => {
      stream(response);
      asked();
      return true;
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const failed = expect(at.endpoint()).rejects.toThrow(/ did not say where messages go within 15 s$/);
      await opened;
      // Its headers are read in a later turn, and the wait begins behind them.
      while (vi.getTimerCount() === 0) await new Promise((resume) => setImmediate(resume));
      await vi.advanceTimersByTimeAsync(15_000);
      await failed;
    } finally {
      vi.useRealTimers();
    }
  });
});
