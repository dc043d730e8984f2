import { canonicalName } from '../../text/lookalike.js';
import type { Charge, Evaluation, Refusal } from '../call.js';
import { CODES } from '../codes.js';
import type { Checks, Demand, Policy, ToolEntry } from '../model.js';
import { englishOf } from './said.js';

export const CHECKED_BY_NOBODY: Checks = {
  declared: undefined,
  require: [],
  denyIf: [],
  approveIf: [],
  limits: [],
  demands: undefined,
};

/**
 * Whether a tool stands in the client's list. The same look-up as a call's, so that what is hidden is in neither
 * (G6).
 *
 * @param list the policy's own `list`, or the stricter one of another layer
 * @returns false when the tool is hidden, and under `list: "callable"` when no call of it could ever pass
 */
export function isVisible(policy: Policy, tool: string, list: Policy['list'] = policy.list): boolean {
  const resolved = resolveEntry(policy, tool);
  if (resolved.kind === 'hidden') return false;
  return list === 'all' || couldPass(policy, resolved);
}

/** @returns whether any call of a tool that is resolved so could pass */
export function couldPass(policy: Policy, resolved: Resolved): boolean {
  return (
    resolved.kind === 'resolved' &&
    !neverPasses(policy.allTools) &&
    !(resolved.entry && (resolved.entry.hidden || neverPasses(resolved.entry)))
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
export type Resolved =
  | { readonly kind: 'hidden' }
  /** `lookalike` is the entry's name that could be taken for the tool's, where that is why. */
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly lookalike?: string }
  /** Without an entry, `default` allows it. `always` is what every call comes to, where that is the same for all. */
  | {
      readonly kind: 'resolved';
      readonly entry: ToolEntry | undefined;
      readonly always?: Evaluation | undefined;
    };

/** Cache limits per policy, so that invented tool names cannot exhaust memory: names, and UTF-16 units of one. */
const MAX_CACHED = 2000;
const MAX_CACHED_NAME = 256;
const resolvedByPolicy = new WeakMap<Policy, Map<string, Resolved>>();

/** @returns the entry that judges the tool: an exact name before patterns, the pattern with more literals first */
export function resolveEntry(policy: Policy, tool: string): Resolved {
  let known = resolvedByPolicy.get(policy);
  const before = known?.get(tool);
  if (before) return before;
  const resolved = resolveAnew(policy, tool);
  if (tool.length > MAX_CACHED_NAME) return resolved;
  if (!known || known.size >= MAX_CACHED) {
    known = new Map();
    resolvedByPolicy.set(policy, known);
  }
  known.set(tool, resolved);
  return resolved;
}

function resolveAnew(policy: Policy, tool: string): Resolved {
  if (policy.hides(tool)) return { kind: 'hidden' };
  const exact = policy.tools.get(tool);
  const entry = exact ?? policy.patterns.find(({ name }) => name.matches(tool));
  // A server that does not mind the case would run a tool that the policy knows by another name.
  const lookalike = exact ? undefined : lookalikeEntry(policy, tool, entry);
  // Whatever hides the name as it is hides it, though a lookalike would judge its calls: the list shows names as they are.
  if (entry?.hidden || lookalike?.hidden) return { kind: 'hidden' };
  if (lookalike && (entry || policy.default === 'allow')) {
    const rule = ruleOf(policy, lookalike);
    const entry = lookalike.name.text;
    const explanation = englishOf({ code: 'lookalike', entry });
    const refusal = { code: 'NOT_LISTED', rule, authorText: undefined, explanation } as const;
    return { kind: 'refused', refusal, lookalike: entry };
  }
  if (entry || policy.default === 'allow')
    return { kind: 'resolved', entry, always: sameForAll([policy.allTools, entry ?? CHECKED_BY_NOBODY]) };
  const { rule, explanation } = CODES.NOT_LISTED;
  return { kind: 'refused', refusal: { code: 'NOT_LISTED', rule, authorText: undefined, explanation } };
}

/** @returns the entry that judges calls of a tool; undefined where there is none, and where none is looked at */
export function entryFor(policy: Policy, tool: string): ToolEntry | undefined {
  const resolved = resolveEntry(policy, tool);
  return resolved.kind === 'resolved' ? resolved.entry : undefined;
}

/** @returns what a call of a tool has to meet: what is said of all tools, then of this one */
export function checksFor(policy: Policy, tool: string): readonly Checks[] {
  const entry = entryFor(policy, tool);
  return entry ? [policy.allTools, entry] : [policy.allTools];
}

/** @returns all that a policy says of tools */
export function allChecks({ allTools, tools, patterns }: Policy): readonly Checks[] {
  return [allTools, ...tools.values(), ...patterns];
}

/**
 * @param entry the pattern that matches the name as it is
 * @returns the entry that a lookalike of the name would be judged by, if it wins over that
 */
function lookalikeEntry(policy: Policy, tool: string, entry: ToolEntry | undefined): ToolEntry | undefined {
  const plain = policy.lookalikes.get((policy.canonical ?? canonicalName)(tool));
  if (plain) return plain;
  // In the order of who wins: a lookalike of a stronger pattern comes before a match of a weaker one.
  const found = policy.patterns.find(({ name }) => name.matches(tool) || name.matchesLookalike(tool));
  return found === entry ? undefined : found;
}

/** The rule of an entry as a whole, as a refusal names it. */
export function ruleOf(policy: Policy, entry: ToolEntry): string {
  return `${policy.layer ?? ''}${entry.pointer}`;
}

/** @returns what every call comes to, where no check looks at a call: at most it is counted */
function sameForAll(all: readonly Checks[]): Evaluation | undefined {
  const charges: Charge[] = [];
  for (const { declared, require, denyIf, approveIf, limits, demands: _, ...others } of all) {
    // Does not compile with a check that is not looked at here: an entry with nothing else would let every call pass.
    others satisfies Record<string, never>;
    if (declared || require.length > 0 || denyIf.length > 0 || approveIf.length > 0) return undefined;
    for (const limit of limits) {
      if (limit.amount.kind !== 'fixed' || limit.per.length > 0) return undefined;
      charges.push({ limit, split: '', amount: limit.amount.value });
    }
  }
  const demands = demandsOf(...all);
  return { kind: 'open', charges, ask: undefined, ...(demands && { demands }) };
}

/** @returns undefined where there is none, as in nearly every policy */
export function demandsOf(...all: readonly Checks[]): readonly Demand[] | undefined {
  const demands = all.flatMap((checks) => checks.demands ?? []);
  return demands.length > 0 ? demands : undefined;
}
