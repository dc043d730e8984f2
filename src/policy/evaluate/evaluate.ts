import type { Call, Charge, Evaluation, Refusal } from '../call.js';
import { HIDDEN_RULE } from '../codes.js';
import type { DeclaredRule, Demand, Policy, Predicate } from '../model.js';
import { chargeOf } from './charge.js';
import type { Answer } from './compare.js';
import { answerPredicate } from './condition.js';
import { explainDemand, explainFired, explainRequire } from './explain.js';
import { findInexact, ROUNDED } from './inexact.js';
import { CHECKED_BY_NOBODY, demandsOf, resolveEntry, ruleOf } from './resolve.js';

/** One thing that was looked at on the way to a decision, for `explain`. */
export interface TraceStep {
  readonly look: /** What holds at this moment, whatever the rules say: a pause, a pin. */
  'now' | 'hide' | 'entry' | 'arguments' | 'require' | 'deny_if' | 'limit' | Demand['kind'] | 'approve_if';
  /** The rule's pointer, as in a refusal. */
  readonly rule: string;
  /** `stops` ends it with a refusal, `asks` needs a person. */
  readonly result: 'passes' | 'stops' | 'asks';
  /** What the conditions came to; undefined where there are none. */
  readonly answer: Answer | undefined;
  readonly text: string;
}

/**
 * Judges a call by the policy's text, in the fixed order of docs/policy.md: hidden, not listed, `arguments`, `require`, `deny_if`,
 * limits, `approve_if`; each for all tools before the tool's own. The first refusal wins. Pure: looks at neither
 * clock nor counter, and does not change the call.
 *
 * @param trace collects what was looked at; without it nothing is written down
 */
export function evaluate(policy: Policy, call: Call, trace?: TraceStep[]): Evaluation {
  const note = (step: Omit<TraceStep, 'answer'>) => trace?.push({ ...step, answer: undefined });
  const resolved = resolveEntry(policy, call.tool);
  if (resolved.kind === 'hidden') {
    note({ look: 'hide', rule: HIDDEN_RULE, result: 'stops', text: 'the tool is hidden' });
    return { kind: 'hidden' };
  }
  if (resolved.kind === 'refused') {
    const { rule, explanation } = resolved.refusal;
    note({ look: 'entry', rule, result: 'stops', text: explanation });
    return resolved;
  }
  const { entry, always } = resolved;
  if (always && !trace) return always;
  note(
    entry
      ? {
          look: 'entry',
          rule: ruleOf(policy, entry),
          result: 'passes',
          text: `judged by the entry "${entry.name.text}"`,
        }
      : { look: 'entry', rule: '', result: 'passes', text: 'matches no entry; default is allow' },
  );
  const { allTools } = policy;
  const own = entry ?? CHECKED_BY_NOBODY;

  const refusal =
    undeclared(allTools.declared ?? own.declared, call, trace) ??
    unmet(allTools.require, call, trace) ??
    unmet(own.require, call, trace) ??
    fired(allTools.denyIf, 'deny_if', call, trace) ??
    fired(own.denyIf, 'deny_if', call, trace);
  if (refusal) return { kind: 'refused', refusal };

  const charges: Charge[] = [];
  for (const limit of [...allTools.limits, ...own.limits]) {
    const { pointer: rule, counter, max, windowText } = limit;
    const charge = chargeOf(limit, call);
    if ('fault' in charge) {
      const { fault } = charge;
      note({ look: 'limit', rule, result: 'stops', text: fault });
      // Not the author's text: that speaks of a limit that is used up.
      return {
        kind: 'refused',
        refusal: { code: 'AMOUNT', rule, authorText: undefined, explanation: fault },
      };
    }
    charges.push(charge);
    if (trace) {
      const text = `charges ${charge.amount} of ${max} per ${windowText} to ${counter}`;
      note({ look: 'limit', rule, result: 'passes', text });
    }
  }
  const demands = demandsOf(allTools, own);
  for (const demand of demands ?? [])
    note({ look: demand.kind, rule: demand.pointer, result: 'passes', text: explainDemand(demand) });
  const ask =
    fired(allTools.approveIf, 'approve_if', call, trace) ?? fired(own.approveIf, 'approve_if', call, trace);
  const inexact = ask && findInexact(call.args, 'args');
  if (!inexact) return { kind: 'open', charges, ask, ...(demands && { demands }) };
  // What a person is shown and what a server reads must be one number (G2, G10).
  const explanation = `a person must approve this call, but ${inexact}, ${ROUNDED}`;
  note({ look: 'approve_if', rule: ask.rule, result: 'stops', text: explanation });
  return { kind: 'refused', refusal: { ...ask, authorText: undefined, explanation } };
}

function undeclared(
  rule: DeclaredRule | undefined,
  call: Call,
  trace: TraceStep[] | undefined,
): Refusal | undefined {
  if (!rule) return undefined;
  const { pointer, onDeny } = rule;
  const fault = call.undeclared
    ? call.undeclared()
    : "the tool's input schema is not known: the server has not listed the tool yet";
  const explanation = fault ?? "the tool's input schema accepts the arguments";
  const result = fault === undefined ? 'passes' : 'stops';
  trace?.push({ look: 'arguments', rule: pointer, result, answer: undefined, text: explanation });
  return fault === undefined
    ? undefined
    : { code: 'ARGUMENTS', rule: pointer, authorText: onDeny, explanation };
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
  for (const predicate of predicates) {
    const { answer, findings } = answerPredicate(predicate, call, 'any');
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
