import { afterAll, describe, expect, test, vi } from 'vitest';
import { done, tempDir } from '../store/support.js';
import { Between, layersOf } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
};
const policy = (parts: object, more: object = {}) => ({ version: '1', default: 'deny', ...parts, ...more });
const request = (id: unknown, method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
const read = (id: unknown, uri: unknown, more: object = {}) =>
  request(id, 'resources/read', { uri, ...more });
const get = (id: unknown, name: unknown, args?: unknown, more: object = {}) =>
  request(id, 'prompts/get', { name, ...(args !== undefined && { arguments: args }), ...more });
/** What reached the server: the method and what it asks for. */
const reached = (between: Between) =>
  between.toServer.map(({ method, params }) => [method, params.uri ?? params.name]);
const log = (between: Between) =>
  between
    .read((store) => store.log())
    .toReversed()
    .map(({ tool, decision, code, rule, outcome }) => [tool, decision, code, rule, outcome]);
/** Answers as a server that gives everything away. */
const answer = (between: Between, id: number) =>
  between.server({ jsonrpc: '2.0', id, result: { contents: [] } });

test('G7: without the keys everything passes byte for byte, and nothing is recorded', () => {
  using between = new Between(temp, { version: '1', default: 'deny' });
  const lines = [
    read(1, 'file:///etc/passwd'),
    read(2, 7),
    get(3, ['x'], 'y'),
    { ...read(4, 'x'), method: 'Resources/Read' },
    { jsonrpc: '2.0', method: 'resources/read', params: { uri: 'a' } },
    request(5, 'completion/complete', { ref: 1 }),
    request(6, 'resources/list'),
  ];
  between.client(...lines);
  expect(between.toServer).toEqual(lines);
  const list = '{"jsonrpc":"2.0","id":6,"result":{"resources":[{"uri":"a","uri":"b"},1]}}';
  between.server(list);
  expect(between.toClient).toEqual([JSON.parse(list)]);
  expect(log(between)).toEqual([]);
});

describe('resources', () => {
  test('G1: what the policy names is read, everything else is refused by default, and all of it is recorded', () => {
    using between = new Between(temp, policy({ resources: { 'file:///work/**': {} } }));
    between.client(read(1, 'file:///work/a'), read(2, 'file:///etc/passwd'), read(3, 'memo://x'));
    answer(between, 1);
    expect(reached(between)).toEqual([['resources/read', 'file:///work/a']]);
    expect(between.answer(1).result).toEqual({ contents: [] });
    const { error } = between.answer(2);
    expect([error.code, error.data.code, error.data.rule]).toEqual([40300, 'NOT_LISTED', '(default deny)']);
    // `allow` edits what is said of tools.
    expect(between.warnings.join()).not.toContain('policy-wrap allow');
    expect(error.message).toMatch(/^\[POLICY DENIED\] resource:file:\/\/\/etc\/passwd: /);
    between.state.close();
    expect(log(between)).toEqual([
      ['resource:memo://x', 'deny', 'NOT_LISTED', '(default deny)', undefined],
      ['resource:file:///etc/passwd', 'deny', 'NOT_LISTED', '(default deny)', undefined],
      ['resource:file:///work/a', 'allow', undefined, undefined, 'ok'],
    ]);
  });

  test.each([
    'file:///work/../secret/key',
    'file:///work/%2e%2e/secret/key',
    'FILE:///secret/key',
    'file://localhost/secret/key',
    'file:/secret/key',
    'file:///secret/./key',
    'file:///secret//key',
    'file:///secret/%6Bey',
    'file:///SECRET/key',
    'file:///secret/ｋey',
    'file:///work/..%2Fsecret/key',
    'file:///work/%252e%252e/secret/key',
    'file:///work\\..\\secret\\key',
    'file://elsewhere/secret/key',
    'file:///secret/key#x',
    'file:///secret/key?x',
    'file:///secret/key\u0000',
    ' file:///secret/key',
    'secret/key',
  ])('G2: no spelling gets what is refused, whatever else passes: %j', (uri) => {
    const resources = { 'file:///secret/**': { action: 'deny' }, '**': {} };
    using between = new Between(temp, policy({ resources }, { default: 'allow' }));
    between.client(read(1, uri));
    expect(between.toServer).toEqual([]);
    expect(between.answer(1).error.data.decision).toBe('deny');
  });

  test('G2: a spelling that is another resource for some programs passes only where one entry judges both', () => {
    const resources = { 'file:///work/**': {}, 'file:///work/a/**': { rate_limit: '9/day' } };
    using between = new Between(temp, policy({ resources }));
    between.client(read(1, 'file:///work/b/../c'), read(2, 'file:///work/a/../c'));
    expect(reached(between)).toEqual([['resources/read', 'file:///work/b/../c']]);
    expect(between.answer(2).error).toMatchObject({ code: 40300, data: { rule: '/resources' } });
    expect(between.answer(2).error.message).toContain(
      'the URI is file:///work/c for some programs and file:///work/a/../c for others',
    );
  });

  test('G2: what cannot be judged is refused with the place named', () => {
    using between = new Between(temp, policy({ resources: { '*': {} } }, { default: 'allow' }));
    between.client(
      read(1, 7),
      read(2, 'memo://a', { Uri: 'memo://b' }),
      { ...read(3, 'memo://a'), method: 'Resources/Read' },
      { ...read(4, 'memo://a'), method: 'resources/read ' },
      { jsonrpc: '2.0', method: 'resources/read', params: { uri: 'memo://a' } },
      request(6, 'resources/List'),
    );
    expect(between.toServer).toEqual([]);
    expect(between.toClient.map(({ id, error }) => [id, error.code])).toEqual([
      [1, -32602],
      [2, -32602],
      [3, -32600],
      [4, -32600],
      [6, -32600],
    ]);
    expect(between.answer(1).error.message).toContain('params.uri must be a string');
  });

  test('G5: limits, conditions and hours hold as for tools; args.uri is the one spelling', () => {
    const resources = {
      'file:///work/*': { limits: [{ counter: 'reads', window: 'hour', max: 2, on_deny: 'Enough.' }] },
      'memo://**': {
        deny_if: [{ conditions: [{ path: 'args.uri', op: 'contains', value: '/hidden/' }] }],
        require: [{ conditions: [{ path: 'args.cursor', op: 'exists', value: false }] }],
      },
      'note:*': { hours: { from: '00:00', to: '00:01', outside: 'deny' } },
    };
    using between = new Between(temp, policy({ resources }));
    between.client(...[1, 2, 3].map((id) => read(id, `file:///work/${id}`)));
    expect(between.answer(3).error).toMatchObject({
      code: 42900,
      data: { code: 'LIMIT', rule: '/resources/file:~1~1~1work~1*/limits/reads', used: 2, max: 2 },
    });
    between.client(
      read(4, 'memo://x/%68idden/a'),
      read(5, 'memo://x/a', { cursor: 1 }),
      read(6, 'memo://x/a'),
    );
    expect([4, 5].map((id) => between.answer(id).error.data.code)).toEqual(['DENY_IF', 'REQUIRE']);
    expect(reached(between).map(([, uri]) => uri)).toEqual([
      'file:///work/1',
      'file:///work/2',
      'memo://x/a',
    ]);
  });

  test('G6: a hidden one is absent: not found when read, and in no page of a list', () => {
    const resources = { 'file:///secret/**': { action: 'hide' }, '*': {} };
    using between = new Between(temp, policy({ resources }));
    between.client(read(1, 'file:///secret/a'), read(2, 'file:///SECRET/a', { _meta: META }));
    expect(between.answer(1).error).toEqual({
      code: -32002,
      message: 'Resource not found',
      data: { uri: 'file:///secret/a' },
    });
    expect(between.answer(2).error.code).toBe(-32602);

    between.client(request(3, 'resources/list'), request(4, 'resources/list', { cursor: 'x' }));
    const page = (id: number, more: object, ...uris: unknown[]) => ({
      jsonrpc: '2.0',
      id,
      result: { cacheScope: 'public', resources: uris.map((uri) => ({ name: 'n', uri })), ...more },
    });
    between.server(
      page(3, { nextCursor: 'x' }, 'file:///work/a', 'file:///secret/a', 'FILE:///work/../secret/b'),
      page(4, {}, 'file:///secret%2Fc', 7, 'file:///work/b', 'file:///ſecret/d'),
    );
    expect(between.answer(3).result).toEqual({
      nextCursor: 'x',
      cacheScope: 'private',
      resources: [{ name: 'n', uri: 'file:///work/a' }],
    });
    expect(between.answer(4).result.resources).toEqual([{ name: 'n', uri: 'file:///work/b' }]);
    expect(between.warnings.filter((text) => text.includes('cannot be told'))).toHaveLength(2);

    between.client(request(5, 'resources/templates/list'));
    const templates = [
      ...['file:///work/{path}', 'file:///secret/{path}', 'file:///secret/{+path}', 'file:///{+path}'],
      ...['memo://x{?q}', '{+uri}'],
    ];
    const listed = templates.map((uriTemplate) => ({ uriTemplate, name: 'n' }));
    between.server({ jsonrpc: '2.0', id: 5, result: { resourceTemplates: listed } });
    expect(
      between.answer(5).result.resourceTemplates.map((each: { uriTemplate: string }) => each.uriTemplate),
    ).toEqual(['file:///work/{path}', 'file:///{+path}', 'memo://x{?q}']);
  });

  test.each([
    ['a URI twice', '{"resources":[{"uri":"file:///secret/a","uri":"memo://a"}]}'],
    ['another key for the URI', '{"resources":[{"uri":"memo://a","URI":"file:///secret/a"}]}'],
    ['another key for the list', '{"Resources":[{"uri":"file:///secret/a"}]}'],
    ['no list', '{"resources":{"uri":"file:///secret/a"}}'],
    ['a list in a list', '{"resources":[[{"uri":"file:///secret/a"}]]}'],
  ])('G6: a server that hides a name in its list from us: %s', (_, result) => {
    using between = new Between(temp, policy({ resources: { 'file:///secret/**': { action: 'hide' } } }));
    between.client(request(1, 'resources/list'));
    between.server(`{"jsonrpc":"2.0","id":1,"result":${result}}`);
    expect(JSON.stringify(between.toClient)).not.toContain('secret');
    expect(between.toClient).toHaveLength(1);
  });

  test('G6: while a list is awaited, nothing passes that another reader could take for it', () => {
    using between = new Between(temp, policy({ resources: { 'memo://a': { action: 'hide' } } }));
    between.client(request(1, 'resources/list'), request(2, 'ping'));
    between.server('{"jsonrpc":"2.0","id":1,"id":2,"result":{"resources":[{"uri":"memo://a"}]}}');
    expect(JSON.stringify(between.toClient)).not.toContain('memo://a');
  });

  test('list: "callable" leaves out what could never be read', () => {
    const resources = { 'memo://**': {}, 'memo://no': { action: 'deny' } };
    using between = new Between(temp, policy({ resources }, { list: 'callable' }));
    between.client(request(1, 'resources/list'));
    const listed = ['memo://a', 'memo://no', 'file:///x'].map((uri) => ({ uri }));
    between.server({ jsonrpc: '2.0', id: 1, result: { resources: listed } });
    expect(between.answer(1).result.resources).toEqual([{ uri: 'memo://a' }]);
  });

  test('subscriptions are judged as readings, one by one; a stream that asks for a refused one is not opened', () => {
    const resources = { 'memo://**': { rate_limit: '3/day' }, 'memo://no': { action: 'deny' } };
    using between = new Between(temp, policy({ resources }));
    between.client(
      request(1, 'resources/subscribe', { uri: 'memo://a' }),
      request(2, 'resources/subscribe', { uri: 'memo://no' }),
      request(3, 'resources/unsubscribe', { uri: 'memo://no' }),
    );
    expect(reached(between).map(([method]) => method)).toEqual([
      'resources/subscribe',
      'resources/unsubscribe',
    ]);
    expect(between.answer(2).error.data.code).toBe('ACTION_DENY');

    const listen = (id: number, uris: unknown, more: object = {}) =>
      request(id, 'subscriptions/listen', {
        notifications: { resourceSubscriptions: uris, toolsListChanged: true, ...more },
        _meta: META,
      });
    between.client(listen(4, ['memo://b', 'memo://c', 'memo://no']));
    expect(between.answer(4).error.data.code).toBe('ACTION_DENY');
    // What was asked for together with it was given back.
    between.client(listen(5, ['memo://b', 'memo://c']), listen(6, ['memo://d']));
    expect(between.answer(5)).toBeUndefined();
    expect(between.answer(6).error.data.code).toBe('LIMIT');
    between.client(listen(7, 'memo://no'), listen(8, [], { ResourceSubscriptions: ['memo://no'] }));
    expect([7, 8].map((id) => between.answer(id).error.code)).toEqual([-32602, -32602]);
    between.client(listen(9, undefined));
    expect(between.toServer.map(({ id }) => id)).toEqual([1, 3, 5, 9]);
  });

  test('2026-07-28: a stream hears of the lists that it asked for, and nothing else is one', () => {
    using between = new Between(temp, policy({}));
    const notifications = { toolsListChanged: true, promptsListChanged: false };
    between.client(request(1, 'subscriptions/listen', { notifications, _meta: META }));
    between.client(request(2, 'tools/list', { notifications, _meta: META }));
    expect(between.toServer.map(({ id }) => id)).toEqual([1, 2]);
    expect(between.session.listChanged('tools')).toMatchObject([
      { params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 1 } } },
    ]);
    expect(between.session.listChanged('prompts')).toEqual([]);
  });

  test('G10: a person approves one reading of exactly that resource; a subscription is another thing', () => {
    using between = new Between(temp, policy({ resources: { 'memo://**': { action: 'approve' } } }));
    between.client(read(1, 'memo://a'));
    const { code, data } = between.answer(1).error;
    expect([code, data.code]).toEqual([40100, 'APPROVAL_REQUIRED']);
    expect(between.read((store) => store.approvals())).toMatchObject([
      { id: data.approvalId, tool: 'resource:memo://a', arguments: '{"uri":"memo://a"}' },
    ]);
    between.read((store) => done(store.decideApproval(data.approvalId, 'approved', 'cli')));
    between.client(
      read(2, 'memo://b'),
      request(3, 'resources/subscribe', { uri: 'memo://a' }),
      read(4, 'memo://a'),
      read(5, 'memo://a'),
    );
    expect(between.toServer.map(({ id }) => id)).toEqual([4]);
  });

  test('G10: handshake era: the request is held while the client asks the person', async () => {
    using between = new Between(temp, policy({ resources: { 'memo://**': { action: 'approve' } } }));
    const initialize = { protocolVersion: '2025-06-18', capabilities: { elicitation: {} }, clientInfo: {} };
    between.client(request(0, 'initialize', initialize), read(1, 'memo://a'));
    const [question] = between.questions;
    expect(question.params.message).toContain('resource:memo://a');
    expect(between.toServer.map(({ id }) => id)).toEqual([0]);
    const content = { decision: 'allow_once' };
    // No person answers at once.
    const now = performance.now() + 10_000;
    using _later = vi.spyOn(performance, 'now').mockImplementation(() => now);
    between.client({ jsonrpc: '2.0', id: question.id, result: { action: 'accept', content } });
    await vi.waitFor(() => expect(between.toServer.map(({ id }) => id)).toEqual([0, 1]), { timeout: 10_000 });
  });

  test('2026-07-28: a question of the server’s goes to the client, and the rest of the reading costs nothing', () => {
    const resources = { 'memo://**': { rate_limit: '1/day' } };
    using between = new Between(temp, policy({ resources }));
    between.client(read(1, 'memo://a', { _meta: META }));
    const inputRequests = { q: { method: 'elicitation/create', params: { message: 'Which?' } } };
    const result = { resultType: 'input_required', inputRequests, requestState: 's' };
    between.server({ jsonrpc: '2.0', id: 1, result });
    expect(between.answer(1).result).toEqual(result);
    const goesOn = { _meta: META, requestState: 's', inputResponses: { q: { action: 'accept' } } };
    between.client(read(2, 'memo://a', goesOn), read(3, 'memo://b', goesOn));
    expect(between.toServer.map(({ id }) => id)).toEqual([1, 2]);
    expect(between.answer(3).error.data.code).toBe('LIMIT');
  });

  test('2026-07-28: the person is asked by an answer of ours to the reading, never to a subscription', () => {
    using between = new Between(temp, policy({ resources: { 'memo://**': { action: 'approve' } } }));
    between.client(read(1, 'memo://a', { _meta: META }));
    expect(between.answer(1).result).toMatchObject({ resultType: 'input_required' });
    const notifications = { resourceSubscriptions: ['memo://a'] };
    between.client(request(2, 'subscriptions/listen', { notifications, _meta: META }));
    expect(between.answer(2).error.code).toBe(40100);
    expect(between.toServer).toEqual([]);
  });

  test('rules over several tools take them in, and name them', () => {
    const tools = { send: { after: [{ tools: ['resource:file:///work/*'], within: '1h' }] } };
    const resources = { '*': {}, 'memo://late': { before: [{ tools: ['resource:memo://early'] }] } };
    using between = new Between(temp, policy({ resources, tools }));
    between.call(1, 'send');
    between.client(read(2, 'memo://late'), read(3, 'memo://early'));
    between.call(4, 'send');
    answer(between, 3);
    between.client(read(5, 'memo://late'), read(6, 'file:///work/a'));
    between.call(7, 'send');
    expect(between.toServer.map(({ id }) => id)).toEqual([1, 3, 4, 5, 6]);
    expect(between.answer(2).error.data.code).toBe('BEFORE');
    expect(between.answer(7).result._meta['policy-wrap/decision'].code).toBe('AFTER');
  });

  test('a pause stops readings; an observing wrapper writes down what it lets pass, and hides nothing', () => {
    using between = new Between(temp, policy({ resources: { '*': {} } }));
    between.read((store) => done(store.pause(undefined, undefined, 'cli')));
    between.client(read(1, 'memo://a'));
    expect(between.answer(1).error.data.code).toBe('PAUSED');
    const hidden = policy({ resources: { '*': { action: 'hide' } } });
    using watched = new Between(temp, hidden, { observe: true });
    watched.client(read(1, 'memo://a'), read(2, 'x%2F'), request(3, 'resources/list'));
    const list = { jsonrpc: '2.0', id: 3, result: { resources: [{ uri: 'memo://a' }, { Uri: 1 }] } };
    watched.server(list);
    expect(watched.toServer.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(watched.answer(3)).toEqual(list);
    expect(log(watched).map(([tool, decision]) => [tool, decision])).toEqual([
      ['resource:x%2F', 'deny'],
      ['resource:memo://a', 'hide'],
    ]);
  });

  test('what an organisation hides, nobody opens', () => {
    using between = new Between(temp, policy({ resources: { 'memo://a': {} } }));
    between.gate.use(between.gate.judges('resources') ? layersOf(policy({ resources: {} })) : never());
    between.client(read(1, 'memo://a'));
    expect(between.answer(1).error.data.code).toBe('NOT_LISTED');
    between.gate.use(layersOf(policy({})));
    between.client(read(2, 'memo://a'));
    expect(between.toServer.map(({ id }) => id)).toEqual([2]);
  });
});

