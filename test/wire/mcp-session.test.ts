import { describe, expect, test } from 'vitest';
import { McpSession, showsForms } from '../../src/wire/mcp-session.js';
import type { JudgedCall } from '../../src/wire/message.js';
import { PENDING_MAX } from '../../src/wire/pending-requests.js';

const call = (id: number | string, era: 'legacy' | 'modern' = 'legacy') =>
  ({ kind: 'call', id, era, name: 'pay' }) as JudgedCall;

describe('requests of the client', () => {
  test('a call is unsent until it was let through: the server has nothing to answer before', () => {
    const session = new McpSession();
    session.addRequest(1, 'tools/call', 'legacy');
    expect(session.takeSentRequest(1)).toBeUndefined();
    expect(session.isPending(1)).toBe(true);
    session.callSent(call(1), 7, 250);
    expect(session.takeSentRequest(1)).toMatchObject({
      id: 1,
      request: { method: 'tools/call', row: 7, sentAt: 250, call: undefined },
    });
    expect(session.isPending(1)).toBe(false);
  });

  test('a call of 2026-07-28 is kept whole: the server may answer it with a question', () => {
    const session = new McpSession();
    session.addRequest(1, 'tools/call', 'modern');
    const sent = call(1, 'modern');
    session.callSent(sent, 7, 0);
    session.callSent(call(2), 8, 0);
    expect(session.takeSentRequest(1)?.request.call).toBe(sent);
    expect(session.takeSentRequest(2)).toBeUndefined();
  });

  test('other requests are sent at once, and may be taken by whoever refuses them', () => {
    const session = new McpSession();
    session.addRequest(5, 'ping', 'legacy');
    session.addRequest('x', 'tools/call', 'legacy');
    expect(session.isIdle).toBe(false);
    expect(session.takeSentRequest('5')).toMatchObject({ id: 5, request: { method: 'ping' } });
    expect(session.takeRequest('x')?.request.sent).toBe(false);
    expect(session.takeRequest('x')).toBeUndefined();
    expect(session.isIdle).toBe(true);
  });

  test('G6: a list is awaited until its answer, under either spelling of its id; a later page says that it is one', () => {
    const session = new McpSession();
    expect(session.listPending).toBe(false);
    session.addRequest(1, 'tools/list', 'legacy');
    session.addRequest(2, 'tools/list', 'legacy', { cursor: 'c' });
    session.addRequest(3, 'tools/list', 'legacy', { cursor: null });
    session.addRequest(4, 'ping', 'legacy');
    expect([1, '1', 2, 3, 4, 5].map((id) => session.awaitedMethod(id) === 'tools/list')).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect([1, 2].map((id) => session.takeSentRequest(id)?.request.isLaterPage)).toEqual([false, true]);
    session.takeSentRequest(4);
    expect(session.listPending).toBe(true);
    expect(session.takeSentRequest(3)?.request.isLaterPage).toBe(false);
    expect(session.listPending).toBe(false);
  });

  test('the request that an answer belongs to can be looked at, and stays; one that was not sent has no answer', () => {
    const session = new McpSession();
    session.addRequest(1, 'tools/call', 'legacy');
    expect(session.sentRequest(1)).toBeUndefined();
    expect(session.sentRequest(2)).toBeUndefined();
    session.callSent(call(1), 7, 250);
    for (const id of [1, '1'])
      expect(session.sentRequest(id)).toMatchObject({ id: 1, request: { method: 'tools/call', row: 7 } });
    expect(session.isPending(1)).toBe(true);
  });

  test('a request that is sent at once counts from then; a call from when it is let through', () => {
    const session = new McpSession();
    const before = performance.now();
    session.addRequest(1, 'ping', 'legacy');
    session.addRequest(2, 'tools/call', 'legacy');
    const after = performance.now();
    const sentAt = session.takeSentRequest(1)?.request.sentAt ?? 0;
    expect(sentAt).toBeGreaterThanOrEqual(before);
    expect(sentAt).toBeLessThanOrEqual(after);
    expect(session.takeRequest(2)?.request.sentAt).toBe(0);
  });

  test.each(['prompts/list', 'resources/list', 'resources/templates/list', 'initialize', 'server/discover'])(
    'G6: words for the model are awaited until the answer to each %s, and for nothing else',
    (method) => {
      const session = new McpSession();
      for (const [id, other] of ['ping', 'tools/list', 'tools/call'].entries())
        session.addRequest(id, other, 'legacy');
      expect(session.wordsPending).toBe(false);
      session.addRequest('a', method, 'legacy');
      session.addRequest('b', method, 'legacy');
      session.takeSentRequest(0);
      session.takeSentRequest(1);
      session.takeSentRequest('a');
      expect(session.wordsPending).toBe(true);
      session.takeSentRequest('b');
      expect(session.wordsPending).toBe(false);
      session.addRequest('c', method, 'legacy');
      session.drain();
      expect(session.wordsPending).toBe(false);
    },
  );

  test('all that is owed is drained once', () => {
    const session = new McpSession();
    session.addRequest(1, 'tools/list', 'legacy');
    session.addRequest(2, 'ping', 'legacy');
    session.cancel(2);
    expect(session.drain().map(([id]) => id)).toEqual([1]);
    expect([session.listPending, session.isIdle, session.drain()]).toEqual([false, true, []]);
  });

  test('there can be too many', () => {
    const session = new McpSession();
    for (let id = 0; id < PENDING_MAX; id++) {
      expect(session.full).toBe(false);
      session.addRequest(id, 'ping', 'legacy');
    }
    expect(session.full).toBe(true);
  });
});

