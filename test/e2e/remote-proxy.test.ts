import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import { command } from '../support/command.js';
import { RemoteServer } from '../support/remote-server.js';
import { Rig, refusalCode, type Wrapper } from '../support/rig.js';

const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls');
const CERTIFICATE = join(TLS, 'named-certificate.pem');
/** A name that nobody resolves: only a proxy leads to it. */
const NAME = 'mcp.example.test';
const ONCE = {
  version: '1',
  default: 'allow',
  tools: { act: { limits: [{ counter: 'acts', window: 'day', max: 1 }] } },
};

/** A listener that is ended with all its connections. */
class Listener implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket.on('error', () => {}));
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async of(server: Server): Promise<Listener> {
    const listener = new Listener(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** TLS in front of a server that has none, under the name above. */
function encrypted(server: RemoteServer): Promise<Listener> {
  const options = { key: readFileSync(join(TLS, 'named-key.pem')), cert: readFileSync(CERTIFICATE) };
  const listener = createTlsServer(options, (socket) => {
    const plain = connect(server.port, '127.0.0.1').on('error', () => socket.destroy());
    socket
      .on('error', () => plain.destroy())
      .pipe(plain)
      .pipe(socket);
  });
  return Listener.of(listener);
}

/** What a proxy was asked, and what it does: leads to a port, answers with a status, or says nothing. */
async function proxy(
  asked: string[],
  act: { to: number } | { status: string } | 'nothing',
): Promise<Listener> {
  return Listener.of(
    createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', (head) => {
          asked.push(head.toString('latin1'));
          if (act === 'nothing') return;
          if ('status' in act) return void socket.end(`HTTP/1.1 ${act.status}\r\nContent-Length: 0\r\n\r\n`);
          const there = connect(act.to, '127.0.0.1').on('error', () => socket.destroy());
          socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
          socket.pipe(there).pipe(socket);
        });
    }),
  );
}

function start(rig: Rig, url: string, env: NodeJS.ProcessEnv): Wrapper {
  const policy = rig.file('policy.json', ONCE);
  const args = ['--url', url, '--policy', policy, '--db', rig.db, '--server', 'far'];
  return rig.spawn(args, { env: { NODE_EXTRA_CA_CERTS: CERTIFICATE, ...env } });
}

test('a server that only a proxy leads to, and the proxy sees no message', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  await using tls = await encrypted(server);
  const asked: string[] = [];
  await using way = await proxy(asked, { to: tls.port });
  const wrapper = start(rig, `https://${NAME}/mcp`, {
    HTTPS_PROXY: `http://ana:sesame@127.0.0.1:${way.port}`,
  });
  await wrapper.initialize();
  expect(refusalCode(await wrapper.call('act'))).toBeUndefined();
  expect(await wrapper.end()).toBe(0);
  expect(server.calls).toEqual(['act']);
  expect(asked[0]).toMatch(new RegExp(`^CONNECT ${NAME}:443 HTTP/1.1\r\n`));
  expect(asked[0]).toContain(`proxy-authorization: Basic ${Buffer.from('ana:sesame').toString('base64')}`);
  expect(asked.join('')).not.toContain('jsonrpc');
});

test.each<[title: string, act: { status: string } | 'nothing' | 'gone', says: string]>([
  ['refuses', { status: '403 Forbidden' }, 'the proxy makes no connection (403)'],
  [
    'wants a password',
    { status: '407 Proxy Authentication Required' },
    'the proxy wants to know who asks (407)',
  ],
  ['fails', { status: '502 Bad Gateway' }, 'the proxy makes no connection (502)'],
  ['hangs', 'nothing', 'the proxy made no connection within 10 s'],
  ['is gone', 'gone', 'nothing answers at the address of the proxy'],
])('G5: a proxy that %s: nothing was sent, and that is said', async (_title, act, says) => {
  await using rig = new Rig();
  const asked: string[] = [];
  const way = await proxy(asked, act === 'gone' ? 'nothing' : act);
  const { port } = way;
  if (act === 'gone') await way[Symbol.asyncDispose]();
  const wrapper = start(rig, `https://${NAME}/mcp`, { HTTPS_PROXY: `http://127.0.0.1:${port}` });
  const { error } = await wrapper.call('act');
  expect(error.message).toContain(says);
  expect(await wrapper.end()).toBe(0);
  const { stdout } = await command(rig, ['log', '--db', rig.db, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ tool: 'act', outcome: 'not_sent' });
  await way[Symbol.asyncDispose]();
});

test('what stands on this machine is not led through a proxy, with or without NO_PROXY', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  const asked: string[] = [];
  await using way = await proxy(asked, { status: '502 Bad Gateway' });
  const address = `http://127.0.0.1:${way.port}`;
  const wrapper = start(rig, server.url, { HTTP_PROXY: address, HTTPS_PROXY: address, NO_PROXY: '' });
  await wrapper.initialize();
  expect(refusalCode(await wrapper.call('act'))).toBeUndefined();
  expect(await wrapper.end()).toBe(0);
  expect(asked).toEqual([]);
});

test('NO_PROXY leads past the proxy', async () => {
  await using rig = new Rig();
  const asked: string[] = [];
  await using way = await proxy(asked, { status: '502 Bad Gateway' });
  const env = { HTTPS_PROXY: `http://127.0.0.1:${way.port}`, NO_PROXY: '.example.test' };
  const wrapper = start(rig, `https://${NAME}/mcp`, env);
  const { error } = await wrapper.call('act');
  expect(error.message).toContain(`there is no address for ${NAME}`);
  expect(await wrapper.end()).toBe(0);
  expect(asked).toEqual([]);
});
