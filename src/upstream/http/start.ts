import type { StartableServer } from '../upstream.js';
import { remoteAddress } from './address.js';
import { HeaderCredentials } from './headers.js';
import { HttpUpstream } from './http-upstream.js';
import { LoginCredentials } from './oauth/credentials.js';
import { LoginFile } from './oauth/login-file.js';

/** What is said of a remote server on the command line. */
export interface RemoteSettings {
  /** As `Name: value`; `${NAME}` stands for a variable of `env`, `${file:/path}` for a file. */
  readonly headers: readonly string[];
  readonly allowPrivate: boolean;
  /** Its longest message, in bytes. */
  readonly longest: number;
  /** The folder of the logins; absolute. */
  readonly logins: string;
  readonly env: NodeJS.ProcessEnv;
}

/** See `findRemote`. */
export function startRemote(address: string, settings: RemoteSettings): StartableServer {
  const url = remoteAddress(address);
  const named = new HeaderCredentials(settings.headers, settings.env);
  return {
    note: undefined,
    start: async () =>
      new HttpUpstream({
        ...settings,
        url,
        credentials: (fetch, warn) =>
          new LoginCredentials({ file: new LoginFile(settings.logins, url), named, fetch, url, warn }),
      }),
  };
}
