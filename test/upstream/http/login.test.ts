import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { HeaderCredentials } from '../../../src/upstream/http/headers.js';
import { HttpClient, type HttpResponse } from '../../../src/upstream/http/http-client.js';
import { LoginCredentials } from '../../../src/upstream/http/oauth/credentials.js';
import { type LoginOptions, logIn, logOut } from '../../../src/upstream/http/oauth/login.js';
import { LoginFile } from '../../../src/upstream/http/oauth/login-file.js';
import { oauthFetch } from '../../../src/upstream/http/oauth/oauth-fetch.js';
import { Issuer } from '../../support/issuer.js';
import { RemoteServer } from '../../support/remote-server.js';

const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-login-'));
afterAll(() => rmSync(folder, { recursive: true }));

const UNAUTHORIZED = { status: 401, headers: {} } as HttpResponse;
const FORBIDDEN = { status: 403, headers: {} } as HttpResponse;

/** A person's browser: it goes where it is sent. @returns what the last page says, with the status 0 where none came */
function browse(address: URL): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    get(address, (response) => {
      const { statusCode = 0, headers } = response;
      if (statusCode === 302) {
        response.resume();
        return resolve(browse(new URL(headers.location ?? '', address)));
      }
      let text = '';
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status: statusCode, text }));
    }).on('error', ({ message }) => resolve({ status: 0, text: message }));
  });
}

