import { parseDoubles, parseJson } from '../json/exact.js';
import type { Scanned } from '../json/strict.js';
import { isRecord, type Json, own } from '../json/value.js';
import type { Section } from '../policy/sections.js';
import { canonicalName } from '../text/lookalike.js';

/** A JSON-RPC id as MCP allows it: a string or a safe integer. Numbers and strings never match each other. */
export type Id = string | number;

/** `modern` is revision 2026-07-28 and later: the request says so in its own `_meta`. Shapes our answers, nothing else. */
export type Era = 'legacy' | 'modern';

/** What one line from the client is. */
export type ClientMessage =
  | ToolCall
  | {
      readonly kind: 'request';
      readonly id: Id;
      readonly method: string;
      readonly params: object;
      readonly era: Era;
    }
  | { readonly kind: 'notification'; readonly method: string; readonly params: object }
  | {
      readonly kind: 'response';
      readonly id: Id | undefined;
      readonly message: Readonly<Record<string, unknown>>;
    }
  /** Cannot be judged: never forwarded. Answered when it has an id or might be a request; `audit` says it was a call. */
  | {
      readonly kind: 'refused';
      readonly code: number;
      readonly reason: string;
      readonly id: Id | undefined;
      readonly answered: boolean;
      readonly call: string | undefined;
    };

export interface ToolCall {
  readonly kind: 'call';
  readonly id: Id;
  readonly name: string;
  readonly args: Arguments;
  /** What stands in `params`, whether or not with name and arguments. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly era: Era;
  /** `params.task` is there: the client waits for a task, and a tool result would not fit (2025-11-25). */
  readonly task: boolean;
}

/** A call to be decided, with what is known of earlier rounds of it. */
export interface JudgedCall extends ToolCall {
  /** The approval that it was held for, or came back with an answer to. */
  readonly approvalId?: string | undefined;
  /** In the form a person typed another value than the one asked for. */
  readonly mistyped?: boolean | undefined;
  /** It was held before, and is not held a second time. */
  readonly wasHeld?: boolean | undefined;
  /**
   * How many questions of the server's it has answered, when it continues a call that was let through: that call was
   * charged and asked about already.
   */
  readonly continues?: number | undefined;
  /** No call of a tool: what part of a policy judges it, by the name that the log has for it. */
  readonly section?: Section | undefined;
}

/** A line that means to call a tool but cannot be judged: it is only logged. */
export interface MalformedCall {
  readonly kind: 'malformed';
  readonly tool: string;
  readonly reason: string;
}

/** The arguments of a call. */
export interface Arguments {
  /** At the top level, in any order. */
  readonly names: readonly string[];
  /** As the policy reads them: numbers beyond a double's digits are exact. */
  readonly values: { readonly [name: string]: Json };
}

/**
 * A JSON object that may be a message. Its members may be read by name, without `own`: JSON.parse makes no property
 * undefined, and no prototype has one of these names.
 */
