import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command } from '../support/command.js';
import { Issuer } from '../support/issuer.js';
import { ALLOW_ALL } from '../support/policies.js';
import { RemoteServer } from '../support/remote-server.js';
import { Rig, type Wrapper } from '../support/rig.js';

/** `policy-wrap login` with a person who does what the page wants. */
async function logIn(
  rig: Rig,
  url: string,
  visit: (address: URL) => Promise<void>,
  more: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | string; stderr: string; stdout: string }> {
  const wrapper = rig.spawn(['login', url, '--no-browser', ...more], { env: { DISPLAY: '', ...env } });
  let stdout = '';
  wrapper.child.stdout.removeAllListeners('data').on('data', (text) => {
    stdout += text;
  });
  await expect
    .poll(() => /\n {2}(http\S+)\n/.exec(wrapper.stderr)?.[1] ?? wrapper.child.exitCode, { timeout: 20_000 })
    .toBeTruthy();
  const address = /\n {2}(http\S+)\n/.exec(wrapper.stderr)?.[1];
  if (address !== undefined) await visit(new URL(address));
  return { code: await wrapper.exit, stderr: wrapper.stderr, stdout };
}

/** A browser: follows redirects, and tells the text at their end. */
function browse(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      const { location } = response.headers;
      if (location !== undefined) {
        response.resume();
        browse(new URL(location, url)).then(resolve, reject);
        return;
      }
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

/** The status of a page of this machine, its path as it is. */
function asked(port: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path }, (response) => resolve(response.resume().statusCode)).on(
      'error',
      reject,
    );
  });
}

function wrap(rig: Rig, url: string): Wrapper {
  return rig.spawn(['--url', url, '--policy', rig.file('policy.json', ALLOW_ALL), '--db', rig.db]);
}

const files = (rig: Rig) => readdirSync(join(rig.folder, 'data', 'policy-wrap', 'logins'));

test('from a server that asks who is there to a call, and out again', async () => {
  await using rig = new Rig();
  const issuer = new Issuer();
  await using server = await RemoteServer.start(issuer.behaviour);
  const before = wrap(rig, server.url);
  const refused = await before.initialize();
  expect(refused.error.message).toContain(`policy-wrap login ${server.url}`);
  // It takes the token as soon as there is one.
  const { code, stdout } = await logIn(rig, server.url, async (address) => {
    expect(address.searchParams.get('scope')).toBe('tools');
    expect(address.searchParams.get('resource')).toBe(server.url);
    expect(await browse(address)).toContain('You are logged in');
  });
  expect([code, stdout]).toEqual([0, expect.stringContaining('Logged in to 127.0.0.1')]);
  expect((await before.initialize()).result.serverInfo.name).toBe('remote');
  expect((await before.call('act')).result.content[0].text).toBe('did act');
  expect(before.stderr).not.toContain(issuer.valid);
  const [file = ''] = files(rig);
  const path = join(rig.folder, 'data', 'policy-wrap', 'logins', file);
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).toContain(issuer.valid);

  const out = await command(rig, ['logout', server.url]);
  expect([out.code, out.stderr]).toEqual([0, '']);
  expect(issuer.revoked).toEqual([`refresh-${issuer.valid}`]);
  expect(files(rig)).toEqual([]);
  expect((await command(rig, ['logout', server.url])).stderr).toContain('nobody is logged in');
});

test('eight wrappers renew one token once', async () => {
  await using rig = new Rig();
  const issuer = new Issuer();
  let asked: string | undefined;
  await using server = await RemoteServer.start((received, response, self) => {
    // The token of the login has expired: its refresh token has not.
    if (received.path === '/mcp' && received.headers.authorization === `Bearer ${asked}`) {
      response.writeHead(401).end();
      return true;
    }
    return issuer.behaviour(received, response, self);
  });
  await logIn(rig, server.url, async (address) => void (await browse(address)));
  asked = issuer.valid;
  const wrappers = Array.from({ length: 8 }, () => wrap(rig, server.url));
  const answers = await Promise.all(wrappers.map((wrapper) => wrapper.initialize()));
  const failed = wrappers.flatMap(({ stderr }, n) =>
    answers[n]?.result ? [] : [JSON.stringify(answers[n]), stderr],
  );
  expect(failed).toEqual([]);
  expect(issuer.refreshes).toHaveLength(1);
  expect(files(rig)).toHaveLength(1);
});

