import { statSync } from 'node:fs';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  deserializeMessage,
  STDIO_DEFAULT_MAX_BUFFER_SIZE,
  serializeMessage,
} from '@modelcontextprotocol/sdk/shared/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ErrorCode, type JSONRPCMessage, McpError, type RequestId } from '@modelcontextprotocol/sdk/types.js';
import * as z from 'zod';
import type { ToolDefinition } from '../catalog/tool-definition.js';
import { messageOf, PolicyWrapError } from '../errors.js';
import { printable } from '../text/escape.js';
import { shownCommand } from '../text/masking.js';
import { Line, LineSplitter } from '../wire/lines.js';
import { scanLine } from '../wire/scan-line.js';
import { type AmbiguousTool, listFault, toolFault, withoutAmbiguousTools } from '../wire/tool-list.js';
import { upstreamEnv } from './environment.js';
import type { ListOptions, LiveServer } from './live-server.js';
import { sdkClient } from './sdk-client.js';
import { findUpstream, isRemote } from './start.js';
import type { ServerSource, Upstream } from './upstream.js';

/** More pages, and more tools, than any server has; an endless list ends here. */
const MAX_PAGES = 1000;
const MAX_TOOLS = 100_000;
/** In milliseconds, until the whole list is there. */
const TIMEOUT = 60_000;
/** The variable that makes it another, in seconds. */
const TIMEOUT_VARIABLE = 'POLICY_WRAP_START_TIMEOUT';

const PAGE = z.looseObject({
  tools: z.array(z.unknown()),
  // null is a way of saying that there is none.
  nextCursor: z.string().nullish(),
});

const hint = z.boolean().optional().catch(undefined);
const text = z.string().optional().catch(undefined);
/** Loose where the SDK's own schema is strict: only a tool without a name cannot be shown. */
const TOOL = z.object({
  name: z.string(),
  title: text,
  description: text,
  inputSchema: z.record(z.string(), z.unknown()).optional().catch(undefined),
  annotations: z
    .object({
      title: text,
      readOnlyHint: hint,
      destructiveHint: hint,
      idempotentHint: hint,
      openWorldHint: hint,
    })
    .optional()
    .catch(undefined),
});

/** What `liveServer` of list-tools.ts does, which loads it. */
export async function listLive(server: ServerSource, options: ListOptions): Promise<LiveServer> {
  const remote = isRemote(server);
  const command = remote ? server.url : (server[0] ?? '');
  const { cwd } = options;
  const timeout = timeoutFrom(process.env[TIMEOUT_VARIABLE]);
  if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new PolicyWrapError('UPSTREAM_NOT_STARTED', `${cwd}, where ${command} is to run, is not a folder`);
  }
  const env = upstreamEnv({ ...process.env, ...options.env });
  const longest = STDIO_DEFAULT_MAX_BUFFER_SIZE;
  const startable = await findUpstream(server, { install: options.install ?? true, env, cwd, longest });
  const upstream = await startable.start();
  const transport = new UpstreamTransport(upstream);
  const client = sdkClient('policy-wrap');
  try {
    const found = await listed(client, transport, command, performance.now() + timeout);
    return { ...found, about: upstream.about };
  } catch (error) {
    throw new PolicyWrapError(
      'UPSTREAM_FAILED',
      `${shownCommand(remote ? [server.url] : server)} did not list its tools: ${reasonOf(error, transport, timeout)}${remote ? '' : transport.lastLines()}`,
      { hint: remote ? undefined : 'Run it by hand to see what it says.', cause: error },
    );
  } finally {
    await client.close();
  }
}

/** @param deadline by the monotonic clock, in milliseconds */
async function listed(
  client: Client,
  transport: UpstreamTransport,
  command: string,
  deadline: number,
): Promise<Omit<LiveServer, 'about'>> {
  const options = () => ({ timeout: Math.max(1, deadline - performance.now()) });
  await client.connect(transport, options());
  const tools: ToolDefinition[] = [];
  const seen = new Set<string>();
  const asked = performance.now();
  let answeredIn = 0;
  for (let cursor: string | undefined; ; ) {
    const params = cursor === undefined ? {} : { cursor };
    const result = await client.request({ method: 'tools/list', params }, PAGE, options());
    if (seen.size === 0) answeredIn = performance.now() - asked;
    for (const each of result.tools) {
      const tool = TOOL.safeParse(each);
      const odd = toolFault(each);
      if (tool.success && !odd) tools.push(tool.data);
      else transport.leftOut.push(odd ?? { name: undefined, reason: 'it has no name' });
    }
    cursor = result.nextCursor ?? undefined;
    if (cursor === undefined) break;
    if (seen.has(cursor)) throw new EndlessList(`its list has no end: page ${seen.size + 1} leads back`);
    seen.add(cursor);
    if (seen.size >= MAX_PAGES || tools.length > MAX_TOOLS)
      throw new EndlessList(
        `its list has no end: ${tools.length} tools on ${seen.size} pages, and more to come`,
      );
  }
  const info = client.getServerVersion();
  return {
    name: info?.name ?? command,
    version: info?.version ?? '',
    tools,
    leftOut: transport.leftOut,
    answeredIn,
  };
}

