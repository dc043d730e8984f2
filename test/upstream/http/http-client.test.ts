import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { HttpClient, type HttpRequest, networkReason } from '../../../src/upstream/http/http-client.js';

const servers: Server[] = [];
const clients: HttpClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const server of servers.splice(0)) server.close();
});

async function serving(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function client(env: NodeJS.ProcessEnv = {}, allowPrivate = false): HttpClient {
  const one = new HttpClient({ allowPrivate, env });
  clients.push(one);
  return one;
}

const get = (address: string, changes: Partial<HttpRequest> = {}): HttpRequest => ({
  ...{ method: 'GET', url: new URL(address), headers: {}, signal: AbortSignal.timeout(20_000) },
  ...changes,
});

describe('redirects', () => {
  /** /307/2 leads to /307/1 by that status, and so on. */
  const leading = () =>
    serving((request, response) => {
      const [, status, left] = (request.url ?? '').split('/');
      if (left === '0') return void response.end(`${request.method} ${request.headers['x-own']}`);
      response.writeHead(Number(status), { location: `/${status}/${Number(left) - 1}` }).end();
    });

  test.each([307, 308])(
    '%i: three are followed within the origin, with method, body and headers',
    async (status) => {
      const { origin } = await leading();
      let sent = 0;
      const body = Buffer.from('{}');
      const request = get(`${origin}/${status}/3`, {
        ...{ method: 'POST', body, headers: { 'x-own': 'a', 'content-length': '2' } },
        sending: () => (sent += 1),
      });
      const response = await client().request(request);
      expect([response.status, await text(response.body)]).toEqual([200, 'POST a']);
      expect(sent).toBe(4);
      await expect(client().request(get(`${origin}/${status}/4`))).rejects.toThrow(
        'sends from one address to the next',
      );
    },
  );

  test.each([301, 302, 303])('%i would make it another request, and is not followed', async (status) => {
    const { origin } = await leading();
    await expect(client().request(get(`${origin}/${status}/1`))).rejects.toThrow(
      `answered with a redirect (${status})`,
    );
  });

  test.each([
    [307, undefined, /answered with a redirect \(307\)/],
    [307, 'http://', /answered with a redirect to what is no address/],
    [
      308,
      'http://other.example.test/',
      /sends to http:\/\/other\.example\.test, which is another server: give that address/,
    ],
  ])('%i to %s is none that can be followed', async (status, location, reason) => {
    const { origin } = await serving((_, response) =>
      response.writeHead(status, location === undefined ? {} : { location }).end(),
    );
    await expect(client().request(get(origin))).rejects.toThrow(reason);
  });

  test.each([200, 304, 400])('%i is none, whatever location it names', async (status) => {
    const { origin } = await serving((_, response) => response.writeHead(status, { location: '/x' }).end());
    expect((await client().request(get(origin))).status).toBe(status);
  });
});

describe('addresses that a server named', () => {
  test.each([
    'http://127.0.0.1:1/',
    'http://localhost:1/',
    'http://10.0.0.1/',
    'http://[::1]:1/',
    'http://192.168.1.1/',
  ])('%s may not lead into the private network, unless a person allows that', async (address) => {
    await expect(client().request(get(address), false)).rejects.toThrow('is an address of a private network');
  });

  test('a person may name this machine, or allow it', async () => {
    const { origin } = await serving((_, response) => response.end('here'));
    expect((await client().request(get(origin))).status).toBe(200);
    expect((await client({}, true).request(get(origin), false)).status).toBe(200);
  });
});

describe('a proxy', () => {
  /** Answers what wants through it with a status. */
  async function proxy(status: number) {
    const asked: string[] = [];
    const { server, origin } = await serving((_, response) => response.end());
    server.on('connect', (request, socket) => {
      asked.push(String(request.url));
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    });
    return { origin, asked };
  }

  test.each([
    ['HTTP_PROXY', 407, 'the proxy wants to know who asks (407)'],
    ['http_proxy', 503, 'the proxy makes no connection (503)'],
  ])('%s that answers %i is told as such', async (variable, status, reason) => {
    const { origin, asked } = await proxy(status);
    await expect(client({ [variable]: origin }).request(get('http://far.example.test/mcp'))).rejects.toThrow(
      reason,
    );
    expect(asked).toEqual(['far.example.test:80']);
  });

  test('that is not there is told as such', async () => {
    const { origin } = await proxy(200);
    await new Promise((resume) => servers.splice(0)[0]?.close(resume));
    await expect(client({ HTTP_PROXY: origin }).request(get('http://far.example.test/mcp'))).rejects.toThrow(
      'nothing answers at the address of the proxy',
    );
  });

  test('is not asked for this machine', async () => {
    const { origin, asked } = await proxy(503);
    const here = await serving((_, response) => response.end('here'));
    expect((await client({ HTTP_PROXY: origin }).request(get(here.origin))).status).toBe(200);
    expect(asked).toEqual([]);
  });
});

test.each([
  [{ code: 'ECONNREFUSED' }, 'nothing answers at h'],
  [{ code: 'ENOTFOUND' }, 'there is no address for h: is the network up, is the name right?'],
  [{ code: 'EAI_AGAIN' }, 'there is no address for h: is the network up, is the name right?'],
  [{ code: 'ECONNRESET' }, 'the connection to h was cut'],
  [{ code: 'UND_ERR_SOCKET' }, 'the connection to h was cut'],
  [{ code: 'EPIPE' }, 'the connection to h was cut'],
  [{ code: 'ETIMEDOUT' }, 'h did not take the connection within 10 s'],
  [{ code: 'UND_ERR_CONNECT_TIMEOUT' }, 'h did not take the connection within 10 s'],
  [{ code: 'CERT_HAS_EXPIRED' }, 'the certificate of h has expired'],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, "the certificate is another server's, not that of h"],
  [{ code: 'OTHER', message: 'odd' }, 'odd'],
])('what a failure of the network means: %j', (failure, words) => {
  expect(networkReason(Object.assign(new Error(), failure), 'h')).toBe(words);
  expect(networkReason(new Error('outer', { cause: Object.assign(new Error(), failure) }), 'h')).toBe(words);
});
