import { ChildProcess } from './child-process.js';
import type { RemoteSettings } from './http/start.js';
import { findServer } from './resolve.js';
import type { StartableServer } from './upstream.js';

/**
 * Finds what a server's command line names, and decides what kind of upstream that is; the only place that does.
 *
 * @param options.install false forbids npm; `env` is exactly what the server gets; `cwd` is where it is started, this
 * process's working directory when absent
 * @throws PolicyWrapError UPSTREAM_NOT_STARTED
 */
export function findUpstream(
  argv: readonly string[],
  options: { readonly install: boolean; readonly env: NodeJS.ProcessEnv; readonly cwd?: string | undefined },
): StartableServer {
  const [command = '', ...args] = argv;
  const { file, args: words, note } = findServer(command, args, options);
  return { note, start: () => ChildProcess.start(file, words, options.env, options.cwd) };
}

/**
 * A remote server in the place of a command.
 *
 * @throws PolicyWrapError USAGE for an address or a header that cannot be used
 */
export async function findRemote(address: string, settings: RemoteSettings): Promise<StartableServer> {
  const { startRemote } = await import('./http/start.js');
  return startRemote(address, settings);
}
