import { statSync } from 'node:fs';
import { messageOf } from '../../errors.js';
import { upstreamEnv } from '../../upstream/environment.js';
import { isRemote } from '../../upstream/start.js';
import type { RemoteSource } from '../../upstream/upstream.js';
import { type Check, type Context, type Finding, fail, info, ok, warn } from './runner.js';

/** What lies between us and a remote server: its certificate, the way to it, and who we are to it. */
export const REMOTE_CHECKS: readonly Check[] = [
  { id: 'certificate', run: certificate },
  { id: 'login', run: login },
  { id: 'latency', run: latency },
];

const DAY = 24 * 3600_000;
/** Days below which a certificate should have been renewed by now: authorities that renew by themselves do at a third. */
const SOON = 7;

function remoteOf({ source }: Context): { source: RemoteSource; url: URL } | undefined {
  if (source === undefined || !isRemote(source) || !URL.canParse(source.url)) return undefined;
  return { source, url: new URL(source.url) };
}

async function certificate(context: Context): Promise<Finding[]> {
  const remote = remoteOf(context);
  if (remote === undefined) return [];
  const { source, url } = remote;
  if (url.protocol !== 'https:')
    return [info('no certificate is looked at: on this machine the server is reached without https')];
  const env = upstreamEnv(context.env);
  if (env.HTTPS_PROXY ?? env.https_proxy ?? env.HTTP_PROXY ?? env.http_proxy)
    return [info('the certificate is not looked at: a proxy stands between')];
  const { certificateOf } = await import('../../upstream/http/certificate.js');
  try {
    const { validTo, issuer, connectMs } = await certificateOf(url, source.allowPrivate);
    const days = Math.floor((validTo - context.now()) / DAY);
    const text = `the certificate of ${url.host}, signed by ${issuer}, is valid for ${days} days; connecting took ${Math.round(connectMs)} ms`;
    return [days < SOON ? warn(text, 'whoever runs the server has to renew it') : ok(text)];
  } catch (error) {
    const reason = messageOf(error);
    return [fail(reason, 'without it nothing is sent to the server; NODE_EXTRA_CA_CERTS names certificates')];
  }
}

async function login(context: Context): Promise<Finding[]> {
  const remote = remoteOf(context);
  if (remote === undefined) return [];
  const { source, url } = remote;
  const { LoginFile } = await import('../../upstream/http/oauth/login-file.js');
  const file = new LoginFile(source.logins, url);
  // A line without a colon is no header, and may be nothing but a secret.
  const names = source.headers.flatMap((line) => /^([^\s:=]+)\s*:/.exec(line)?.[1] ?? []);
  const named = names.length > 0 ? [info(`headers of --header are sent: ${names.join(', ')}`)] : [];
  const found = statSync(file.path, { throwIfNoEntry: false });
  if (found === undefined) return [...named, info('nobody is logged in; not every server wants a login')];
  const tokens = file.read()?.tokens;
  const command = `policy-wrap login ${url.origin}${url.pathname}`;
  if (tokens === undefined)
    return [...named, warn(`${file.path} is no login that can be used, or others may read it`, command)];
  const scopes = tokens.scope === undefined ? '' : `, with the scopes ${tokens.scope}`;
  const left =
    tokens.expires_in === undefined ? undefined : tokens.expires_in * 1000 - (context.now() - found.mtimeMs);
  if (left !== undefined && left <= 0 && tokens.refresh_token === undefined)
    return [...named, warn(`the login to ${url.host}${scopes} has expired`, command)];
  const renews = tokens.refresh_token === undefined ? '' : '; it is renewed when it expires';
  return [...named, ok(`logged in to ${url.host}${scopes}${renews}`)];
}

/** Milliseconds beyond which a person waits for every call. */
const SLOW = 2000;

async function latency(context: Context): Promise<Finding[]> {
  if (remoteOf(context) === undefined) return [];
  const live = await context.live().catch(() => undefined);
  // Why it cannot be reached stands under `server`.
  if (live === undefined) return [];
  const text = `it answered the list of its tools in ${Math.round(live.answeredIn)} ms`;
  return [live.answeredIn > SLOW ? warn(text, 'every call takes at least as long') : ok(text)];
}
