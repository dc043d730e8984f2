import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect } from '../../src/store/sqlite/driver.js';
import { BUSY } from '../../src/store/store.js';
import { tempDir } from '../store/support.js';
import { ALLOW_ALL } from '../support/policies.js';
import { refusalCode } from '../support/rig.js';
import { Between } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

const log = (between: Between) =>
  between.read((store) => store.log({ limit: 100 }).map(({ tool, outcome }) => `${tool} ${outcome ?? '-'}`));
const call = (id: number | string, name: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
});

describe('G7: what goes to the server', () => {
  test('everything that is no call, as it came and in its order, between calls', () => {
    using between = new Between(temp, { version: '1', default: 'deny', tools: { a: {} } });
    const ping = { jsonrpc: '2.0', id: 'p', method: 'ping' };
    const note = { jsonrpc: '2.0', method: 'notifications/initialized' };
    between.client(ping, call(1, 'a'), call(2, 'b'), note, call(3, 'a'), '', '  ');
    expect(between.toServer).toEqual([ping, call(1, 'a'), note, call(3, 'a')]);
    expect(between.toClient.map(({ id }) => id)).toEqual([2]);
  });

  test('more lines than one transaction takes are all decided, in their order', () => {
    using between = new Between(temp, ALLOW_ALL);
    const calls = Array.from({ length: 101 }, (_, id) => call(id, `t${id}`));
    between.client(...calls);
    expect(between.toServer).toEqual(calls);
    expect(log(between)).toHaveLength(100);
  });

  test('an id that is pending is refused without that id, also in the same chunk, and is free once answered', () => {
    using between = new Between(temp, ALLOW_ALL);
    between.client(call(1, 'a'), call(1, 'b'), { jsonrpc: '2.0', id: 1, method: 'ping' });
    expect(between.calls).toEqual(['a']);
    expect(between.toClient.map(({ id, error }) => [id, error.code])).toEqual([
      [undefined, -32600],
      [undefined, -32600],
    ]);
    expect(between.toClient[0].error.message).toContain(
      'the id 1 belongs to a request that is still pending',
    );
    expect(log(between)).toEqual(['a -', 'b -']);
    between.server({ jsonrpc: '2.0', id: 1, result: {} });
    between.client(call(1, 'c'));
    expect(between.calls).toEqual(['a', 'c']);
  });

  test('one write for what came together, and none where nothing of it is for the server', () => {
    using between = new Between(temp, { version: '1', default: 'deny', tools: { a: {} } });
    let writes = 0;
    between.beforeServer = () => {
      writes += 1;
    };
    between.client(call(1, 'refused'), '');
    expect(writes).toBe(0);
    between.client(call(2, 'a'), call(3, 'refused'), call(4, 'a'));
    expect([writes, between.calls]).toEqual([1, ['a', 'a']]);
  });

  test('a refused call frees its id', () => {
    using between = new Between(temp, { version: '1', default: 'deny' });
    between.client(call(1, 'a'));
    between.client(call(1, 'a'));
    expect(between.toClient.map(({ id }) => id)).toEqual([1, 1]);
  });

  test('a cancellation passes, but for that of a call that waits here for a person', () => {
    using between = new Between(temp, { ...ALLOW_ALL, tools: { asks: { action: 'approve' } } });
    const capabilities = { elicitation: {} };
    between.client({ jsonrpc: '2.0', id: 0, method: 'initialize', params: { capabilities } });
    between.client(call(1, 'asks'), call(2, 'a'));
    const cancel = (requestId: number) => ({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId },
    });
    between.client(cancel(1), cancel(2), cancel(3));
    expect(between.toServer.slice(1)).toEqual([call(2, 'a'), cancel(2), cancel(3)]);
  });

  test('the name and version of the client are kept for the log', () => {
    using between = new Between(temp, ALLOW_ALL);
    const clientInfo = { name: 'claude', version: '2.1' };
    between.client({ jsonrpc: '2.0', id: 0, method: 'initialize', params: { clientInfo } });
    between.client(call(1, 'a'));
    const [row] = between.read((store) => store.log());
    expect(row).toMatchObject({ clientName: 'claude', clientVersion: '2.1' });
  });

  test('a call without the task that the server never offered is answered as any other', () => {
    using between = new Between(temp, { version: '1', default: 'deny' });
    between.call(1, 'a', {}, { task: {} });
    expect(refusalCode(between.answer(1))).toBe('NOT_LISTED');
    expect(between.answer(1).error).toBeUndefined();
    const capabilities = { tasks: { requests: { tools: { call: {} } } } };
    between.client({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {} });
    between.server({ jsonrpc: '2.0', id: 0, result: { capabilities } });
    between.call(2, 'a', {}, { task: {} });
    expect(between.answer(2).error.code).toBe(40300);
  });
});