class EndlessList extends Error {}

/** @throws PolicyWrapError USAGE */
function timeoutFrom(seconds: string | undefined): number {
  if (!seconds) return TIMEOUT;
  const value = Number(seconds);
  if (value > 0 && value <= 86_400) return value * 1000;
  throw new PolicyWrapError(
    'USAGE',
    `${TIMEOUT_VARIABLE} is ${seconds}, not a number of seconds up to a day`,
  );
}

function reasonOf(error: unknown, transport: UpstreamTransport, timeout: number): string {
  if (transport.saidTooMuch)
    return `one of its lines is longer than ${STDIO_DEFAULT_MAX_BUFFER_SIZE} bytes, more than clients take that are made with the SDK`;
  if (transport.exitCode !== undefined) return `it ended with exit code ${transport.exitCode}`;
  if (error instanceof McpError && error.code === ErrorCode.RequestTimeout)
    return `no answer within ${timeout / 1000} s; a first start through npx or uvx may take longer (${TIMEOUT_VARIABLE}=300 allows 300 s)`;
  return messageOf(error).replace(/^MCP error -?\d+: /, '');
}

/** What is kept of a server's standard error, in bytes, and how much of that is shown. */
const STDERR_KEPT = 16_384;
const LINES_SHOWN = 10;
const LINE_LENGTH = 300;

/** The SDK's client on a server that is started as a wrapper starts it; remembers how it ended and what it said. */
class UpstreamTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** Set when the server has ended. */
  exitCode: number | undefined;
  /** A line was longer than SDK clients take, and the server was ended for that. */
  saidTooMuch = false;
  readonly leftOut: AmbiguousTool[] = [];
  readonly #upstream: Upstream;
  readonly #lines = new LineSplitter(STDIO_DEFAULT_MAX_BUFFER_SIZE);
  #stderr = Buffer.alloc(0);

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
    upstream.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-STDERR_KEPT);
    });
    upstream.onLost((id, reason) => this.#failed(id, reason));
    void upstream.closed.then((code) => {
      this.exitCode = code;
      this.onclose?.();
    });
  }

  async start(): Promise<void> {
    this.#upstream.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#upstream.send([Buffer.from(serializeMessage(message))], (_, reason) => {
      if ('id' in message && 'method' in message && reason !== undefined) this.#failed(message.id, reason);
    });
  }

  async close(): Promise<void> {
    this.#upstream.end();
    await this.#upstream.closed;
  }

  /** No answer will come; where the whole server has ended, its end tells more. */
  #failed(id: RequestId, reason: string): void {
    this.onmessage?.({ jsonrpc: '2.0', id, error: { code: ErrorCode.InternalError, message: reason } });
  }

  #read(chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      try {
        if (line.kind === 'oversized') {
          this.saidTooMuch = true;
          this.#upstream.end();
        } else this.onmessage?.(this.#message(line));
      } catch (error) {
        // A line that is no protocol is passed over, as clients do.
        this.onerror?.(error as Error);
      }
    }
  }

  /** Reads a list as a wrapper does, so that what is shown here is what a client gets. */
  #message(line: Line): JSONRPCMessage {
    let scanned = scanLine(line);
    const rest = scanned.ok ? undefined : withoutAmbiguousTools(line.bytes);
    if (rest) scanned = scanLine(Line.of(rest.bytes));
    const message = deserializeMessage((rest?.bytes ?? line.bytes).toString());
    if (!('result' in message)) return message;
    this.leftOut.push(...(rest?.odd ?? []));
    const isList = Object.hasOwn(message.result, 'tools');
    const fault = scanned.ok ? listFault(message) : isList ? scanned.reason : undefined;
    if (fault === undefined) return message;
    return { jsonrpc: '2.0', id: message.id, error: { code: ErrorCode.InternalError, message: fault } };
  }

  /** What the server said last on standard error, for people: a block of lines, or nothing. */
  lastLines(): string {
    const lines = this.#stderr
      .toString('utf8')
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '');
    const shown = lines.slice(-LINES_SHOWN).map((line) => `\n  | ${printable(line.slice(0, LINE_LENGTH))}`);
    return shown.length === 0 ? '' : `; its last lines on standard error:${shown.join('')}`;
  }
}
