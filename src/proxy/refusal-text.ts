import type { Evaluation, Refusal } from '../policy/call.js';
import { CODES } from '../policy/codes.js';
import { explainUnmet, explainUsage } from '../policy/evaluate/explain.js';
import { type Admitted, type ApprovalEntry, DEMAND_CODES } from '../store/store.js';
import type { RefusedCall } from '../wire/answers.js';
import type { ToolCall } from '../wire/message.js';

/** What became of the form in which a person was asked, where nobody decided. */
export type FormOutcome =
  | { readonly kind: 'unanswered' }
  /** Another value was typed; `expected` says what was to be. */
  | { readonly kind: 'mistyped'; readonly expected: string };

/**
 * Why a call was not let through, for its answer. It names no command of ours that would let it through: a model with
 * a shell would run it.
 */
export function refusedCall(
  call: ToolCall,
  evaluation: Evaluation,
  admitted: Exclude<Admitted, { kind: 'allowed' }>,
  form?: FormOutcome,
): RefusedCall {
  const base = { tool: call.name, auditId: auditIdOf(admitted.row) };
  switch (admitted.kind) {
    case 'exceeded': {
      const { charge, used, retryAt, inFlight, clockWas } = admitted.exceeded;
      const { limit } = charge;
      return {
        ...base,
        code: 'LIMIT',
        rule: limit.pointer,
        authorText: limit.onDeny,
        explanation: exceededText(admitted.exceeded),
        limit: {
          counter: limit.counter,
          max: limit.max.toNumber(),
          used: used.toNumber(),
          windowMs: limit.windowMs,
          retryAt,
          inFlight: inFlight?.toNumber(),
          clockWas,
          isBarred: admitted.exceeded.isBarred,
          isSplit: limit.per.some(({ root }) => root === 'args'),
        },
      };
    }
    case 'unmet': {
      const { demand, retryAt, earlier } = admitted.unmet;
      return {
        ...base,
        code: DEMAND_CODES[demand.kind],
        rule: demand.pointer,
        authorText: demand.onDeny,
        explanation: explainUnmet(demand, admitted.now, earlier),
        demand: { retryAt, earlier },
      };
    }
    case 'asked': {
      const { approval } = admitted;
      return {
        ...base,
        code: 'APPROVAL_REQUIRED',
        rule: approval.rule,
        authorText: approval.reason,
        explanation: askedText(approval, form),
        approval: { id: approval.id, expiresAt: approval.expiresAt },
      };
    }
    case 'refused': {
      const { code, approval } = admitted;
      // Whatever the policy's text says: these are found out later, by what has happened.
      if (code === 'PAUSED' || code === 'CHANGED' || (code === 'STORE' && admitted.why !== undefined)) {
        const { rule, explanation } = CODES[code];
        return { ...base, code, rule, authorText: undefined, explanation: admitted.why ?? explanation };
      }
      if (!approval) return { ...base, ...(admitted.ask ?? refusalOf(evaluation)), code };
      const note = approval.note ? `: ${approval.note}` : '';
      const explanation =
        code === 'APPROVAL_REJECTED'
          ? `a person rejected this call${note}`
          : `approval ${approval.id} has expired`;
      return { ...base, code, rule: approval.rule, authorText: undefined, explanation };
    }
  }
}

/** A row of this machine's own log, where the store of a team decides, is not one of that. */
function auditIdOf(row: number): string {
  return row < 0 ? `local-${-row}` : String(row);
}

function askedText({ id, channels, expiresAt }: ApprovalEntry, form: FormOutcome | undefined): string {
  const isInQueue = channels.includes('queue');
  if (form === undefined) {
    return `a person must approve this call${isInQueue ? '' : ' in the client'} (approval ${id})`;
  }
  const happened =
    form.kind === 'unanswered'
      ? 'nobody answered the question in the client in time'
      : `another value was typed than the one that was asked for, so nothing was approved. ${form.expected}`;
  const next = isInQueue
    ? `The question stays open until ${new Date(expiresAt).toISOString()} as approval ${id}: the user can still approve it in a terminal of their own, or answer when exactly this call is made again`
    : `The question stays open until ${new Date(expiresAt).toISOString()} (approval ${id}): the user is asked again when exactly this call is made again`;
  return `${happened}${/[.]$/.test(happened) ? ' ' : '. '}${next}`;
}

function exceededText(exceeded: Extract<Admitted, { kind: 'exceeded' }>['exceeded']): string {
  const { charge, used, inFlight, clockWas } = exceeded;
  return `${explainUsage(charge, used, inFlight)}.${clockText(clockWas)}`;
}

/** Says why a counter stays full: the clock was set back after it was charged. */
function clockText(clockWas: number | undefined): string {
  if (clockWas === undefined) return '';
  const was = new Date(clockWas).toISOString();
  return ` This machine's clock has said ${was} before and was set back; what was charged until then still counts. Tell the user: once the clock is right, a person can mend that.`;
}

function refusalOf(evaluation: Evaluation): Refusal {
  if (evaluation.kind === 'refused') return evaluation.refusal;
  if (evaluation.kind === 'open' && evaluation.ask) return evaluation.ask;
  const { rule, explanation } = CODES.APPROVAL_REQUIRED;
  return { code: 'APPROVAL_REQUIRED', rule, authorText: undefined, explanation };
}
