import type { KnownServer } from '../known-server.js';
/** What a simulated tool says: `data` to show, or why it could not be done. */
export type Answer = { readonly data: Readonly<Record<string, unknown>> } | { readonly failed: string };

/**
 * @returns a function that answers calls of the servers' tools from memory alone. It fails a call that leaves out a
 *   required argument, as a real service does, so that failures can be shown and tested too.
 */
export function simulatedTools(
  servers: readonly KnownServer[],
): (tool: string, args: Readonly<Record<string, unknown>>, required: readonly string[]) => Answer {
  const tools = new Map(servers.flatMap(({ simulate }) => Object.entries(simulate())));
  return (tool, args, required) => {
    const missing = required.filter((name) => !Object.hasOwn(args, name));
    if (missing.length > 0) return { failed: `missing argument: ${missing.join(', ')}` };
    return { data: tools.get(tool)?.(args) ?? { status: 'received' } };
  };
}
