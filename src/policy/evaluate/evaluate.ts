import { canonicalName } from '../../text/lookalike.js';
import type { Call, Charge, Evaluation, Refusal } from '../call.js';
import { CODES, HIDDEN_RULE } from '../codes.js';
import type { Checks, Limit, Policy, Predicate, ToolEntry } from '../model.js';
import { pointerOf } from '../read/problem.js';
import { chargeOf } from './charge.js';
import type { Answer } from './compare.js';
import { answerPredicate, type Quantifier } from './condition.js';
import { explainFired, explainRequire } from './explain.js';
import { findInexact, ROUNDED } from './inexact.js';

/** One thing that was looked at on the way to a decision, for `explain`. */
export interface TraceStep {
  readonly look: 'hide' | 'entry' | 'require' | 'deny_if' | 'limit' | 'approve_if';
  /** The rule's pointer, as in a refusal. */
  readonly rule: string;
  /** `stops` ends it with a refusal, `asks` needs a person. */
  readonly result: 'passes' | 'stops' | 'asks';
  /** Of the conditions; undefined where there are none. */
  readonly answer: Answer | undefined;
  readonly text: string;
}

const CHECKED_BY_NOBODY: Checks = { require: [], denyIf: [], approveIf: [], limits: [] };

/**
 * Judges a call by the policy's text, in the fixed order of DESIGN section 5: hidden, not listed, `require`, `deny_if`,
 * limits, `approve_if`; each for all tools before the tool's own. The first refusal wins. Pure: neither a clock nor a
 * counter is looked at, and the call is not changed.
 *
 * @param trace collects what was looked at; without it nothing is written down
 */
export function evaluate(policy: Policy, call: Call, trace?: TraceStep[]): Evaluation {
  const placed = place(policy, call.tool);
  if (placed.kind === 'hidden') {
    trace?.push({
      look: 'hide',
      rule: HIDDEN_RULE,
      result: 'stops',
      answer: undefined,
      text: 'the tool is hidden',
    });
    return { kind: 'hidden' };
  }
  if (placed.kind === 'refused') {
    const { rule, explanation } = placed.refusal;
    trace?.push({ look: 'entry', rule, result: 'stops', answer: undefined, text: explanation });
    return placed;
  }
  if (placed.always && !trace) return placed.always;
  const own = placed.entry ?? CHECKED_BY_NOBODY;
  if (trace) {
    const rule = placed.entry ? ruleOf(policy, placed.entry) : '';
    const text = placed.entry
      ? `judged by the entry "${placed.entry.name.text}"`
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

/**
 * Whether a tool stands in the client's list. The same look-up as a call's, so that what is hidden is in neither
 * (G6).
 *
 * @param list the policy's own `list`, or the stricter one of another layer
 * @returns false when the tool is hidden, and under `list: "callable"` when no call of it could ever pass
 */
export function visible(policy: Policy, tool: string, list: Policy['list'] = policy.list): boolean {
  const placed = place(policy, tool);
  if (placed.kind === 'hidden') return false;
  return list === 'all' || couldPass(policy, placed);
}

/** @returns whether any call of a tool that is placed so could pass */
export function couldPass(policy: Policy, placed: Placed): boolean {
  return (
    placed.kind === 'placed' &&
    !neverPasses(policy.allTools) &&
    !(placed.entry && (placed.entry.hidden || neverPasses(placed.entry)))
  );
}

/** @returns whether no call can pass, whatever its arguments are and whatever has happened */
export function neverPasses(checks: Checks): boolean {
  return (
    checks.denyIf.some((predicate) => predicate.conditions.length === 0) ||
    checks.limits.some(
      (limit) =>
        limit.onExceed === 'deny' &&
        limit.amount.kind === 'fixed' &&
        limit.amount.value.compare(limit.max) > 0,
    )
  );
}

/** Which entry judges a tool. */
export type Placed =
  | { readonly kind: 'hidden' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Without an entry, `default` allows it. `always` is what every call comes to, where that is the same for all. */
  | {
      readonly kind: 'placed';
      readonly entry: ToolEntry | undefined;
      readonly always?: Evaluation | undefined;
    };

/** Of so many names a policy remembers the places; a caller that makes up ever new names does not fill the memory. */
const PLACES_REMEMBERED = 2000;
/** Longer names are placed anew each time. */
const NAME_REMEMBERED = 256;
const places = new WeakMap<Policy, Map<string, Placed>>();

/** @returns the entry that judges the tool: an exact name before patterns, the pattern with more literals first */
export function place(policy: Policy, tool: string): Placed {
  let known = places.get(policy);
  const before = known?.get(tool);
  if (before) return before;
  const placed = look(policy, tool);
  if (tool.length > NAME_REMEMBERED) return placed;
  if (!known || known.size >= PLACES_REMEMBERED) {
    known = new Map();
    places.set(policy, known);
  }
  known.set(tool, placed);
  return placed;
}

function look(policy: Policy, tool: string): Placed {
  if (policy.hides(tool)) return { kind: 'hidden' };
  const exact = policy.tools.get(tool);
  const entry = exact ?? policy.patterns.find(({ name }) => name.matches(tool));
  // A server that does not mind the case would run a tool that the policy knows by another name.
  const lookalike = exact ? undefined : lookalikeEntry(policy, tool, entry);
  // Whatever hides the name as it is hides it, though a lookalike would judge its calls: the list shows names as they are.
  if (entry?.hidden || lookalike?.hidden) return { kind: 'hidden' };
  if (lookalike && (entry || policy.default === 'allow')) {
    const rule = ruleOf(policy, lookalike);
    const explanation = `the policy lists "${lookalike.name.text}", which differs in no more than case or invisible characters`;
    return { kind: 'refused', refusal: { code: 'NOT_LISTED', rule, authorText: undefined, explanation } };
  }
  if (entry || policy.default === 'allow')
    return { kind: 'placed', entry, always: sameForAll([policy.allTools, entry ?? CHECKED_BY_NOBODY]) };
  const { rule, explanation } = CODES.NOT_LISTED;
  return { kind: 'refused', refusal: { code: 'NOT_LISTED', rule, authorText: undefined, explanation } };
}

/**
 * @param entry the pattern that matches the name as it is
 * @returns the entry that a lookalike of the name would be judged by, if it wins over that
 */
function lookalikeEntry(policy: Policy, tool: string, entry: ToolEntry | undefined): ToolEntry | undefined {
  const plain = policy.lookalikes.get(canonicalName(tool));
  if (plain) return plain;
  // In the order of who wins: a lookalike of a stronger pattern comes before a match of a weaker one.
  const found = policy.patterns.find(({ name }) => name.matches(tool) || name.matchesLookalike(tool));
  return found === entry ? undefined : found;
}

/** The rule of an entry as a whole, as a refusal names it. */
function ruleOf(policy: Policy, entry: ToolEntry): string {
  return `${policy.layer ?? ''}${pointerOf(['tools', entry.name.text])}`;
}

/** @returns what every call comes to, where no check looks at a call: at most it is counted */
function sameForAll(all: readonly Checks[]): Evaluation | undefined {
  const charges: Charge[] = [];
  for (const { require, denyIf, approveIf, limits } of all) {
    if (require.length > 0 || denyIf.length > 0 || approveIf.length > 0) return undefined;
    for (const limit of limits) {
      if (limit.amount.kind !== 'fixed' || limit.per.length > 0) return undefined;
      charges.push({ limit, split: '', amount: limit.amount.value });
    }
  }
  return { kind: 'open', charges, ask: undefined };
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