describe('prompts', () => {
  const prompts = {
    greet: { require: [{ conditions: [{ path: 'args.tone', op: 'in', value: ['kind'] }] }] },
    'draft_*': { rate_limit: '1/day' },
    secret: { action: 'hide' },
  };

  test('G1 G2: they are judged by name and arguments', () => {
    using between = new Between(temp, policy({ prompts }));
    between.client(
      get(1, 'greet', { tone: 'kind' }),
      get(2, 'greet', { tone: 'rude' }),
      get(3, 'Greet', { tone: 'kind' }),
      get(4, 'draft_a'),
      get(5, 'draft_b'),
      get(6, 'other'),
      get(7, 'secret'),
      get(8, 'SECRET'),
      get(9, 5),
      get(10, 'greet', []),
      get(11, 'greet', { tone: 'kind' }, { Name: 'secret' }),
    );
    expect(reached(between)).toEqual([
      ['prompts/get', 'greet'],
      ['prompts/get', 'draft_a'],
    ]);
    expect(between.toClient.map(({ id, error }) => [id, error.code, error.data?.code])).toEqual([
      [2, 40300, 'REQUIRE'],
      [3, 40300, 'NOT_LISTED'],
      [5, 42900, 'LIMIT'],
      [6, 40300, 'NOT_LISTED'],
      [7, -32602, undefined],
      [8, -32602, undefined],
      [9, -32602, undefined],
      [10, -32602, undefined],
      [11, -32602, undefined],
    ]);
    expect(between.answer(7).error.message).toBe('Unknown prompt: secret');
    expect(between.answer(5).error.data.rule).toBe('/prompts/draft_*/rate_limit');
  });

  test('G6: a hidden one leaves the list, and what completes it is unknown too', () => {
    using between = new Between(temp, policy({ prompts, resources: { 'memo://s/**': { action: 'hide' } } }));
    between.client(request(1, 'prompts/list'));
    const listed = ['greet', 'secret', 'Secret', 'other'].map((name) => ({ name }));
    between.server({ jsonrpc: '2.0', id: 1, result: { prompts: listed } });
    expect(between.answer(1).result.prompts).toEqual([{ name: 'greet' }, { name: 'other' }]);
    const complete = (id: number, ref: unknown) => request(id, 'completion/complete', { ref, argument: {} });
    between.client(
      complete(2, { type: 'ref/prompt', name: 'secret' }),
      complete(3, { type: 'ref/prompt', name: 'greet' }),
      complete(4, { type: 'ref/resource', uri: 'memo://s/{x}' }),
      complete(5, { type: 'ref/resource', uri: 'memo://t/{x}' }),
      complete(6, { type: 'ref/prompt', Name: 'secret' }),
      complete(7, 'secret'),
      complete(8, { type: 'x', uri: 'memo://s/a' }),
    );
    expect(between.toServer.map(({ id }) => id)).toEqual([1, 3, 5]);
    expect(between.answer(2).error).toEqual({ code: -32602, message: 'Unknown prompt: secret' });
    expect(between.answer(4).error.code).toBe(-32002);
    expect([6, 7].map((id) => between.answer(id).error.code)).toEqual([-32602, -32602]);
    expect(between.answer(8).error.code).toBe(-32002);
  });

  test('a tool is not judged by them, nor they by what is said of tools; one may be called __proto__', () => {
    const text = '{"version":"1","default":"deny","tools":{"a":{}},"prompts":{"__proto__":{}},"hide":["*"]}';
    using between = new Between(temp, JSON.parse(text));
    between.client(get(1, '__proto__'), get(2, 'a'));
    between.call(3, 'prompt:__proto__');
    expect(between.toServer.map(({ id }) => id)).toEqual([1]);
  });
});

function never(): never {
  throw new Error('the policy has no resources');
}
