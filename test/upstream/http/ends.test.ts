import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { Credentials } from '../../../src/upstream/http/remote.js';
import { answer, type Behaviour, event, isCall, RemoteServer, stream } from '../../support/remote-server.js';
import { Conversation, NOBODY } from './conversation.js';

interface State {
  readonly behaviour?: Behaviour;
  readonly credentials?: Credentials;
  readonly reads?: boolean;
  /** Brings the conversation there; settles when it is there. */
  reach(talk: Conversation, server: RemoteServer): Promise<unknown>;
  /** What may become of the call, which has the id 2; none where there is none. */
  readonly call?: RegExp;
}

const called = (server: RemoteServer) => until(() => server.calls.length > 0);
const onCall =
  (act: (response: Parameters<Behaviour>[1]) => void): Behaviour =>
  (received, response) => {
    if (!isCall(received)) return undefined;
    act(response);
    return true;
  };
const call = async (talk: Conversation, server: RemoteServer) => {
  talk.begin();
  talk.say('tools/call', 2, { name: 'act' });
  await called(server);
};

const STATES: Record<string, State> = {
  'nothing was said': { reach: async () => {} },
  'initialize has no answer': {
    behaviour: ({ message }) => message?.method === 'initialize' || undefined,
    reach: async (talk, server) => {
      talk.begin();
      talk.say('tools/call', 2, { name: 'act' });
      await expect.poll(() => server.posted('initialize').length === 1);
    },
    // It waited for the session, and did not leave.
    call: /^not sent$/,
  },
  'the headers of the answer do not come': { behaviour: onCall(() => {}), reach: call, call: /^lost$/ },
  'half of its headers came': {
    behaviour: onCall((response) => void response.socket?.write('HTTP/1.1 200 OK\r\ncontent-ty')),
    reach: call,
    call: /^lost$/,
  },
  'half of its body came': {
    behaviour: onCall((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      response.write('{"jsonrpc":"2.0","id":2,');
    }),
    reach: call,
    call: /^lost$/,
  },
  'a stream says nothing': {
    behaviour: onCall((response) => void stream(response)),
    reach: call,
    call: /^lost$/,
  },
  'a stream stands in the middle of an event': {
    behaviour: onCall((response) => stream(response)('data: {"jsonrpc":"2.0","id":2,')),
    reach: call,
    call: /^lost$/,
  },
  'a stream that was cut waits to be gone on with': {
    behaviour: onCall((response) => {
      stream(response)('retry: 60000\nid: 1\ndata: \n\n');
      response.end();
    }),
    reach: async (talk, server) => {
      await call(talk, server);
      await sleep(50);
    },
    call: /^lost$/,
  },
  'a stream is being gone on with': {
    behaviour: (received, response) => {
      if (isCall(received)) {
        stream(response)('retry: 1\nid: 1\ndata: \n\n');
        response.end();
        return true;
      }
      return received.headers['last-event-id'] !== undefined || undefined;
    },
    reach: async (talk, server) => {
      await call(talk, server);
      await until(() => server.received.some(({ headers }) => headers['last-event-id'] !== undefined));
    },
    call: /^lost$/,
  },
  'the session is begun again': {
    behaviour: ({ message }, response, server) => {
      if (message?.method === 'initialize') return server.posted('initialize').length > 1 || undefined;
      if (message?.method !== 'tools/call') return undefined;
      response.writeHead(404).end();
      return true;
    },
    reach: async (talk, server) => {
      await call(talk, server);
      await until(() => server.posted('initialize').length === 2);
    },
    call: /^(?:lost|not sent)$/,
  },
  'it listens': {
    reach: async (talk, server) => {
      talk.begin();
      await until(() => server.listeners.length === 1);
    },
  },
  'a token is renewed': {
    behaviour: onCall((response) => void response.writeHead(401).end()),
    credentials: { ...NOBODY, renew: () => new Promise(() => {}) },
    reach: call,
    call: /^(?:lost|not sent)$/,
  },
  'the end of the session has no answer': {
    behaviour: ({ method }) => method === 'DELETE' || undefined,
    reach: async (talk, server) => {
      talk.begin();
      await until(() => server.listeners.length === 1);
    },
  },
  'nobody reads what it said': {
    reads: false,
    behaviour: onCall((response) =>
      answer(response, { jsonrpc: '2.0', id: 2, result: { text: 'x'.repeat(900_000) } }),
    ),
    reach: async (talk, server) => {
      await call(talk, server);
      for (let id = 3; id < 8; id++) talk.say('tools/call', id, { name: 'act' });
      await until(() => server.calls.length === 6);
    },
  },
  'SSE: it has not said where messages go': {
    behaviour: ({ method }, response) => {
      if (method === 'GET') stream(response)(': wait\n\n');
      else response.writeHead(405).end();
      return true;
    },
    reach: async (talk, server) => {
      talk.begin();
      talk.say('tools/call', 2, { name: 'act' });
      await until(() => server.received.some(({ method }) => method === 'GET'));
    },
    call: /^not sent$/,
  },
  'SSE: it has not answered': {
    behaviour: ({ method, path, message }, response, server) => {
      if (method === 'GET') {
        server.listeners.push(response);
        stream(response)('event: endpoint\ndata: /messages\n\n');
      } else if (path === '/mcp') response.writeHead(405).end();
      else {
        response.writeHead(202).end();
        if (message.method === 'initialize')
          server.listeners[0]?.write(
            event({
              jsonrpc: '2.0',
              id: message.id,
              result: { protocolVersion: '2024-11-05', capabilities: {} },
            }),
          );
      }
      return true;
    },
    reach: call,
    call: /^lost$/,
  },
};

