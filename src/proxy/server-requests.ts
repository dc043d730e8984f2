import { parseJson } from '../json/exact.js';
import { isRecord, type Json, own } from '../json/value.js';
import { isServerRequest, SERVER_REQUESTS } from '../policy/server-requests.js';
import { BUSY } from '../store/store.js';
import { canonicalName } from '../text/lookalike.js';
import { errorLine } from '../wire/answers.js';
import type { Line } from '../wire/lines.js';
import type { ClientRequest, McpSession } from '../wire/mcp-session.js';
import { type Envelope, type Id, isId, type JudgedCall, lookalikeKey } from '../wire/message.js';
import { scanLine } from '../wire/scan-line.js';
import type { Rulings } from './call-rulings.js';
import type { Gate } from './gate.js';

const INVALID_REQUEST = -32600;
/** Longer methods look like none of ours, in UTF-16 units. */
const LONGEST_METHOD = 100;
/** What policies read of a request; another spelling could be what the client reads. */
const PARAMETERS: ReadonlySet<string> = new Set([
  ...['messages', 'systemPrompt', 'maxTokens', 'temperature', 'stopSequences', 'includeContext', 'metadata'],
  ...['modelPreferences', 'tools', 'toolChoice', 'message', 'mode', 'requestedSchema', 'url', '_meta'],
]);
const PARAMETER_FOLDS: ReadonlySet<string> = new Set([...PARAMETERS].map((key) => key.toLowerCase()));
const RESULT_KEYS: ReadonlySet<string> = new Set(['inputRequests', 'resultType', 'requestState']);
const URLS_KEYS: ReadonlySet<string> = new Set(['elicitations']);
const RESULT_FOLDS: ReadonlySet<string> = new Set([...RESULT_KEYS].map((key) => key.toLowerCase()));

/** 2025-11-25: an error that asks the person to open addresses, and the call to be sent again. */
const URLS_REQUIRED = -32042;
/** `notifications/tasks`, and the news of one task, as lenient clients may read it. */
const TASK_NEWS = /^\s*notifications\/tasks/i;

/** What becomes of a line of the server's that asks the client for something. */
export type Judged =
  | { readonly kind: 'pass' }
  /** The client gets nothing. */
  | { readonly kind: 'stop' }
  /** The client gets this in its place. */
  | { readonly kind: 'instead'; readonly text: string }
  /** The database is locked: look at the line again in a moment. */
  | { readonly kind: 'busy' }
  /** It is being decided; what comes then is none of the two last. */
  | { readonly kind: 'later'; readonly judged: Promise<Judged> };

const PASS: Judged = { kind: 'pass' };
const STOP: Judged = { kind: 'stop' };

/**
 * What the server asks of the client: to have the model write something, to ask the person, to name folders. In the
 * handshake era these are requests of the server's, in 2026-07-28 they stand in its answer to a call. Each is judged as a
 * call is, and recorded, where the policy says something of them; else nothing here is ever asked.
 */
export class ServerRequests {
  readonly #session: McpSession;
  readonly #gate: Gate;
  readonly #toServer: (text: string) => void;
  readonly #warn: (text: string) => void;

  constructor(parts: {
    readonly session: McpSession;
    readonly gate: Gate;
    /** A line of ours: the answer to a request that is refused. */
    readonly toServer: (text: string) => void;
    readonly warn: (text: string) => void;
  }) {
    this.#session = parts.session;
    this.#gate = parts.gate;
    this.#toServer = parts.toServer;
    this.#warn = parts.warn;
  }

