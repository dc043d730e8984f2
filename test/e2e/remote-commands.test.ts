import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command } from '../support/command.js';
import { RemoteServer } from '../support/remote-server.js';
import { Rig } from '../support/rig.js';

const TLS = join(import.meta.dirname, '..', 'fixtures', 'tls');

const POLICY = {
  version: '1',
  default: 'deny',
  tools: { act: { rate_limit: '3/minute' }, gone: {} },
};

test('tools, check, schema and explain look at a remote server', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  const policy = rig.file('policy.json', POLICY);
  const run = (...args: string[]) => command(rig, [...args, '--url', server.url]);
  const tools = await run('tools', '--policy', policy, '--json');
  expect(JSON.parse(tools.stdout)).toMatchObject({
    server: `127.0.0.1-${server.port}`,
    tools: [{ name: 'act', policy: 'limit 3/minute' }],
  });
  const check = await run('check', policy);
  expect(check.stdout).toContain('gone');
  expect(check.stdout).toContain('against 1 tool of remote');
  const schema = JSON.parse((await run('schema')).stdout);
  expect(JSON.stringify(schema)).toContain('"act"');
  const explain = await run('explain', 'act', '--policy', policy, '--json');
  expect(JSON.parse(explain.stdout)).toMatchObject({
    decision: 'allow',
    server: `127.0.0.1-${server.port}`,
  });
  // Each of them ended its session.
  const begun = server.posted('initialize').length;
  expect(begun).toBe(3);
  expect(server.received.filter(({ method }) => method === 'DELETE')).toHaveLength(begun);
  expect(server.calls).toEqual([]);
});

test('init writes a policy that the wrapper of this address finds, and an entry without the secret', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  const url = ['--url', server.url];
  const plain = ['--header', 'X-Key: hunter2hunter2', '--header', `Authorization: Bearer $\{TOKEN}`];
  const made = await command(rig, ['init', '--yes', ...url, ...plain], { TOKEN: 'sesame' });
  expect([made.code, made.stderr]).toEqual([0, expect.stringContaining('connecting to')]);
  expect(made.stdout).not.toMatch(/hunter2|sesame/);
  expect(made.stdout).toContain(`"Authorization: Bearer $\{TOKEN}"`);
  expect(server.posted('tools/list')[0]?.headers).toMatchObject({
    'x-key': 'hunter2hunter2',
    authorization: 'Bearer sesame',
  });
  const wrapper = rig.spawn([...url, '--db', rig.db]);
  await wrapper.initialize();
  expect((await wrapper.request('tools/list')).result.tools).toHaveLength(1);
  const { result } = await wrapper.call('other');
  expect(result.content[0].text).toContain('POLICY DENIED');
  expect(await wrapper.end()).toBe(0);
});

test.each([
  [['tools', '--header', 'A: b', '--', 'x'], '--header is for a remote server'],
  [['--allow-private', '--', 'x'], '--allow-private is for a remote server'],
  [['check', '--url', 'https://x.example/', '--', 'x'], 'one server at a time'],
  [['tools', '--url', 'mcp.example.com'], 'is no address'],
  [['tools', '--url', 'http://x.example/mcp'], 'is not encrypted'],
])('%j is refused', async (args, says) => {
  await using rig = new Rig();
  const { code, stderr } = await command(rig, args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
});

test('a server that is not there, and one that asks who is there, are told with what to do', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start((_, response) => {
    response.writeHead(401).end();
    return true;
  });
  const asked = await command(rig, ['tools', '--url', server.url]);
  expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining(`policy-wrap login ${server.url}`)]);
  const { port } = server;
  await server[Symbol.asyncDispose]();
  const gone = await command(rig, ['tools', '--url', `http://127.0.0.1:${port}/mcp`]);
  expect(gone.stderr).toContain(`nothing answers at 127.0.0.1:${port}`);
});

interface Check {
  readonly id: string;
  readonly findings: readonly { status: string; message: string }[];
}

async function examined(rig: Rig, url: string, env: NodeJS.ProcessEnv = {}): Promise<Map<string, string>> {
  const { stdout } = await command(rig, ['doctor', '--url', url, '--db', rig.db, '--json'], env);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  return new Map(
    checks.map(({ id, findings }) => [
      id,
      findings.map(({ status, message }) => `${status} ${message}`).join('\n'),
    ]),
  );
}

test('doctor looks at the way to a remote server', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  const checks = await examined(rig, server.url);
  expect(checks.get('server')).toMatch(
    /^ok .* speaks Streamable HTTP of 2025-11-25, a session, and lists 1 tool$/,
  );
  expect(checks.get('latency')).toMatch(/^ok it answered the list of its tools in \d+ ms$/);
  expect(checks.get('login')).toContain('nobody is logged in');
  expect(checks.get('certificate')).toContain('no certificate is looked at');
});

test('doctor looks at the certificate: trusted with its days, or not, and then nothing is sent', async () => {
  await using rig = new Rig();
  const requests: string[] = [];
  const server = createServer(
    { key: readFileSync(join(TLS, 'key.pem')), cert: readFileSync(join(TLS, 'certificate.pem')) },
    (request, response) => {
      requests.push(request.method ?? '');
      response.writeHead(404).end();
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const url = `https://localhost:${port}/mcp`;
    const untrusted = await examined(rig, url);
    expect(untrusted.get('certificate')).toContain('is signed by nobody whom this machine trusts');
    expect(untrusted.get('server')).toContain('is signed by nobody whom this machine trusts');
    expect(requests).toEqual([]);
    const trusted = await examined(rig, url, { NODE_EXTRA_CA_CERTS: join(TLS, 'certificate.pem') });
    expect(trusted.get('certificate')).toMatch(/^ok .*signed by policy-wrap tests, is valid for \d{5} days/);
    expect(requests).not.toEqual([]);
    const other = await examined(rig, `https://127.0.0.1:${port}/mcp`, {
      NODE_EXTRA_CA_CERTS: join(TLS, 'certificate.pem'),
    });
    expect(other.get('certificate')).toContain("the certificate is another server's");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('no command shows a key in an address, nor a header that was written wrongly', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  const url = `${server.url}?key=hush-hush`;
  const shown = await Promise.all([
    command(rig, ['doctor', '--header', 'X-Key=hush-hush', '--url', url, '--db', rig.db]),
    command(rig, ['tools', '--header', 'X-Key=hush-hush', '--url', url]),
    command(rig, ['logout', url]),
  ]);
  for (const { code, stdout, stderr } of shown) {
    expect(code).not.toBe(0);
    expect(stdout + stderr).not.toContain('hush');
  }
});
