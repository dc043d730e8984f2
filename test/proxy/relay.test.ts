import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { RoundTrips } from '../../src/approval/retry-state.js';
import { ClientToServer } from '../../src/proxy/client-to-server.js';
import type { Gate } from '../../src/proxy/gate.js';
import { relay } from '../../src/proxy/relay.js';
import { BUSY } from '../../src/store/store.js';
import { ChildProcess } from '../../src/upstream/child-process.js';
import type { Upstream } from '../../src/upstream/upstream.js';
import { McpSession } from '../../src/wire/mcp-session.js';

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