  /** @param isLast the database was locked for too long: what cannot be decided is refused */
  request(line: Line, message: Envelope, method: string, isLast: boolean): Judged {
    const { id } = message;
    const isExact = isServerRequest(method);
    if (TASK_NEWS.test(method)) return this.#taskNews(line);
    if (!isExact && !isLookalike(method)) return PASS;
    const refuse = (reason: string): Judged => {
      this.#warn(`refused a request of the server's: ${reason}`);
      if (isId(id)) this.#toServer(errorLine(id, INVALID_REQUEST, `Request refused: ${reason}`));
      return STOP;
    };
    if (!isExact) return refuse(`the method ${JSON.stringify(method)} is not quite one of the protocol's`);
    const scanned = scanLine(line);
    if (!scanned.ok) return refuse(scanned.reason);
    if (!isId(id)) return refuse('it has no proper id');
    const exact = scanned.exactText === undefined ? scanned.value : parseJson(scanned.exactText);
    const params = isRecord(exact) ? own(exact, 'params') : undefined;
    const call = callOf(id, method, params);
    if (typeof call === 'string') return refuse(call);
    return this.#admit([call], isLast, ([ruling]) => {
      if (ruling?.kind === 'forward') {
        this.#session.serverRequests.add(id, { row: ruling.row });
        return PASS;
      }
      if (ruling) this.#toServer(ruling.line);
      return STOP;
    });
  }

  /**
   * The news of a task may hold its requests too. They stand in the answer to `tasks/get` as well, where they are judged:
   * whoever is not told here asks for them there.
   */
  #taskNews(line: Line): Judged {
    const scanned = scanLine(line);
    const params = scanned.ok && isRecord(scanned.value) ? own(scanned.value, 'params') : undefined;
    const asks =
      isRecord(params) && Object.keys(params).some((key) => canonicalName(key) === 'inputrequests');
    if (scanned.ok && (params === undefined || (isRecord(params) && !asks))) return PASS;
    this.#warn('news of a task were kept from the client, which gets its requests with the task');
    return STOP;
  }

  /**
   * Looks for requests in an answer of the server's.
   *
   * @param id as the client sent it
   */
  answer(line: Line, id: Id, request: ClientRequest, isLast: boolean): Judged {
    const scanned = scanLine(line);
    // What two programs may read differently could hold a request that we do not see.
    if (!scanned.ok) return this.#unclear(id, scanned.reason);
    if (!isRecord(scanned.value)) return PASS;
    const error = own(scanned.value, 'error');
    if (asksForUrls(error)) return this.#urls(id, error, request, isLast);
    const result = own(scanned.value, 'result');
    if (!isRecord(result)) return PASS;
    const twin = lookalikeKey(result, RESULT_KEYS, RESULT_FOLDS);
    if (twin !== undefined) return this.#unclear(id, `in its result ${twin}`);
    if (!Object.hasOwn(result, 'inputRequests')) return PASS;
    const asked =
      scanned.exactText === undefined ? result : own(parseJson(scanned.exactText) as object, 'result');
    const requests = isRecord(asked) ? own(asked, 'inputRequests') : undefined;
    if (!isRecord(requests)) return this.#unclear(id, 'its inputRequests are no object');
    const calls: JudgedCall[] = [];
    for (const one of Object.values(requests)) {
      const method = isRecord(one) ? own(one, 'method') : undefined;
      if (!isRecord(one) || typeof method !== 'string')
        return this.#unclear(id, 'it asks for nothing that can be told');
      if (!isServerRequest(method)) {
        if (isLookalike(method))
          return this.#unclear(id, 'it asks by a method that is not quite one of the protocol’s');
        continue;
      }
      const call = callOf(id, method, own(one, 'params'), request);
      if (typeof call === 'string') return this.#unclear(id, call);
      calls.push(call);
    }
    return this.#together(calls, isLast);
  }

  /** Each address is judged as the form that would show it. */
  #urls(id: Id, error: object, request: ClientRequest, isLast: boolean): Judged {
    const data = own(error, 'data');
    const asked = isRecord(data) ? own(data, 'elicitations') : undefined;
    if (
      !Array.isArray(asked) ||
      lookalikeKey(data as Record<string, unknown>, URLS_KEYS, URLS_KEYS) !== undefined
    )
      return this.#unclear(id, 'it asks for addresses that cannot be told');
    const calls: JudgedCall[] = [];
    for (const params of asked) {
      const call = isRecord(params) ? callOf(id, SERVER_REQUESTS.elicitation, params, request) : undefined;
      if (call === undefined || typeof call === 'string')
        return this.#unclear(id, call ?? 'it asks for nothing that can be told');
      calls.push(call);
    }
    return this.#together(calls, isLast);
  }

  /** Requests that stand in one answer: all of them, or none. */
  #together(calls: readonly JudgedCall[], isLast: boolean): Judged {
    if (calls.length === 0) return PASS;
    return this.#admit(calls, isLast, (rulings) => {
      const refused = rulings.find((ruling) => ruling?.kind !== 'forward');
      for (const ruling of rulings)
        if (ruling?.kind === 'forward' && ruling.row !== undefined)
          // The client's answer goes to the server with the next call; nobody looks into it.
          this.#gate.settle(ruling.row, refused ? 'not_sent' : 'ok', undefined);
      return refused ? { kind: 'instead', text: refused.line } : PASS;
    });
  }

  #admit(calls: readonly JudgedCall[], isLast: boolean, decided: (rulings: Rulings) => Judged): Judged {
    const admitted = this.#gate.admit(calls);
    if (admitted instanceof Promise) return { kind: 'later', judged: admitted.then(decided) };
    if (admitted !== BUSY) return decided(admitted);
    return isLast ? decided(this.#gate.giveUp(calls)) : { kind: 'busy' };
  }

  #unclear(id: Id, reason: string): Judged {
    this.#warn(`dropped a line of the server's: ${reason}`);
    return { kind: 'instead', text: errorLine(id, -32603, `The server's answer was dropped: ${reason}`) };
  }
}

/** Whether an answer's error asks the person to open addresses. */
export function asksForUrls(error: unknown): error is object {
  return isRecord(error) && Number(own(error, 'code')) === URLS_REQUIRED;
}

/**
 * A request as it is judged: by its method, with its parameters for arguments.
 *
 * @param within the client's request that is answered with it; it gets the refusal then
 * @returns why it cannot be judged
 */
function callOf(id: Id, method: string, params: unknown, within?: ClientRequest): JudgedCall | string {
  if (params !== undefined && !isRecord(params)) return 'its params are no object';
  const twin = params && lookalikeKey(params, PARAMETERS, PARAMETER_FOLDS);
  if (twin !== undefined) return `in its params ${twin}`;
  const { _meta, ...values } = (params ?? {}) as { [name: string]: Json };
  return {
    kind: 'call',
    id,
    name: method,
    args: { names: Object.keys(values), values },
    params: {},
    era: within ? 'modern' : 'legacy',
    // A server, and a client that waits for anything but a tool, read errors alone.
    task: within?.method !== 'tools/call',
    section: 'serverRequests',
  };
}

function isLookalike(method: string): boolean {
  return method.length <= LONGEST_METHOD && LOOKALIKES.has(canonicalName(method.trim()));
}
const LOOKALIKES: ReadonlySet<string> = new Set(
  Object.values(SERVER_REQUESTS).map((method) => canonicalName(method)),
);
