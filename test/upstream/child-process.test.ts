import { describe, expect, test } from 'vitest';
import { ChildProcess } from '../../src/upstream/child-process.js';
import type { Upstream } from '../../src/upstream/upstream.js';

const start = (code: string) => ChildProcess.start(process.execPath, ['-e', code], process.env);

/** Sends, and tells later whether it was reported as not sent. */
function send(upstream: Upstream, bytes: number): { notSent: boolean } {
  const sent = { notSent: false };
  upstream.send([Buffer.alloc(bytes, 0x20)], () => {
    sent.notSent = true;
  });
  return sent;
}

describe('what provably never reached the server', () => {
  test('what waits behind a write that fails is reported; the write itself, of which a part left, is not', async () => {
    // Reads nothing, and ends half a second later.
    const upstream = await start('setTimeout(() => {}, 500)');
    const partly = send(upstream, 10_000_000);
    const behind = send(upstream, 10);
    const later = send(upstream, 10);
    await upstream.closed;
    await new Promise(setImmediate);
    expect([partly, behind, later]).toEqual([{ notSent: false }, { notSent: true }, { notSent: true }]);
  });

  test('what is written to an input that was closed before is reported', async () => {
    const upstream = await start(
      "require('fs').closeSync(0); console.log('closed'); setTimeout(() => {}, 5000)",
    );
    await new Promise((done) => upstream.stdout.once('data', done));
    const first = send(upstream, 10);
    await expect.poll(() => first).toEqual({ notSent: true });
    const second = send(upstream, 10);
    await expect.poll(() => second).toEqual({ notSent: true });
    upstream.terminate('SIGKILL');
    expect(await upstream.closed).toBe(137);
  });

  test('what the server reads is not', async () => {
    const upstream = await start('process.stdin.resume()');
    const sent = [send(upstream, 10), send(upstream, 5_000_000), send(upstream, 10)];
    upstream.end();
    expect(await upstream.closed).toBe(0);
    expect(sent).toEqual(Array(3).fill({ notSent: false }));
  });
});
