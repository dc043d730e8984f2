import { PLACES } from '../../config/bundle.js';
import type { Asked, PackedServer } from './packed-server.js';
import { FOLDER } from './packed-server.js';

/** What a bundle is called, and of whom it is. */
export interface BundleFacts {
  /** The server's name here: counters, log and policy are kept under it. */
  readonly server: string;
  readonly name: string;
  readonly version: string;
  readonly author: string;
  /** The version of policy-wrap. */
  readonly wrapper: string;
}

/** The first Node that has SQLite of its own: a bundle for every system holds none that was compiled for one. */
const NODE = '>=22.13.0';

/**
 * What a client reads of a bundle.
 *
 * @see https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md version 0.3
 */
export function manifestOf(facts: BundleFacts, server: PackedServer, isRemote: boolean): object {
  const entry = `${PLACES.wrapper}/bin/policy-wrap.js`;
  const asked = Object.entries(server.asked);
  return {
    manifest_version: '0.3',
    name: facts.name,
    display_name: `${facts.server} under a policy`,
    version: facts.version,
    description: `The MCP server ${facts.server}; policy-wrap ${facts.wrapper} judges each of its tool calls by the policy in this bundle.`,
    author: { name: facts.author },
    server: {
      type: 'node',
      entry_point: entry,
      mcp_config: {
        command: 'node',
        args: [
          `${FOLDER}/${entry}`,
          'run',
          ...['--policy', `${FOLDER}/${PLACES.policy}`],
          ...['--server', facts.server],
          ...(isRemote ? [] : ['--']),
          ...server.words,
        ],
        env: server.env,
      },
    },
    tools_generated: true,
    compatibility: { runtimes: { node: NODE } },
    ...(asked.length > 0 && {
      user_config: Object.fromEntries(asked.map(([key, each]) => [key, fieldOf(each)])),
    }),
  };
}

function fieldOf({ title, what, secret, required, isFile }: Asked): object {
  return {
    type: isFile ? 'file' : 'string',
    title,
    description: what,
    required,
    ...(secret && !isFile && { sensitive: true }),
  };
}
