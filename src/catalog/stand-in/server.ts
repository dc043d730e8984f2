import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { isRecord } from '../../json/value.js';
import { AFIP } from '../servers/afip/server.js';
import { LEGITI } from '../servers/legiti/server.js';
import { KNOWN_SERVERS } from '../servers.js';
import type { KnownTool } from '../tool-definition.js';
import { simulatedTools } from './answers.js';

/** The tools of mcp-afip and `track_logout`, which the policy of the README limits. */
const DEMO: readonly KnownTool[] = [
  ...AFIP.tools,
  ...LEGITI.tools.filter(({ name }) => name === 'track_logout'),
];

/** Whose tools a stand-in can offer: those of a known server by its name, or those of `demo`. */
const TOOLS: ReadonlyMap<string, readonly KnownTool[]> = new Map([
  ...KNOWN_SERVERS.map(({ name, tools }) => [name, tools] as const),
  ['demo', DEMO],
]);
export const STAND_IN_KINDS: readonly string[] = [...TOOLS.keys()];

/** Where a stand-in reads and writes; `env` as in `runStandIn`. */
export interface StandInStreams {
  readonly input: Readable;
  readonly output: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const LEGACY_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];
const MODERN_VERSION = '2026-07-28';
const META = 'io.modelcontextprotocol';

const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
const UNSUPPORTED_VERSION = -32022;

type Members = Readonly<Record<string, unknown>>;
type Reply = { readonly result: Members } | { readonly error: Members };

const fail = (code: number, message: string, data?: Members): Reply => ({
  error: { code, message, ...(data && { data }) },
});

/**
 * Runs a stand-in for a known server until its input ends: the real tools' names and schemas, answered from memory.
 * It issues nothing, asks no network, and every result says `simulated`. It speaks the handshake revisions and
 * 2026-07-28, each request in its own way.
 *
 * Variables in `env`: `POLICY_STAND_IN_JOURNAL`, a file to which every `tools/call` that arrives is appended before it
 * is answered, one JSON object per line: `id`, `name`, `arguments`, and `raw`, the line as received;
 * `POLICY_STAND_IN_PAGE`, the number of tools on one page of `tools/list`.
 *
 * @param kind one of `STAND_IN_KINDS`; with any other there are no tools
 * @returns when the input has ended or the output is closed, with everything written
 */
export async function runStandIn(kind: string, { input, output, env }: StandInStreams): Promise<void> {
  const server = new StandIn(kind, env);
  let open = true;
  const closed = new Promise<void>((resolve) => {
    const close = () => {
      open = false;
      resolve();
    };
    output.once('error', close).once('close', close);
  });
  for await (const line of linesOf(input)) {
    const answer = server.receive(line);
    if (!open) break;
    if (answer !== undefined && !output.write(`${JSON.stringify(answer)}\n`))
      await Promise.race([once(output, 'drain'), closed]);
  }
}

/** Lines of any length without their terminator, the last one also when it has none. */
async function* linesOf(input: Readable): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  for await (const piece of input) {
    let chunk: Buffer = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece));
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10)) {
      yield Buffer.concat([...parts, chunk.subarray(0, end)]).toString();
      parts = [];
      chunk = chunk.subarray(end + 1);
    }
    if (chunk.length > 0) parts.push(chunk);
  }
  if (parts.length > 0) yield Buffer.concat(parts).toString();
}

class StandIn {
  readonly #kind: string;
  readonly #tools: ReadonlyMap<string, KnownTool>;
  readonly #answer = simulatedTools(KNOWN_SERVERS);
  readonly #journal: string | undefined;
  readonly #pageSize: number;

  constructor(kind: string, env: StandInStreams['env']) {
    this.#kind = kind;
    this.#tools = new Map((TOOLS.get(kind) ?? []).map((tool) => [tool.name, tool]));
    this.#journal = env.POLICY_STAND_IN_JOURNAL;
    this.#pageSize = Math.max(1, Number(env.POLICY_STAND_IN_PAGE) || this.#tools.size);
  }

  /** @returns what to write as one line; undefined for notifications, answers and empty lines. */
  receive(line: string): unknown {
    if (line.trim() === '') return undefined;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      return { jsonrpc: '2.0', ...fail(PARSE_ERROR, 'Parse error') };
    }
    if (!Array.isArray(message)) return this.#one(message, line);
    // Only revision 2025-03-26 has batches, but a server that runs them shows whether a wrapper lets them through.
    const answers = message
      .map((part: unknown) => this.#one(part, line))
      .filter((part) => part !== undefined);
    return answers.length > 0 ? answers : undefined;
  }

