import { spawn } from 'node:child_process';
import { loginsFolder, surroundings } from '../../config/paths.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { remoteAddress } from '../../upstream/http/address.js';
import { logIn, logOut } from '../../upstream/http/oauth/login.js';
import { LoginFile } from '../../upstream/http/oauth/login-file.js';
import { assertNoAgent } from '../person.js';
import type { Terminal } from '../terminal.js';

export interface LoginCommandOptions {
  readonly clientId?: string;
  readonly oauthScope?: string;
  readonly port?: number;
  readonly browser: boolean;
  readonly allowPrivate?: boolean;
}

/** Milliseconds for a person to log in. */
const PATIENCE = 5 * 60_000;

/**
 * Logs in to a remote server in the person's browser, and keeps the token for every wrapper of that server.
 *
 * @param address as it stands behind `--url`
 * @returns the exit code
 * @throws PolicyWrapError REFUSED in the shell of an agent, LOGIN_FAILED
 */
export async function login(address: string, options: LoginCommandOptions, io: Terminal): Promise<number> {
  assertNoAgent('login', io);
  const url = remoteAddress(address);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  io.onSignals(['SIGINT', 'SIGTERM'], () => stop.abort());
  try {
    await logIn({
      url,
      file: new LoginFile(loginsFolder(), url),
      clientId: options.clientId,
      scope: options.oauthScope,
      port: options.port ?? 0,
      allowPrivate: options.allowPrivate ?? false,
      env: io.env,
      show: (where) => {
        void io.err.write(`Open this address in your browser, and log in there:\n\n  ${where.href}\n\n`);
        if (options.browser) openBrowser(where);
      },
      signal: stop.signal,
    });
  } finally {
    clearTimeout(timer);
  }
  await io.out.write(
    `Logged in to ${url.host}. Every wrapper of this server uses it from its next request on.\n`,
  );
  return EXIT.done;
}

/**
 * Forgets a login, and has the server forget it where it can.
 *
 * @throws PolicyWrapError NOT_FOUND where there was none
 */
export async function logout(
  address: string,
  options: { readonly allowPrivate?: boolean },
  io: Terminal,
): Promise<number> {
  const url = remoteAddress(address);
  const file = new LoginFile(loginsFolder(), url);
  const { was, problem } = await logOut({
    url,
    file,
    allowPrivate: options.allowPrivate ?? false,
    env: io.env,
  });
  if (!was) throw new PolicyWrapError('NOT_FOUND', `nobody is logged in to ${url.origin}${url.pathname}`);
  await io.out.write(`Logged out of ${url.host}.\n`);
  if (problem !== undefined)
    await io.err.write(`The server was not told, and may take the token until it expires: ${problem}\n`);
  return EXIT.done;
}

/** The address is an argument and no text for a shell. Where no browser opens, the person has the address. */
function openBrowser(url: URL): void {
  const { platform } = surroundings();
  const [command, ...args] =
    platform === 'darwin'
      ? ['open', url.href]
      : platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url.href]
        : ['xdg-open', url.href];
  spawn(command ?? '', args, { stdio: 'ignore', detached: true, windowsHide: true })
    .on('error', () => {})
    .unref();
}