export interface Envelope extends Record<string, unknown> {
  readonly jsonrpc?: unknown;
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** The parameters of a tools/call; likewise. */
interface CallParams extends Record<string, unknown> {
  readonly name?: unknown;
  readonly arguments?: unknown;
  readonly task?: unknown;
}

/** In UTF-16 units. Ids are kept until they are answered: without a bound long ones could exhaust memory. */
const MAX_ID_LENGTH = 1000;

const INVALID_REQUEST = -32600;
const INVALID_PARAMS = -32602;

export const ENVELOPE_KEYS: ReadonlySet<string> = new Set([
  'jsonrpc',
  'id',
  'method',
  'params',
  'result',
  'error',
]);
const CALL_KEYS = new Set(['name', 'arguments', '_meta', 'task']);
const CALL = 'tools/call';
/** Such a name is its own folded form. */
const PLAIN_METHOD = /^[a-z_/]+$/;
/** Longer keys and methods, in UTF-16 units, look like none of ours: to fold a long text can take many seconds. */
const LONGEST_LOOKALIKE = 100;
const MODERN = '2026-07-28';
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

/**
 * Tells what a line from the client is. Whatever could reach a tool in a form that another parser might read
 * differently is refused; unknown members of the envelope pass and mean nothing (docs/guarantees.md, "The wire").
 */
export function parseClientMessage(scanned: Scanned): ClientMessage {
  if (!scanned.ok) return refuse(scanned.code, scanned.reason);
  const message = scanned.value;
  if (Array.isArray(message)) return refuse(INVALID_REQUEST, 'a batch: send one message a line');
  if (!isRecord(message)) return refuse(INVALID_REQUEST, 'not a JSON-RPC message');

  const { id, method, params, result, error } = message as Envelope;
  const answerTo = isId(id) ? id : undefined;
  const twin = lookalikeKey(message, ENVELOPE_KEYS);
  if (twin !== undefined) return refuse(INVALID_REQUEST, twin, { id: answerTo });
  if ((message as Envelope).jsonrpc !== '2.0') {
    return refuse(INVALID_REQUEST, '"jsonrpc" must be the string "2.0"', {
      id: answerTo,
      ...callOf(message),
    });
  }

  const hasMethod = method !== undefined;
  if (Number(hasMethod) + Number(result !== undefined) + Number(error !== undefined) !== 1) {
    return refuse(INVALID_REQUEST, 'neither a request, a notification nor a response', {
      id: answerTo,
      ...callOf(message),
    });
  }
  if (!hasMethod) {
    if (!isId(id) && id !== undefined && id !== null) {
      return refuse(INVALID_REQUEST, 'the id of a response must be a string or an integer', {
        answered: false,
      });
    }
    return { kind: 'response', id: answerTo, message };
  }

  if (typeof method !== 'string')
    return refuse(INVALID_REQUEST, '"method" must be a string', { id: answerTo });
  const call = method === CALL;
  // Closes the bypass to servers that read the method without regard to case or space.
  if (!PLAIN_METHOD.test(method) && isLookalike(method.trim(), CALL)) {
    return refuse(
      INVALID_REQUEST,
      `the method ${JSON.stringify(method.slice(0, 40))} is not quite "${CALL}"`,
      {
        id: answerTo,
        call: '',
      },
    );
  }
  if (id !== undefined && !isId(id)) {
    const reason = '"id" must be a short string or an integer up to 2^53 - 1';
    return refuse(INVALID_REQUEST, reason, { answered: !call, ...callOf(message) });
  }
  if (params !== undefined && !isRecord(params)) {
    return refuse(call ? INVALID_PARAMS : INVALID_REQUEST, '"params" must be an object', {
      id: answerTo,
      ...callOf(message),
    });
  }
  if (answerTo === undefined) {
    // A server written by hand runs a call without id like any other.
    if (call)
      return refuse(INVALID_REQUEST, 'a tools/call without id', { answered: false, ...callOf(message) });
    return { kind: 'notification', method, params: params ?? {} };
  }
  const era = eraOf(params);
  if (!call) return { kind: 'request', id: answerTo, method, params: params ?? {}, era };
  return parseCall(answerTo, params ?? {}, era, scanned.exactText);
}

function parseCall(id: Id, params: CallParams, era: Era, exactText: string | undefined): ClientMessage {
  const { name, task } = params;
  const call = typeof name === 'string' ? name : '';
  const twin = lookalikeKey(params, CALL_KEYS);
  if (twin !== undefined) return refuse(INVALID_PARAMS, `params: ${twin}`, { id, call });
  if (typeof name !== 'string') return refuse(INVALID_PARAMS, 'params.name must be a string', { id, call });
  const args = params.arguments === undefined ? {} : params.arguments;
  if (!isRecord(args)) return refuse(INVALID_PARAMS, 'params.arguments must be an object', { id, call });
  return {
    kind: 'call',
    id,
    name,
    args: argumentsIn(args, exactText),
    params,
    era,
    task: task !== undefined,
  };
}

function argumentsIn(args: Record<string, unknown>, exactText: string | undefined): Arguments {
  const names = Object.keys(args);
  if (exactText === undefined) return { names, values: args as Arguments['values'] };
  const message = parseJson(exactText);
  const params = isRecord(message) ? own(message, 'params') : undefined;
  const exact = isRecord(params) ? own(params, 'arguments') : undefined;
  return { names, values: (exact ?? {}) as Arguments['values'] };
}

function refuse(
  code: number,
  reason: string,
  more: { id?: Id | undefined; answered?: boolean; call?: string } = {},
): ClientMessage {
  return { kind: 'refused', code, reason, id: more.id, answered: more.answered ?? true, call: more.call };
}

/** The tool that a line means to call, although it cannot be judged; the decision log names it. */
function callOf(message: Record<string, unknown>): { call?: string } {
  if (own(message, 'method') !== CALL) return {};
  const params = own(message, 'params');
  const name = isRecord(params) ? own(params, 'name') : undefined;
  return { call: typeof name === 'string' ? name : '' };
}

/**
 * Closes the bypass by which one parser reads `Name` or a full-width `ｎame` as `name` and another does not: Go's
 * encoding/json matches keys in any case, and the last wins.
 *
 * @param folds the known keys in small letters, where they have others
 */
export function lookalikeKey(
  object: Record<string, unknown>,
  known: ReadonlySet<string>,
  folds: ReadonlySet<string> = known,
): string | undefined {
  // What JSON.parse made: no prototype has a key that could be counted.
  for (const key in object) {
    if (known.has(key) || key.length > LONGEST_LOOKALIKE) continue;
    const folded = canonicalName(key);
    if (folds.has(folded))
      return `the key ${JSON.stringify(key.slice(0, 40))} differs from "${folded}" only in its letters' form`;
  }
  return undefined;
}

function isLookalike(text: string, known: string): boolean {
  return text.length <= LONGEST_LOOKALIKE && canonicalName(text) === known;
}

/** How many pieces of a line are searched for a call, and how long each may be, in UTF-16 units. */
const PIECES = 64;
const LONGEST_PIECE = 65_536;

/**
 * Names the tool that a peer which ends lines at a lone CR could have called, for the decision log.
 *
 * @returns the tool's name, '' when it cannot be determined, undefined when there is no call in it
 */
export function calledIn(text: string): string | undefined {
  for (const piece of [...text.split('\r', PIECES), text]) {
    if (piece.length > LONGEST_PIECE || !piece.includes('{')) continue;
    let message: unknown;
    try {
      message = parseDoubles(piece);
    } catch {
      continue;
    }
    const { call } = isRecord(message) ? callOf(message) : {};
    if (call !== undefined) return call;
  }
  return /tools\\?\/call|\\u00/i.test(text) ? '' : undefined;
}

/** The era of a request. A made-up version changes the shape of our answers, never whether the call is judged. */
function eraOf(params: Record<string, unknown> | undefined): Era {
  const meta = params?._meta;
  const version = isRecord(meta) ? own(meta, VERSION_KEY) : undefined;
  return typeof version === 'string' && version >= MODERN ? 'modern' : 'legacy';
}

export function isId(value: unknown): value is Id {
  return typeof value === 'string' ? value.length <= MAX_ID_LENGTH : Number.isSafeInteger(value);
}
