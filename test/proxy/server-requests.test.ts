import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { connect } from '../../src/store/sqlite/driver.js';
import { BUSY } from '../../src/store/store.js';
import { done, tempDir } from '../store/support.js';
import { type Message, refusalCode } from '../support/rig.js';
import { Between } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

const MODERN = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
const policy = (requests: object, more: object = {}) => ({
  version: '1',
  default: 'allow',
  server_requests: requests,
  ...more,
});
const tokens = { counter: 'tokens', window: 'hour', max: 1000, amount: 'args.maxTokens' };
const sampling = (id: unknown, maxTokens: unknown = 100, more: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'sampling/createMessage',
  params: { messages: [], maxTokens, ...more },
});
const elicitation = (id: unknown, message = 'Your password, please?') => ({
  jsonrpc: '2.0',
  id,
  method: 'elicitation/create',
  params: { message, requestedSchema: {} },
});
const roots = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'roots/list' });
/** What the client was asked. */
const asked = (between: Between) =>
  between.toClient.filter(({ method }) => method !== undefined).map(({ method, id }) => [method, id]);
/** What the server was answered under an id. */
const told = (between: Between, id: number | string): Message =>
  between.toServer.find((message) => message.id === id && message.method === undefined);
const log = (between: Between) =>
  between
    .read((store) => store.log())
    .map(({ tool, decision, code, rule, outcome }) => [tool, decision, code, rule, outcome]);