async function rig() {
  const issuer = new Issuer();
  const server = await RemoteServer.start(issuer.behaviour);
  const url = new URL(server.url);
  const file = new LoginFile(folder, url);
  const client = new HttpClient({ allowPrivate: false, env: {} });
  const warnings: string[] = [];
  const fetched: string[] = [];
  const asks = oauthFetch(client, url);
  return {
    ...{ issuer, server, url, file, warnings, fetched },
    logIn: (changes: Partial<LoginOptions> = {}) =>
      logIn({
        ...{ url, file, port: 0, allowPrivate: false, env: {} },
        show: (address) => void browse(address),
        signal: AbortSignal.timeout(20_000),
        ...changes,
      }),
    /** @param answer what the authorization server says, where it is not this one */
    credentials: (lines: string[] = [], env: NodeJS.ProcessEnv = {}, answer?: () => Response) =>
      new LoginCredentials({
        ...{ file, url },
        named: new HeaderCredentials(lines, env),
        fetch: (address, init) => {
          fetched.push(new URL(address).pathname);
          return answer ? Promise.resolve(answer()) : asks(address, init);
        },
        warn: (text) => warnings.push(text),
      }),
    async [Symbol.asyncDispose]() {
      rmSync(file.path, { force: true });
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('a login', () => {
  test('asks for what the server wants, registers, and leaves a token that others cannot read', async () => {
    await using at = await rig();
    const shown: URL[] = [];
    await at.logIn({
      show: (address) => {
        shown.push(address);
        void browse(address);
      },
    });
    expect(shown).toHaveLength(1);
    expect(shown[0]?.searchParams.get('scope')).toBe('tools');
    expect(shown[0]?.searchParams.get('resource')).toBe(at.url.href);
    expect(at.file.read()?.tokens?.access_token).toBe(at.issuer.valid);
    expect(statSync(at.file.path).mode & 0o777).toBe(0o600);
    expect(await at.credentials().headers()).toEqual({ authorization: `Bearer ${at.issuer.valid}` });
    expect(at.issuer.registered).toBe(1);
    // A later one begins anew.
    await at.logIn({ scope: 'less', clientId: 'known', clientSecret: 'secret' });
    expect(at.issuer.registered).toBe(1);
    expect(at.issuer.clients.at(-1)).toMatch(/^Basic /);
  });

  test('whoever comes back with another state, or from elsewhere, does not end it', async () => {
    await using at = await rig();
    const answers: { status: number; text: string }[] = [];
    await at.logIn({
      show: async (address) => {
        const back = new URL(address.searchParams.get('redirect_uri') ?? '');
        expect(back.hostname).toBe('127.0.0.1');
        for (const path of ['/callback?code=evil', '/callback?code=evil&state=x', '/other?code=evil', '//'])
          answers.push(await browse(new URL(`${back.origin}${path}`)));
        answers.push(await browse(address));
      },
    });
    await vi.waitFor(() => expect(answers).toHaveLength(5));
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 404, 404, 200]);
    expect(answers.at(-1)?.text).toContain('You are logged in');
    expect(at.file.read()?.tokens?.access_token).toBe(at.issuer.valid);
  });

  test.each<[string, (at: Awaited<ReturnType<typeof rig>>) => Partial<LoginOptions> | undefined, RegExp]>([
    [
      'the person says no',
      () => ({
        show: (address) => {
          const back = new URL(address.searchParams.get('redirect_uri') ?? '');
          back.searchParams.set('state', address.searchParams.get('state') ?? '');
          back.searchParams.set('error', 'access_denied');
          back.searchParams.set('error_description', 'Not today.');
          void browse(back);
        },
      }),
      /: Not today\.$/,
    ],
    [
      'it is given up',
      () => {
        const stop = new AbortController();
        return { signal: stop.signal, show: () => stop.abort() };
      },
      /: nobody came back from the browser$/,
    ],
    [
      'it was given up before',
      () => ({ signal: AbortSignal.abort() }),
      /: nobody came back from the browser$/,
    ],
    [
      'the answer is from another authorization server',
      ({ issuer }) => {
        issuer.iss = 'https://evil.example';
        return undefined;
      },
      /from another authorization server, https:\/\/evil\.example$/,
    ],
    [
      'the answer does not say what it promised',
      ({ issuer }) => {
        issuer.promisesIssuer = true;
        return undefined;
      },
      /does not say which authorization server it is from$/,
    ],
    [
      'the browser would open a program',
      ({ issuer }) => {
        issuer.authorize = 'file:///bin/sh';
        return undefined;
      },
      /./,
    ],
    [
      'the metadata is that of another server',
      ({ issuer }) => {
        issuer.name = 'https://evil.example';
        return undefined;
      },
      /another server|issuer/i,
    ],
  ])('fails where %s, and leaves nothing', async (_, prepare, reason) => {
    await using at = await rig();
    const changes = prepare(at);
    await expect(at.logIn(changes)).rejects.toMatchObject({
      code: 'LOGIN_FAILED',
      message: expect.stringMatching(reason),
    });
    expect(at.file.read()?.tokens).toBeUndefined();
  });

  test('an answer that names the right authorization server is taken', async () => {
    await using at = await rig();
    at.issuer.promisesIssuer = true;
    at.issuer.iss = at.url.origin;
    await at.logIn();
    expect(at.file.read()?.tokens?.access_token).toBe(at.issuer.valid);
  });

  test('is taken back at the server and here, once', async () => {
    await using at = await rig();
    await at.logIn();
    const token = `refresh-${at.issuer.valid}`;
    const { url, file } = at;
    expect(await logOut({ url, file, allowPrivate: false, env: {} })).toEqual({
      was: true,
      problem: undefined,
    });
    expect(at.issuer.revoked).toEqual([token]);
    expect(existsSync(file.path)).toBe(false);
    expect(await logOut({ url, file, allowPrivate: false, env: {} })).toEqual({
      was: false,
      problem: undefined,
    });
    expect(at.issuer.revoked).toHaveLength(1);
  });

  test('that cannot be taken back at the server is taken back here, and why is told', async () => {
    await using at = await rig();
    await at.logIn();
    await at.server[Symbol.asyncDispose]();
    const { url, file } = at;
    const { was, problem } = await logOut({ url, file, allowPrivate: false, env: {} });
    expect(was).toBe(true);
    expect(problem).toContain('nothing answers');
    expect(file.read()).toBeUndefined();
  });
});

describe('a token that is refused', () => {
  test('is renewed once, however many calls find out', async () => {
    await using at = await rig();
    await at.logIn();
    const [one, other] = [at.credentials(), at.credentials()];
    await Promise.all([one.headers(), other.headers()]);
    const before = at.issuer.valid;
    const renewed = await Promise.all([
      one.renew(UNAUTHORIZED),
      one.renew(UNAUTHORIZED),
      other.renew(UNAUTHORIZED),
    ]);
    expect(renewed).toEqual([true, true, true]);
    expect(at.issuer.refreshes).toEqual([`refresh-${before}`]);
    expect(await other.headers()).toEqual({ authorization: `Bearer ${at.issuer.valid}` });
    // Where the authorization server is was kept with the login.
    expect(at.fetched).toEqual(['/token']);
  });

  test('that was just renewed is not renewed again with each call, and is some seconds later', async () => {
    await using at = await rig();
    await at.logIn();
    const credentials = at.credentials();
    await credentials.headers();
    let now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    expect(await credentials.renew(UNAUTHORIZED)).toBe(true);
    await credentials.headers();
    expect(await credentials.renew(UNAUTHORIZED)).toBe(false);
    now += 9999;
    expect(await credentials.renew(UNAUTHORIZED)).toBe(false);
    now += 2;
    expect(await credentials.renew(UNAUTHORIZED)).toBe(true);
    expect(at.issuer.refreshes).toHaveLength(2);
  });

  test('that cannot be renewed is told, and not asked for with each call', async () => {
    await using at = await rig();
    await at.logIn();
    const refusal = JSON.stringify({ error: 'invalid_scope', error_description: 'No.' });
    const credentials = at.credentials([], {}, () => new Response(refusal, { status: 400 }));
    await credentials.headers();
    expect(await credentials.renew(UNAUTHORIZED)).toBe(false);
    expect(at.warnings).toEqual(['the login could not be renewed: No.']);
    expect(at.fetched).toEqual(['/token']);
    expect(await credentials.renew(UNAUTHORIZED)).toBe(false);
    expect(at.fetched).toEqual(['/token']);
  });

  test('whose authorization server cannot be reached stays refused, and that is not asked with each call', async () => {
    await using at = await rig();
    await at.logIn();
    const credentials = at.credentials();
    await credentials.headers();
    await at.server[Symbol.asyncDispose]();
    expect(await credentials.renew(UNAUTHORIZED)).toBe(false);
    const asked = at.fetched.length;
    expect(asked).toBeGreaterThan(0);
    expect(await credentials.renew(UNAUTHORIZED)).toBe(false);
    expect(at.fetched).toHaveLength(asked);
  });

  test('that the authorization server does not take any more is no reason for a browser', async () => {
    await using at = await rig();
    await at.logIn();
    const credentials = at.credentials();
    await credentials.headers();
    at.issuer.valid = 'another';
    expect(await credentials.renew(UNAUTHORIZED)).toBe(false);
    expect(at.issuer.refreshes).toHaveLength(1);
  });

  test('is not renewed for what it may not do, nor where nobody logged in', async () => {
    await using at = await rig();
    expect(await at.credentials().renew(UNAUTHORIZED)).toBe(false);
    await at.logIn();
    const credentials = at.credentials();
    await credentials.headers();
    expect(await credentials.renew(FORBIDDEN)).toBe(false);
    // Logged out meanwhile, while the file is still there.
    at.file.write({});
    expect(await credentials.renew(UNAUTHORIZED)).toBe(false);
    expect(at.fetched).toEqual([]);
  });

  test('somebody logged in anew meanwhile: their token is tried', async () => {
    await using at = await rig();
    await at.logIn();
    const credentials = at.credentials();
    await credentials.headers();
    await at.logIn();
    expect(await credentials.renew(UNAUTHORIZED)).toBe(true);
    expect(at.issuer.refreshes).toEqual([]);
  });

  test('somebody logged in anew while the renewal failed: their token is tried, and nothing is told', async () => {
    await using at = await rig();
    await at.logIn();
    const credentials = at.credentials([], {}, () => {
      at.file.write({ tokens: { access_token: 'theirs', token_type: 'Bearer' } });
      return new Response(JSON.stringify({ error: 'invalid_scope', error_description: 'No.' }), {
        status: 400,
      });
    });
    await credentials.headers();
    expect(await credentials.renew(UNAUTHORIZED)).toBe(true);
    expect(at.warnings).toEqual([]);
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer theirs' });
  });

  test.each([
    ['https://10.0.0.5/mcp', 'https://10.0.0.5/token', true],
    ['https://10.0.0.5/mcp', 'https://10.0.0.5:8443/token', false],
    ['https://10.0.0.5/mcp', 'https://10.0.0.6/token', false],
    ['https://mcp.test/mcp', 'https://auth.test/token', false],
    ['https://mcp.test/mcp', 'https://10.0.0.6/token', false],
    ['https://mcp.test/mcp', 'http://127.0.0.1:9/token', false],
    ['http://127.0.0.1:8/mcp', 'http://localhost:9/token', true],
    ['http://127.0.0.1:8/mcp', 'https://10.0.0.6/token', false],
  ])('metadata of %s that leads to %s is as good as typed by the person: %s', async (server, url, typed) => {
    const client = new HttpClient({ allowPrivate: false, env: {} });
    const request = vi.spyOn(client, 'request').mockRejectedValue(new Error('goes nowhere'));
    await expect(oauthFetch(client, new URL(server))(url)).rejects.toThrow();
    expect(request.mock.lastCall?.[1]).toBe(typed);
    await client.close();
  });

  test('an authorization server that hangs is not waited for longer than half a minute', async () => {
    await using hanging = await RemoteServer.start(() => true);
    const client = new HttpClient({ allowPrivate: false, env: {} });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const answer = oauthFetch(client, new URL(hanging.url))(hanging.url);
    const failed = expect(answer).rejects.toThrow('no answer within 30 s');
    vi.advanceTimersByTime(30_000);
    vi.useRealTimers();
    await failed;
    await client.close();
  });
});

describe('who we are', () => {
  test('a header that a person named comes before a login, and is what is renewed and advised about', async () => {
    await using at = await rig();
    await at.logIn();
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as a person writes it
    const credentials = at.credentials(['Authorization: Bearer ${TOKEN}'], { TOKEN: 'of-mine' });
    expect(await credentials.headers()).toEqual({ authorization: 'Bearer of-mine' });
    expect(await credentials.renew(UNAUTHORIZED)).toBe(false);
    expect(at.fetched).toEqual([]);
    expect(credentials.advice('Bearer scope="tools"')).toBe('it does not take what --header says');
    expect(credentials.masked('of-mine and more')).toBe('*** and more');
  });

  test('another header goes along with the login', async () => {
    await using at = await rig();
    await at.logIn();
    const credentials = at.credentials(['X-Team: billing']);
    expect(await credentials.headers()).toEqual({
      authorization: `Bearer ${at.issuer.valid}`,
      'x-team': 'billing',
    });
    expect(credentials.masked(`who is ${at.issuer.valid} of billing`)).toBe('who is *** of ***');
  });

  test('without any, a person is told how to log in, with what the server wants', async () => {
    await using at = await rig();
    const credentials = at.credentials();
    expect(await credentials.headers()).toEqual({});
    expect(credentials.masked('nothing secret')).toBe('nothing secret');
    const login = `a person logs in with: policy-wrap login ${at.url.href}`;
    expect(credentials.advice(undefined)).toBe(login);
    expect(credentials.advice('Bearer realm="x"')).toBe(login);
    expect(credentials.advice('Bearer scope="tools:read tools:call"')).toBe(
      `${login} --oauth-scope "tools:read tools:call"`,
    );
    expect(credentials.advice('Bearer scope="x`; rm -rf /"')).toBe(login);
  });
});

describe('the file of a login', () => {
  const url = new URL('https://example.com/mcp?key=1');
  const tokens = { access_token: 'a', token_type: 'Bearer' };

  test.each<[string, (path: string) => void]>([
    ['is not there', (path) => rmSync(path)],
    ['is no JSON', (path) => writeFileSync(path, '{')],
    [
      'is of another server',
      (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('example.com', 'evil.com')),
    ],
    ['is no login', (path) => writeFileSync(path, '{"url":"https://example.com/mcp","tokens":{}}')],
    ['others could have written', (path) => chmodSync(path, 0o620)],
    ['others can read', (path) => chmodSync(path, 0o604)],
  ])('that %s is none', (_, spoil) => {
    const file = new LoginFile(folder, url);
    file.write({ tokens });
    expect(file.read()).toEqual({ url: 'https://example.com/mcp', tokens });
    spoil(file.path);
    expect(file.read()).toBeUndefined();
    expect(file.remove()).toBe(false);
    expect(existsSync(file.path)).toBe(false);
  });

  test('is one for each address, whatever its query', () => {
    const at = (address: string) => new LoginFile(folder, new URL(address)).path;
    expect(at('https://example.com/mcp?other')).toBe(new LoginFile(folder, url).path);
    expect(at('https://example.com/other')).not.toBe(new LoginFile(folder, url).path);
  });

  test('is held by one at a time; whoever died with it is not waited for', async () => {
    const file = new LoginFile(join(folder, 'new'), url);
    const order: string[] = [];
    let release = () => {};
    const first = file.alone(async () => {
      order.push('first');
      await new Promise<void>((resolve) => (release = resolve));
      order.push('first over');
    });
    await vi.waitFor(() => expect(order).toEqual(['first']));
    const second = new LoginFile(join(folder, 'new'), url).alone(async () => order.push('second'));
    await new Promise((resume) => setTimeout(resume, 120));
    expect(order).toEqual(['first']);
    release();
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'first over', 'second']);
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
    const lock = `${file.path}.lock`;
    expect(existsSync(lock)).toBe(false);
    for (const seconds of [-31, 31]) {
      writeFileSync(lock, '');
      const then = new Date(Date.now() + seconds * 1000);
      utimesSync(lock, then, then);
      expect(await file.alone(async () => 'mine')).toBe('mine');
    }
  });

  test('is let go of when the work fails', async () => {
    const file = new LoginFile(folder, url);
    await expect(file.alone(() => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    expect(await file.alone(async () => 'again')).toBe('again');
  });
});
