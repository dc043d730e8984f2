import { printable } from '../printable.js';
import { type Challenge, isMet } from './challenge.js';
import { isRecord, own } from './message.js';

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
  readonly approvalId: string;
  readonly challenge: Challenge | undefined;
}

/** `dismissed`: nobody decided. */
export type PromptAnswer = 'allow' | 'deny' | 'dismissed';

/** Longer arguments do not fit in a client's form; the queue shows them. In characters. */
const ARGUMENTS_CAP = 4000;

/**
 * A form for `elicitation/create`: a required choice with "deny" as default, because clients fill defaults in, and a
 * field to type into for severe tools (handbook, protocol.md section 7).
 *
 * @returns undefined when the call is too long to be shown whole
 */
export function promptFor(question: Question): Prompt | undefined {
  const { challenge } = question;
  const args = printable(question.argumentsText);
  if (args.length > ARGUMENTS_CAP) return undefined;
  const message = [
    `policy-wrap: ${printable(question.server, 60)} wants to call ${printable(question.tool, 128)}.`,
    `Why you are asked: ${printable(question.reason, 500)}`,
    `Arguments: ${args}`,
    `Approval ${question.approvalId}. It serves this one call, with exactly these arguments.`,
  ].join('\n');
  const decision = {
    type: 'string',
    title: 'Decision',
    description: 'deny refuses the call; allow_once lets exactly this call through',
    enum: ['deny', 'allow_once'],
    default: 'deny',
  };
  if (!challenge) {
    return { message, requestedSchema: { type: 'object', properties: { decision }, required: ['decision'] } };
  }
  const confirm = {
    type: 'string',
    title: `To allow it, type ${printable(challenge.label, 80)}`,
    description: 'as it stands in the arguments above',
  };
  return {
    message,
    requestedSchema: { type: 'object', properties: { decision, confirm }, required: ['decision'] },
  };
}

/** A refusal that comes sooner, in milliseconds, was given by the host and by no person (clients.md 2.3). */
const HUMAN_MS = 400;

/**
 * Reads an ElicitResult. Only an explicit allow, with the right value typed where one was asked for, allows: hosts
 * accept empty forms and fill in defaults by themselves.
 *
 * @param afterMs how long after the question it came
 */
export function readAnswer(result: unknown, challenge: Challenge | undefined, afterMs: number): PromptAnswer {
  if (!isRecord(result)) return 'dismissed';
  const action = own(result, 'action');
  if (action === 'decline') return afterMs < HUMAN_MS ? 'dismissed' : 'deny';
  if (action !== 'accept') return 'dismissed';
  const content = own(result, 'content');
  if (!isRecord(content) || own(content, 'decision') !== 'allow_once') return 'deny';
  if (!challenge) return 'allow';
  const typed = own(content, 'confirm');
  return typeof typed === 'string' && isMet(challenge, typed) ? 'allow' : 'deny';
}
