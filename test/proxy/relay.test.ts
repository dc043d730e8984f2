import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RoundTrips } from '../../src/approval/retry-state.js';
import { ClientToServer } from '../../src/proxy/client-to-server.js';
import type { Gate } from '../../src/proxy/gate.js';
import { relay } from '../../src/proxy/relay.js';
import { BUSY } from '../../src/store/store.js';
import { ChildProcess } from '../../src/upstream/child-process.js';
import type { Upstream } from '../../src/upstream/upstream.js';
import { McpSession } from '../../src/wire/mcp-session.js';
import { PlayedUpstream } from './played-upstream.js';

/** Answers every line with its id, until the end of its input. */
const SERVER = `require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  console.log(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(line).id, result: {} }));
})`;

interface Call {
  readonly id: number;
}

/** Lets every call through, but for what `admit` says of it. */
function openGate(admit: (calls: readonly Call[]) => unknown, settled: string[] = []): Gate {
  return {
    admit: (calls: readonly Call[]) => admit(calls) ?? calls.map(({ id }) => ({ kind: 'forward', row: id })),
    judged: (call: object) => ({ ...call, exactArgs: {} }),
    settle: (row: number, outcome: string) => settled.push(`${row} ${outcome}`),
    judges: () => false,
    filters: () => false,
  } as unknown as Gate;
}

function start(upstream: Upstream, gate: Gate) {
  const input = new PassThrough();
  const output = new PassThrough();
  const answers = text(output);
  const maxima = { maxClientLine: 1000, maxServerLine: 1000 };
  const aside = { now: Date.now, warn: () => {}, stray: () => {} };
  const { ended } = relay({ client: { input, output }, upstream, gate, ...maxima, ...aside });
  return { input, answers, ended };
}

