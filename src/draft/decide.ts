import { canonicalJson } from '../json/canonical.js';
import type { Call, Evaluation } from '../policy/call.js';
import { HIDDEN_RULE } from '../policy/codes.js';
import { approvalTexts } from '../policy/evaluate/approval.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { evaluateNamed, loggedName } from '../policy/evaluate/sections.js';
import { type Admitted, BUSY, DEMAND_CODES, type Store } from '../store/store.js';

/** What a policy did with a call: the same words that case files expect. */
export interface Decision {
  readonly decision: 'allow' | 'deny' | 'ask' | 'hide';
  readonly code?: string | undefined;
  readonly rule?: string | undefined;
  /** ISO 8601; null: never. */
  readonly retryAt?: string | null | undefined;
}

/** A call, what the policy's text says of it, and what was decided. */
export interface Decided {
  readonly evaluation: Evaluation;
  readonly admitted: Admitted;
}

/** What the policy of another server makes of a call that passes there. */
export const PASSED: Evaluation = { kind: 'open', charges: [], ask: undefined };

/**
 * Decides on a call as a wrapper does, and charges it, in a database that nobody else has.
 *
 * @param evaluation in the place of what the policy says
 */
export function decide(
  store: Store,
  session: string,
  policy: Layers,
  call: Call,
  evaluation: Evaluation = evaluateNamed(policy, call),
): Decided {
  const argumentsText = canonicalJson(call.args);
  const texts = approvalTexts(call.args, policy.approvals);
  const { expiresMs } = policy.approvals;
  const approval = texts && { argumentsHash: texts.bound, argumentsText: texts.shown, expiresMs };
  const admission = {
    tool: loggedName(call.tool),
    requestId: undefined,
    argumentsText,
    policyHash: policy.hash,
    evaluation,
    approval,
  };
  const admitted = store.admit(session, [admission]);
  if (admitted === BUSY || !admitted[0]) throw new Error('a database in memory cannot be busy');
  return { evaluation, admitted: admitted[0] };
}

/** What came of it, in the words of a case file. */
export function outcomeOf({ evaluation, admitted }: Decided): Decision {
  switch (admitted.kind) {
    case 'allowed':
      return { decision: 'allow' };
    case 'asked':
      return { decision: 'ask', code: 'APPROVAL_REQUIRED', rule: admitted.approval.rule };
    case 'exceeded': {
      const { charge, retryAt } = admitted.exceeded;
      const when = retryAt === undefined ? null : new Date(retryAt).toISOString();
      return { decision: 'deny', code: 'LIMIT', rule: charge.limit.pointer, retryAt: when };
    }
    case 'unmet': {
      const { demand, retryAt } = admitted.unmet;
      const when = retryAt === undefined ? null : new Date(retryAt).toISOString();
      return { decision: 'deny', code: DEMAND_CODES[demand.kind], rule: demand.pointer, retryAt: when };
    }
    case 'refused':
      if (evaluation.kind === 'hidden') return { decision: 'hide', rule: HIDDEN_RULE };
      return {
        decision: 'deny',
        code: admitted.code,
        ...(evaluation.kind === 'refused' && { rule: evaluation.refusal.rule }),
      };
  }
}
