import { isRecord, own } from '../../json/value.js';
import { type Id, isId } from '../../wire/message.js';

/** One line for the server, and what its delivery needs to know of it. The bytes were judged; they are sent as they are. */
export interface Outgoing {
  readonly bytes: Buffer;
  /** A request waits for an answer under `id`. */
  readonly id: Id | undefined;
  readonly method: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  /** The revision that the message names itself, from 2026-07-28 on; before, the session has one. */
  readonly revision: string | undefined;
}

/** The key under which a request names its revision (2026-07-28, "Per-request protocol version"). */
const REVISION = 'io.modelcontextprotocol/protocolVersion';

/** Splits what was sent together into its lines, without their line ends. */
export function* linesOf(parts: readonly Buffer[]): Iterable<Buffer> {
  const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  for (let start = 0; start < bytes.length; ) {
    const lf = bytes.indexOf(10, start);
    const end = lf === -1 ? bytes.length : lf;
    const line = bytes.subarray(start, bytes[end - 1] === 13 ? end - 1 : end);
    if (line.length > 0) yield line;
    start = end + 1;
  }
}

/** @param bytes a line that the strict reader let through: an object, without keys that stand twice */
export function readOutgoing(bytes: Buffer): Outgoing {
  const message: unknown = JSON.parse(bytes.toString('utf8'));
  const envelope = isRecord(message) ? message : {};
  const method = own(envelope, 'method');
  const id = own(envelope, 'id');
  const params = own(envelope, 'params');
  const known = isRecord(params) ? params : {};
  const meta = own(known, '_meta');
  const revision = isRecord(meta) ? own(meta, REVISION) : undefined;
  return {
    bytes,
    id: typeof method === 'string' && isId(id) ? id : undefined,
    method: typeof method === 'string' ? method : undefined,
    params: known,
    revision: typeof revision === 'string' ? revision : undefined,
  };
}

/** The parameter that `Mcp-Name` repeats, by method (2026-07-28, "Standard request headers"; SEP-2663 for tasks). */
const NAMED: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/**
 * The headers that repeat parts of a message of revision 2026-07-28, so that balancers need not read it.
 *
 * @param mirrored the arguments that a tool wants in headers
 */
export function mirroringHeaders(
  message: Outgoing,
  mirrored: readonly MirroredArgument[],
): Record<string, string> {
  const { method, params, revision, id } = message;
  if (revision === undefined || method === undefined || id === undefined) return {};
  const headers: Record<string, string> = { 'mcp-protocol-version': revision, 'mcp-method': method };
  const key = Object.hasOwn(NAMED, method) ? NAMED[method] : undefined;
  const name = key === undefined ? undefined : own(params, key);
  if (typeof name === 'string') headers['mcp-name'] = headerValue(name);
  const args = own(params, 'arguments');
  for (const { path, header } of mirrored) {
    const value = path.reduce<unknown>(
      (inner, step) => (isRecord(inner) ? own(inner, step) : undefined),
      args,
    );
    const isPlain = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
    if (isPlain) headers[`mcp-param-${header.toLowerCase()}`] = headerValue(String(value));
  }
  return headers;
}

/** An argument that a tool's schema wants repeated in the header `Mcp-Param-<header>`. */
export interface MirroredArgument {
  readonly path: readonly string[];
  readonly header: string;
}

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MOST_MIRRORED = 64;
const DEEPEST = 16;

/** Types of arguments that a header can carry. */
const CARRIED = new Set(['string', 'integer', 'boolean']);

/**
 * Finds `x-mcp-header` in a tool's input schema, along `properties` (2026-07-28, "Custom headers from tool parameters").
 *
 * @returns undefined for a tool that no client may call, since one of them is no header, or stands twice
 */
export function mirroredArguments(inputSchema: unknown): MirroredArgument[] | undefined {
  const found: MirroredArgument[] = [];
  const names = new Set<string>();
  let isValid = true;
  const look = (schema: unknown, path: readonly string[]) => {
    const properties = isRecord(schema) && path.length < DEEPEST ? own(schema, 'properties') : undefined;
    if (!isRecord(properties)) return;
    for (const [name, child] of Object.entries(properties)) {
      if (!isRecord(child) || found.length >= MOST_MIRRORED) continue;
      const header = own(child, 'x-mcp-header');
      const type = own(child, 'type');
      if (typeof header === 'string' && TOKEN.test(header) && !names.has(header.toLowerCase())) {
        found.push({ path: [...path, name], header });
        names.add(header.toLowerCase());
        isValid &&= type === undefined || (typeof type === 'string' && CARRIED.has(type));
      } else if (header !== undefined) isValid = false;
      look(child, [...path, name]);
    }
  };
  look(inputSchema, []);
  return isValid ? found : undefined;
}

/** A text as a header's value: as it is, or in base64 where a header could not carry it or would mean something else. */
function headerValue(text: string): string {
  const isPlain =
    /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text);
  return isPlain ? text : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}
