import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { ALLOW_ALL } from '../support/policies.js';
import { answer, endless, event, isCall, RemoteServer, stream } from '../support/remote-server.js';
import { Rig, type Wrapper } from '../support/rig.js';

function remote(rig: Rig, url: string): Wrapper {
  const policy = rig.file('policy.json', ALLOW_ALL);
  return rig.spawn(['--url', url, '--policy', policy, '--db', rig.db, '--server', 'far']);
}

const result = { content: [{ type: 'text', text: 'done' }] };

test('a server that ends no stream after its answer is called as long as anybody wants, and holds few connections', async () => {
  await using rig = new Rig();
  const open = new Set<ServerResponse>();
  await using server = await RemoteServer.onCalls(({ message }, response) => {
    stream(response)(event({ jsonrpc: '2.0', id: message.id, result }));
    open.add(response);
    response.on('close', () => open.delete(response)).on('error', () => {});
  });
  const wrapper = remote(rig, server.url);
  await wrapper.initialize();
  // More than is ever held for a server that takes nothing.
  const filler = 'x'.repeat(100_000);
  for (let n = 0; n < 250; n += 1) expect((await wrapper.call('act', { filler })).result).toEqual(result);
  await expect.poll(() => open.size).toBeLessThanOrEqual(110);
  expect(await wrapper.end()).toBe(0);
});

test('calls that take long do not keep the client from being read', async () => {
  await using rig = new Rig();
  const waiting: (() => void)[] = [];
  await using server = await RemoteServer.onCalls(({ message }, response) => {
    const write = stream(response);
    waiting.push(() => {
      write(event({ jsonrpc: '2.0', id: message.id, result }));
      response.end();
    });
  });
  const wrapper = remote(rig, server.url);
  await wrapper.initialize();
  const filler = 'x'.repeat(1_000_000);
  const calls = Array.from({ length: 20 }, () => wrapper.call('act', { filler }));
  // All of them are with the server, though it has answered none.
  await expect.poll(() => waiting.length, { timeout: 30_000 }).toBe(20);
  wrapper.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } });
  await expect.poll(() => server.posted('notifications/cancelled').length).toBe(1);
  for (const end of waiting) end();
  for (const call of calls) expect((await call).result).toEqual(result);
  expect(await wrapper.end()).toBe(0);
});

test('what nobody reads is not taken without end', async () => {
  await using rig = new Rig();
  let written = 0;
  let cut = 0;
  const page = (response: ServerResponse) => {
    response
      .on('error', () => {})
      .once('close', () => {
        cut += 1;
      });
    endless(response, (bytes) => (written += bytes));
  };
  await using server = await RemoteServer.start(({ message }, response) => {
    if (message?.method === 'notifications/initialized') {
      response.writeHead(202, { 'content-type': 'text/plain' });
      page(response);
      return true;
    }
    if (!message || !isCall({ message } as never)) return undefined;
    response.writeHead(200, { 'content-type': 'text/html' });
    page(response);
    return true;
  });
  const wrapper = remote(rig, server.url);
  await wrapper.initialize();
  expect((await wrapper.call('act')).error.message).toContain('which is no MCP');
  await expect.poll(() => cut).toBe(2);
  expect(written).toBeLessThan(100 << 20);
  expect(await wrapper.end()).toBe(0);
});

test('a server that wants its stream gone on with at once, for ever, is not asked without a pause', async () => {
  await using rig = new Rig();
  let asked = 0;
  let number = 0;
  await using server = await RemoteServer.start(({ method, message }, response) => {
    if (message && !isCall({ message } as never)) return undefined;
    if (method === 'DELETE') return undefined;
    asked += 1;
    number += 1;
    const write = stream(response);
    write('retry: 0\n\n');
    write(
      event(
        { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } },
        `e${number}`,
      ),
    );
    response.end();
    return true;
  });
  const wrapper = remote(rig, server.url);
  await wrapper.initialize();
  const began = performance.now();
  const call = wrapper.call('act');
  await expect.poll(() => asked, { timeout: 30_000 }).toBeGreaterThan(12);
  // Two streams, each with a pause of a tenth of a second at least.
  expect(performance.now() - began).toBeGreaterThan(((12 - 4) / 2) * 100);
  expect(await wrapper.end()).toBe(0);
  expect((await call).error).toBeDefined();
});

test('G4: answers under the ids of other calls, in other types, and twice, end each call once', async () => {
  await using rig = new Rig();
  const waiting: { readonly id: number; readonly response: ServerResponse }[] = [];
  await using server = await RemoteServer.onCalls(({ message }, response) => {
    waiting.push({ id: message.id, response });
    const [first, second] = waiting;
    if (!first || !second) return;
    // Each answers the other one, by another type of id, and then itself, twice.
    for (const [one, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const write = stream(one.response);
      write(event({ jsonrpc: '2.0', id: String(other.id), result }));
      write(event({ jsonrpc: '2.0', id: one.id, result: { content: [] } }));
      write(event({ jsonrpc: '2.0', id: one.id, result: { content: [] } }));
      write(event({ jsonrpc: '2.0', id: 'pw-1', result }));
      one.response.end();
    }
  });
  const wrapper = remote(rig, server.url);
  await wrapper.initialize();
  const both = await Promise.all([wrapper.call('act'), wrapper.call('act')]);
  for (const one of both) expect(one.result).toBeDefined();
  expect(await wrapper.end()).toBe(0);
  expect(server.calls).toHaveLength(2);
  const ids = wrapper.messages.flatMap(({ id, method }) =>
    id !== undefined && method === undefined ? [id] : [],
  );
  expect(ids).toEqual([...new Set(ids)]);
});

test('an answer under its id in another type is the answer, and no stream is gone on with for it', async () => {
  await using rig = new Rig();
  let resumed = 0;
  await using server = await RemoteServer.start((received, response) => {
    const { message, headers } = received;
    if (headers['last-event-id'] !== undefined) resumed += 1;
    if (!isCall(received)) return undefined;
    if (message.params.name === 'plain') answer(response, { jsonrpc: '2.0', id: String(message.id), result });
    else {
      stream(response)(event({ jsonrpc: '2.0', id: String(message.id), result }, 'e1'));
      response.end();
    }
    return true;
  });
  const wrapper = remote(rig, server.url);
  await wrapper.initialize();
  expect((await wrapper.call('plain')).result).toEqual(result);
  expect((await wrapper.call('events')).result).toEqual(result);
  expect(await wrapper.end()).toBe(0);
  expect(resumed).toBe(0);
});
