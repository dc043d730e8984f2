import { isRecord, own } from '../json/value.js';
import { printable } from '../text/escape.js';
import { type Asked, judgeTyped } from './challenge.js';

/** What a person is asked in their client about one call. */
export interface Prompt {
  readonly message: string;
  readonly requestedSchema: object;
}

/** A call as it is put before a person. */
export interface Question {
  readonly server: string;
  readonly tool: string;
  /** Why a person is asked. */
  readonly reason: string;
  /** The arguments as JSON, whole: what was not shown cannot be approved (G10). */
  readonly argumentsText: string;
  /** Arguments that a retry may change and still be the approved call (`approvals.except`), as paths. */
  readonly mayChange: readonly string[];
  readonly approvalId: string;
  readonly challenge: Asked | undefined;
}

/** `dismissed`: nobody decided; `mistyped`: another value than the one asked for. The question stays open. */
export type PromptAnswer = 'allow' | 'deny' | 'dismissed' | 'mistyped';

/** Longer arguments do not fit in a client's form; the queue shows them. In characters. */
const ARGUMENTS_CAP = 4000;

/** What a person types into the form of a severe tool to refuse the call. */
const DENY_WORD = 'deny';

/**
 * A form for `elicitation/create` with one field: clients sort several by name, mark those that are not required as
 * optional, and show the second only after the first. It is a choice, whose default decides nothing, because clients
 * fill in defaults and accept forms by themselves; for severe tools it is typed into, and has none.
 *
 * @returns undefined when the call is too long to be shown whole
 */
export function promptFor(question: Question): Prompt | undefined {
  const { challenge } = question;
  if (question.argumentsText.length > ARGUMENTS_CAP) return undefined;
  const args = printable(question.argumentsText);
  if (args.length > ARGUMENTS_CAP) return undefined;
  const message = [
    `policy-wrap: ${printable(question.server, 60)} wants to call ${printable(question.tool, 128)}.`,
    `Why you are asked: ${printable(question.reason, 500)}`,
    `Arguments: ${args}`,
    `Approval ${question.approvalId}. It serves this one call, with ${boundTo(question.mayChange)}.`,
  ].join('\n');
  const decision = {
    type: 'string',
    title: 'Decision',
    description: 'allow_once lets exactly this call through, deny refuses it, not_now leaves it waiting',
    enum: ['not_now', 'deny', 'allow_once'],
    default: 'not_now',
  };
  if (!challenge) {
    return { message, requestedSchema: { type: 'object', properties: { decision }, required: ['decision'] } };
  }
  const label = printable(challenge.label, 80);
  const confirm = {
    type: 'string',
    title: `To allow this call once, type ${label}`,
    description: `as it stands above; ${DENY_WORD} refuses the call, and cancelling leaves it waiting`,
  };
  return { message, requestedSchema: { type: 'object', properties: { confirm }, required: ['confirm'] } };
}

/** What an approval is bound to, in words. */
function boundTo(mayChange: readonly string[]): string {
  if (mayChange.length === 0) return 'exactly these arguments';
  return `these arguments; only ${printable(mayChange.join(', '), 300)} may be different when it is tried again`;
}

/** No person reads a form and answers it sooner, in milliseconds: such an answer is the client's own. */
export const READING_MS = 400;

/**
 * Reads an ElicitResult. Only an explicit allow, with the right value typed where one was asked for, allows, and only
 * an explicit deny denies: clients accept empty forms, fill in defaults, and decline or answer by themselves where they
 * have nobody to show a form to. That is nobody's word, and the question stays open in the queue.
 *
 * @param afterMs how long after the question it came
 * @param locale by which the person writes numbers
 */
export function readAnswer(
  result: unknown,
  challenge: Asked | undefined,
  afterMs: number,
  locale: string | undefined,
): PromptAnswer {
  if (!isRecord(result) || !(afterMs >= READING_MS)) return 'dismissed';
  const action = own(result, 'action');
  if (action === 'decline') return 'deny';
  if (action !== 'accept') return 'dismissed';
  const content = own(result, 'content');
  if (!isRecord(content)) return 'dismissed';
  if (!challenge) {
    const decision = own(content, 'decision');
    return decision === 'deny' ? 'deny' : decision === 'allow_once' ? 'allow' : 'dismissed';
  }
  const typed = own(content, 'confirm');
  if (typeof typed !== 'string' || typed.trim() === '') return 'dismissed';
  // First: where the value itself is that word, typing it refuses, and a terminal is left to approve.
  if (typed.trim().toLowerCase() === DENY_WORD) return 'deny';
  return judgeTyped(challenge, typed, locale).kind === 'met' ? 'allow' : 'mistyped';
}
