import { afterAll, describe, expect, test } from 'vitest';
import { tempDir } from '../store/support.js';
import { Between } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
const policy = (parts: object) => ({ version: '1', default: 'deny', ...parts });
const RESOURCES = { 'memo://s/**': { action: 'hide' }, 'memo://**': {} };
const PROMPTS = { secret: { action: 'hide' }, greet: {} };

/** What became of one request: `passed`, or the code of the error. */
function outcome(between: Between, method: string, params?: object): number | string {
  const before = between.toServer.length;
  const id = `r${before + between.toClient.length}`;
  between.client({ jsonrpc: '2.0', id, method, ...(params && { params }) });
  if (between.toServer.length > before) return 'passed';
  const { error } = between.answer(id);
  return error.data?.code ?? error.code;
}

describe('G6: what completes an argument tells nothing of what is hidden', () => {
  const complete = (between: Between, ref: unknown, more: object = {}) =>
    outcome(between, 'completion/complete', { ref, argument: {}, ...more });

  test.each<[string, unknown, number | string]>([
    ['a prompt', { type: 'ref/prompt', name: 'greet' }, 'passed'],
    ['a hidden prompt', { type: 'ref/prompt', name: 'secret' }, -32602],
    ['a prompt without a name', { type: 'ref/prompt' }, -32602],
    ['a prompt whose name is no text', { type: 'ref/prompt', name: ['secret'] }, -32602],
    [
      'a prompt that says a hidden address too',
      { type: 'ref/prompt', name: 'greet', uri: 'memo://s/a' },
      'passed',
    ],
    ['a resource', { type: 'ref/resource', uri: 'memo://t/{x}' }, 'passed'],
    ['a hidden resource', { type: 'ref/resource', uri: 'memo://s/{x}' }, -32002],
    ['a resource without an address', { type: 'ref/resource' }, -32602],
    ['a resource whose address is no text', { type: 'ref/resource', uri: 7 }, -32602],
    ['a resource that may be any', { type: 'ref/resource', uri: '{+uri}' }, -32602],
    [
      'a resource that says a hidden name too',
      { type: 'ref/resource', name: 'secret', uri: 'memo://t/a' },
      'passed',
    ],
    ['another kind', { type: 'x' }, 'passed'],
    ['another kind with names that are shown', { type: 'x', name: 'greet', uri: 'memo://t/a' }, 'passed'],
    ['another kind with a hidden name', { type: 'x', name: 'secret' }, -32602],
    ['another kind with a hidden address', { type: 'x', uri: 'memo://s/a' }, -32002],
    ['no kind, and a hidden name', { name: 'secret' }, -32602],
    ['two kinds', { type: 'ref/prompt', Type: 'ref/resource', name: 'greet' }, -32602],
    ['nothing', null, -32602],
    ['a list', ['secret'], -32602],
  ])('of %s', (_, ref, expected) => {
    using between = new Between(temp, policy({ resources: RESOURCES, prompts: PROMPTS }));
    expect(complete(between, ref)).toBe(expected);
  });

  test('of what the policy does not speak of everything passes, unless it cannot be told of what', () => {
    using prompts = new Between(temp, policy({ prompts: PROMPTS }));
    expect(complete(prompts, { type: 'ref/resource' })).toBe('passed');
    expect(complete(prompts, { type: 'ref/resource', uri: 'memo://s/a' })).toBe('passed');
    expect(complete(prompts, { type: 'ref/prompt', name: 'secret' })).toBe(-32602);
    using resources = new Between(temp, policy({ resources: RESOURCES }));
    expect(complete(resources, { type: 'ref/prompt' })).toBe('passed');
    expect(complete(resources, { type: 'ref/prompt', name: 'secret' })).toBe('passed');
    expect(complete(resources, { type: 'ref/resource', uri: 'memo://s/a' })).toBe(-32002);
    expect(complete(resources, 7)).toBe(-32602);
  });

  test('in 2026-07-28 with that revision’s number', () => {
    using between = new Between(temp, policy({ resources: RESOURCES }));
    expect(complete(between, { type: 'ref/resource', uri: 'memo://s/a' }, { _meta: META })).toBe(-32602);
    expect(between.toClient.at(-1).error.message).toBe('Resource not found');
  });

  test('where nothing is hidden because --observe only watches, all of it passes', () => {
    using between = new Between(temp, policy({ resources: RESOURCES, prompts: PROMPTS }), { observe: true });
    expect(complete(between, { type: 'ref/prompt', name: 'secret' })).toBe('passed');
    expect(complete(between, { type: 'ref/resource' })).toBe('passed');
  });
});

test('2026-07-28: a person is asked about a prompt by our answer to the request', () => {
  using between = new Between(temp, policy({ prompts: { p: { action: 'approve' } } }));
  const forms = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
  between.client({
    jsonrpc: '2.0',
    id: 1,
    method: 'prompts/get',
    params: { name: 'p', _meta: { ...META, ...forms } },
  });
  expect(between.answer(1).result).toMatchObject({ resultType: 'input_required' });
});

