import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ALLOW_ALL } from '../support/policies.js';
import { event, type Received, RemoteServer, stream } from '../support/remote-server.js';
import { Rig, type Wrapper } from '../support/rig.js';

function remote(rig: Rig, url: string): Wrapper {
  const policy = rig.file('policy.json', ALLOW_ALL);
  return rig.spawn(['--url', url, '--policy', policy, '--db', rig.db, '--server', 'far']);
}

const isSlow = ({ message }: Received) => message?.params?.name === 'slow';

/** A byte every now and then, for ever. */
async function drip(response: ServerResponse, text: string, write: (byte: string) => unknown): Promise<void> {
  for (;;) {
    for (const byte of text) {
      if (response.destroyed || response.socket?.destroyed) return;
      write(byte);
      await sleep(5);
    }
  }
}

test.each<[title: string, act: (response: ServerResponse) => Promise<void>]>([
  [
    'the headers',
    (response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\n');
      return drip(response, 'x-a: b\r\n', (byte) => response.socket?.write(byte));
    },
  ],
  [
    'the body',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      return drip(response, ' ', (byte) => response.write(byte));
    },
  ],
  ['comments', (response) => drip(response, ': still here\n', stream(response))],
  [
    'an event',
    (response) => {
      const write = stream(response);
      write('data: {"jsonrpc":"2.0","id":');
      return drip(response, ' ', write);
    },
  ],
])('a server that takes its time with each byte of %s holds up nothing else', async (_title, act) => {
  await using rig = new Rig();
  await using server = await RemoteServer.start((received, response) => {
    if (!isSlow(received)) return undefined;
    response.on('error', () => {});
    void act(response);
    return true;
  });
  const wrapper = remote(rig, server.url);
  await wrapper.initialize();
  const slow = wrapper.call('slow');
  await expect.poll(() => server.calls).toContain('slow');
  for (let n = 0; n < 5; n++) expect((await wrapper.call('act')).result).toBeDefined();
  wrapper.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } });
  await expect.poll(() => server.posted('notifications/cancelled').length).toBe(1);
  expect(await wrapper.end()).toBe(0);
  expect((await slow).error.message).toMatch(/ended|lost/);
});

test('a client that does not read holds the server up, and fills no memory', async () => {
  await using rig = new Rig();
  const text = 'x'.repeat(1 << 20);
  let written = 0;
  let isOver = false;
  await using server = await RemoteServer.start((received, response) => {
    if (received.message?.method !== 'tools/call') return undefined;
    const write = stream(response);
    void (async () => {
      const note = event({
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'info', data: text },
      });
      while (!isOver && written < 500) {
        write(note);
        written++;
        if (response.writableNeedDrain) await new Promise((resolve) => response.once('drain', resolve));
      }
    })();
    return true;
  });
  const wrapper = remote(rig, server.url);
  await wrapper.initialize();
  wrapper.child.stdout.pause();
  void wrapper.call('act');
  // It stands still once nothing was taken for three looks in a row.
  const looks: number[] = [];
  await expect
    .poll(
      () => {
        looks.push(written);
        const last = looks.slice(-3);
        return written > 0 && last.length === 3 && last.every((each) => each === written);
      },
      { interval: 400, timeout: 30_000 },
    )
    .toBe(true);
  // Megabytes: what the client's pipe, the wrapper and the sockets hold.
  expect(written).toBeLessThan(40);
  if (process.platform === 'linux') {
    const [, kilobytes] =
      /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${wrapper.child.pid}/status`, 'utf8')) ?? [];
    expect(Number(kilobytes)).toBeLessThan(300_000);
  }
  isOver = true;
  wrapper.child.kill('SIGTERM');
  wrapper.child.stdout.resume();
  expect(await wrapper.exit).toBe(143);
});

test('what a server says to people is said as ours, and moves no cursor', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start((received, response) => {
    if (received.message?.method !== 'tools/call') return undefined;
    response
      .writeHead(400, { 'content-type': 'text/plain' })
      .end('\u001b]0;owned\u0007 go to \u202Emoc.elpmaxe');
    return true;
  });
  const wrapper = remote(rig, server.url);
  await wrapper.initialize();
  expect((await wrapper.call('act')).error).toBeDefined();
  expect(await wrapper.end()).toBe(0);
  const line = wrapper.stderr.split('\n').find((each) => each.includes('answered 400'));
  expect(line).toMatch(/^policy-wrap: /);
  for (const character of ['\u001b', '\u0007', '\u202e']) expect(wrapper.stderr).not.toContain(character);
});
