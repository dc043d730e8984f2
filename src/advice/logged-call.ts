import { parseJson } from '../json/exact.js';
import { isArray, isObject, type Json, type JsonObject } from '../json/value.js';
import { codeRow } from '../policy/codes.js';

/** What the decision log kept of a call's arguments. */
export type Kept =
  /** All of them, with exact numbers. */
  | { readonly kind: 'values'; readonly args: JsonObject }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'nothing' };

/**
 * What became of a call as far as the policy of its time goes. `unjudged`: that policy had no part in it (a line that
 * could not be read, a pause).
 */
export type Disposition = 'passed' | 'refused' | 'asked' | 'unjudged';

/** The columns of a row of the decision log that are looked at here. */
export interface LoggedRow {
  readonly auditId: string;
  /** UTC milliseconds. */
  readonly at: number;
  readonly tool: string;
  readonly decision: 'allow' | 'deny' | 'hide' | 'ask';
  readonly code: string | undefined;
  readonly rule: string | undefined;
  readonly observe: boolean;
  readonly arguments: string;
  readonly approval: string | undefined;
  readonly outcome: string | undefined;
  readonly grant: string;
}

/** A row, read for what it says of the call. */
export interface LoggedCall {
  readonly auditId: string;
  /** UTC milliseconds. */
  readonly at: number;
  readonly tool: string;
  /** False when the log holds only the beginning of the name. */
  readonly isNameWhole: boolean;
  readonly disposition: Disposition;
  readonly code: string | undefined;
  readonly rule: string | undefined;
  readonly kept: Kept;
  /** It passed because a person said so. */
  readonly consented: boolean;
  /** Whose counters it belongs to; those of an observing wrapper are apart from the others. */
  readonly owner: string;
  /** The server answered with an error of either kind. */
  readonly failed: boolean;
}

/** In bytes. The decision log cuts longer names, never inside a character, and ends them with an ellipsis. */
const LONGEST_NAME = 512;
const ELLIPSIS = '…';

export function readLogged(row: LoggedRow): LoggedCall {
  const { auditId, at, tool, code, rule, grant, observe } = row;
  const disposition = dispositionOf(row);
  return {
    auditId,
    at,
    tool,
    isNameWhole: !(tool.endsWith(ELLIPSIS) && Buffer.byteLength(tool) >= LONGEST_NAME),
    disposition,
    code,
    rule,
    kept: keptOf(row.arguments),
    consented: disposition === 'passed' && row.approval !== undefined,
    owner: JSON.stringify([grant, observe]),
    failed: row.outcome === 'error' || row.outcome === 'tool_error',
  };
}

/** An observing wrapper without a policy lets everything pass, and no rule objected. */
function dispositionOf({ decision, code, observe }: LoggedRow): Disposition {
  const row = codeRow(code);
  if (row?.policyPart === 'none') return 'unjudged';
  if (decision === 'allow' || (code === 'NO_POLICY' && observe)) return 'passed';
  return decision === 'ask' || row?.isApproval ? 'asked' : 'refused';
}

/** @param text sorted top-level names as a JSON list, or the whole object; a list of an ellipsis where it was too long */
export function keptOf(text: string): Kept {
  let value: Json;
  try {
    value = parseJson(text);
  } catch {
    // Cut off in the middle.
    return { kind: 'nothing' };
  }
  if (isObject(value)) return { kind: 'values', args: value };
  if (!isArray(value) || !value.every((name) => typeof name === 'string')) return { kind: 'nothing' };
  if (value.length === 0) return { kind: 'values', args: {} };
  return value.length === 1 && value[0] === ELLIPSIS ? { kind: 'nothing' } : { kind: 'names', names: value };
}
