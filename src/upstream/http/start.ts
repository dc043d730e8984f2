import type { RemoteSource, StartableServer, StartOptions } from '../upstream.js';
import { remoteAddress } from './address.js';
import { HeaderCredentials } from './headers.js';
import { HttpUpstream } from './http-upstream.js';
import { LoginCredentials } from './oauth/credentials.js';
import { LoginFile } from './oauth/login-file.js';

/** See `findUpstream`. */
export function startRemote(source: RemoteSource, { env, longest }: StartOptions): StartableServer {
  const url = remoteAddress(source.url);
  const named = new HeaderCredentials(source.headers, env);
  return {
    note: undefined,
    start: async () =>
      new HttpUpstream({
        url,
        allowPrivate: source.allowPrivate,
        longest,
        env,
        credentials: (fetch, warn) =>
          new LoginCredentials({ file: new LoginFile(source.logins, url), named, fetch, url, warn }),
      }),
  };
}
