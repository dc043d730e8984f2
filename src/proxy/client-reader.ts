import type { ApprovalFlow } from '../approval/flow.js';
import { reasonOf } from '../errors.js';
import { isRecord, own } from '../json/value.js';
import { errorLine } from '../wire/answers.js';
import { type AnyLine, idFromEnds, Line } from '../wire/lines.js';
import type { McpSession } from '../wire/mcp-session.js';
import {
  type ClientMessage,
  calledIn,
  type Id,
  type JudgedCall,
  type MalformedCall,
  parseClientMessage,
  type ToolCall,
} from '../wire/message.js';
import { scanLine } from '../wire/scan-line.js';
import { readRequest } from './client-requests.js';
import type { Gate } from './gate.js';

/** What one line from the client comes to, before and after the gate. */
export interface Item {
  /** Goes to the server if nothing refuses it. */
  readonly line?: Line | undefined;
  /** Goes back to the client at once. */
  readonly answer?: string | undefined;
  /** What the gate must see. */
  readonly call?: JudgedCall | MalformedCall | undefined;
  /** What else the line asks for: it goes on only if all of it is let through. */
  readonly also?: readonly JudgedCall[] | undefined;
  /** The request that `line` is. */
  readonly request?: Id | undefined;
  /** The id of the request that `line` gives up, once the lines before it are decided. */
  readonly cancels?: unknown;
}

/** Nothing goes anywhere. */
export const NO_ITEM: Item = {};

const INVALID_REQUEST = -32600;
const INTERNAL_ERROR = -32603;

/**
 * Reads the client's lines one by one: tells what each is, and keeps the session up to date, so that a later line of
 * the same chunk cannot take the id of an earlier one.
 */
export class ClientReader {
  readonly #session: McpSession;
  readonly #gate: Gate;
  readonly #approvals: ApprovalFlow;
  readonly #maxLine: number;
  readonly #warn: (text: string) => void;

  constructor(parts: {
    readonly session: McpSession;
    readonly gate: Gate;
    readonly approvals: ApprovalFlow;
    /** Longest line in bytes. */
    readonly maxLine: number;
    readonly warn: (text: string) => void;
  }) {
    this.#session = parts.session;
    this.#gate = parts.gate;
    this.#approvals = parts.approvals;
    this.#maxLine = parts.maxLine;
    this.#warn = parts.warn;
  }

  read(line: AnyLine): Item {
    try {
      return this.#read(line);
    } catch (error) {
      // A bug of ours must neither let a line through nor end the process (G3).
      this.#warn(`a line of the client's could not be read: ${reasonOf(error)}`);
      return { answer: errorLine(undefined, INTERNAL_ERROR, 'Message refused: it could not be read') };
    }
  }

