import { ChildProcess } from './child-process.js';
import { findServer } from './resolve.js';
import type { Upstream } from './upstream.js';

/** A server that was found and can be started. */
export interface StartableServer {
  /** What the person should know about it; for stderr. */
  readonly note: string | undefined;
  /** @throws PolicyWrapError UPSTREAM_NOT_STARTED */
  start(): Promise<Upstream>;
}

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
