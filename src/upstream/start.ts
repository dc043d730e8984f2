import { ChildProcess } from './child-process.js';
import { findServer } from './resolve.js';
import type { StartableServer } from './upstream.js';

/** A remote server as a person names it. */
export interface RemoteSource {
  readonly url: string;
  /** As `Name: value`; `${NAME}` stands for a variable, `${file:/path}` for a file. */
  readonly headers: readonly string[];
  readonly allowPrivate: boolean;
  /** The folder of the logins; absolute. */
  readonly logins: string;
}

/** A server: its command and the arguments, or its address. */
export type ServerSource = readonly string[] | RemoteSource;

export interface StartOptions {
  /** False forbids npm. */
  readonly install: boolean;
  /** Exactly what the server gets; of a remote one, what its headers and proxies are taken from. */
  readonly env: NodeJS.ProcessEnv;
  /** Where it is started; this process's working directory when absent. */
  readonly cwd?: string | undefined;
  /** Longest message of a remote server's, in bytes. */
  readonly longest: number;
}

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
  const { file, args: words, note } = findServer(command, args, options);
  return { note, start: () => ChildProcess.start(file, words, options.env, options.cwd) };
}

export function isRemote(server: ServerSource): server is RemoteSource {
  return 'url' in server;
}