const ENDS: Record<string, { end(talk: Conversation): void; code: number }> = {
  'the end of the input': { end: ({ upstream }) => upstream.end(), code: 0 },
  'a signal': { end: ({ upstream }) => upstream.terminate('SIGTERM'), code: 143 },
  'the end of the input, then a signal': {
    end: ({ upstream }) => {
      upstream.end();
      upstream.terminate('SIGINT');
    },
    code: 130,
  },
  'two signals': {
    end: ({ upstream }) => {
      upstream.terminate('SIGTERM');
      upstream.terminate('SIGTERM');
    },
    code: 143,
  },
};

test.concurrent.each(Object.entries(STATES))(
  'G9: whatever ends it, it ends, and each request has one fate: %s',
  async (_title, { behaviour, credentials, reach, call: fate, reads }) => {
    await Promise.all(
      Object.entries(ENDS).map(async ([title, { end, code }]) => {
        await using server = await RemoteServer.start(behaviour);
        const talk = new Conversation(server.url, credentials, reads ?? true);
        await reach(talk, server);
        end(talk);
        if (!talk.reads && code === 0) talk.upstream.stdout.resume();
        expect([title, await talk.upstream.closed]).toEqual([title, code]);
        // Whatever is still told is told in this turn.
        await sleep(20);
        const ids = talk.fates.map((each) => each.split(' ')[0]);
        expect([title, ids]).toEqual([title, [...new Set(ids)]]);
        const ofCall = talk.fates.find((each) => each.startsWith('2 '))?.slice(2);
        if (fate) expect([title, ofCall]).toEqual([title, expect.stringMatching(fate)]);
      }),
    );
  },
);

test('G9: a first signal lets what is in flight end for a moment, a second one does not', async () => {
  const answers: (() => void)[] = [];
  await using server = await RemoteServer.start((received, response) => {
    if (!isCall(received)) return undefined;
    const { id } = received.message;
    answers.push(() => answer(response, { jsonrpc: '2.0', id, result: {} }));
    return true;
  });
  const [patient, other] = [new Conversation(server.url), new Conversation(server.url)];
  for (const talk of [patient, other]) {
    talk.begin();
    await talk.fate(1);
    const { length } = answers;
    talk.say('tools/call', 2, { name: 'act' });
    await until(() => answers.length > length);
  }
  // The moment does not pass while the answer is on its way.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    for (const { upstream } of [patient, other]) upstream.terminate('SIGTERM');
    other.upstream.terminate('SIGTERM');
  } finally {
    vi.useRealTimers();
  }
  answers[0]?.();
  expect(await patient.fate(2)).toBe('answered');
  expect(await other.fate(2)).toBe('lost');
  for (const { upstream } of [patient, other]) expect(await upstream.closed).toBe(143);
});

test('a message without an answer holds up those behind it for five seconds, no longer', async () => {
  await using server = await RemoteServer.start(
    ({ message }) => message?.method === 'notifications/x' || undefined,
  );
  const talk = new Conversation(server.url);
  talk.begin();
  await talk.fate(1);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    talk.say('notifications/x');
    talk.say('tools/call', 2, { name: 'act' });
    await until(() => server.posted('notifications/x').length === 1);
    vi.advanceTimersByTime(4999);
    await sleep(20);
    expect(server.calls).toEqual([]);
    vi.advanceTimersByTime(1);
    await until(() => server.calls.length === 1);
  } finally {
    vi.useRealTimers();
  }
  expect(await talk.fate(2)).toBe('answered');
  talk.upstream.terminate('SIGTERM');
  talk.upstream.terminate('SIGTERM');
  await talk.upstream.closed;
});

test('a stream of its own is opened again no earlier than the server asked', async () => {
  const opened: number[] = [];
  let ended = 0;
  await using server = await RemoteServer.start(({ method }, response) => {
    if (method !== 'GET') return undefined;
    opened.push(performance.now());
    if (opened.length > 1) return false;
    stream(response)('retry: 200\ndata: \n\n');
    response.end(() => (ended = performance.now()));
    return true;
  });
  // Its wait is spread, to later alone: a spread much wider than it is shows that.
  vi.spyOn(Math, 'random').mockReturnValue(4);
  const talk = new Conversation(server.url);
  talk.begin();
  await until(() => opened.length === 2);
  vi.restoreAllMocks();
  expect((opened[1] ?? 0) - ended).toBeGreaterThan(299);
  await talk.end();
});

/** @throws Error when it does not come true */
async function until(condition: () => boolean): Promise<void> {
  for (const since = performance.now(); !condition(); await sleep(5))
    if (performance.now() - since > 15_000) throw new Error(`never: ${condition}`);
}