describe('G7: the list of tools changed', () => {
  const method = 'notifications/tools/list_changed';
  const announced = (listChanged: unknown) => ({ result: { capabilities: { tools: { listChanged } } } });

  test.each([
    [true, [{ jsonrpc: '2.0', method }]],
    [false, []],
    ['yes', []],
    [undefined, []],
  ])('in the handshake era the client is told where the server announces it: %s', (listChanged, told) => {
    const session = new McpSession();
    session.readServer(announced(listChanged));
    expect(session.listChanged('tools')).toEqual(told);
  });

  test('in 2026-07-28 each stream that asked for it is told, until it ends', () => {
    const session = new McpSession();
    const wanted = { notifications: { toolsListChanged: true } };
    const unwanted = [{ notifications: { toolsListChanged: 1 } }, { notifications: [] }, {}];
    for (const [id, params] of [wanted, wanted, wanted, ...unwanted].entries()) {
      session.addRequest(id, 'subscriptions/listen', 'modern', params);
      session.listen(id, params);
    }
    const told = () =>
      session.listChanged('tools').map((message) => {
        const { params } = message as { params: { _meta: object } };
        return params._meta;
      });
    expect(told()).toEqual([0, 1, 2].map((id) => ({ 'io.modelcontextprotocol/subscriptionId': id })));
    session.cancel(0);
    session.takeSentRequest(2);
    expect(told()).toEqual([{ 'io.modelcontextprotocol/subscriptionId': 1 }]);
  });
});

test.each(['prompts', 'resources'] as const)(
  'G7: the list of %s changed: told apart from the others',
  (kind) => {
    const session = new McpSession();
    session.readServer({ result: { capabilities: { [kind]: { listChanged: true }, tools: {} } } });
    const method = `notifications/${kind}/list_changed`;
    expect(session.listChanged(kind)).toEqual([{ jsonrpc: '2.0', method }]);
    expect(session.listChanged('tools')).toEqual([]);
    const other = new McpSession();
    const params = { notifications: { [`${kind}ListChanged`]: true, toolsListChanged: false } };
    other.addRequest(1, 'subscriptions/listen', 'modern', params);
    other.listen(1, params);
    expect(other.listChanged(kind)).toMatchObject([{ method }]);
    expect(other.listChanged('tools')).toEqual([]);
  },
);

describe('capabilities', () => {
  test('nobody has any before saying so', () => {
    const session = new McpSession();
    expect([session.clientShowsForms, session.serverTakesTasks]).toEqual([false, false]);
    expect(session.listChanged('tools')).toEqual([]);
  });

  test.each([
    [{ elicitation: {} }, true],
    [{ elicitation: { form: {} } }, true],
    [{ elicitation: { form: {}, url: {} } }, true],
    [{ elicitation: { url: {} } }, false],
    [{ elicitation: [] }, false],
    [{ elicitation: true }, false],
    [{}, false],
  ])('a client that declares %j shows forms: %s', (capabilities, isShown) => {
    expect(showsForms(capabilities)).toBe(isShown);
    const session = new McpSession();
    session.readClient({ capabilities });
    expect(session.clientShowsForms).toBe(isShown);
    session.readClient({});
    expect(session.clientShowsForms).toBe(false);
  });

  test.each([
    [{ tasks: { requests: { tools: { call: {} } } } }, true],
    [{ tasks: { requests: { tools: { call: true } } } }, false],
    [{ tasks: { requests: {} } }, false],
    [{ tasks: null }, false],
    [{}, false],
  ])('a server that declares %j takes tasks: %s', (capabilities, isTaken) => {
    const session = new McpSession();
    session.readServer({ result: { capabilities } });
    expect(session.serverTakesTasks).toBe(isTaken);
  });
});