describe('which requests are looked at', () => {
  test('those of which the policy says something: the others pass as they came', () => {
    using prompts = new Between(temp, policy({ prompts: PROMPTS }));
    expect(outcome(prompts, 'resources/read', { uri: 7 })).toBe('passed');
    expect(outcome(prompts, 'Resources/Read', { uri: 'a' })).toBe('passed');
    expect(outcome(prompts, 'subscriptions/listen', { notifications: { resourceSubscriptions: 7 } })).toBe(
      'passed',
    );
    expect(outcome(prompts, 'Prompts/Get', { name: 'greet' })).toBe(-32600);
    using resources = new Between(temp, policy({ resources: RESOURCES }));
    expect(outcome(resources, 'prompts/get', { name: 7 })).toBe('passed');
    expect(outcome(resources, 'vendor/doThings', { uri: 7 })).toBe('passed');
    expect(outcome(resources, 'resources/read', { uri: 7 })).toBe(-32602);
  });

  test('G2: a method is ours in whatever letters, unless it is too long to be compared', () => {
    using between = new Between(temp, policy({ resources: RESOURCES }));
    const hidden = (length: number) => `resources/read${'\u200b'.repeat(length - 14)}`;
    expect(outcome(between, hidden(100), { uri: 'memo://s/a' })).toBe(-32600);
    expect(outcome(between, hidden(101), { uri: 'memo://s/a' })).toBe('passed');
  });

  test.each<[string, boolean]>([
    ['resources/read', false],
    ['resources/subscribe', false],
    ['prompts/get', false],
    ['resources/list', true],
    ['prompts/list', true],
    ['completion/complete', true],
    ['Prompts/Get', false],
    ['notifications/roots/list_changed', true],
  ])(
    'without an id nobody is answered: what acts is refused and written down: %s passes: %s',
    (method, passes) => {
      using between = new Between(temp, policy({ resources: RESOURCES, prompts: PROMPTS }));
      between.client({ jsonrpc: '2.0', method, params: { uri: 'memo://a', name: 'greet' } });
      expect(between.toServer.length).toBe(passes ? 1 : 0);
      expect(between.toClient).toEqual([]);
      expect(between.state.isStarting).toBe(passes);
    },
  );

  test('G2: what a stream listens to must be told; one that names no resource is none of theirs', () => {
    using between = new Between(temp, policy({ resources: { 'memo://**': { rate_limit: '2/day' } } }));
    const listen = (notifications: unknown) => outcome(between, 'subscriptions/listen', { notifications });
    for (const notifications of [undefined, null, 7, [], {}, { resourceSubscriptions: null }])
      expect(listen(notifications)).toBe('passed');
    expect(listen({ resourceSubscriptions: [] })).toBe('passed');
    expect(listen({ resourceSubscriptions: ['memo://a', 7] })).toBe(-32602);
    expect(listen({ resourceSubscriptions: { 0: 'memo://a' } })).toBe(-32602);
    expect(listen({ RESOURCESUBSCRIPTIONS: ['memo://a'] })).toBe(-32602);
    // One resource twice is one.
    expect(listen({ resourceSubscriptions: ['memo://a', 'memo://a', 'memo://b'] })).toBe('passed');
    expect(listen({ resourceSubscriptions: ['memo://a'] })).toBe('LIMIT');
  });

  test('a thousand resources at once, and no more', () => {
    using between = new Between(temp, policy({ resources: { 'memo://**': { action: 'deny' } } }));
    const listen = (count: number) =>
      outcome(between, 'subscriptions/listen', {
        notifications: { resourceSubscriptions: Array.from({ length: count }, (_, n) => `memo://${n % 2}`) },
      });
    expect([listen(1000), listen(1001)]).toEqual(['ACTION_DENY', -32602]);
  });

  test('G10: a person is shown what is asked for, and nothing that the request only carries', () => {
    using between = new Between(
      temp,
      policy({
        default: 'allow',
        prompts: { p: { action: 'approve' } },
        resources: { 'memo://**': { action: 'approve' } },
      }),
    );
    const shown = (line: string) => {
      between.client(line);
      return between.read((store) => store.approvals()).at(-1)?.arguments;
    };
    const request = (id: number, method: string, params: string) =>
      `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{${params},"_meta":{},"requestState":"s","inputResponses":{}}}`;
    expect(shown(request(1, 'resources/read', '"uri":"memo://a","range":2.50'))).toBe(
      '{"range":2.5,"uri":"memo://a"}',
    );
    expect(shown(request(2, 'resources/subscribe', '"uri":"memo://a"'))).toBe(
      '{"subscribe":true,"uri":"memo://a"}',
    );
    expect(shown(request(3, 'prompts/get', '"name":"p","arguments":{"n":1}'))).toBe('{"n":1}');
    expect(shown(request(4, 'prompts/get', '"name":"p"'))).toBe('{}');
    const listen = '"notifications":{"resourceSubscriptions":["memo://stream"]}';
    expect(shown(request(7, 'subscriptions/listen', listen))).toBe(
      '{"subscribe":true,"uri":"memo://stream"}',
    );
    expect(outcome(between, 'prompts/get', { name: 'p', arguments: null })).toBe(-32602);
    // Nobody can be asked about a number that the server may read as another.
    const asked = between.read((store) => store.approvals()).length;
    between.client(
      request(5, 'resources/read', '"uri":"memo://b","range":9007199254740993'),
      request(6, 'prompts/get', '"name":"p","arguments":{"n":9007199254740993}'),
    );
    expect(between.read((store) => store.approvals())).toHaveLength(asked);
    expect(between.toServer).toEqual([]);
  });
});