describe('requests of the server’s, in the handshake era', () => {
  test('G7: without a rule all of them pass, and nothing is recorded', () => {
    using between = new Between(temp, { version: '1', default: 'deny' });
    const odd = { ...sampling(4), method: 'Sampling/createMessage' };
    const lines = [sampling(1), elicitation(2), roots(3), odd, { ...sampling(5), params: [] }];
    between.server(...lines);
    expect(between.toClient).toEqual(lines);
    expect(between.toServer).toEqual([]);
    expect(log(between)).toEqual([]);
  });

  test('G1 G5: a server that has the model write without end is refused beyond its tokens, and the client hears nothing of it', () => {
    using between = new Between(temp, policy({ sampling: { limits: [{ ...tokens, on_deny: 'Enough.' }] } }));
    between.server(sampling(0, 600), sampling('a', 401), sampling(1, 400), sampling(2, 1));
    expect(asked(between)).toEqual([
      ['sampling/createMessage', 0],
      ['sampling/createMessage', 1],
    ]);
    const { error } = told(between, 'a');
    expect(error.code).toBe(42900);
    expect(error.message).toMatch(
      /^\[POLICY DENIED\] Enough\. sampling\/createMessage: 600 of 1000 per hour used in tokens, and this call adds 401\. Next call possible in \d+ s/,
    );
    expect(error.data).toMatchObject({ code: 'LIMIT', rule: '/server_requests/sampling/limits/tokens' });
    expect(told(between, 2).error.data.code).toBe('LIMIT');
    between.client({ jsonrpc: '2.0', id: 0, result: { role: 'assistant' } });
    between.client({ jsonrpc: '2.0', id: 1, error: { code: -1, message: 'no' } });
    expect(told(between, 0)).toEqual({ jsonrpc: '2.0', id: 0, result: { role: 'assistant' } });
    between.state.close();
    expect(log(between)).toEqual([
      ['sampling/createMessage', 'allow', undefined, undefined, 'ok'],
      ['sampling/createMessage', 'deny', 'LIMIT', '/server_requests/sampling/limits/tokens', undefined],
      ['sampling/createMessage', 'allow', undefined, undefined, 'error'],
      ['sampling/createMessage', 'deny', 'LIMIT', '/server_requests/sampling/limits/tokens', undefined],
    ]);
  });

  test.each([
    ['missing', null],
    ['text', '100'],
    ['negative', -1],
    ['too long for a double', '9007199254740993'],
  ])('G2: tokens that are %s cannot be counted, and are refused', (_, maxTokens) => {
    using between = new Between(temp, policy({ sampling: { limits: [tokens] } }));
    const line = JSON.stringify(sampling(1, maxTokens)).replace(/,"maxTokens":null/, '');
    between.server(maxTokens === '9007199254740993' ? line.replace(`"${maxTokens}"`, maxTokens) : line);
    expect(asked(between)).toEqual([]);
    expect(told(between, 1).error.data.code).toBe('AMOUNT');
  });

  test('phishing by a form is refused by what it says, other forms pass; a hidden kind is one that the client lacks', () => {
    const condition = { path: 'args.message', op: 'regex', value: '(?i)password' };
    const deny_if = [{ conditions: [condition], on_deny: 'Nobody asks for that.' }];
    using between = new Between(temp, policy({ elicitation: { deny_if }, roots: { action: 'hide' } }));
    between.server(elicitation(1), elicitation(2, 'Which city?'), roots(3), sampling(4));
    expect(asked(between)).toEqual([
      ['elicitation/create', 2],
      ['sampling/createMessage', 4],
    ]);
    expect(told(between, 1).error).toMatchObject({
      code: 40300,
      data: { code: 'DENY_IF', rule: '/server_requests/elicitation/deny_if/0' },
    });
    expect(told(between, 3)).toEqual({
      jsonrpc: '2.0',
      id: 3,
      error: { code: -32601, message: 'Method not found' },
    });
  });

  test('a kind that is not named follows default, and no rule for tools holds for one', () => {
    const more = {
      default: 'deny',
      hide: ['*'],
      all_tools: { limits: [{ counter: 'c', window: 1, max: 0 }] },
    };
    using between = new Between(temp, policy({ sampling: {} }, more));
    between.server(sampling(1), elicitation(2));
    expect(asked(between)).toEqual([['sampling/createMessage', 1]]);
    expect(told(between, 2).error.data).toMatchObject({ code: 'NOT_LISTED', rule: '(default deny)' });
    // Nor does a rule for requests hold for a tool of that name.
    between.call(1, 'sampling/createMessage');
    expect(between.answer(1).error.code).toBe(-32602);
  });

  test('G2: what two readers could read differently is refused, and so is one that nobody can answer', () => {
    using between = new Between(temp, policy({ sampling: { limits: [tokens] } }));
    const line = JSON.stringify(sampling(1));
    between.server(
      { ...sampling(1), method: 'Sampling/createMessage' },
      { ...sampling(2), method: 'ｓampling/createMessage' },
      line.replace('"maxTokens":100', '"maxTokens":1,"maxTokens":9000').replace('"id":1', '"id":3'),
      { ...sampling(4), params: { maxTokens: 1, MaxTokens: 9000 } },
      { ...sampling(5), params: [] },
      { jsonrpc: '2.0', method: 'sampling/createMessage', params: { maxTokens: 1 } },
      sampling({}),
    );
    expect(between.toClient).toEqual([]);
    expect(between.toServer.map(({ id, error }) => [id, error.code])).toEqual(
      [1, 2, 3, 4, 5].map((id) => [id, -32600]),
    );
    expect(between.warnings).toHaveLength(7);
  });

  test('G10: a person is asked, and the same request passes once after a yes', () => {
    using between = new Between(temp, policy({ sampling: { action: 'approve' } }));
    between.server(sampling(1));
    const { code, data } = told(between, 1).error;
    expect([code, data.code]).toEqual([40100, 'APPROVAL_REQUIRED']);
    expect(between.read((store) => store.approvals())).toMatchObject([
      { id: data.approvalId, tool: 'sampling/createMessage', arguments: '{"maxTokens":100,"messages":[]}' },
    ]);
    between.read((store) => done(store.decideApproval(data.approvalId, 'approved', 'cli')));
    between.server(sampling(2, 101), sampling(3), sampling(4));
    expect(asked(between)).toEqual([['sampling/createMessage', 3]]);
  });

  test('a pause stops them; an observing wrapper lets pass what it writes down', () => {
    using between = new Between(temp, policy({ sampling: {} }));
    between.read((store) => done(store.pause(undefined, undefined, 'cli')));
    between.server(sampling(1));
    expect(told(between, 1).error.data.code).toBe('PAUSED');
    using watched = new Between(temp, policy({ sampling: { action: 'deny' } }), { observe: true });
    watched.server(sampling(1));
    expect(asked(watched)).toEqual([['sampling/createMessage', 1]]);
    expect(log(watched)).toMatchObject([
      ['sampling/createMessage', 'deny', 'ACTION_DENY', '/server_requests/sampling/action', undefined],
    ]);
  });

  test('rules over several tools take them in: after the model was made to write, nothing is sent', () => {
    const tools = { send: { after: [{ tools: ['sampling/createMessage'], within: '1h' }] } };
    using between = new Between(temp, policy({ sampling: {} }, { tools }));
    between.call(1, 'send');
    between.server(sampling(1));
    between.call(2, 'send');
    expect(refusalCode(between.answer(2))).toBe('AFTER');
  });

  test('G3: while others hold the database a request waits, and other lines pass; then it is decided', async () => {
    using between = new Between(temp, policy({ sampling: { limits: [{ ...tokens, max: 100 }] } }));
    between.state.open();
    const other = connect(between.path, 0);
    other.exec('BEGIN IMMEDIATE');
    const note = { jsonrpc: '2.0', method: 'notifications/message', params: {} };
    between.server(sampling(1), sampling(2), note);
    expect(between.toClient).toEqual([note]);
    other.exec('ROLLBACK');
    other.close();
    await vi.waitFor(() => expect(between.toClient).toHaveLength(2), { timeout: 10_000 });
    await vi.waitFor(() => expect(between.toServer).toHaveLength(1), { timeout: 10_000 });
    expect(between.toServer[0]?.error.data.code).toBe('LIMIT');
  });
});