test('a server that refuses every token has none renewed with each call', async () => {
  await using rig = new Rig();
  const issuer = new Issuer();
  let refuses = false;
  await using server = await RemoteServer.start((received, response, self) => {
    if (!refuses || received.path !== '/mcp') return issuer.behaviour(received, response, self);
    response.writeHead(401).end();
    return true;
  });
  await logIn(rig, server.url, async (address) => void (await browse(address)));
  const wrapper = wrap(rig, server.url);
  await wrapper.initialize();
  const began = performance.now();
  refuses = true;
  const calls = async () => await Promise.all(Array.from({ length: 30 }, () => wrapper.call('act')));
  const answers = [...(await calls()), ...(await calls())];
  expect(answers.map(({ error }) => error?.message.includes('answered 401'))).toEqual(Array(60).fill(true));
  // Each call went out at most twice, and the authorization server was asked about every ten seconds.
  expect(server.posted('tools/call').length).toBeLessThanOrEqual(120);
  expect(issuer.refreshes.length).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - began) / 10_000));
  // Once tokens are taken again, so is the one that is there.
  refuses = false;
  expect((await wrapper.call('act')).result).toBeDefined();
  expect(await wrapper.end()).toBe(0);
});

test('a login that is refused, one that another page sends, and one that nobody begins', async () => {
  await using rig = new Rig();
  const issuer = new Issuer();
  await using server = await RemoteServer.start(issuer.behaviour);
  const { code, stderr } = await logIn(rig, server.url, async (address) => {
    const { port } = new URL(address.searchParams.get('redirect_uri') ?? '');
    // No address at all, which any page can ask for.
    expect(await asked(port, '//')).toBe(404);
    const back = new URL(address.searchParams.get('redirect_uri') ?? '');
    expect(back.hostname).toBe('127.0.0.1');
    back.searchParams.set('code', 'stolen');
    back.searchParams.set('state', 'another');
    expect(await browse(back)).toContain('not the login');
    back.searchParams.delete('code');
    back.searchParams.set('state', address.searchParams.get('state') ?? '');
    back.searchParams.set('error', 'access_denied');
    expect(await browse(back)).toContain('was refused');
  });
  expect(code).toBe(1);
  expect(stderr).toContain('access_denied');
  const agent = await command(rig, ['login', server.url], { CODEX_SANDBOX: '1' });
  expect(agent.stderr).toContain('is for a person');
});

test.each([
  ['http://169.254.169.254/latest', 'is not encrypted'],
  ['https://10.0.0.1/', 'private network'],
  ['https://[::ffff:10.0.0.1]/', 'private network'],
])('metadata that names %s is not followed', async (elsewhere, reason) => {
  await using rig = new Rig();
  const issuer = new Issuer();
  issuer.elsewhere = elsewhere;
  await using server = await RemoteServer.start(issuer.behaviour);
  const { code, stderr } = await command(rig, ['login', server.url, '--no-browser']);
  expect(code).toBe(1);
  expect(stderr).toContain(reason);
});

test.each(['file:///usr/bin/xcalc', 'ms-settings:about', 'http://intranet.example/'])(
  'the system is not asked to open %s, which a server names as its page',
  async (page) => {
    await using rig = new Rig();
    const issuer = new Issuer();
    issuer.authorize = page;
    await using server = await RemoteServer.start(issuer.behaviour);
    const { code, stderr } = await command(rig, ['login', server.url, '--no-browser']);
    expect(code).toBe(1);
    expect(stderr).toContain('is not encrypted');
    expect(stderr).not.toContain('Open this address');
  },
);

test('a key in the address is not told with the advice to log in', async () => {
  await using rig = new Rig();
  await using server = await RemoteServer.start(new Issuer().behaviour);
  const wrapper = wrap(rig, `${server.url}?key=hush-hush`);
  expect((await wrapper.initialize()).error.message).toContain(`policy-wrap login ${server.url}`);
  expect(wrapper.stderr + wrapper.stdout).not.toContain('hush');
});

