import type { Evaluation } from '../policy/call.js';
import { comesBefore } from '../policy/codes.js';
import type { Parts } from './parts.js';
import { pausedText } from './pauses.js';
import type { PinTerms } from './pins.js';

/** What refuses a call before every rule of a listed tool. */
export interface Stop {
  readonly code: 'PAUSED' | 'CHANGED';
  readonly why?: string | undefined;
}

/** A call, as far as that depends on it. */
export interface Stoppable {
  readonly tool: string;
  readonly evaluation: Evaluation;
  readonly pinned?: PinTerms | undefined;
}

const NEW_TOOL = 'the server did not have it when it was first seen; a person must look at it and trust it';

/**
 * A pause, then a changed definition: what comes before every rule of a listed tool.
 *
 * @param now UTC milliseconds
 */
export function stopOf(
  { pins }: Parts,
  server: string,
  { tool, evaluation, pinned }: Stoppable,
  pause: { readonly note: string | undefined } | undefined,
  now: number,
): Stop | undefined {
  if (evaluation.kind === 'hidden') return undefined;
  if (evaluation.kind === 'refused' && comesBefore(evaluation.refusal.code, 'PAUSED')) return undefined;
  if (pause) return { code: 'PAUSED', why: pausedText(pause.note) };
  const fault = pinned && pins.fault(server, tool, pinned, now);
  if (!fault) return undefined;
  return { code: 'CHANGED', why: fault === 'new' ? NEW_TOOL : pinned.held?.fault };
}
