import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';
import { PolicyWrapError } from './errors.js';
import { shownCommand } from './masking.js';
import { findServer } from './server-command.js';

/** A tool as its server describes it; everything in it is the server's word. */
export interface LiveTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, unknown>> | undefined;
}

export interface LiveServer {
  /** What the server calls itself. */
  readonly name: string;
  readonly version: string;
  readonly tools: readonly LiveTool[];
}

/** More pages than any server has; an endless list ends here (handbook, attack 13). */
const MAX_PAGES = 1000;

/** Loose where the SDK's own schema is strict, so that one odd tool does not make the others unreadable. */
const TOOLS = z.looseObject({
  tools: z.array(
    z.looseObject({
      name: z.string(),
      description: z.string().optional().catch(undefined),
      inputSchema: z.record(z.string(), z.unknown()).catch({}),
      annotations: z.record(z.string(), z.unknown()).optional().catch(undefined),
    }),
  ),
  nextCursor: z.string().optional(),
});

/**
 * Starts a server once, asks for its tools, and ends it.
 *
 * @param argv the server's command and its arguments
 * @param options.install false forbids npm; `env` is added to this process's environment; `timeoutMs` for each answer
 * @throws PolicyWrapError UPSTREAM_NOT_STARTED, UPSTREAM_FAILED
 */
export async function liveServer(
  argv: readonly string[],
  options: {
    readonly install?: boolean;
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly timeoutMs?: number;
  } = {},
): Promise<LiveServer> {
  const [command = '', ...args] = argv;
  const env = { ...process.env, ...options.env };
  const launch = findServer(command, args, { install: options.install ?? true, env });
  const transport = new StdioClientTransport({
    command: launch.file,
    args: [...launch.args],
    env: Object.fromEntries(
      Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stderr: 'ignore',
  });
  const client = new Client({ name: 'policy-wrap', version: '1.0.0' });
  const timeout = options.timeoutMs ?? 60_000;
  try {
    await client.connect(transport, { timeout });
    const tools: LiveTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const params = cursor === undefined ? {} : { cursor };
      const result = await client.request({ method: 'tools/list', params }, TOOLS, { timeout });
      tools.push(
        ...result.tools.map(({ name, description, inputSchema, annotations }) => ({
          name,
          description: description ?? '',
          inputSchema,
          annotations,
        })),
      );
      cursor = result.nextCursor;
      if (cursor === undefined) break;
    }
    const info = client.getServerVersion();
    return { name: info?.name ?? command, version: info?.version ?? '', tools };
  } catch (error) {
    throw new PolicyWrapError(
      'UPSTREAM_FAILED',
      `${shownCommand(argv)} did not list its tools: ${reasonOf(error)}`,
      {
        hint: 'run it by hand to see what it says',
        cause: error,
      },
    );
  } finally {
    await client.close();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
