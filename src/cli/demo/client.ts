import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { LET_THROUGH } from '../../proxy/refusal-notices.js';
import { printable } from '../../text/escape.js';
import { sdkClient } from '../../upstream/sdk-client.js';
import type { Terminal } from '../terminal.js';
import { endAbruptly, thisWrapper } from '../this-installation.js';

/** What a scene of the demo is played with. */
export interface Stage {
  readonly folder: string;
  /** Paths of the policy, and of the file in which the server writes what reaches it. */
  readonly policy: string;
  readonly journal: string;
  say(text: string): Promise<void>;
  /** Shows one thing that the demo promises, and whether it was so. */
  check(name: string, held: boolean, seen: string): Promise<void>;
}

/** The calls that have reached the server. */
export async function arrived({ journal }: Stage): Promise<number> {
  return (await readFile(journal, 'utf8')).split('\n').filter(Boolean).length;
}

/** Wraps the stand-in server and connects to it as a client does. */
export async function connect(
  { folder, policy, journal }: Stage,
  { env, err }: Terminal,
): Promise<{ client: Client; kill: () => void }> {
  const { node, script } = thisWrapper();
  const transport = new StdioClientTransport({
    command: node,
    args: [
      ...[script, '--policy', policy, '--db', join(folder, 'policy-wrap.db'), '--server', 'demo'],
      ...['--', node, script, 'stand-in', 'demo'],
    ],
    env: { ...(env as Record<string, string>), POLICY_STAND_IN_JOURNAL: journal },
    stderr: 'pipe',
  });
  if (transport.stderr)
    createInterface({ input: transport.stderr as Readable }).on('line', (line) => {
      // What the wrapper says of its server holds for the demo's, which is gone when a person reads it.
      if (!line.includes(LET_THROUGH)) void err.write(`${line}\n`);
    });
  const client = sdkClient('policy-wrap-demo');
  await client.connect(transport);
  const kill = () => {
    if (transport.pid !== null) endAbruptly(transport.pid);
  };
  return { client, kill };
}

export interface Answer {
  readonly refused: boolean;
  readonly text: string;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly approvalId: string | undefined;
}

export async function call(client: Client, name: string, args: Record<string, unknown>): Promise<Answer> {
  const result = await client.callTool({ name, arguments: args });
  const decision = result._meta?.['policy-wrap/decision'] as
    | { code?: string; retryAfterMs?: number; approvalId?: string }
    | undefined;
  const [content] = result.content as { text?: string }[];
  return {
    refused: result.isError === true,
    text: printable((content?.text ?? '').replace(/\s+/g, ' ')),
    code: decision?.code,
    retryAfterMs: decision?.retryAfterMs,
    approvalId: decision?.approvalId,
  };
}