  #one(message: unknown, raw: string): unknown {
    if (!isRecord(message)) return { jsonrpc: '2.0', ...fail(INVALID_REQUEST, 'Invalid request') };
    const { id, method } = message;
    if (typeof method !== 'string') return undefined;
    const params = isRecord(message.params) ? message.params : {};
    if (method === 'tools/call') this.#record(id, params, raw);
    const reply = this.#reply(method, params);
    return id === undefined ? undefined : { jsonrpc: '2.0', id, ...reply };
  }

  #record(id: unknown, params: Members, raw: string): void {
    if (this.#journal === undefined) return;
    const entry = { id, name: params.name, arguments: params.arguments, raw };
    appendFileSync(this.#journal, `${JSON.stringify(entry)}\n`);
  }

  /** Each request has an era of its own: 2026-07-28 has no handshake, and its requests name the revision. */
  #reply(method: string, params: Members): Reply {
    const meta = isRecord(params._meta) ? params._meta : {};
    const requested = meta[`${META}/protocolVersion`];
    if (method === 'server/discover' || requested !== undefined) {
      if (requested !== undefined && requested !== MODERN_VERSION)
        return fail(UNSUPPORTED_VERSION, 'Unsupported protocol version', {
          supported: [MODERN_VERSION],
          requested,
        });
      const reply = this.#modern(method, params);
      return 'error' in reply ? reply : { result: { resultType: 'complete', ...reply.result } };
    }
    return this.#legacy(method, params);
  }

  #modern(method: string, params: Members): Reply {
    const cached = (reply: Reply): Reply =>
      'error' in reply ? reply : { result: { ...reply.result, ttlMs: 60_000, cacheScope: 'public' } };
    switch (method) {
      case 'server/discover':
        return cached({
          result: {
            supportedVersions: [MODERN_VERSION],
            capabilities: { tools: {} },
            _meta: { [`${META}/serverInfo`]: this.#info() },
          },
        });
      case 'tools/list':
        return cached(this.#list(params));
      case 'tools/call':
        return this.#call(params);
      default:
        return fail(METHOD_NOT_FOUND, `Method not found: ${method}`);
    }
  }

  #legacy(method: string, params: Members): Reply {
    switch (method) {
      case 'initialize': {
        const asked = LEGACY_VERSIONS.find((version) => version === params.protocolVersion);
        return {
          result: {
            protocolVersion: asked ?? LEGACY_VERSIONS.at(-1),
            capabilities: { tools: {} },
            serverInfo: this.#info(),
            instructions: 'A stand-in: it answers from memory and issues nothing.',
          },
        };
      }
      case 'ping':
        return { result: {} };
      case 'tools/list':
        return this.#list(params);
      case 'tools/call':
        return this.#call(params);
      default:
        return fail(METHOD_NOT_FOUND, `Method not found: ${method}`);
    }
  }

  #info(): Members {
    return { name: `stand-in-${this.#kind}`, version: '1.0.0' };
  }

  #list({ cursor = '0' }: Members): Reply {
    const from = typeof cursor === 'string' && /^\d{1,6}$/.test(cursor) ? Number(cursor) : -1;
    if (from < 0 || from > this.#tools.size) return fail(INVALID_PARAMS, 'Invalid cursor');
    const to = from + this.#pageSize;
    const tools = [...this.#tools.values()].slice(from, to);
    return { result: { tools, ...(to < this.#tools.size && { nextCursor: String(to) }) } };
  }

  #call({ name, arguments: given }: Members): Reply {
    const tool = typeof name === 'string' ? this.#tools.get(name) : undefined;
    if (tool === undefined) return fail(INVALID_PARAMS, `Unknown tool: ${String(name)}`);
    const args = isRecord(given) ? given : {};
    const answer = this.#answer(tool.name, args, tool.inputSchema.required ?? []);
    const said = 'failed' in answer ? { error: answer.failed } : answer.data;
    const text = JSON.stringify({ simulated: true, ...said }, null, 2);
    return { result: { content: [{ type: 'text', text }], ...('failed' in answer && { isError: true }) } };
  }
}