describe('what becomes of calls that were let through', () => {
  test('cancelled, not sent, answered with an error, an error result or well: the log says so', () => {
    using between = new Between(temp, ALLOW_ALL);
    for (const [id, name] of ['ok', 'bad', 'error', 'cancelled'].entries()) between.call(id, name);
    between.server({ jsonrpc: '2.0', id: 0, result: {} });
    between.server({ jsonrpc: '2.0', id: 1, result: { isError: true } });
    between.server({ jsonrpc: '2.0', id: 2, error: { code: 1, message: '' } });
    between.client({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 3 } });
    between.isServerClosed = true;
    between.call(4, 'late');
    expect(between.answer(4).error.message).toContain('nothing was sent to it');
    expect(between.toServer.at(-1)).toMatchObject({ method: 'notifications/cancelled' });
    between.state.close();
    expect(log(between)).toEqual([
      'ok ok',
      'bad tool_error',
      'error error',
      'cancelled cancelled',
      'late not_sent',
    ]);
  });

  test('and how long the server took, from when it got the call', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      using between = new Between(temp, ALLOW_ALL);
      vi.advanceTimersByTime(1000);
      for (const [id, name] of ['quick', 'slow', 'given up'].entries()) between.call(id, name);
      vi.advanceTimersByTime(20);
      between.server({ jsonrpc: '2.0', id: 0, result: {} });
      vi.advanceTimersByTime(500);
      between.server({ jsonrpc: '2.0', id: 1, result: {} });
      between.client({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } });
      between.state.close();
      const rows = between.read((store) => store.log());
      expect(rows.map(({ tool, latencyMs }) => [tool, latencyMs])).toEqual([
        ['quick', 20],
        ['slow', 520],
        ['given up', 520],
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('G5: a call that provably never reached the server is given back before the next', () => {
    const limits = [{ counter: 'c', window: 'day', max: 1 }];
    using between = new Between(temp, { ...ALLOW_ALL, tools: { a: { limits } } });
    between.isServerClosed = true;
    between.call(1, 'a');
    between.isServerClosed = false;
    between.call(2, 'a');
    between.call(3, 'a');
    expect(between.calls).toEqual(['a']);
    expect(refusalCode(between.answer(3))).toBe('LIMIT');
  });
});

describe("the client's answers", () => {
  const ask = (id: number | string) => ({ jsonrpc: '2.0', id, method: 'roots/list' });

  test('pass once to the request that they answer, and to no other', () => {
    using between = new Between(temp, ALLOW_ALL);
    const answer = { jsonrpc: '2.0', id: 5, result: { roots: [] } };
    between.server(ask(5));
    between.client(answer, answer, { ...answer, id: '5' });
    expect(between.toServer).toEqual([answer]);
    expect(between.warnings).toEqual([
      expect.stringContaining('to a request that the server did not make (id 5)'),
      expect.stringContaining('(id "5")'),
    ]);
  });

  test.each<[string, string]>([
    ['too long', `{"jsonrpc":"2.0","id":5,"result":{"x":"${'x'.repeat(2000)}"}}`],
    ['too long, its id last', `{"result":{"x":"${'x'.repeat(2000)}"},"jsonrpc":"2.0","id":5}`],
    ['with a key twice', '{"jsonrpc":"2.0","id":5,"result":{"a":1,"a":2}}'],
    ['with a key in another case', '{"jsonrpc":"2.0","id":5,"result":{},"Result":{}}'],
    ['with a result and an error', '{"jsonrpc":"2.0","id":5,"result":{},"error":{"code":1,"message":""}}'],
    ['with a lone CR', '{"jsonrpc":"2.0","id":5,"result":{"a":\r1}}'],
  ])('that are refused leave the server nothing to wait for: %s', (_, line) => {
    using between = new Between(temp, ALLOW_ALL, { maxLine: 1000 });
    between.server(ask(5), ask(6));
    between.client(line, line);
    expect(between.toServer).toEqual([
      {
        jsonrpc: '2.0',
        id: 5,
        error: { code: -32603, message: expect.stringContaining('answer was refused') },
      },
    ]);
    expect(between.toClient.slice(2).map(({ error }) => error.code)).toHaveLength(2);
    between.client({ jsonrpc: '2.0', id: 6, result: {} });
    expect(between.toServer).toHaveLength(2);
  });

  test.each<[string, string]>([
    ['a refused request under the same id', '{"jsonrpc":"2.0","id":5,"method":"x","params":{"a":1,"a":2}}'],
    ['a refused answer to nothing', '{"jsonrpc":"2.0","id":7,"result":{"a":1,"a":2}}'],
    ['two ids', '{"jsonrpc":"2.0","id":5,"result":{"a":1,"a":2},"id":6}'],
    ['no JSON', '"id":5,"result":{}}'],
  ])('of %s nothing goes to the server', (_, line) => {
    using between = new Between(temp, ALLOW_ALL);
    between.server(ask(5));
    between.client(line);
    expect(between.toServer).toEqual([]);
  });
});

describe('G3: while another process holds the database', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    vi.spyOn(Math, 'random').mockReturnValue(1);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** A wrapper whose database others hold until `free`, and when it tried to decide. */
  function locked(isStarting: boolean) {
    const between = new Between(temp, ALLOW_ALL);
    if (!isStarting) between.call('first', 'a');
    const began = performance.now();
    const tries: number[] = [];
    const admit = vi.spyOn(between.gate, 'admit').mockImplementation(() => {
      tries.push(Math.round(performance.now() - began));
      return BUSY;
    });
    return { between, tries, free: () => admit.mockRestore() };
  }

  /** What comes at once. */
  const turns = async () => {
    for (let turn = 0; turn < 8; turn++) await new Promise((resume) => setImmediate(resume));
  };

  test('it is tried four times at once, then less and less often, and given up after five seconds', async () => {
    const { between, tries, free } = locked(false);
    between.client(call(1, 'a'), { jsonrpc: '2.0', id: 'p', method: 'ping' });
    between.client(call(2, 'b'));
    await turns();
    expect(tries).toEqual([0, 0, 0, 0, 0]);
    vi.advanceTimersByTime(15);
    expect(tries.slice(5)).toEqual([4, 9, 15]);
    vi.advanceTimersByTime(4900);
    expect(between.answer(1)).toBeUndefined();
    const last = tries.slice(-3);
    expect(last.map((at, i) => at - (last[i - 1] ?? at))).toEqual([0, 60, 60]);
    const before = tries.length;
    vi.advanceTimersByTime(200);
    expect(tries.length).toBeGreaterThan(before);
    expect(between.answer(1).result.content[0].text).toContain('locked for too long');
    expect(between.calls).toEqual(['a']);
    // What came behind has its own five seconds.
    expect(between.toServer.at(-1)).toMatchObject({ id: 'p' });
    expect(between.answer(2)).toBeUndefined();
    free();
    await turns();
    vi.advanceTimersByTime(100);
    expect(between.calls).toEqual(['a', 'b']);
    between[Symbol.dispose]();
  });

  test('the first call waits half a minute longer, since many wrappers may start at once', async () => {
    const { between } = locked(true);
    between.client(call(1, 'a'));
    await turns();
    vi.advanceTimersByTime(34_800);
    expect(between.answer(1)).toBeUndefined();
    vi.advanceTimersByTime(400);
    expect(refusalCode(between.answer(1))).toBe('INTERNAL');
    between[Symbol.dispose]();
  });

  test('nothing is tried any more once the server is gone', async () => {
    for (const ms of [undefined, 100]) {
      const { between, tries } = locked(false);
      between.client(call(1, 'a'));
      if (ms !== undefined) {
        await turns();
        vi.advanceTimersByTime(ms);
      }
      const before = tries.length;
      between.abandon();
      await turns();
      vi.advanceTimersByTime(10_000);
      expect(tries).toHaveLength(before);
      between[Symbol.dispose]();
      expect(between.toClient).toEqual([]);
    }
  });

  test('what is no call needs no database', () => {
    using between = new Between(temp, ALLOW_ALL);
    between.client({ jsonrpc: '2.0', id: 'p', method: 'ping' });
    expect(between.toServer).toHaveLength(1);
    expect(existsSync(between.path)).toBe(false);
  });
});

test('G3: while another process holds the database nothing passes, and what comes meanwhile keeps its place', async () => {
  using between = new Between(temp, ALLOW_ALL);
  between.state.open();
  const holder = connect(between.path, 0);
  holder.exec('BEGIN IMMEDIATE');
  try {
    between.client(call(1, 'a'));
    between.client({ jsonrpc: '2.0', id: 'p', method: 'ping' });
    between.client(call(2, 'b'));
    expect(between.toServer).toEqual([]);
    await new Promise((resume) => setTimeout(resume, 100));
    expect(between.toServer).toEqual([]);
  } finally {
    holder.close();
  }
  await expect.poll(() => between.toServer.map(({ id }) => id), { timeout: 20_000 }).toEqual([1, 'p', 2]);
});
