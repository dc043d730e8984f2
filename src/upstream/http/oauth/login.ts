import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PolicyWrapError, reasonOf } from '../../../errors.js';
import { checkScheme, namesLoopback } from '../address.js';
import { HttpClient } from '../http-client.js';
import type { LoginFile } from './login-file.js';
import { type OAuthFetch, oauthFetch } from './oauth-fetch.js';
import { LoginProvider } from './provider.js';

export interface LoginOptions {
  readonly url: URL;
  readonly file: LoginFile;
  readonly clientId?: string | undefined;
  /** That client's secret; kept with the login. */
  readonly clientSecret?: string | undefined;
  readonly scope?: string | undefined;
  /** The port that the browser comes back to; any when 0. */
  readonly port: number;
  readonly allowPrivate: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Shows the address that the person has to open. */
  readonly show: (address: URL) => void;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

const CALLBACK = '/callback';

/**
 * Logs in to a remote server as OAuth 2.1 has it for MCP ("Authorization", 2025-11-25): metadata, registration, PKCE,
 * a browser that comes back to this machine (RFC 8252), and the token into the login's file.
 *
 * @throws PolicyWrapError LOGIN_FAILED
 */
export async function logIn(options: LoginOptions): Promise<void> {
  const client = new HttpClient(options);
  const fetch = oauthFetch(client, options.url);
  const state = randomBytes(24).toString('base64url');
  const callback = await listening(options.port, state);
  try {
    const provider = new LoginProvider(options.file, {
      redirectUrl: `http://127.0.0.1:${callback.port}${CALLBACK}`,
      clientId: options.clientId,
      clientSecret: options.clientSecret,
      scope: options.scope,
      state,
      fresh: true,
      redirect: (address) => {
        checkOpened(address, options.url);
        options.show(address);
      },
    });
    const { auth } = await import('@modelcontextprotocol/sdk/client/auth.js');
    const asked = await challenge(fetch, options.url);
    // What a person asks for comes before what the server asks of everybody.
    const scope = options.scope ?? asked.scope;
    const request = {
      serverUrl: options.url,
      fetchFn: fetch,
      ...asked,
      ...(scope !== undefined && { scope }),
    };
    if ((await auth(provider, request)) === 'AUTHORIZED') return;
    const { code: authorizationCode, issuer } = await Promise.race([callback.code, aborted(options.signal)]);
    checkIssuer(issuer, provider.discoveryState()?.authorizationServerMetadata);
    await auth(provider, { ...request, authorizationCode });
  } catch (error) {
    throw new PolicyWrapError('LOGIN_FAILED', `no login to ${options.url.host}: ${reasonOf(error)}`, {
      cause: error,
    });
  } finally {
    callback.server.closeAllConnections();
    callback.server.close();
    await client.close();
  }
}

/** Takes a login back: at the authorization server where it can, and here. @returns whether there was one */
export async function logOut(options: {
  readonly url: URL;
  readonly file: LoginFile;
  readonly allowPrivate: boolean;
  readonly env: NodeJS.ProcessEnv;
}): Promise<{ readonly was: boolean; readonly problem: string | undefined }> {
  const login = options.file.read();
  const was = options.file.remove();
  const metadata: Readonly<Record<string, unknown>> = login?.discovery?.authorizationServerMetadata ?? {};
  const endpoint = metadata.revocation_endpoint;
  const token = login?.tokens?.refresh_token ?? login?.tokens?.access_token;
  if (typeof endpoint !== 'string' || token === undefined) return { was, problem: undefined };
  const client = new HttpClient(options);
  try {
    const body = new URLSearchParams({ token, client_id: login?.client?.client_id ?? '' });
    const response = await oauthFetch(client, options.url)(endpoint, { method: 'POST', body });
    return { was, problem: response.ok ? undefined : `the server answered ${response.status}` };
  } catch (error) {
    return { was, problem: reasonOf(error) };
  } finally {
    await client.close();
  }
}

/**
 * The address comes from the server, and the system opens it: `file:` and the schemes of programs would be started.
 *
 * @throws Error for one that is not encrypted, or leads to this machine where the server does not stand here
 */
function checkOpened(address: URL, server: URL): void {
  checkScheme(address);
  if (namesLoopback(address) && !namesLoopback(server))
    throw new Error(`the server sends the browser to this machine (${address.origin})`);
}

/**
 * The code is for the server that sent it (RFC 9207): another one that a browser was led to could have it sent to the
 * one that we asked, or the other way round.
 *
 * @param issuer as the answer names it, to the letter
 */
function checkIssuer(issuer: string | null, metadata: Readonly<Record<string, unknown>> | undefined): void {
  const isPromised = metadata?.authorization_response_iss_parameter_supported === true;
  if (issuer === null && isPromised)
    throw new Error('the answer does not say which authorization server it is from');
  if (issuer !== null && issuer !== metadata?.issuer)
    throw new Error(`the answer is from another authorization server, ${issuer.slice(0, 200)}`);
}

/** Where the server says its metadata lies and what it wants, when asked without a token (RFC 9728, section 5). */
async function challenge(
  fetch: OAuthFetch,
  url: URL,
): Promise<{ resourceMetadataUrl?: URL; scope?: string }> {
  const { extractWWWAuthenticateParams } = await import('@modelcontextprotocol/sdk/client/auth.js');
  const clientInfo = { name: 'policy-wrap', version: '1.0.0' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }),
    // What cannot be reached is told by what comes next; one that lets us in may have begun a stream without an end.
  }).catch(() => undefined);
  if (response?.status !== 401) return {};
  const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(response);
  return { ...(resourceMetadataUrl && { resourceMetadataUrl }), ...(scope !== undefined && { scope }) };
}

/** What the browser came back with. */
interface Answered {
  readonly code: string;
  readonly issuer: string | null;
}

/** Waits for the browser on this machine. Whoever comes with another state is sent away, and does not end the wait. */
async function listening(
  port: number,
  state: string,
): Promise<{ readonly server: Server; readonly port: number; readonly code: Promise<Answered> }> {
  let settle: (answer: Answered) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const code = new Promise<Answered>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  // Somebody waits for it later, or nobody does any more.
  code.catch(() => {});
  const server = createServer((request, response) => {
    const answer = (status: number, text: string) =>
      response
        .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
        .end(text);
    // `//` in the place of a path is no address, and any page can ask for it.
    const address = URL.canParse(request.url ?? '', 'http://127.0.0.1')
      ? new URL(request.url ?? '', 'http://127.0.0.1')
      : undefined;
    if (address?.pathname !== CALLBACK || request.method !== 'GET')
      return void answer(404, 'Nothing is here.\n');
    const { searchParams } = address;
    if (!same(searchParams.get('state') ?? '', state))
      return void answer(400, 'This is not the login that was begun.\n');
    const given = searchParams.get('code');
    if (given === null) {
      const reason =
        searchParams.get('error_description') ?? searchParams.get('error') ?? 'no code came back';
      answer(400, 'The login was refused. You can close this window.\n');
      return fail(new Error(reason.slice(0, 300)));
    }
    answer(200, 'You are logged in, and can close this window.\n');
    settle({ code: given, issuer: searchParams.get('iss') });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as AddressInfo).port, code };
}

function same(a: string, b: string): boolean {
  const [one, two] = [Buffer.from(a), Buffer.from(b)];
  return one.length === two.length && timingSafeEqual(one, two);
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Error('nobody came back from the browser'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}
