import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { atTerminal, PYTHON } from '../support/asking.js';
import { command } from '../support/command.js';
import { Issuer } from '../support/issuer.js';
import { RemoteServer } from '../support/remote-server.js';
import { Rig, refusalCode } from '../support/rig.js';

/** What a client has of a remote server, and a local one beside it that does not start. */
const configOf = (url: string) => `{
\t"mcpServers" : {
\t\t"billing": { "type": "http", "url": "${url}",
\t\t  "headers": { "Authorization": "Bearer sk-sesame-1234", "X-Tenant": "7" }, "timeout": 5000 },
\t\t"other" : { "command": "mcp-other-that-is-not-there" }
\t}
}
`;

/** A home folder in which nothing but one client's file is. */
async function home(rig: Rig, url: string) {
  const file = join(rig.folder, '.cursor', 'mcp.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, configOf(url));
  const env = { HOME: rig.folder, XDG_CONFIG_HOME: '', XDG_DATA_HOME: '', POLICY_WRAP_DB: '' };
  return {
    env,
    text: () => readFileSync(file, 'utf8'),
    entry: () => JSON.parse(readFileSync(file, 'utf8')).mcpServers.billing,
    run: (...args: string[]) => command(rig, args, env),
  };
}

const onlyActing = (server: RemoteServer) =>
  server.received.filter(({ method }) => method === 'POST').map(({ headers }) => headers);

test('install puts the wrapper in front of an address with its headers, a client starts it, and uninstall gives the bytes back', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  const account = await home(rig, server.url);
  const before = account.text();
  const installed = await account.run('install', 'cursor', 'billing', '--strength', 'brake', '--yes');
  expect([installed.code, installed.stderr]).toEqual([0, expect.any(String)]);
  expect(installed.stdout).toContain('billing: wrapped; test start: 1 tool');
  expect(installed.stdout + installed.stderr).not.toContain('sesame');
  const { args, env, timeout, url } = account.entry();
  expect({ timeout, url, env }).toEqual({
    timeout: 5000,
    url: undefined,
    env: { HEADER_AUTHORIZATION: 'Bearer sk-sesame-1234', HEADER_X_TENANT: '7' },
  });
  expect(args.join(' ')).not.toContain('sesame');
  // Every request so far, to see its tools and to test the start, carried the headers of the entry.
  for (const headers of onlyActing(server))
    expect(headers).toMatchObject({ authorization: 'Bearer sk-sesame-1234', 'x-tenant': '7' });

  const wrapper = rig.spawn(args.slice(1), { env: { ...account.env, ...env } });
  await wrapper.initialize();
  for (let n = 0; n < 5; n++) expect(refusalCode(await wrapper.call('act'))).toBeUndefined();
  expect(refusalCode(await wrapper.call('act'))).toBe('LIMIT');
  expect(await wrapper.end()).toBe(0);
  expect(server.calls).toHaveLength(5);

  const again = await account.run('install', 'cursor', 'billing', '--yes');
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('billing: wrapped already')]);
  // A person who names the address alone is told of the entry's own name and policy.
  const key = ['--header', 'Authorization: Bearer sk-sesame-1234'];
  const doctor = await account.run('doctor', '--url', server.url, ...key, '--json');
  const { checks } = JSON.parse(doctor.stdout);
  const policy = checks.find(({ id }: { id: string }) => id === 'policy');
  expect(policy.findings[0]).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('billing.json'),
  });
  const tools = await account.run('tools', '--url', server.url, ...key, '--json');
  expect(JSON.parse(tools.stdout)).toMatchObject({
    server: 'billing',
    tools: [{ policy: expect.stringContaining('limit') }],
  });
  const clients = await account.run('clients', '--json');
  const [entry] = JSON.parse(clients.stdout).places.flatMap((place: { entries: object[] }) => place.entries);
  expect(entry).toMatchObject({ status: 'wrapped', url: server.url });
  expect((await account.run('uninstall', 'cursor', 'billing', '--yes')).code).toBe(0);
  expect(account.text()).toBe(before);
});

