import { isRecord, own } from '../../json/value.js';
import { NotSent } from './not-sent.js';
import { type MirroredArgument, mirroredArguments, mirroringHeaders, type Outgoing } from './outgoing.js';

/** Longest session id that is sent back, in characters: more fits into no server's headers. */
const SESSION_ID_MAX = 4096;
/** Tools whose mirrored arguments are remembered. */
const MOST_TOOLS = 10_000;

/** What is remembered of the conversation with a server, and repeated in headers. */
export class RemoteSession {
  /** As the server named it in its answer to `initialize`; absent where it keeps none. */
  id: string | undefined;
  /** The revision that was agreed on; absent before that, and in 2026-07-28, which agrees on none. */
  revision: string | undefined;
  /** The client's `initialize`, for a server that forgets the session. */
  initialize: Outgoing | undefined;
  /** The client's `notifications/initialized`. */
  initialized: Outgoing | undefined;
  /** The server said that it announces changes of its tools. */
  announcesTools = false;
  /** Undefined for a tool that cannot be called. */
  readonly #mirrored = new Map<string, readonly MirroredArgument[] | undefined>();

  /** What every request of this session carries. */
  headers(): Record<string, string> {
    return {
      ...(this.id !== undefined && { 'mcp-session-id': this.id }),
      ...(this.revision !== undefined && { 'mcp-protocol-version': this.revision }),
    };
  }

  /**
   * What the request with this message carries. `initialize` begins a session, and belongs to none.
   *
   * @throws NotSent for a call that the revision forbids
   */
  headersOf(message: Outgoing): Record<string, string> {
    if (message.method === 'initialize') return {};
    const tool = message.method === 'tools/call' ? own(message.params, 'name') : undefined;
    const isKnown = typeof tool === 'string' && this.#mirrored.has(tool);
    const mirrored = isKnown ? this.#mirrored.get(tool) : [];
    if (mirrored === undefined && message.revision !== undefined)
      throw new NotSent(`${message.revision} forbids calls of a tool whose x-mcp-header is no header`);
    return { ...this.headers(), ...mirroringHeaders(message, mirrored ?? []) };
  }

  /** A session begins with the answer to `initialize`. */
  begin(id: string | string[] | undefined): void {
    const one = typeof id === 'string' && /^[\x21-\x7e]+$/.test(id) && id.length <= SESSION_ID_MAX;
    this.id = one ? id : undefined;
    this.revision = undefined;
  }

  /** Reads in an answer what later requests depend on. */
  learn(answer: Readonly<Record<string, unknown>>, to: string | undefined): void {
    const result = own(answer, 'result');
    if (!isRecord(result)) return;
    if (to === 'initialize') {
      const revision = own(result, 'protocolVersion');
      // Before 2025-06-18 the header does not exist; servers ignore it.
      if (typeof revision === 'string' && /^[\w.-]{1,32}$/.test(revision)) this.revision = revision;
      const capabilities = own(result, 'capabilities');
      const tools = isRecord(capabilities) ? own(capabilities, 'tools') : undefined;
      this.announcesTools = isRecord(tools) && own(tools, 'listChanged') === true;
    }
    const tools = to === 'tools/list' ? own(result, 'tools') : undefined;
    if (!Array.isArray(tools)) return;
    for (const tool of tools) {
      const name = isRecord(tool) ? own(tool, 'name') : undefined;
      if (typeof name !== 'string' || this.#mirrored.size >= MOST_TOOLS) continue;
      const mirrored = mirroredArguments(own(tool as Record<string, unknown>, 'inputSchema'));
      if (mirrored?.length !== 0) this.#mirrored.set(name, mirrored);
      else this.#mirrored.delete(name);
    }
  }
}
