import type { ListOptions, LiveServer } from './live-server.js';
import type { ServerSource } from './upstream.js';

/**
 * Starts a server once, asks for its tools, and ends it. Up to a minute, or the seconds of `POLICY_WRAP_START_TIMEOUT`.
 *
 * @param server its command and the arguments, or its address
 * @throws PolicyWrapError UPSTREAM_NOT_STARTED, UPSTREAM_FAILED with the last lines of its standard error, USAGE
 */
export async function liveServer(server: ServerSource, options: ListOptions = {}): Promise<LiveServer> {
  // Most runs of the commands that can ask a server do not, and an MCP client and a starter of processes are large.
  const { listLive } = await import('./live-list.js');
  return listLive(server, options);
}

/** The command with which a person logs in, where a server listed nothing for want of that; safe to show. */
export function loginWanted(error: unknown): string | undefined {
  return error instanceof Error
    ? /policy-wrap login https?:\/\/[^\s;"']+/.exec(error.message)?.[0]
    : undefined;
}
