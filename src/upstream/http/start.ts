import type { StartableServer } from '../upstream.js';
import { checkScheme, remoteAddress } from './address.js';
import { HeaderCredentials } from './headers.js';
import { HttpUpstream } from './http-upstream.js';

/** See `findRemote`. */
export function startRemote(
  address: string,
  options: {
    readonly headers: readonly string[];
    readonly allowPrivate: boolean;
    readonly longest: number;
    readonly env: NodeJS.ProcessEnv;
  },
): StartableServer {
  const url = remoteAddress(address);
  checkScheme(url);
  const credentials = new HeaderCredentials(options.headers, options.env);
  return {
    note: undefined,
    start: async () => new HttpUpstream({ ...options, url, credentials }),
  };
}