describe('G3: while others hold the database for too long', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  test('a request is tried less and less often, and refused after five seconds; so is what an answer asks for', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    vi.spyOn(Math, 'random').mockReturnValue(1);
    using between = new Between(temp, policy({ sampling: {} }));
    between.call(1, 't', {}, MODERN);
    const began = performance.now();
    const tries: number[] = [];
    vi.spyOn(between.gate, 'admit').mockImplementation(() => {
      tries.push(Math.round(performance.now() - began));
      return BUSY;
    });
    between.server(sampling('s'));
    vi.advanceTimersByTime(10);
    expect(tries).toEqual([0, 1, 3, 6, 10]);
    vi.advanceTimersByTime(4900);
    expect(tries.slice(-2).reduce((a, b) => b - a)).toBe(60);
    expect(between.toServer).toHaveLength(1);
    vi.advanceTimersByTime(200);
    expect(told(between, 's').error.data.code).toBe('INTERNAL');
    expect(asked(between)).toEqual([]);
    const { method, params } = sampling(0);
    const result = {
      resultType: 'input_required',
      inputRequests: { a: { method, params } },
      requestState: 's',
    };
    between.server({ jsonrpc: '2.0', id: 1, result });
    vi.advanceTimersByTime(4900);
    expect(between.answer(1)).toBeUndefined();
    vi.advanceTimersByTime(200);
    expect(refusalCode(between.answer(1))).toBe('INTERNAL');
  });
});

describe('an error that asks the person to open addresses (2025-11-25)', () => {
  const page = (url: string) => ({ mode: 'url', elicitationId: 'e', url, message: 'Log in, please.' });
  const required = (id: number, data: unknown) => ({
    jsonrpc: '2.0',
    id,
    error: { code: -32042, message: 'needed', data },
  });
  const elsewhere = { path: 'args.url', op: 'regex', value: '^https://good[.]example/' };

  test('is judged as the forms that it stands for, all of them or none', () => {
    const rules = { elicitation: { require: [{ conditions: [elsewhere] }] } };
    using between = new Between(temp, policy(rules));
    for (const id of [1, 2]) between.call(id, 't');
    const fine = required(1, { elicitations: [page('https://good.example/a')] });
    between.server(fine);
    expect(between.answer(1)).toEqual(fine);
    between.server(
      required(2, { elicitations: [page('https://good.example/a'), page('https://evil.example/')] }),
    );
    expect(refusalCode(between.answer(2))).toBe('REQUIRE');
    expect(JSON.stringify(between.answer(2))).not.toContain('elicitationId');
    using open = new Between(temp, { version: '1', default: 'deny', tools: { t: {} } });
    open.call(1, 't');
    open.server(fine);
    expect(open.answer(1)).toEqual(fine);
  });

  test.each([
    [{ elicitations: page('https://good.example/') }],
    [{ Elicitations: [] }],
    [{ elicitations: ['x'] }],
  ])('G2: one with the data %j does not reach the client', (data) => {
    using between = new Between(temp, policy({ elicitation: {} }));
    between.call(1, 't');
    between.server(required(1, data));
    expect(between.answer(1).error.message).toContain("The server's answer was dropped:");
  });
});

