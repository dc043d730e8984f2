/**
 * notify: tells a person who looks elsewhere that something waits, or went wrong.
 * May import upstream/http (one way to send), store (what was told already), config, policy, json, text and errors.
 * Never enters: what a message could decide. It is told, and nothing is taken back.
 */

import type { Decimal } from '../json/decimal.js';
import type { Charge } from '../policy/call.js';
import type { ApprovalEntry } from '../store/store.js';
import { span } from '../text/duration.js';
import { printable } from '../text/escape.js';
import { sha256 } from '../text/hash.js';

/** What may be told. The order is that of `policy-wrap notify list`. */
export const EVENTS = ['approval', 'limit', 'warn_at', 'changed', 'policy', 'paused', 'store'] as const;
export type NoticeEvent = (typeof EVENTS)[number];

/** What each is, for people who choose. */
export const EVENT_WORDS: Readonly<Record<NoticeEvent, string>> = {
  approval: 'a call waits for a person',
  limit: 'a limit has refused a call, once in its window',
  warn_at: 'a limit fills',
  changed: 'a tool has changed, or is new',
  policy: 'a policy was changed, or cannot be read',
  paused: 'calls are refused by a pause',
  store: 'the state database cannot be used, so that calls are refused',
};

/** Something to be told. Texts may come from servers and agents: a channel shows them as text. */
export interface Notice {
  readonly event: NoticeEvent;
  /** The server's name here. */
  readonly server: string;
  /** One line. */
  readonly title: string;
  /** A sentence or two; no values of arguments. */
  readonly text: string;
  readonly tool?: string | undefined;
  /** JSON pointer of the rule. */
  readonly rule?: string | undefined;
  /** Why a person is asked, and the arguments whole: both may hold values, and go where a person wants those. */
  readonly reason?: string | undefined;
  readonly argumentsText?: string | undefined;
  /** The approval that waits, and until when; UTC milliseconds. */
  readonly approval?: { readonly id: string; readonly expiresAt: number } | undefined;
  /** What tells it from others: of one key one message goes out, over all wrappers and restarts of this machine. */
  readonly key: string;
  /** After this time it may be told again, in milliseconds; never where it is undefined. */
  readonly againAfterMs?: number | undefined;
}

/** Longest name in a title, in characters. */
const NAME = 80;
/** A reason that may come from a policy or an error, in characters. */
const REASON = 300;
const HOUR = 3_600_000;

const named = (name: string) => printable(name, NAME);

export function approvalNotice(
  server: string,
  { id, tool, reason, rule, expiresAt, arguments: argumentsText }: ApprovalEntry,
  now: number,
): Notice {
  return {
    event: 'approval',
    server,
    tool,
    rule,
    title: `${named(tool)} waits for you`,
    reason: printable(reason, REASON),
    text: `${named(server)}: ${named(tool)} is to be called. Answer within ${span(Math.max(1000, expiresAt - now))}: policy-wrap ui, or policy-wrap approvals.`,
    approval: { id, expiresAt },
    argumentsText,
    key: `approval ${id}`,
  };
}

export function limitNotice(server: string, tool: string, { limit, split }: Charge): Notice {
  return {
    event: 'limit',
    server,
    tool,
    rule: limit.pointer,
    title: `${named(tool)}: limit reached`,
    text: `A call of ${named(tool)} on ${named(server)} was refused: no more than ${limit.max} per ${limit.windowText} in ${printable(limit.counter, NAME)}.`,
    key: `limit ${server} ${limit.pointer} ${sha256(split)}`,
    againAfterMs: limit.windowMs,
  };
}

export function fillingNotice(server: string, tool: string, { limit, split }: Charge, used: Decimal): Notice {
  return {
    event: 'warn_at',
    server,
    tool,
    rule: limit.pointer,
    title: `${named(tool)}: limit fills`,
    text: `${used} of ${limit.max} per ${limit.windowText} used in ${printable(limit.counter, NAME)} (${named(server)}).`,
    key: `warn_at ${server} ${limit.pointer} ${sha256(split)}`,
    againAfterMs: limit.windowMs,
  };
}

/** @param names how people are told of them; at least one @param digest tells this change from the next */
export function changedNotice(server: string, names: readonly string[], digest: string): Notice {
  const [first = '', ...more] = names;
  const rest = more.length === 0 ? '' : ` and ${more.length} more`;
  return {
    event: 'changed',
    server,
    tool: first,
    title: `${named(server)}: ${named(first)}${rest} changed`,
    text: `${named(first)}${rest} of ${named(server)} ${more.length === 0 ? 'is' : 'are'} new or not what was trusted. Look: policy-wrap trust ${named(server)}.`,
    key: `changed ${server} ${digest}`,
  };
}

/** @param problem why the file was not taken; undefined where another policy holds now */
export function policyNotice(
  server: string,
  source: string | undefined,
  hash: string | undefined,
  problem: string | undefined,
): Notice {
  const file = source === undefined ? 'its policy' : printable(source, REASON);
  return {
    event: 'policy',
    server,
    title: problem === undefined ? `${named(server)}: another policy` : `${named(server)}: policy not taken`,
    text:
      problem === undefined
        ? `${named(server)} is judged by a changed policy from now on: ${file}.`
        : `The policy of ${named(server)} stays as it was: ${printable(problem, REASON)}.`,
    key: `policy ${server} ${problem ?? hash}`,
    againAfterMs: HOUR,
  };
}

export function pausedNotice(server: string, tool: string): Notice {
  return {
    event: 'paused',
    server,
    tool,
    title: `${named(server)} is paused`,
    text: `A call of ${named(tool)} was refused: ${named(server)} is paused. To go on: policy-wrap resume.`,
    key: `paused ${server}`,
    againAfterMs: HOUR,
  };
}

export function storeNotice(server: string, reason: string): Notice {
  return {
    event: 'store',
    server,
    title: `${named(server)}: calls are refused`,
    text: `Calls of ${named(server)} cannot be decided and are refused: ${printable(reason, REASON)}.`,
    key: `store ${server}`,
    againAfterMs: HOUR,
  };
}

/** What `policy-wrap notify test` sends. */
export function testNotice(now: number): Notice {
  return {
    event: 'approval',
    server: 'policy-wrap',
    title: 'policy-wrap: a test',
    text: 'Messages of policy-wrap reach you here.',
    key: `test ${now}`,
  };
}
