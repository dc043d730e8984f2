import { describe, expect, test } from 'vitest';
import { cli } from '../support/cli.js';
import { ALLOW_ALL } from '../support/policies.js';
import { type Message, Rig, refusalCode, type Wrapper } from '../support/rig.js';

/** `delete_repo` is hidden, `pay` may charge 100 a day, `read` is free. */
const POLICY = {
  version: '1',
  default: 'deny',
  hide: ['delete_repo'],
  tools: {
    read: {},
    pay: { deny_if: [{ conditions: [{ path: 'args.amount', op: 'gt', value: 100 }], on_deny: 'too much' }] },
  },
};
const TOOLS = ['read', 'pay', 'delete_repo'];

/** Sends lines as they are, then a ping that the server answers: by then all that came through has arrived. */
async function sent(wrapper: Wrapper, ...lines: (string | Buffer)[]): Promise<Message[]> {
  const before = wrapper.messages.length;
  for (const line of lines) wrapper.write(Buffer.concat([Buffer.from(line), Buffer.from('\n')]));
  const { id } = await wrapper.request('ping');
  return wrapper.messages.slice(before).filter((message) => message.id !== id);
}

const call = (params: string, rest = '"id":1') =>
  `{"jsonrpc":"2.0",${rest},"method":"tools/call","params":${params}}`;

describe("the predecessor's nine bypasses end here", () => {
  test.each<[string, string]>([
    ['1: a batch', `[${call('{"name":"delete_repo"}')}]`],
    ['2: arguments as an array', call('{"name":"delete_repo","arguments":[]}')],
    ['2: arguments as a string', call('{"name":"delete_repo","arguments":"x"}')],
    [
      '3: jsonrpc as a number',
      '{"jsonrpc":2.0,"id":1,"method":"tools/call","params":{"name":"delete_repo"}}',
    ],
    [
      '4: METHOD beside method',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","METHOD":"ping","params":{"name":"delete_repo"}}',
    ],
    ['5: Name beside name', call('{"name":"delete_repo","Name":"read"}')],
    ['5: the other way round', call('{"name":"read","Name":"delete_repo"}')],
    [
      '6: ARGUMENTS beside arguments',
      call('{"name":"pay","arguments":{"amount":999999},"ARGUMENTS":{"amount":1}}'),
    ],
    ['7: arguments twice', call('{"name":"pay","arguments":{"amount":999999},"arguments":{"amount":1}}')],
    ['9: Method beside method on a list', '{"jsonrpc":"2.0","id":1,"method":"tools/list","Method":"x"}'],
    ['9: a list in a batch', '[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]'],
  ])('G2: %s', async (_, line) => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: POLICY, recorder: { tools: TOOLS } });
    const answers = await sent(wrapper, line);
    expect(rig.received().map((message) => message.method)).toEqual(['ping']);
    expect(answers).toHaveLength(1);
    expect(answers[0].error.code).toBeLessThanOrEqual(-32600);
  });

  test('G6: 8: an id in another spelling does not carry a list around the filter', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: POLICY, recorder: { tools: TOOLS } });
    const [answer] = await sent(wrapper, '{"jsonrpc":"2.0","id":"\\u0061","method":"tools/list"}');
    expect(answer.id).toBe('a');
    expect(answer.result.tools.map((tool: Message) => tool.name)).toEqual(['read', 'pay']);
  });
});

