import { codeRow, type RefusalCode } from '../policy/codes.js';
import { printable } from '../text/escape.js';
import type { Era, Id } from './message.js';

/** A refused call and everything that its answer says. Times are UTC milliseconds. */
export interface RefusedCall {
  readonly code: RefusalCode;
  readonly rule: string;
  /** The file in which the rule is, for the person; undefined where no policy had a part. */
  readonly policy?: string | undefined;
  readonly tool: string;
  readonly authorText: string | undefined;
  readonly explanation: string;
  readonly auditId: string | undefined;
  readonly limit?:
    | {
        readonly counter: string;
        readonly max: number;
        readonly used: number;
        readonly windowMs: number;
        readonly retryAt: number | undefined;
        /** What calls in flight hold of the limit, when the call is refused until one of them ends. */
        readonly inFlight?: number | undefined;
        /** What this machine's clock said before it was set back. */
        readonly clockWas?: number | undefined;
        /** There is room again at some time, and other rules refuse the call then. */
        readonly isBarred?: boolean | undefined;
        /** Calls with other arguments have a count of their own. */
        readonly isSplit?: boolean | undefined;
      }
    | undefined;
  /** Refused by what depends on the moment: when it no longer does, where that is known. */
  readonly demand?:
    | {
        readonly retryAt: number | undefined;
        /** The call before, for which this one is refused. */
        readonly earlier?:
          | { readonly server: string; readonly tool: string; readonly at: number }
          | undefined;
      }
    | undefined;
  readonly approval?: { readonly id: string; readonly expiresAt: number } | undefined;
}

/** Programs find under this key of `_meta` (and in `error.data`) what the text says. */
export const DECISION_KEY = 'policy-wrap/decision';

/** Longer names and texts are cut, in UTF-16 units: an answer goes into a model's context. */
const NAME_CAP = 128;
const TEXT_CAP = 1000;

/**
 * The answer to a refused call: a tool result with `isError`, which models read, or a JSON-RPC error where the client
 * waits for a task and a tool result would not fit its schema. Never `structuredContent`: clients show only that.
 *
 * @param now UTC milliseconds, for the seconds that the text names
 */
export function refusalLine(id: Id, era: Era, asError: boolean, refused: RefusedCall, now: number): string {
  const retryAt = (refused.limit ?? refused.demand)?.retryAt;
  const earlier = refused.demand?.earlier;
  const decision = {
    version: 1,
    decision: codeRow(refused.code).decision,
    code: refused.code,
    rule: printable(refused.rule, TEXT_CAP),
    ...(refused.limit && {
      counter: refused.limit.counter,
      max: refused.limit.max,
      used: refused.limit.used,
      windowMs: refused.limit.windowMs,
      ...(refused.limit.inFlight !== undefined && { inFlight: refused.limit.inFlight }),
      ...(refused.limit.clockWas !== undefined && {
        clockWas: new Date(refused.limit.clockWas).toISOString(),
      }),
    }),
    ...(earlier && {
      earlier: {
        server: printable(earlier.server, NAME_CAP),
        tool: printable(earlier.tool, NAME_CAP),
        at: new Date(earlier.at).toISOString(),
      },
    }),
    ...(retryAt !== undefined && {
      retryAfterMs: Math.max(0, retryAt - now),
      retryAt: new Date(retryAt).toISOString(),
    }),
    ...(refused.approval && {
      approvalId: refused.approval.id,
      expiresAt: new Date(refused.approval.expiresAt).toISOString(),
    }),
    ...(refused.auditId !== undefined && { auditId: refused.auditId }),
  };
  const text = refusalText(refused, now);
  if (asError) {
    return line({
      jsonrpc: '2.0',
      id,
      error: { code: codeRow(refused.code).error, message: text, data: decision },
    });
  }
  return line({
    jsonrpc: '2.0',
    id,
    result: {
      ...(era === 'modern' && { resultType: 'complete' }),
      content: [{ type: 'text', text }],
      isError: true,
      _meta: { [DECISION_KEY]: decision },
    },
  });
}

/** One paragraph for the model: the author's words, what happened, when to come back, by which rule. */
function refusalText(refused: RefusedCall, now: number): string {
  const { decision, advice, adviceUntil = advice } = codeRow(refused.code);
  const hasTime = (refused.limit?.retryAt ?? refused.demand?.retryAt) !== undefined;
  const label = decision === 'ask' ? '[APPROVAL REQUIRED]' : '[POLICY DENIED]';
  const sentences = [
    refused.authorText && sentence(printable(refused.authorText.trim(), TEXT_CAP)),
    `${printable(refused.tool, NAME_CAP)}: ${sentence(printable(refused.explanation, TEXT_CAP))}`,
    refused.limit && nextCall(refused.limit, now),
    refused.demand?.retryAt !== undefined && nextCallAt(refused.demand.retryAt, now),
    `Rule: ${printable(refused.rule, TEXT_CAP)}${refused.policy === undefined ? '' : `, in ${printable(refused.policy, TEXT_CAP)}`}.`,
    refused.limit?.inFlight !== undefined
      ? 'Wait for the calls that you have made.'
      : hasTime
        ? adviceUntil
        : advice,
  ];
  return `${label} ${sentences.filter(Boolean).join(' ')}`;
}

function sentence(text: string): string {
  return /[.!?…:;。！？]["'”»)]?$/u.test(text) ? text : `${text}.`;
}

function nextCall(
  { retryAt, inFlight, isBarred, isSplit }: NonNullable<RefusedCall['limit']>,
  now: number,
): string | undefined {
  if (inFlight !== undefined) return 'The next call is possible when one of them ends well.';
  if (retryAt !== undefined) return nextCallAt(retryAt, now, isSplit);
  return isBarred ? undefined : 'A call of this size can never pass.';
}

function nextCallAt(retryAt: number, now: number, isSplit = false): string {
  const seconds = Math.max(1, Math.ceil((retryAt - now) / 1000));
  return `Next ${isSplit ? 'such ' : ''}call possible in ${seconds} s (${new Date(retryAt).toISOString()}).`;
}

/** A JSON-RPC error as a line; `id` is left out when unknown, because clients reject `null`. */
export function errorLine(id: Id | undefined, code: number, message: string): string {
  return line({
    jsonrpc: '2.0',
    ...(id !== undefined && { id }),
    error: { code, message: printable(message, TEXT_CAP) },
  });
}

/** The answer to a call of a hidden tool: word for word that of a tool that does not exist (G6). */
export function unknownToolLine(id: Id, tool: string): string {
  return errorLine(id, -32602, `Unknown tool: ${tool}`);
}

/** The answer to a reading of a hidden resource: that of the protocol to one which does not exist (G6). */
export function unknownResourceLine(id: Id, era: Era, uri: string): string {
  const code = era === 'modern' ? -32602 : -32002;
  const data = { uri };
  return line({ jsonrpc: '2.0', id, error: { code, message: 'Resource not found', data } });
}

/** The answer to a request for a hidden prompt: that of the protocol to one which does not exist (G6). */
export function unknownPromptLine(id: Id, name: string): string {
  return errorLine(id, -32602, `Unknown prompt: ${name}`);
}

/** The answer to a request of the server's of a kind that is hidden from it: that of a client without the method. */
export function unknownMethodLine(id: Id): string {
  return errorLine(id, -32601, 'Method not found');
}

function line(message: object): string {
  return `${JSON.stringify(message)}\n`;
}
