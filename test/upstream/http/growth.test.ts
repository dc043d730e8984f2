import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { HttpUpstream } from '../../../src/upstream/http/http-upstream.js';
import { answer, event, isCall, RemoteServer, stream } from '../../support/remote-server.js';

const REQUESTS = 10_000;
const AT_ONCE = 50;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** Bytes that are in use once all garbage is gone; what is held weakly goes a turn later. */
async function inUse(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    collect();
    await sleep(20);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('ten thousand requests leave neither listeners nor memory behind', async () => {
  await using server = await RemoteServer.start((received, response, self) => {
    self.received.length = 0;
    if (!isCall(received)) return undefined;
    const { id } = received.message;
    const message = { jsonrpc: '2.0', id, result: { content: [] } };
    // JSON, events, and a refusal in turn.
    if (id % 3 === 0) answer(response, message);
    else if (id % 3 === 1) {
      stream(response)(event(message));
      response.end();
    } else response.writeHead(429, { 'content-type': 'text/plain' }).end('later');
    return true;
  });
  // Every signal that anybody listens to, as long as it is in use.
  const heard = new Set<WeakRef<AbortSignal>>();
  const add = AbortSignal.prototype.addEventListener;
  // No spy, which would keep them all.
  AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...given: Parameters<typeof add>) {
    heard.add(new WeakRef(this));
    return add.apply(this, given);
  } as typeof add;
  const upstream = new HttpUpstream({
    url: new URL(server.url),
    credentials: () => ({
      advice: () => '',
      headers: async () => ({}),
      renew: async () => false,
      masked: (text) => text,
    }),
    allowPrivate: false,
    longest: 1 << 20,
    env: {},
  });
  upstream.stderr.resume();
  try {
    let answered = 0;
    let onAnswer = () => {};
    upstream.stdout.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) answered++;
      onAnswer();
    });
    const say = (method: string, id?: number, params: object = {}) =>
      upstream.send([Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)], () => {
        throw new Error('not sent');
      });
    const until = (count: number) =>
      new Promise<void>((resolve) => {
        onAnswer = () => void (answered >= count && resolve());
        onAnswer();
      });
    say('initialize', 0, {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '1' },
    });
    say('notifications/initialized');
    await until(1);
    const burst = async (from: number, to: number) => {
      for (let id = from; id <= to; id += AT_ONCE) {
        for (let n = 0; n < AT_ONCE; n++) say('tools/call', id + n, { name: 'act' });
        await until(id + AT_ONCE);
      }
    };
    // What is made once and kept (compiled code, connections) is there by then.
    await burst(1, 5000);
    heard.clear();
    const before = await inUse();
    await burst(5001, REQUESTS - 500);
    heard.clear();
    const grown = (await inUse()) - before;
    await burst(REQUESTS - 499, REQUESTS);
    const listeners = [...heard].map((ref) => {
      const signal = ref.deref();
      return signal === undefined ? 0 : getEventListeners(signal, 'abort').length;
    });
    expect(Math.max(0, ...listeners)).toBeLessThan(10);
    // Anything that is kept for each of them has more than this; measured: 50 bytes.
    expect(grown / 4500).toBeLessThan(150);
    await expect.poll(() => upstream.unsent).toBe(0);
  } finally {
    AbortSignal.prototype.addEventListener = add;
    upstream.end();
    await upstream.closed;
  }
});