describe('requests in answers, in 2026-07-28', () => {
  const asks = (id: unknown, inputRequests: unknown, more: object = {}) => ({
    jsonrpc: '2.0',
    id,
    result: { resultType: 'input_required', inputRequests, requestState: 's', ...more },
  });
  const inner = ({ method, params }: { method: string; params?: object }) => ({ method, params });

  test('what may be asked reaches the client as it was written; what may not ends the call, and charges nothing', () => {
    const rules = { sampling: { limits: [tokens] }, elicitation: { action: 'deny', reason: 'No forms.' } };
    using between = new Between(temp, policy(rules));
    between.call(1, 't', {}, MODERN);
    const fine = asks(1, { one: inner(sampling(0, 900)), other: { method: 'vendor/x', params: 7 } });
    between.server(fine);
    expect(between.answer(1)).toEqual(fine);

    between.call(2, 't', {}, MODERN);
    between.server(asks(2, { a: inner(sampling(0, 100)), b: inner(elicitation(0)) }));
    const refused = between.answer(2).result;
    expect(refused).toMatchObject({ resultType: 'complete', isError: true });
    expect(refused.content[0].text).toContain('No forms. elicitation/create: the policy refuses every call.');
    expect(refused).not.toHaveProperty('inputRequests');

    // What was asked together with it was given back.
    between.call(3, 't', {}, MODERN);
    between.server(asks(3, { a: inner(sampling(0, 100)) }));
    expect(between.answer(3).result.resultType).toBe('input_required');
    between.call(4, 't', {}, MODERN);
    between.server(asks(4, { a: inner(sampling(0, 1)) }));
    expect(refusalCode(between.answer(4))).toBe('LIMIT');
    expect(between.toServer.every(({ method }) => method === 'tools/call')).toBe(true);
  });

  test('whoever waits for anything but a tool gets an error', () => {
    using between = new Between(temp, policy({ roots: { action: 'deny' }, sampling: { action: 'hide' } }));
    const read = (id: number, method: string) => ({ jsonrpc: '2.0', id, method, params: MODERN });
    between.client(read(1, 'resources/read'), read(2, 'prompts/get'));
    between.server(asks(1, { r: inner(roots(0)) }), asks(2, { s: inner(sampling(0)) }));
    expect(between.answer(1).error).toMatchObject({ code: 40300, data: { code: 'ACTION_DENY' } });
    expect(between.answer(2).error).toEqual({
      code: -32603,
      message: 'The server asked for sampling/createMessage, which it may not.',
    });
  });

  test.each<[string, string]>([
    ['a key twice', '"resultType":"input_required","inputRequests":{},"inputRequests":{"a":SAMPLING}'],
    ['a key in another case', '"resultType":"input_required","InputRequests":{"a":SAMPLING}'],
    ['a list', '"inputRequests":[SAMPLING]'],
    ['a method in another case', '"inputRequests":{"a":{"method":"Sampling/createMessage","params":{}}}'],
    ['no method', '"inputRequests":{"a":{"Method":"sampling/createMessage"}}'],
    [
      'parameters twice',
      '"inputRequests":{"a":{"method":"sampling/createMessage","params":{"maxTokens":1,"maxTokens":9}}}',
    ],
  ])('G2: %s: the client gets an error, and not the answer', (_, members) => {
    using between = new Between(temp, policy({ sampling: { action: 'deny' } }));
    between.call(1, 't', {}, MODERN);
    const result = members.replace('SAMPLING', JSON.stringify(inner(sampling(0))));
    between.server(`{"jsonrpc":"2.0","id":1,"result":{${result}}}`);
    expect(between.toClient).toHaveLength(1);
    expect(between.answer(1).error.message).toContain("The server's answer was dropped:");
  });

  test('the news of a task bring no request past its rule; where they are polled for, they are judged', () => {
    using between = new Between(temp, policy({ sampling: { action: 'deny' } }));
    const news = (params: object, method = 'notifications/tasks') => ({ jsonrpc: '2.0', method, params });
    const task = { taskId: 't', status: 'input_required' };
    const inputRequests = { a: inner(sampling(0)) };
    const working = news({ taskId: 't', status: 'working' });
    between.server(
      working,
      news({ ...task, inputRequests }),
      news({ ...task, InputRequests: inputRequests }),
      news({ ...task, inputRequests }, 'Notifications/tasks'),
      news([inputRequests]),
    );
    const twice = JSON.stringify(news({ ...task, inputRequests }));
    between.server(twice.replace('"params"', '"params":{},"params"'), working);
    expect(between.toClient).toEqual([working, working]);
    between.client({ jsonrpc: '2.0', id: 1, method: 'tasks/get', params: { taskId: 't', ...MODERN } });
    between.server({ jsonrpc: '2.0', id: 1, result: { ...task, resultType: 'complete', inputRequests } });
    expect(between.answer(1).error).toMatchObject({ code: 40300 });
    using open = new Between(temp, { version: '1', default: 'deny' });
    open.server(news({ ...task, inputRequests }));
    expect(open.toClient).toHaveLength(1);
  });

  test('a request in an answer to one that says nothing of its revision is judged too', () => {
    using between = new Between(temp, policy({ sampling: { action: 'deny' } }));
    between.call(1, 't');
    between.server(asks(1, { a: inner(sampling(0)) }));
    expect(refusalCode(between.answer(1))).toBe('ACTION_DENY');
  });

  test('G3: while others hold the database the answer waits, and its call stays open', async () => {
    using between = new Between(temp, policy({ sampling: {} }));
    between.call(1, 't', {}, MODERN);
    const other = connect(between.path, 0);
    other.exec('BEGIN IMMEDIATE');
    between.server(asks(1, { a: inner(sampling(0)) }));
    expect(between.toClient).toEqual([]);
    expect(between.session.isPending(1)).toBe(true);
    other.exec('ROLLBACK');
    other.close();
    await vi.waitFor(() => expect(between.answer(1)).toBeDefined(), { timeout: 10_000 });
  });
});
