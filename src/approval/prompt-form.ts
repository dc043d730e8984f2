import { isRecord, own } from '../json/value.js';
import { printable } from '../text/escape.js';
import { type Challenge, isMet } from './challenge.js';

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
  readonly challenge: Challenge | undefined;
}

/** `dismissed`: nobody decided, and the question stays open. */
export type PromptAnswer = 'allow' | 'deny' | 'dismissed';

/** Longer arguments do not fit in a client's form; the queue shows them. In characters. */
const ARGUMENTS_CAP = 4000;

/**
 * A form for `elicitation/create`: a required choice, and a field to type into for severe tools. Its default
 * decides nothing, because clients fill in defaults and accept forms by themselves.
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
  const confirm = {
    type: 'string',
    title: `To allow it, type ${printable(challenge.label, 80)}`,
    description: 'exactly as it is in the arguments above',
  };
  return {
    message,
    requestedSchema: { type: 'object', properties: { decision, confirm }, required: ['decision'] },
  };
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
 */
export function readAnswer(result: unknown, challenge: Challenge | undefined, afterMs: number): PromptAnswer {
  if (!isRecord(result) || !(afterMs >= READING_MS)) return 'dismissed';
  const action = own(result, 'action');
  if (action === 'decline') return 'deny';
  if (action !== 'accept') return 'dismissed';
  const content = own(result, 'content');
  const decision = isRecord(content) ? own(content, 'decision') : undefined;
  if (decision === 'deny') return 'deny';
  if (!isRecord(content) || decision !== 'allow_once') return 'dismissed';
  if (!challenge) return 'allow';
  const typed = own(content, 'confirm');
  return typeof typed === 'string' && isMet(challenge, typed) ? 'allow' : 'dismissed';
}