const call = (id: number) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{}}}\n`;

test('G1 G7: behind a call that is under way, what is read in one turn is decided together and in order, even when the input ends in that turn', async () => {
  const upstream = await ChildProcess.start(process.execPath, ['-e', SERVER], process.env);
  const together: number[] = [];
  const { input, answers, ended } = start(
    upstream,
    openGate((calls) => void together.push(calls.length)),
  );
  input.write(call(1) + call(2).slice(0, 20));
  input.write(call(2).slice(20));
  input.write(call(3));
  input.end(call(4).trimEnd());
  expect(await ended).toBe(0);
  expect((await answers).match(/"id":\d/g)).toEqual(['"id":1', '"id":2', '"id":3', '"id":4']);
  // The first came alone; the last is known to be a line only when the input has ended.
  expect(together).toEqual([1, 2, 1]);
});

test('G5: a call that was read while the server went is given back, not left unanswered', async () => {
  // Its input is closed before its output is: a process that ends closes them in an order of its own.
  const end = `process.stdin.once('data', () => setTimeout(() => {
    require('node:fs').closeSync(0);
    process.exit(0);
  }, 50))`;
  const upstream = await ChildProcess.start(process.execPath, ['-e', end], process.env);
  const settled: string[] = [];
  const { input, answers, ended } = start(
    upstream,
    openGate(() => undefined, settled),
  );
  input.write(call(1));
  // In the turn in which the end of the server is seen.
  upstream.stdout.once('close', () => input.write(call(2)));
  await ended;
  expect(settled.sort()).toEqual(['1 unanswered', '2 not_sent']);
  expect((await answers).match(/"id":\d/g)?.sort()).toEqual(['"id":1', '"id":2']);
});

test('G5: an error that the server answers to a client that is gone is no outcome', async () => {
  // Answers at the end of its input, which is when the client has gone.
  const late = `let ids = [];
  require('readline').createInterface({ input: process.stdin })
    .on('line', (line) => ids.push(JSON.parse(line).id))
    .on('close', () => {
      for (const id of ids) console.log(JSON.stringify({ jsonrpc: '2.0', id, error: { code: 1, message: '' } }));
    });`;
  const upstream = await ChildProcess.start(process.execPath, ['-e', late], process.env);
  const settled: string[] = [];
  const gate = openGate(() => undefined, settled);
  const input = new PassThrough();
  const output = new PassThrough();
  const maxima = { maxClientLine: 1000, maxServerLine: 1000 };
  const aside = { now: Date.now, warn: () => {}, stray: () => {} };
  const { ended } = relay({ client: { input, output }, upstream, gate, ...maxima, ...aside });
  input.write(call(1));
  output.destroy();
  await ended;
  expect(settled).toEqual(['1 unanswered']);
});

test('while the database is locked nothing more is read from the client', async () => {
  const upstream = await ChildProcess.start(process.execPath, ['-e', SERVER], process.env);
  let tries = 0;
  const paused: boolean[] = [];
  const { input, answers, ended } = start(
    upstream,
    openGate((calls) => {
      if (calls[0]?.id !== 2) return undefined;
      if (++tries > 1) paused.push(input.isPaused());
      return tries < 20 ? BUSY : undefined;
    }),
  );
  input.write(call(1));
  input.write(call(2));
  input.end(call(3));
  expect(await ended).toBe(0);
  expect((await answers).match(/"id":\d/g)).toEqual(['"id":1', '"id":2', '"id":3']);
  expect(new Set(paused)).toEqual(new Set([true]));
});

test('what is read all the same while the database is locked waits, however much it is', async () => {
  let tries = 0;
  const sent: string[] = [];
  const gate = openGate(() => (++tries < 10 ? BUSY : undefined));
  const toServer = (parts: readonly Buffer[]) => void sent.push(Buffer.concat(parts).toString());
  const changes: boolean[] = [];
  const clientToServer = new ClientToServer(
    new McpSession(),
    gate,
    { toServer, toClient: () => {} },
    { roundTrips: new RoundTrips(Date.now), maxLine: 1000, warn: () => {} },
  );
  const over = new Promise<void>((resolve) =>
    clientToServer.onBusy(() => {
      changes.push(clientToServer.busy);
      if (!clientToServer.busy) resolve();
    }),
  );
  clientToServer.push(Buffer.from(call(1)));
  // More lines than a function takes arguments.
  clientToServer.push(Buffer.alloc(300_000, '\n'));
  clientToServer.push(Buffer.from(call(2)));
  await over;
  expect(sent.join('')).toBe(call(1) + call(2));
  expect(changes).toEqual([true, false]);
});

/** A client that takes what it is written when its test lets it. */
class Unread extends Writable {
  #taken: (() => void)[] = [];
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.#taken.push(done);
  }

  /** Takes all there is. */
  async take(): Promise<void> {
    while (this.#taken.length > 0) {
      this.#taken.shift()?.();
      await settle();
    }
  }
}

const settle = () => new Promise((resume) => setImmediate(resume));
const MiB = 1 << 20;

function between(output: Writable = new PassThrough().resume()) {
  const upstream = new PlayedUpstream();
  const input = new PassThrough({ highWaterMark: 64 * MiB });
  const warnings: string[] = [];
  const settled: string[] = [];
  const relaying = relay({
    client: { input, output },
    upstream,
    gate: openGate(() => undefined, settled),
    maxClientLine: 32 * MiB,
    maxServerLine: 32 * MiB,
    now: Date.now,
    warn: (text) => warnings.push(text),
    stray: () => {},
  });
  return { upstream, input, output, warnings, settled, ...relaying };
}

const notification = (size: number) => ({ jsonrpc: '2.0', method: 'x', params: { text: 'x'.repeat(size) } });

describe('back-pressure', () => {
  afterEach(() => void vi.useRealTimers());

  test('while the client reads nothing the server is read no further, and after 1 MiB neither is the client', async () => {
    const client = new Unread({ highWaterMark: 1000 });
    const { upstream, input, ended } = between(client);
    upstream.says(notification(10));
    await settle();
    expect([upstream.stdout.isPaused(), input.isPaused()]).toEqual([false, false]);
    upstream.says(notification(2000));
    await settle();
    expect([upstream.stdout.isPaused(), input.isPaused()]).toEqual([true, false]);
    await client.take();
    expect([upstream.stdout.isPaused(), input.isPaused()]).toEqual([false, false]);
    upstream.says(notification(MiB));
    await settle();
    expect([upstream.stdout.isPaused(), input.isPaused()]).toEqual([true, true]);
    await client.take();
    expect([upstream.stdout.isPaused(), input.isPaused()]).toEqual([false, false]);
    upstream.exit(0);
    const over = ended;
    await settle();
    await client.take();
    expect(await over).toBe(0);
  });

  test('while the server reads nothing the client is read only a chunk now and then, and above 16 MiB not at all', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { upstream, input, ended } = between();
    upstream.unsent = MiB;
    input.write('{"jsonrpc":"2.0","method":"x"}\n');
    await settle();
    expect(input.isPaused()).toBe(false);
    upstream.unsent = MiB + 1;
    input.write('{"jsonrpc":"2.0","method":"x"}\n');
    await settle();
    expect(input.isPaused()).toBe(true);
    vi.advanceTimersByTime(249);
    expect(input.isPaused()).toBe(true);
    vi.advanceTimersByTime(1);
    // Only by reading is it seen that the client has gone.
    expect(input.isPaused()).toBe(false);
    upstream.unsent = 16 * MiB;
    input.write('{"jsonrpc":"2.0","method":"x"}\n');
    await settle();
    expect(input.isPaused()).toBe(true);
    vi.advanceTimersByTime(250);
    expect(input.isPaused()).toBe(false);
    upstream.unsent = 16 * MiB + 1;
    input.write('{"jsonrpc":"2.0","method":"x"}\n');
    await settle();
    vi.advanceTimersByTime(10_000);
    expect(input.isPaused()).toBe(true);
    upstream.drain();
    expect(input.isPaused()).toBe(false);
    input.end();
    await settle();
    expect(upstream.ends).toBeGreaterThan(0);
    upstream.exit(0);
    await ended;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a client that reads nothing either is not read now and then', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const client = new Unread({ highWaterMark: 1000 });
    const { upstream, input, ended } = between(client);
    upstream.unsent = MiB + 1;
    input.write('{"jsonrpc":"2.0","method":"x"}\n');
    await settle();
    upstream.says(notification(MiB));
    await settle();
    vi.advanceTimersByTime(250);
    expect(input.isPaused()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    upstream.drain();
    expect(input.isPaused()).toBe(true);
    await client.take();
    expect(input.isPaused()).toBe(false);
    upstream.exit(0);
    await settle();
    await client.take();
    await ended;
  });

  test('nobody looks now and then while the server reads, or once the input has ended', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { upstream, input, ended } = between();
    input.write('{"jsonrpc":"2.0","method":"x"}\n');
    await settle();
    expect(vi.getTimerCount()).toBe(0);
    input.end();
    await settle();
    await settle();
    upstream.unsent = MiB + 1;
    upstream.says(notification(1));
    await settle();
    expect(vi.getTimerCount()).toBe(0);
    upstream.exit(0);
    await ended;
  });

  test('the server’s input ends when the calls that wait for the database are decided', async () => {
    const upstream = new PlayedUpstream();
    let isFree = false;
    const { input, ended } = start(
      upstream,
      openGate(() => (isFree ? undefined : BUSY)),
    );
    input.end(call(1));
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(upstream.ends).toBe(0);
    isFree = true;
    await vi.waitFor(() => expect(upstream.ends).toBeGreaterThan(0), 10_000);
    expect(upstream.got).toMatchObject([{ id: 1 }]);
    upstream.exit(0);
    await ended;
  });

  test('G9: a client that died meanwhile is known by our parent, which is another then', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { upstream, input, ended } = between();
    upstream.unsent = 16 * MiB + 1;
    input.write('{"jsonrpc":"2.0","method":"x"}\n');
    await settle();
    vi.advanceTimersByTime(1000);
    expect(upstream.ends).toBe(0);
    const { ppid } = process;
    // Node's own property cannot be given another value, only be taken away.
    Reflect.deleteProperty(process, 'ppid');
    Object.defineProperty(process, 'ppid', { value: 1, configurable: true });
    vi.advanceTimersByTime(250);
    Object.defineProperty(process, 'ppid', { value: ppid, configurable: true, enumerable: true });
    expect(upstream.ends).toBe(1);
    upstream.exit(0);
    await ended;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a client that takes nothing more', () => {
  test.each([
    ['gone', 'EPIPE', 0, 0, []],
    ['gone', 'ECONNRESET', 0, 0, []],
    ['a full disk', 'ENOSPC', 0, 1, ["the server's answers cannot be passed on: ENOSPC"]],
    ['a full disk', 'ENOSPC', 7, 7, ["the server's answers cannot be passed on: ENOSPC"]],
  ])(
    'G9: %s (%s): the server is ended, read to its end, and its code %i becomes %i',
    async (_, code, its, ours, said) => {
      const client = new Writable({
        autoDestroy: false,
        write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
      });
      const { upstream, input, settled, warnings, ended } = between(client);
      input.write(call(1));
      await settle();
      upstream.says(notification(1));
      await settle();
      expect(upstream.ends).toBe(1);
      expect(warnings).toEqual(said);
      // Nobody would see the answer to a call that is decided now.
      input.write(call(2));
      await settle();
      expect(upstream.got.map(({ id }) => id)).toEqual([1]);
      for (let i = 0; i < 40; i++) upstream.says(notification(100_000));
      await settle();
      expect(upstream.stdout.isPaused()).toBe(false);
      upstream.exit(its);
      expect(await ended).toBe(ours);
      expect(warnings).toEqual(said);
      expect(settled).toEqual(['1 unanswered']);
    },
  );

  test('G9: a client that does not read the last answers is waited for half a second after a signal, and else without end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const client = new Unread();
      const { upstream, input, ended } = between(client);
      let isOver = false;
      void ended.then(() => (isOver = true));
      input.write(call(1));
      await settle();
      upstream.exit(0);
      await settle();
      vi.advanceTimersByTime(60_000);
      await settle();
      expect(isOver).toBe(false);
      expect(client.text).toContain('exit code 0');
      upstream.signal();
      await settle();
      vi.advanceTimersByTime(499);
      await settle();
      expect(isOver).toBe(false);
      vi.advanceTimersByTime(1);
      await ended;
      expect(client.destroyed).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});

test('G9: an answer that was lost on its way is one that says so', async () => {
  const output = new PassThrough();
  const answers = text(output);
  const { upstream, input, settled, ended } = between(output);
  input.write(call(1));
  await settle();
  upstream.lose(1, 'the connection broke');
  upstream.lose(2, 'nobody asked');
  upstream.exit(0);
  await ended;
  expect(await answers).toMatch(/^\{[^\n]*"id":1[^\n]*the connection broke[^\n]*\}\n$/);
  expect(settled).toEqual(['1 unanswered']);
});

test('a call behind one that is under way is decided in the next turn, whether or not more follow it', async () => {
  const { upstream, input, ended } = between();
  const got = () => upstream.got.map(({ id }) => id);
  input.write(call(1));
  await settle();
  expect(got()).toEqual([1]);
  input.write(call(2));
  for (let turn = 0; turn < 3; turn++) await settle();
  expect(got()).toEqual([1, 2]);
  for (const id of [3, 4, 5]) input.write(call(id));
  for (let turn = 0; turn < 3; turn++) await settle();
  expect(got()).toEqual([1, 2, 3, 4, 5]);
  upstream.exit(0);
  await ended;
});

test('the end of the client’s input is the end of the server’s, once', async () => {
  const { upstream, input, output, ended } = between();
  input.write(call(1));
  await settle();
  expect(upstream.ends).toBe(0);
  input.end();
  await settle();
  await settle();
  expect(upstream.ends).toBeGreaterThan(0);
  upstream.exit(0);
  expect(await ended).toBe(0);
  expect(output.writableFinished).toBe(true);
});
