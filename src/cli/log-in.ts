import { loginsFolder } from '../config/paths.js';
import { PolicyWrapError } from '../errors.js';
import { printable } from '../text/escape.js';
import { remoteAddress } from '../upstream/http/address.js';
import { logIn } from '../upstream/http/oauth/login.js';
import { LoginFile } from '../upstream/http/oauth/login-file.js';
import { openBrowser } from './open-browser.js';
import type { Terminal } from './terminal.js';

export interface LoginCommandOptions {
  readonly clientId?: string;
  /** The variable that holds its secret. */
  readonly clientSecretEnv?: string;
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
 * @returns its host
 * @throws PolicyWrapError LOGIN_FAILED, USAGE
 */
export async function logInTo(
  address: string,
  options: LoginCommandOptions,
  io: Pick<Terminal, 'env' | 'err' | 'onSignals'>,
): Promise<string> {
  const url = remoteAddress(address);
  const clientSecret = secretOf(options, io.env);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  io.onSignals(['SIGINT', 'SIGTERM'], () => stop.abort());
  try {
    await logIn({
      url,
      file: new LoginFile(loginsFolder(), url),
      clientId: options.clientId,
      clientSecret,
      scope: options.oauthScope,
      port: options.port ?? 0,
      allowPrivate: options.allowPrivate ?? false,
      env: io.env,
      show: (where) => {
        void io.err.write(`Open this address in your browser, and log in there:\n\n  ${where.href}\n\n`);
        if (options.browser) openBrowser(where.href, false, { env: io.env });
      },
      signal: stop.signal,
    });
  } finally {
    clearTimeout(timer);
  }
  return url.host;
}

/** @throws PolicyWrapError USAGE */
function secretOf(
  { clientId, clientSecretEnv }: LoginCommandOptions,
  env: NodeJS.ProcessEnv,
): string | undefined {
  if (clientSecretEnv === undefined) return undefined;
  if (clientId === undefined) throw new PolicyWrapError('USAGE', '--client-secret-env needs --client-id');
  const secret = env[clientSecretEnv];
  if (!secret) throw new PolicyWrapError('USAGE', `the variable ${printable(clientSecretEnv)} is not set`);
  return secret;
}
