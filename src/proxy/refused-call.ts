import { Decimal } from '../policy/decimal.js';
import type { Evaluation, Refusal, RefusalCode } from '../policy/decision.js';
import type { Admitted } from '../state/store.js';
import type { ToolCall } from './message.js';
import type { RefusedCall } from './refusal.js';

/** Refusals that no rule of the policy gave. */
const STOPPED: Partial<Record<RefusalCode, { readonly rule: string; readonly explanation: string }>> = {
  PAUSED: {
    rule: '(paused)',
    explanation: 'a person has stopped every call, and only a person can lift that',
  },
  CHANGED: {
    rule: '(changed)',
    explanation:
      'its definition is not the one that was first seen; a person must look at the change and accept it',
  },
};

/**
 * Why a call was not let through, for its answer. It names no command of ours that would let it through: a model with
 * a shell would run it.
 */
export function refusedCall(
  call: ToolCall,
  evaluation: Evaluation,
  admitted: Exclude<Admitted, { kind: 'allowed' }>,
): RefusedCall {
  const base = { tool: call.name, auditId: String(admitted.row) };
  switch (admitted.kind) {
    case 'exceeded': {
      const { charge, used, retryAt } = admitted.exceeded;
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
        },
      };
    }
    case 'asked': {
      const { approval } = admitted;
      const where = approval.channels.includes('queue') ? '' : ' in the client';
      return {
        ...base,
        code: 'APPROVAL_REQUIRED',
        rule: approval.rule,
        authorText: approval.reason,
        explanation: `a person must approve this call${where} (approval ${approval.id})`,
        approval: { id: approval.id, expiresAt: approval.expiresAt },
      };
    }
    case 'refused': {
      const { code, approval } = admitted;
      const stop = STOPPED[code];
      if (stop) return { ...base, code, authorText: undefined, ...stop };
      if (!approval) return { ...base, ...refusalOf(evaluation), code };
      const note = approval.note ? `: ${approval.note}` : '';
      const explanation =
        code === 'APPROVAL_REJECTED'
          ? `a person rejected this call${note}`
          : `approval ${approval.id} has expired`;
      return { ...base, code, rule: approval.rule, authorText: undefined, explanation };
    }
  }
}

function exceededText({ charge, used }: Extract<Admitted, { kind: 'exceeded' }>['exceeded']): string {
  const { limit, amount } = charge;
  const countsCalls = limit.amount.kind === 'fixed' && limit.amount.value.compare(Decimal.one) === 0;
  if (countsCalls) return `${used} of ${limit.max} calls per ${limit.windowText} used.`;
  return `${used} of ${limit.max} per ${limit.windowText} used in ${limit.counter}, and this call adds ${amount}.`;
}

function refusalOf(evaluation: Evaluation): Refusal {
  if (evaluation.kind === 'refused') return evaluation.refusal;
  if (evaluation.kind === 'open' && evaluation.ask) return evaluation.ask;
  const explanation = 'a person must approve this call, and none can be asked about it';
  return { code: 'APPROVAL_REQUIRED', rule: '(approval)', authorText: undefined, explanation };
}