test('a login that others could have written is not used', async () => {
  await using rig = new Rig();
  const issuer = new Issuer();
  await using server = await RemoteServer.start(issuer.behaviour);
  await logIn(rig, server.url, async (address) => void (await browse(address)));
  const [file = ''] = files(rig);
  chmodSync(join(rig.folder, 'data', 'policy-wrap', 'logins', file), 0o666);
  expect((await wrap(rig, server.url).initialize()).error.message).toContain('401');
});

test.each<[title: string, change: (issuer: Issuer, origin: string) => void, says: string | undefined]>([
  [
    'names itself',
    (issuer, origin) => Object.assign(issuer, { promisesIssuer: true, iss: origin }),
    undefined,
  ],
  [
    'promised to name itself',
    (issuer) => Object.assign(issuer, { promisesIssuer: true }),
    'does not say which',
  ],
  ['is another', (issuer) => Object.assign(issuer, { iss: 'https://evil.example' }), 'https://evil.example'],
  [
    'is spelled otherwise',
    (issuer, origin) => Object.assign(issuer, { iss: `${origin}/` }),
    'another authorization server',
  ],
  [
    'has the metadata of another',
    (issuer) => Object.assign(issuer, { name: 'https://evil.example' }),
    'calls itself',
  ],
])('the authorization server that answers %s', async (_title, change, says) => {
  await using rig = new Rig();
  const issuer = new Issuer();
  await using server = await RemoteServer.start(issuer.behaviour);
  change(issuer, `http://127.0.0.1:${server.port}`);
  const { code, stderr } = await logIn(rig, server.url, async (address) => void (await browse(address)));
  expect(code).toBe(says === undefined ? 0 : 1);
  if (says === undefined) return;
  expect(stderr).toContain(says);
  // The code did not leave this machine.
  expect(issuer.clients).toEqual([]);
});

test('a client that the server knows, with its secret, and what a person asks for', async () => {
  await using rig = new Rig();
  const issuer = new Issuer();
  let expired: string | undefined;
  await using server = await RemoteServer.start((received, response, self) => {
    const isRefused = received.path === '/mcp' && received.headers.authorization === `Bearer ${expired}`;
    if (!isRefused) return issuer.behaviour(received, response, self);
    response.writeHead(401).end();
    return true;
  });
  const more = ['--client-id', 'known', '--client-secret-env', 'SECRET', '--oauth-scope', 'tools write'];
  const visit = async (address: URL) => {
    expect(address.searchParams.get('client_id')).toBe('known');
    expect(address.searchParams.get('scope')).toBe('tools write');
    await browse(address);
  };
  const { code, stderr, stdout } = await logIn(rig, server.url, visit, more, { SECRET: 'hush-hush' });
  expect(code).toBe(0);
  expect(stderr + stdout).not.toContain('hush');
  const basic = `Basic ${Buffer.from('known:hush-hush').toString('base64')}`;
  expect(issuer.clients).toEqual([basic]);
  // A renewal knows it too.
  expired = issuer.valid;
  expect((await wrap(rig, server.url).initialize()).result).toBeDefined();
  expect(issuer.clients).toEqual([basic, basic]);
  expect(issuer.registered).toBe(0);
  const missing = await command(rig, [
    'login',
    server.url,
    '--client-id',
    'known',
    '--client-secret-env',
    'NOT_SET',
  ]);
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('NOT_SET is not set')]);
});

test('a call that wants more than the login may do says what to ask for, to the person alone', async () => {
  await using rig = new Rig();
  const issuer = new Issuer();
  await using server = await RemoteServer.start((received, response, self) => {
    if (received.message?.method !== 'tools/call') return issuer.behaviour(received, response, self);
    const challenge = 'Bearer error="insufficient_scope", scope="tools write"';
    response.writeHead(403, { 'www-authenticate': challenge }).end();
    return true;
  });
  await logIn(rig, server.url, async (address) => void (await browse(address)));
  const wrapper = wrap(rig, server.url);
  await wrapper.initialize();
  const { error } = await wrapper.call('act');
  expect(error.message).not.toContain('policy-wrap');
  expect(wrapper.stderr).toContain(`policy-wrap login ${server.url} --oauth-scope "tools write"`);
});
