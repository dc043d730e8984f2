import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { certificateOf } from '../../../src/upstream/http/certificate.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A TLS server that nobody vouches for. @returns its port, and the names by which it was asked for */
async function listening(): Promise<{ port: number; asked: (string | false)[] }> {
  const read = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`);
  const asked: (string | false)[] = [];
  const server = createServer({
    key: read('key'),
    cert: read('certificate'),
    SNICallback: (name, done) => {
      asked.push(name);
      done(null);
    },
  });
  server.on('tlsClientError', () => {});
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, asked };
}

test('a certificate that nobody vouches for is refused in words, and the server is asked for by its name', async () => {
  const { port, asked } = await listening();
  await expect(certificateOf(new URL(`https://localhost:${port}/mcp`), false)).rejects.toThrow(
    `the certificate of localhost:${port} is signed by nobody whom this machine trusts`,
  );
  expect(asked).toEqual(['localhost']);
});

test('a number is no name to ask by', async () => {
  const { port, asked } = await listening();
  await expect(certificateOf(new URL(`https://127.0.0.1:${port}/mcp`), false)).rejects.toThrow('certificate');
  expect(asked).toEqual([]);
});

test('where nothing answers, that is said', async () => {
  const { port } = await listening();
  await new Promise((resume) => servers.splice(0)[0]?.close(resume));
  await expect(certificateOf(new URL(`https://127.0.0.1:${port}`), false)).rejects.toThrow(
    `nothing answers at 127.0.0.1:${port}`,
  );
});
