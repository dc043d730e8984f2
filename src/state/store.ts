import type { Decimal } from '../policy/decimal.js';
import type { Charge, Evaluation, RefusalCode } from '../policy/decision.js';

/** Who is asking: one wrapper process between its start and its end. */
export interface SessionInfo {
  readonly server: string;
  readonly grant: string;
  readonly pid: number;
  readonly policyHash: string | undefined;
  readonly policySource: string | undefined;
  /** `--observe`: charges go to counters of their own and nothing is refused. */
  readonly observe: boolean;
}

/** One judged call on its way to the server, or a refusal on its way to the log. */
export interface Admission {
  readonly tool: string;
  /** The JSON-RPC id as JSON text; undefined for a call without one. */
  readonly requestId: string | undefined;
  /** What the log keeps of the arguments: a JSON array of sorted top-level names, or the whole object. */
  readonly argumentsText: string;
  readonly policyHash: string | undefined;
  /** `hidden` and `refused` are only recorded; `open` is looked up, charged and recorded. */
  readonly evaluation: Evaluation;
}

/** How a call fared against what has happened before. */
export type Admitted =
  | { readonly kind: 'allowed'; readonly auditId: string }
  | { readonly kind: 'refused'; readonly auditId: string; readonly code: RefusalCode }
  | { readonly kind: 'exceeded'; readonly auditId: string; readonly exceeded: Exceeded };

/** The first limit that a call does not fit in. */
export interface Exceeded {
  readonly charge: Charge;
  /** What the counter held before this call. */
  readonly used: Decimal;
  /** UTC milliseconds: refused until then, allowed at it if nothing else happens; undefined when it can never fit. */
  readonly retryAt: number | undefined;
}

/** What became of a forwarded call. */
export interface Settlement {
  readonly auditId: string;
  readonly outcome: Outcome;
  readonly latencyMs: number | undefined;
}

/**
 * `ok`, `tool_error` (`isError: true`), `error` (JSON-RPC error), `unanswered` (the server ended first),
 * `cancelled` (by the client), `not_sent` (provably never reached the server: its charges are given back).
 */
export type Outcome = 'ok' | 'tool_error' | 'error' | 'unanswered' | 'cancelled' | 'not_sent';

/** The database is locked by another process just now; nothing was changed, try again in a moment. */
export const BUSY: unique symbol = Symbol('busy');
