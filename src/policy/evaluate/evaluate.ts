import type { Call, Charge, Evaluation, Refusal } from '../call.js';
import { HIDDEN_RULE } from '../codes.js';
import type { DeclaredRule, Demand, Policy, Predicate } from '../model.js';
import { chargeOf } from './charge.js';
import type { Answer } from './compare.js';
import { answerPredicate } from './condition.js';
import { findInexact } from './inexact.js';
import { CHECKED_BY_NOBODY, demandsOf, resolveEntry, ruleOf } from './resolve.js';
import { englishOf, type Said } from './said.js';

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
  /** What `text` is made from; undefined for what holds only at this moment. */
  readonly said: Said | undefined;
}

/** A step with its words. */
function step(said: Said, rest: Omit<TraceStep, 'said' | 'text'>): TraceStep {
  return { ...rest, said, text: englishOf(said) };
}

/**
 * Judges a call by the policy's text, in the fixed order of docs/policy.md: hidden, not listed, `arguments`, `require`, `deny_if`,
 * limits, `approve_if`; each for all tools before the tool's own. The first refusal wins. Pure: looks at neither
 * clock nor counter, and does not change the call.
 *
 * @param trace collects what was looked at; without it nothing is written down
 */
export function evaluate(policy: Policy, call: Call, trace?: TraceStep[]): Evaluation {
  const note = (said: Said, rest: Omit<TraceStep, 'answer' | 'said' | 'text'>) =>
    trace?.push(step(said, { ...rest, answer: undefined }));
  const resolved = resolveEntry(policy, call.tool);
  if (resolved.kind === 'hidden') {
    note({ code: 'hidden' }, { look: 'hide', rule: HIDDEN_RULE, result: 'stops' });
    return { kind: 'hidden' };
  }
  if (resolved.kind === 'refused') {
    const { lookalike } = resolved;
    note(lookalike === undefined ? { code: 'not_listed' } : { code: 'lookalike', entry: lookalike }, {
      ...{ look: 'entry', rule: resolved.refusal.rule, result: 'stops' },
    });
    return resolved;
  }
  const { entry, always } = resolved;
  if (always && !trace) return always;
  note(entry ? { code: 'judged_by', entry: entry.name.text } : { code: 'no_entry' }, {
    ...{ look: 'entry', rule: entry ? ruleOf(policy, entry) : '', result: 'passes' },
  });
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
    const { pointer: rule } = limit;
    const charge = chargeOf(limit, call);
    if ('fault' in charge) {
      const { fault } = charge;
      note({ code: 'fault', fault }, { look: 'limit', rule, result: 'stops' });
      // Not the author's text: that speaks of a limit that is used up.
      return {
        kind: 'refused',
        refusal: { code: 'AMOUNT', rule, authorText: undefined, explanation: fault },
      };
    }
    charges.push(charge);
    if (trace) note({ code: 'charges', charge }, { look: 'limit', rule, result: 'passes' });
  }
  const demands = demandsOf(allTools, own);
  for (const demand of demands ?? [])
    note({ code: 'demand', demand }, { look: demand.kind, rule: demand.pointer, result: 'passes' });
  const ask =
    fired(allTools.approveIf, 'approve_if', call, trace) ?? fired(own.approveIf, 'approve_if', call, trace);
  const inexact = ask && findInexact(call.args, 'args');
  if (!inexact) return { kind: 'open', charges, ask, ...(demands && { demands }) };
  // What a person is shown and what a server reads must be one number (G2, G10).
  const said: Said = { code: 'inexact', inexact };
  const explanation = englishOf(said);
  note(said, { look: 'approve_if', rule: ask.rule, result: 'stops' });
  return { kind: 'refused', refusal: { ...ask, authorText: undefined, explanation } };
}

function undeclared(
  rule: DeclaredRule | undefined,
  call: Call,
  trace: TraceStep[] | undefined,
): Refusal | undefined {
  if (!rule) return undefined;
  const { pointer, onDeny } = rule;
  const fault = call.undeclared?.();
  const said: Said = !call.undeclared
    ? { code: 'schema_unknown' }
    : fault === undefined
      ? { code: 'arguments_accepted' }
      : { code: 'fault', fault };
  const accepts = said.code === 'arguments_accepted';
  const result = accepts ? 'passes' : 'stops';
  trace?.push(step(said, { look: 'arguments', rule: pointer, result, answer: undefined }));
  return accepts
    ? undefined
    : { code: 'ARGUMENTS', rule: pointer, authorText: onDeny, explanation: englishOf(said) };
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
    const said: Said = met ? { code: 'holds' } : { code: 'unmet', findings };
    const result = met ? 'passes' : 'stops';
    trace?.push(step(said, { look: 'require', rule: predicate.pointer, result, answer }));
    if (!met) return refusalOf(predicate, englishOf(said));
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
    const said: Said = fires ? { code: 'fired', predicate, findings } : { code: 'does_not_hold' };
    const result = fires ? (look === 'deny_if' ? 'stops' : 'asks') : 'passes';
    trace?.push(step(said, { look, rule: predicate.pointer, result, answer }));
    if (fires) return refusalOf(predicate, englishOf(said));
  }
  return undefined;
}

function refusalOf(predicate: Predicate, explanation: string): Refusal {
  return { code: predicate.code, rule: predicate.pointer, authorText: predicate.onDeny, explanation };
}
