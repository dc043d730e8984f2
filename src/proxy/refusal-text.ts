import type { Evaluation, Refusal } from '../policy/call.js';
import { CODES } from '../policy/codes.js';
import { explainUnmet, explainUsage } from '../policy/evaluate/explain.js';
import { type Admitted, DEMAND_CODES } from '../store/store.js';
import type { RefusedCall } from '../wire/answers.js';
import type { ToolCall } from '../wire/message.js';

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
      // Whatever the policy's text says: these are found out later, by what has happened.
      if (code === 'PAUSED' || code === 'CHANGED') {
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

function exceededText(exceeded: Extract<Admitted, { kind: 'exceeded' }>['exceeded']): string {
  const { charge, used, inFlight, clockWas } = exceeded;
  return `${explainUsage(charge, used, inFlight)}.${clockText(clockWas)}`;
}

/** Says why a counter stays full: the clock was set back after it was charged. */
function clockText(clockWas: number | undefined): string {
  if (clockWas === undefined) return '';
  const was = new Date(clockWas).toISOString();
  return ` This machine's clock has said ${was} before and was set back; what was charged until then still counts. Tell the user: if the clock is right now, "policy-wrap reset --clock" mends it.`;
}

function refusalOf(evaluation: Evaluation): Refusal {
  if (evaluation.kind === 'refused') return evaluation.refusal;
  if (evaluation.kind === 'open' && evaluation.ask) return evaluation.ask;
  const { rule, explanation } = CODES.APPROVAL_REQUIRED;
  return { code: 'APPROVAL_REQUIRED', rule, authorText: undefined, explanation };
}
