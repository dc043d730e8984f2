import { loginsFolder } from '../../config/paths.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { remoteAddress } from '../../upstream/http/address.js';
import { logOut } from '../../upstream/http/oauth/login.js';
import { LoginFile } from '../../upstream/http/oauth/login-file.js';
import { type LoginCommandOptions, logInTo } from '../log-in.js';
import { assertNoAgent } from '../person.js';
import type { Terminal } from '../terminal.js';

/**
 * Logs in to a remote server in the person's browser, and keeps the token for every wrapper of that server.
 *
 * @param address as it stands behind `--url`
 * @returns the exit code
 * @throws PolicyWrapError REFUSED in the shell of an agent, LOGIN_FAILED
 */
export async function login(address: string, options: LoginCommandOptions, io: Terminal): Promise<number> {
  assertNoAgent('login', io);
  const host = await logInTo(address, options, io);
  await io.out.write(
    `Logged in to ${host}. Every wrapper of this server uses it from its next request on.\n`,
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