  #read(line: AnyLine): Item {
    if (line.kind === 'oversized') {
      const reason = `longer than ${this.#maxLine} bytes (${line.size}); --max-client-line raises the limit`;
      return {
        ...this.#insteadOfAnswer(line, reason),
        answer: this.#refusal(idFromEnds(line, 'request'), INVALID_REQUEST, reason),
      };
    }
    if (line.isBlank) return NO_ITEM;
    const scanned = scanLine(line);
    const message = parseClientMessage(scanned);
    switch (message.kind) {
      case 'refused':
        return this.#refused(line, scanned.ok ? message : { ...message, id: idFromEnds(line, 'request') });
      case 'call':
      case 'request':
        return this.#request(line, message, scanned.ok ? scanned.exactText : undefined);
      case 'notification':
        if (message.method !== 'notifications/cancelled') return this.#notification(line, message);
        return { line, cancels: own(message.params, 'requestId') };
      case 'response':
        return this.#response(line, message);
    }
  }

  #refused(line: Line, message: ClientMessage & { kind: 'refused' }): Item {
    const { code, reason } = message;
    const tool = line.hasLoneCr ? calledIn(line.text) : message.call;
    return {
      ...this.#insteadOfAnswer(line, reason),
      ...(message.answered && { answer: this.#refusal(message.id, code, reason) }),
      ...(tool !== undefined && { call: { kind: 'malformed', tool, reason } }),
    };
  }

  /** Without the id of a request that is pending: the client would take it for the answer to that. */
  #refusal(id: Id | undefined, code: number, reason: string): string {
    const isFree = id !== undefined && !this.#session.isPending(id);
    return errorLine(isFree ? id : undefined, code, `Message refused: ${reason}`);
  }

  /**
   * An answer of the client's that is not passed on leaves the server waiting, and with it perhaps the call for which
   * the server had asked: it gets an error in the answer's place. Nothing else of ours goes to the server.
   */
  #insteadOfAnswer(line: AnyLine, reason: string): Item {
    const id = idFromEnds(line, 'answer');
    if (id === undefined || !this.#answered(id, 'error')) return NO_ITEM;
    const text = errorLine(id, INTERNAL_ERROR, `The client's answer was refused: ${reason}`);
    return { line: Line.of(Buffer.from(text)) };
  }

  #notification(line: Line, message: ClientMessage & { kind: 'notification' }): Item {
    const read = readRequest(message, undefined, this.#gate);
    if (read.kind !== 'refused') return { line };
    return { call: { kind: 'malformed', tool: read.name, reason: read.reason } };
  }

  #request(
    line: Line,
    message: ClientMessage & { kind: 'call' | 'request' },
    exactText: string | undefined,
  ): Item {
    const isCall = message.kind === 'call';
    const pending = this.#session.isPending(message.id);
    if (pending || this.#session.full) {
      const reason = pending
        ? `the id ${shown(message.id)} belongs to a request that is still pending`
        : 'too many requests are pending';
      const answer = this.#refusal(message.id, INVALID_REQUEST, reason);
      return isCall ? { answer, call: { kind: 'malformed', tool: message.name, reason } } : { answer };
    }
    if (isCall) {
      this.#session.addRequest(message.id, 'tools/call', message.era);
      return this.#call(line, message);
    }
    const read = readRequest(message, exactText, this.#gate);
    if (read.kind === 'answer') return { answer: read.line };
    if (read.kind === 'refused') {
      const { code, name, reason } = read;
      const answer = this.#refusal(message.id, code, reason);
      return { answer, call: { kind: 'malformed', tool: name, reason } };
    }
    const isJudged = read.kind === 'judged';
    this.#session.addRequest(message.id, message.method, message.era, message.params, isJudged);
    if (message.method === 'initialize') this.#initialize(message.params);
    if (message.method === 'subscriptions/listen') this.#session.listen(message.id, message.params);
    if (isJudged) {
      const asked = this.#approvals.received(line, read.call);
      return asked ? { ...asked, also: read.also } : NO_ITEM;
    }
    return { line, request: message.id };
  }

  #call(line: Line, message: ToolCall): Item {
    const call = message.task && !this.#session.serverTakesTasks ? { ...message, task: false } : message;
    return this.#approvals.received(line, call) ?? NO_ITEM;
  }

  #response(line: Line, { id, message }: ClientMessage & { kind: 'response' }): Item {
    if (id !== undefined && this.#approvals.answered(id, message)) return NO_ITEM;
    if (id === undefined || this.#answered(id, message.error === undefined ? 'ok' : 'error')) return { line };
    this.#warn(
      `dropped an answer of the client's to a request that the server did not make (id ${shown(id)})`,
    );
    return NO_ITEM;
  }

  /** @returns whether the server had asked for this */
  #answered(id: Id, outcome: 'ok' | 'error'): boolean {
    const request = this.#session.serverRequests.take(id);
    if (request?.row !== undefined) this.#gate.settle(request.row, outcome, undefined);
    return request !== undefined;
  }

  #initialize(params: object): void {
    this.#session.readClient(params);
    const info = own(params, 'clientInfo');
    const name = isRecord(info) ? own(info, 'name') : undefined;
    const version = isRecord(info) ? own(info, 'version') : undefined;
    if (typeof name === 'string') this.#gate.clientIs(name, typeof version === 'string' ? version : '');
  }
}

function shown(id: Id): string {
  return JSON.stringify(id).slice(0, 80);
}