describe('attacks on the line', () => {
  test.each<[string, string | Buffer, number | undefined]>([
    ['1 duplicate keys', call('{"name":"read","arguments":{"a":1,"a":2}}'), -32600],
    ['1 escaped duplicate keys', call('{"name":"read","n\\u0061me":"delete_repo"}'), -32600],
    ['2 a batch', `[${call('{"name":"read"}')},${call('{"name":"read"}', '"id":2')}]`, -32600],
    ['3 a call without id', call('{"name":"read"}', '"x":1'), undefined],
    ['3 a call with id null', call('{"name":"read"}', '"id":null'), undefined],
    ['3 a call with an object as id', call('{"name":"read"}', '"id":{}'), undefined],
    [
      '4 method and result',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","result":{},"params":{"name":"read"}}',
      -32600,
    ],
    ['4 result and error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', -32600],
    ['4 another version', '{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"read"}}', -32600],
    ['4 a method that is no string', '{"jsonrpc":"2.0","id":1,"method":1}', -32600],
    ['4 array params', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["read"]}', -32602],
    ['6 1e400', call('{"name":"read","arguments":{"a":1e400}}'), -32600],
    ['6 a float as id', call('{"name":"read"}', '"id":1.5'), undefined],
    ['6 an id beyond 2^53', call('{"name":"read"}', '"id":9007199254740993'), undefined],
    ['7 depth', call(`{"name":"read","arguments":{"a":${'['.repeat(200)}${']'.repeat(200)}}}`), -32600],
    ['8 a full-width name key', call('{"\uff4eame":"read"}'), -32602],
    ['12 an answer to nothing', '{"jsonrpc":"2.0","id":"never","result":{}}', undefined],
    ['23 not JSON', '{"jsonrpc":"2.0","id":1,', -32700],
    ['23 invalid UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), -32700],
    ['23 a byte order mark', '\ufeff{"jsonrpc":"2.0","method":"ping","params":{}}', -32700],
    ['23 a NUL', '{"jsonrpc":"2.0","method":"pi\0ng","params":{}}', -32700],
  ])('G2: %s: the server gets nothing, the next line is served', async (_, line, code) => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: POLICY, recorder: { tools: TOOLS } });
    const answers = await sent(wrapper, line);
    expect(rig.received().map((message) => message.method)).toEqual(['ping']);
    expect(answers.map((answer) => answer.error?.code)).toEqual(code === undefined ? [] : [code]);
    if (code === -32700) expect(Object.hasOwn(answers[0], 'id')).toBe(false);
  });

  test('G2: 5 keys of the prototype are plain names, and pass as they came', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({
      policy: { ...POLICY, tools: { ...POLICY.tools, __proto__: undefined } },
      recorder: { tools: TOOLS },
    });
    const line = call('{"name":"read","arguments":{"__proto__":{"amount":1},"constructor":2}}');
    await sent(
      wrapper,
      line,
      call('{"name":"__proto__"}', '"id":2'),
      call('{"name":"constructor"}', '"id":3'),
    );
    expect(rig.receivedCalls()).toEqual(['read']);
    expect(await wrapper.next((message) => message.id === 2)).toMatchObject({ result: { isError: true } });
  });

  test('G2: 7 an oversized line is answered by its id, and the next is served', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL, args: ['--max-client-line', '1'] });
    const big = JSON.stringify({
      method: 'tools/call',
      params: { name: 'echo', arguments: { a: 'x'.repeat(2_000_000) } },
      jsonrpc: '2.0',
      id: 7,
    });
    const [answer] = await sent(wrapper, big);
    expect(answer).toMatchObject({
      id: 7,
      error: { code: -32600, message: expect.stringMatching(/longer than .*--max-client-line/) },
    });
    expect(rig.receivedCalls()).toEqual([]);
  });

  test.each([
    [
      'too deep',
      `{"jsonrpc":"2.0","id":2,"method":"x","params":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
    ],
    ['no JSON', '{"jsonrpc":"2.0","id":2,"method":"x","params":{,}}'],
    ['a NUL', '{"jsonrpc":"2.0","id":2,"method":"pi\0ng"}'],
    ['a byte order mark', '\ufeff{"jsonrpc":"2.0","id":2,"method":"ping"}'],
    ['a key twice', '{"method":"x","params":{"a":1,"a":2},"jsonrpc":"2.0","id":2}'],
    ['no UTF-8', Buffer.from('{"jsonrpc":"2.0","id":2,"method":"x","params":{"a":"\xe9"}}', 'latin1')],
    ['a lone CR', '{"jsonrpc":"2.0","id":2,"method":"x","params":{\r}}'],
  ])('G2: 23 a refused request whose id can be told is answered by its id: %s', async (_, line) => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: POLICY, recorder: { tools: TOOLS } });
    const [answer] = await sent(wrapper, line);
    expect(answer).toMatchObject({ id: 2, error: { message: expect.stringContaining('refused') } });
    expect(rig.received().map((message) => message.method)).toEqual(['ping']);
  });

  test('G2: 10 a refusal never has the id of a request that is pending, nor that of an answer', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL, recorder: { silentMethods: ['tools/call'] } });
    wrapper.write(`${call('{"name":"a"}', '"id":5')}\n`);
    const answers = await sent(
      wrapper,
      '{"jsonrpc":"1.0","id":5,"method":"x"}',
      '{"jsonrpc":"2.0","id":5,"method":"x","params":{\r}}',
      '{"jsonrpc":"2.0","id":6,"result":{\r}}',
    );
    expect(answers.map(({ id, error }) => [id, error.code])).toEqual([
      [undefined, -32600],
      [undefined, -32700],
      [undefined, -32700],
    ]);
  });

  test('G2: 10 a second request with a pending id is refused, the first is served', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL, recorder: { delayMs: 200 } });
    wrapper.write(`${call('{"name":"a"}')}\n${call('{"name":"b"}')}\n`);
    const refused = await wrapper.next((message) => message.error !== undefined);
    expect(refused).toMatchObject({ error: { code: -32600 } });
    expect(Object.hasOwn(refused, 'id')).toBe(false);
    expect((await wrapper.next((message) => message.id === 1)).result.content[0].text).toBe('a done');
    expect(rig.receivedCalls()).toEqual(['a']);
    wrapper.write(`${call('{"name":"c"}')}\n`);
    await expect.poll(() => rig.receivedCalls()).toEqual(['a', 'c']);
  });

  test('G6: 13 a hidden tool is absent from every page and unknown when called', async () => {
    await using rig = new Rig();
    const tools = ['a', 'delete_repo', 'b', 'delete_all', 'c'];
    const wrapper = rig.wrap({
      policy: { version: '1', default: 'allow', hide: ['delete_*'] },
      recorder: { tools, pages: 3 },
    });
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const { result } = await wrapper.request('tools/list', cursor ? { cursor } : {});
      names.push(...result.tools.map((tool: Message) => tool.name));
      cursor = result.nextCursor;
    } while (cursor);
    expect(names).toEqual(['a', 'b', 'c']);
    expect((await wrapper.call('delete_repo')).error).toEqual({
      code: -32602,
      message: 'Unknown tool: delete_repo',
    });
    expect(rig.receivedCalls()).toEqual([]);
  });

  test('14 a refused task-augmented call is a JSON-RPC error where the server takes tasks', async () => {
    await using rig = new Rig();
    const capabilities = { tasks: { requests: { tools: { call: {} } } } };
    const wrapper = rig.wrap({ policy: POLICY, recorder: { tools: TOOLS, capabilities } });
    await wrapper.initialize('2025-11-25');
    const denied = await wrapper.request('tools/call', { name: 'other', task: { ttl: 1 } });
    expect(denied.error).toMatchObject({ code: 40300, data: { code: 'NOT_LISTED', rule: '(default deny)' } });
    const plain = await wrapper.request('tools/call', { name: 'other' });
    expect(plain.result.isError).toBe(true);
  });

  test('22 control, bidi and ANSI characters of a name come back escaped', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: POLICY });
    const { result } = await wrapper.call('x\u001b[31m\u202ey\n');
    expect(result.content[0].text).toContain('x\\u{1b}[31m\\u{202e}y\\u{a}');
  });
});

describe("the server's side", () => {
  test('G7: bytes pass as they are, stray lines go to stderr, CRLF stays', async () => {
    await using rig = new Rig();
    const odd =
      '{"jsonrpc": "2.0", "method":"odd","params":{"n":[1.0,-0,9007199254740993,1e2]},"x":{"b":1}}\r\n';
    const wrapper = rig.wrap({
      policy: ALLOW_ALL,
      recorder: { stray: `hello\n\n[1]\n{"level":"info"}\n${odd}` },
    });
    await wrapper.next((message) => message.method === 'odd');
    await wrapper.request('ping');
    expect(wrapper.stdout.startsWith(odd.replace('\n', ''))).toBe(true);
    expect(wrapper.stderr).toContain('hello');
    expect(wrapper.stderr).toContain('{"level":"info"}');
  });

  test('9 an answer to nothing and a second answer are dropped; "5" for 5 counts', async () => {
    await using rig = new Rig();
    const say = [
      '{"jsonrpc":"2.0","id":77,"result":{}}\n',
      '{"jsonrpc":"2.0","id":"5","result":{"first":true}}\n',
      '{"jsonrpc":"2.0","id":5,"result":{"second":true}}\n',
    ];
    const wrapper = rig.wrap({ policy: ALLOW_ALL, recorder: { say, silent: true } });
    wrapper.send({ jsonrpc: '2.0', id: 5, method: 'ping' });
    expect(await wrapper.next((message) => message.id === 5)).toEqual({
      jsonrpc: '2.0',
      id: 5,
      result: { first: true },
    });
    await expect.poll(() => wrapper.stderr.match(/no pending request/g)?.length).toBe(2);
    expect(wrapper.messages).toHaveLength(1);
  });

  test('11 12 the two id spaces are apart', async () => {
    await using rig = new Rig();
    const say = ['{"jsonrpc":"2.0","id":0,"method":"roots/list"}\n'];
    const wrapper = rig.wrap({ policy: ALLOW_ALL, recorder: { say } });
    wrapper.send({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {} });
    await wrapper.next((message) => message.method === 'roots/list');
    await wrapper.next((message) => message.id === 0 && message.result !== undefined);
    await sent(
      wrapper,
      '{"jsonrpc":"2.0","id":0,"result":{"roots":[]}}',
      '{"jsonrpc":"2.0","id":0,"result":{"again":1}}',
    );
    const answers = rig.received().filter((message) => message.result !== undefined);
    expect(answers).toEqual([{ jsonrpc: '2.0', id: 0, result: { roots: [] } }]);
  });

  test('G6: a list with a second `result` cannot carry hidden tools around the filter', async () => {
    await using rig = new Rig();
    const say = [
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"delete_repo"}]},"result":{"tools":[]}}\n',
    ];
    const wrapper = rig.wrap({ policy: POLICY, recorder: { say, silent: true } });
    wrapper.send({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect((await wrapper.next((message) => message.id === 1)).error.code).toBe(-32603);
    expect(wrapper.stdout).not.toContain('delete_repo');
  });

  test('G6 G7: one odd tool is left out of the list and named, the others are listed and run', async () => {
    await using rig = new Rig();
    const list = Buffer.from(
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"odd","description":"caf\xe9"},{"name":"pay"},{"name":"read","n":1}]}}\n',
      'latin1',
    );
    const wrapper = rig.wrap({
      policy: POLICY,
      recorder: { sayFile: rig.file('list', list), silentMethods: ['tools/list'] },
    });
    wrapper.send({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const { result } = await wrapper.next(({ id }) => id === 1);
    expect(result.tools).toEqual([{ name: 'pay' }, { name: 'read', n: 1 }]);
    expect(refusalCode(await wrapper.call('read'))).toBeUndefined();
    expect(wrapper.stderr).toMatch(/left out of the list of tools: odd: invalid UTF-8/);
    await wrapper.end();
    const log = cli(['log', '--json', '--db', rig.db], { env: rig.env() }).stdout;
    const events = log.split('\n').filter((line) => line.includes('tool.left_out'));
    expect(events.map((line) => JSON.parse(line).detail)).toEqual([
      { server: 'recorder', tool: 'odd', reason: expect.stringContaining('invalid UTF-8') },
    ]);
  });

  test.each([
    ['no JSON', '"result":{"content":[},"x":'],
    ['a lone CR', '"result":{"content":[\r]}}'],
    ['an error beside a result', '"result":{"content":[]},"error":{"code":1,"message":"failed"}}'],
    ['a line too long', `"error":{"code":1,"message":"${'x'.repeat(1 << 20)}"}}`],
  ])('G5: a call that ran is not given back because its answer was dropped: %s', async (_, answer) => {
    await using rig = new Rig();
    const limits = [{ counter: 'a_day', window: 'day', max: 1, scope: 'grant', refund: 'on_error' }];
    const wrapper = rig.wrap({
      policy: { version: '1', default: 'deny', tools: { pay: { limits } } },
      args: ['--max-server-line', '1'],
      recorder: {
        silentMethods: ['tools/call'],
        sayFile: rig.file('answers', `{"jsonrpc":"2.0","id":1,${answer}\n`),
      },
    });
    wrapper.write(`${call('{"name":"pay"}')}\n`);
    expect(await wrapper.next(({ id }) => id === 1)).toMatchObject({ error: { code: -32603 } });
    expect(refusalCode(await wrapper.call('pay'))).toBe('LIMIT');
    expect(rig.receivedCalls()).toEqual(['pay']);
  });

  test('G5: a call that was cancelled in one breath is not given back by the error that says so', async () => {
    await using rig = new Rig();
    const limits = [{ counter: 'a_day', window: 'day', max: 1, scope: 'grant', refund: 'on_error' }];
    const wrapper = rig.wrap({ policy: { version: '1', default: 'deny', tools: { pay: { limits } } } });
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    wrapper.write(`${call('{"name":"pay","arguments":{"fail":"error"}}')}\n${JSON.stringify(cancelled)}\n`);
    expect(await wrapper.next(({ id }) => id === 1)).toMatchObject({ error: { message: 'failed' } });
    expect(refusalCode(await wrapper.call('pay'))).toBe('LIMIT');
    // The refusal is ours: the server may have read no further than to the call.
    await expect
      .poll(() => rig.received().map(({ method }) => method))
      .toEqual(['tools/call', 'notifications/cancelled']);
  });

  test('17 a cancellation of id 0 reaches the server', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL, recorder: { delayMs: 500 } });
    wrapper.write(`${call('{"name":"slow"}', '"id":0')}\n`);
    wrapper.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 0 } });
    await expect.poll(() => rig.received().at(-1)?.params?.requestId).toBe(0);
  });

  test('a list keeps every other key, and a public cache scope becomes private when tools are left out', async () => {
    await using rig = new Rig();
    const listExtras = { ttlMs: 5, cacheScope: 'public', resultType: 'complete', vendor: [1] };
    const wrapper = rig.wrap({ policy: POLICY, recorder: { tools: TOOLS, listExtras } });
    const { result } = await wrapper.request('tools/list');
    expect(result).toMatchObject({ ttlMs: 5, cacheScope: 'private', resultType: 'complete', vendor: [1] });
  });

  test('our answers fit the era of the request', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: POLICY });
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
    expect((await wrapper.request('tools/call', { name: 'x', _meta })).result.resultType).toBe('complete');
    expect((await wrapper.request('tools/call', { name: 'x' })).result.resultType).toBeUndefined();
    expect(refusalCode(await wrapper.request('tools/call', { name: 'x', _meta }))).toBe('NOT_LISTED');
  });
});
