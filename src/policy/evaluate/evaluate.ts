import type { Call, Charge, Evaluation, Refusal } from '../call.js';
import { HIDDEN_RULE } from '../codes.js';
import type { Limit, Policy, Predicate } from '../model.js';
import { chargeOf } from './charge.js';
import type { Answer } from './compare.js';
import { answerPredicate, type Quantifier } from './condition.js';
import { explainFired, explainRequire } from './explain.js';
import { findInexact, ROUNDED } from './inexact.js';
import { CHECKED_BY_NOBODY, resolveEntry, ruleOf } from './resolve.js';

/** One thing that was looked at on the way to a decision, for `explain`. */
export interface TraceStep {
  readonly look: 'hide' | 'entry' | 'require' | 'deny_if' | 'limit' | 'approve_if';
  /** The rule's pointer, as in a refusal. */
  readonly rule: string;
  /** `stops` ends it with a refusal, `asks` needs a person. */
  readonly result: 'passes' | 'stops' | 'asks';
  /** What the conditions came to; undefined where there are none. */
  readonly answer: Answer | undefined;
  readonly text: string;
}

/**
 * Judges a call by the policy's text, in the fixed order of docs/architecture.md: hidden, not listed, `require`, `deny_if`,
 * limits, `approve_if`; each for all tools before the tool's own. The first refusal wins. Pure: looks at neither
 * clock nor counter, and does not change the call.
 *
 * @param trace collects what was looked at; without it nothing is written down
 */
export function evaluate(policy: Policy, call: Call, trace?: TraceStep[]): Evaluation {
  const resolved = resolveEntry(policy, call.tool);
  if (resolved.kind === 'hidden') {
    trace?.push({
      look: 'hide',
      rule: HIDDEN_RULE,
      result: 'stops',
      answer: undefined,
      text: 'the tool is hidden',
    });
    return { kind: 'hidden' };
  }
  if (resolved.kind === 'refused') {
    const { rule, explanation } = resolved.refusal;
    trace?.push({ look: 'entry', rule, result: 'stops', answer: undefined, text: explanation });
    return resolved;
  }
  if (resolved.always && !trace) return resolved.always;
  const own = resolved.entry ?? CHECKED_BY_NOBODY;
  if (trace) {
    const rule = resolved.entry ? ruleOf(policy, resolved.entry) : '';
    const text = resolved.entry
      ? `judged by the entry "${resolved.entry.name.text}"`
      : 'matches no entry; default is allow';
    trace.push({ look: 'entry', rule, result: 'passes', answer: undefined, text });
  }

  const refusal =
    unmet(policy.allTools.require, call, trace) ??
    unmet(own.require, call, trace) ??
    fired(policy.allTools.denyIf, 'deny_if', call, trace) ??
    fired(own.denyIf, 'deny_if', call, trace);
  if (refusal) return { kind: 'refused', refusal };

  const charges: Charge[] = [];
  for (const limits of [policy.allTools.limits, own.limits]) {
    for (const limit of limits) {
      const charge = chargeOf(limit, call);
      if ('fault' in charge) {
        trace?.push({
          look: 'limit',
          rule: limit.pointer,
          result: 'stops',
          answer: undefined,
          text: charge.fault,
        });
        return { kind: 'refused', refusal: unchargeable(limit, charge.fault) };
      }
      charges.push(charge);
      if (trace) {
        const text = `charges ${charge.amount} of ${limit.max} per ${limit.windowText} to ${limit.counter}`;
        trace.push({ look: 'limit', rule: limit.pointer, result: 'passes', answer: undefined, text });
      }
    }
  }
  const ask =
    fired(policy.allTools.approveIf, 'approve_if', call, trace) ??
    fired(own.approveIf, 'approve_if', call, trace);
  if (ask) {
    const inexact = findInexact(call.args, 'args');
    if (inexact) return { kind: 'refused', refusal: unshowable(ask, inexact, trace) };
  }
  return { kind: 'open', charges, ask };
}

function unmet(
  predicates: readonly Predicate[],
  call: Call,
  trace: TraceStep[] | undefined,
): Refusal | undefined {
  for (const predicate of predicates) {
    const { answer, findings } = answerPredicate(predicate, call, 'every');
    const met = answer === 'holds';
    if (met && !trace) continue;
    const explanation = met ? 'holds' : explainRequire(findings);
    trace?.push({
      look: 'require',
      rule: predicate.pointer,
      result: met ? 'passes' : 'stops',
      answer,
      text: explanation,
    });
    if (!met) return refusalOf(predicate, explanation);
  }
  return undefined;
}

function fired(
  predicates: readonly Predicate[],
  look: 'deny_if' | 'approve_if',
  call: Call,
  trace: TraceStep[] | undefined,
): Refusal | undefined {
  const quantifier: Quantifier = 'any';
  for (const predicate of predicates) {
    const { answer, findings } = answerPredicate(predicate, call, quantifier);
    const fires = answer !== 'fails';
    if (!fires && !trace) continue;
    const explanation = fires ? explainFired(predicate, findings) : 'does not hold';
    trace?.push({
      look,
      rule: predicate.pointer,
      result: fires ? (look === 'deny_if' ? 'stops' : 'asks') : 'passes',
      answer,
      text: explanation,
    });
    if (fires) return refusalOf(predicate, explanation);
  }
  return undefined;
}

function refusalOf(predicate: Predicate, explanation: string): Refusal {
  return { code: predicate.code, rule: predicate.pointer, authorText: predicate.onDeny, explanation };
}

/** What a person is shown and what a server reads must be one number (G2, G10). */
function unshowable({ code, rule }: Refusal, inexact: string, trace: TraceStep[] | undefined): Refusal {
  const explanation = `a person must approve this call, but ${inexact}, ${ROUNDED}`;
  trace?.push({ look: 'approve_if', rule, result: 'stops', answer: undefined, text: explanation });
  return { code, rule, authorText: undefined, explanation };
}

function unchargeable(limit: Limit, fault: string): Refusal {
  // Not the author's text: that speaks of a limit that is used up.
  return { code: 'AMOUNT', rule: limit.pointer, authorText: undefined, explanation: fault };
}
