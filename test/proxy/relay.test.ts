import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Gate } from '../../src/proxy/gate.js';
import { relay } from '../../src/proxy/relay.js';
import { Upstream } from '../../src/proxy/upstream.js';

/** Answers every line with its id, until the end of its input. */
const SERVER = `require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  console.log(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(line).id, result: {} }));
})`;

/** Lets every call through, and counts how many were decided together. */
function countingGate(together: number[]): Gate {
  return {
    admit: (calls: readonly unknown[]) => {
      together.push(calls.length);
      return calls.map(() => ({ kind: 'forward', auditId: undefined }));
    },
    judged: (call: object) => ({ ...call, exactArgs: {} }),
    settle: () => {},
  } as unknown as Gate;
}

const call = (id: number) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{}}}\n`;

test('G1 G7: behind a call that is under way, what is read in one turn is decided together and in order, even when the input ends in that turn', async () => {
  const upstream = await Upstream.start(process.execPath, ['-e', SERVER], process.env);
  const input = new PassThrough();
  const output = new PassThrough();
  const answers = text(output);
  const together: number[] = [];
  const { ended } = relay({
    client: { input, output },
    upstream,
    gate: countingGate(together),
    maxClientLine: 1000,
    maxServerLine: 1000,
    now: Date.now,
    warn: () => {},
    stray: () => {},
  });
  input.write(call(1) + call(2).slice(0, 20));
  input.write(call(2).slice(20));
  input.write(call(3));
  input.end(call(4).trimEnd());
  expect(await ended).toBe(0);
  expect((await answers).match(/"id":\d/g)).toEqual(['"id":1', '"id":2', '"id":3', '"id":4']);
  // The first came alone; the last is known to be a line only when the input has ended.
  expect(together).toEqual([1, 2, 1]);
});
