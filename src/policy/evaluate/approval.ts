import { canonicalJson } from '../../json/canonical.js';
import { isArray, isObject, type Json, type JsonObject } from '../../json/value.js';
import type { Policy } from '../model.js';
import { findInexact } from './inexact.js';
import { without } from './without.js';

/** The arguments of a call that a person is asked about. */
export interface ApprovalTexts {
  /** All of them, as the person reads them. */
  readonly shown: string;
  /** What tells the call from every other: without what the policy lets a retry change. */
  readonly bound: string;
}

/**
 * @returns undefined when nobody can be asked about such a call: it holds a number that programs read differently, and
 *   the person might be shown another one than the server gets (G10)
 */
export function approvalTexts(args: JsonObject, { except }: Policy['approvals']): ApprovalTexts | undefined {
  if (findInexact(args, 'args') !== undefined) return undefined;
  const shown = canonicalJson(args);
  return { shown, bound: except.length === 0 ? shown : canonicalJson(without(args, except, isPlain)) };
}

/**
 * A key or a time stamp may change in a retry. A list or an object stays bound: a server may look into it, and whoever
 * calls could put anything there (G10).
 */
function isPlain(value: Json): boolean {
  return !isArray(value) && !isObject(value);
}
