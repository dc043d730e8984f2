import { ChildProcess } from './child-process.js';
import { findServer } from './resolve.js';
import type { RemoteSource, ServerSource, StartableServer, StartOptions } from './upstream.js';

/**
 * Finds a server, and decides what kind of upstream it is; the only place that does.
 *
 * @throws PolicyWrapError UPSTREAM_NOT_STARTED; USAGE for an address or a header that cannot be used
 */
export async function findUpstream(server: ServerSource, options: StartOptions): Promise<StartableServer> {
  if (isRemote(server)) {
    const { startRemote } = await import('./http/start.js');
    return startRemote(server, options);
  }
  const [command = '', ...args] = server;
  const { file, args: words, note } = await findServer(command, args, options);
  return { note, start: () => ChildProcess.start(file, words, options.env, options.cwd) };
}

export function isRemote(server: ServerSource): server is RemoteSource {
  return 'url' in server;
}