test('setup protects a remote server as it does local ones', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  const account = await home(rig, server.url);
  const before = account.text();
  const done = await account.run('setup', '--all', '--strength', 'brake', '--yes');
  expect([done.code, done.stderr]).toEqual([0, expect.any(String)]);
  expect(done.stdout).toContain(server.url);
  expect(done.stdout).toMatch(/^ {2}started +yes, with 1 tool for your client$/m);
  expect(done.stdout).toMatch(/^ {2}other +does not start/m);
  expect(done.stdout + done.stderr).not.toContain('sesame');
  expect((await account.run('setup', '--all', '--strength', 'brake', '--yes')).stdout).toContain(
    'Nothing to change',
  );
  expect((await account.run('uninstall', '--all', '--yes')).code).toBe(0);
  expect(account.text()).toBe(before);
});

test('a server that wants a login says so, in the place of the login that the client had', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start((_, response) => {
    response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    return true;
  });
  const account = await home(rig, server.url);
  writeFileSync(
    join(rig.folder, '.cursor', 'mcp.json'),
    JSON.stringify({ mcpServers: { billing: { url: server.url } } }),
  );
  const setup = await account.run('setup', '--all', '--yes');
  expect(setup.stdout.replace(/\s+/g, ' ')).toContain(
    `wants to know who you are: policy-wrap login ${server.url} policy-wrap setup`,
  );
  const installed = await account.run('install', 'cursor', 'billing', '--yes');
  expect([installed.code, installed.stdout]).toEqual([
    1,
    expect.stringContaining(`billing: wrapped; it wants a login: policy-wrap login ${server.url}`),
  ]);
});

test('what the client fills in is left to it, and nothing is started before that', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start();
  const account = await home(rig, server.url);
  const before = account.text().replace('sk-sesame-1234', `$\{env:BILLING}`);
  writeFileSync(join(rig.folder, '.cursor', 'mcp.json'), before);
  const installed = await account.run('install', 'cursor', 'billing', '--yes');
  expect([installed.code, installed.stderr]).toEqual([0, expect.any(String)]);
  expect(installed.stdout).toContain('only the client knows all its values');
  expect(account.entry().env.HEADER_AUTHORIZATION).toBe(`Bearer $\{env:BILLING}`);
  expect(account.entry().args.join(' ')).not.toContain('$');
  expect(server.received).toEqual([]);
  expect((await account.run('uninstall', 'cursor', 'billing', '--yes')).code).toBe(0);
  expect(account.text()).toBe(before);
});

test.skipIf(PYTHON === undefined)(
  'a person at a terminal goes from an entry that wants a login to a protected one by setup alone',
  async () => {
    await using rig = new Rig();
    const issuer = new Issuer();
    await using server = await RemoteServer.start(issuer.behaviour);
    const account = await home(rig, server.url);
    const file = join(rig.folder, '.cursor', 'mcp.json');
    const before = JSON.stringify({ mcpServers: { billing: { url: server.url } } });
    writeFileSync(file, before);
    // The browser: what the system opens addresses with.
    const browser = join(rig.folder, 'bin', 'xdg-open');
    mkdirSync(dirname(browser));
    writeFileSync(browser, `#!${process.execPath}\nfetch(process.argv[2]);\n`, { mode: 0o755 });
    const env = {
      ...rig.env(),
      ...account.env,
      PATH: `${dirname(browser)}:${process.env.PATH}`,
      DISPLAY: ':0',
      TERM: 'xterm-256color',
    };
    const { code, stdout } = await atTerminal(
      ['setup'],
      [
        ['Start billing once', '\r'],
        ['Open your browser to log in', '\r'],
        ['Which servers shall be protected', '\r'],
        ['How strict', '\r'],
        ['Write this', '\r'],
      ],
      env,
    );
    const shown = stripVTControlCharacters(stdout);
    expect([code, shown]).toEqual([0, expect.stringContaining('yes, with 1 tool for your client')]);
    const { args } = account.entry();
    const wrapper = rig.spawn(args.slice(1), { env: account.env });
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('act'))).toBeUndefined();
    expect(await wrapper.end()).toBe(0);
    expect((await account.run('uninstall', '--all', '--yes')).code).toBe(0);
    expect(account.text()).toBe(before);
  },
);
