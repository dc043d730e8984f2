import { type Json, setOwn } from '../json/value.js';
import type { Call, Evaluation } from '../policy/call.js';
import { answerPredicate, type Quantifier } from '../policy/evaluate/condition.js';
import { evaluateLayers, type Layers } from '../policy/evaluate/layers.js';
import { resolveEntry } from '../policy/evaluate/resolve.js';
import { evaluateSection } from '../policy/evaluate/sections.js';
import type { Checks, Limit, Path, Policy, Predicate } from '../policy/model.js';
import { RESOURCE, sectionOf } from '../policy/sections.js';
import { lookalikeOf } from '../text/lookalike.js';
import type { Kept } from './logged-call.js';

/** A rule that could not be looked at, since the log does not hold what it reads. */
export interface Unknown {
  readonly rule: string;
  /** The path that is not held. */
  readonly reads: string;
}

export interface PartialEvaluation {
  /** By the rules that could be looked at: a refusal is certain, `open` only where nothing is unknown. */
  readonly evaluation: Evaluation;
  readonly unknowns: readonly Unknown[];
}

/**
 * Judges a call by the part of it that the log kept. Exact where the rules read nothing else. The server's environment
 * is never known.
 *
 * @param undeclared why the tool's input schema does not accept arguments; undefined where no schema is known
 */
export function evaluatePartially(
  layers: Layers,
  tool: string,
  kept: Kept,
  undeclared?: (args: Call['args']) => string | undefined,
): PartialEvaluation {
  const section = sectionOf(tool);
  const known = section === 'resources' ? withUri(kept, tool.slice(RESOURCE.length)) : kept;
  const args = argsOf(known);
  const call: Call = { tool, args, env: {}, ...(undeclared && { undeclared: () => undeclared(args) }) };
  const unknowns: Unknown[] = [];
  const judging = section ? layers.sections[section] : layers;
  if (!judging) return { evaluation: { kind: 'open', charges: [], ask: undefined }, unknowns };
  const part = { ...judging, all: judging.all.map((policy) => reduced(policy, call, known, unknowns)) };
  const evaluation = section
    ? evaluateSection({ ...layers, sections: { [section]: part } }, section, call)
    : evaluateLayers(part, call);
  return { evaluation, unknowns };
}

/** The name of a resource is its URI, which mostly is all that there is. */
function withUri(kept: Kept, uri: string): Kept {
  const isAll = kept.kind === 'names' && kept.names.every((name) => name === 'uri');
  return isAll ? { kind: 'values', args: { uri } } : kept;
}

/** Placeholders under names whose values were not kept; no rule that would read one is left. */
function argsOf(kept: Kept): Call['args'] {
  if (kept.kind === 'values') return kept.args;
  const args: Record<string, Json> = {};
  if (kept.kind === 'names') for (const name of kept.names) setOwn(args, name, true);
  return args;
}

/** The policy with the rules for this tool that can be looked at; the others are added to `unknowns`. */
function reduced(policy: Policy, call: Call, kept: Kept, unknowns: Unknown[]): Policy {
  const resolved = resolveEntry(policy, call.tool);
  // Hidden or not listed: certain, whatever the arguments.
  if (resolved.kind !== 'resolved') return policy;
  const checks = (from: Checks): Checks => ({
    declared: partialDeclared(from.declared, call, kept, unknowns),
    require: partialPredicates(from.require, 'every', call, kept, unknowns),
    denyIf: partialPredicates(from.denyIf, 'any', call, kept, unknowns),
    approveIf: partialPredicates(from.approveIf, 'any', call, kept, unknowns),
    limits: partialLimits(from.limits, kept, unknowns),
    // They read nothing of the call but its time and its tool.
    demands: from.demands,
  });
  const before = unknowns.length;
  const allTools = checks(policy.allTools);
  const { entry } = resolved;
  const own = entry && checks(entry);
  // Most calls can be judged whole, and what the policy remembers of its names serves them all.
  if (unknowns.length === before && isSame(allTools, policy.allTools) && (!entry || isSame(own, entry)))
    return policy;
  if (!entry) return { ...policy, hides: (name) => policy.hides(name), allTools };
  const tools = new Map([[call.tool, { ...entry, ...own }]]);
  return { ...policy, hides: (name) => policy.hides(name), allTools, tools };
}

/** Whether no predicate was cut down: a list of which nothing is unknown keeps its length. */
function isSame(part: Checks | undefined, whole: Checks): boolean {
  return PREDICATES.every((list) => part?.[list].every((each, index) => each === whole[list][index]));
}

const PREDICATES = ['require', 'denyIf', 'approveIf'] as const;

function partialDeclared(
  rule: Checks['declared'],
  call: Call,
  kept: Kept,
  unknowns: Unknown[],
): Checks['declared'] {
  if (!rule || (kept.kind === 'values' && call.undeclared)) return rule;
  const reads = kept.kind === 'values' ? "the tool's input schema" : 'the values of all arguments';
  unknowns.push({ rule: rule.pointer, reads });
  return undefined;
}

function partialPredicates(
  predicates: readonly Predicate[],
  quantifier: Quantifier,
  call: Call,
  kept: Kept,
  unknowns: Unknown[],
): readonly Predicate[] {
  return predicates.flatMap((predicate) => {
    const unknown = predicate.conditions.find(({ path }) => !isKnown(path, kept));
    if (!unknown) return predicate;
    // Conditions are ANDed: one that is known to fail settles it.
    const conditions = predicate.conditions.filter(({ path }) => isKnown(path, kept));
    const known: Predicate = { ...predicate, conditions };
    if (answerPredicate(known, call, quantifier).answer === 'fails') return known;
    unknowns.push({ rule: predicate.pointer, reads: unknown.path.text });
    return [];
  });
}

function partialLimits(limits: readonly Limit[], kept: Kept, unknowns: Unknown[]): readonly Limit[] {
  return limits.filter((limit) => {
    const { amount, per } = limit;
    // Without the value a path is only known to lead nowhere, and then the call cannot be charged at all.
    if (amount.kind !== 'fixed' && kept.kind !== 'values' && isKnown(amount.path, kept)) return true;
    const paths = amount.kind === 'fixed' ? per : [amount.path, ...per];
    const unknown = paths.find((path) => !isKnown(path, kept));
    if (unknown) unknowns.push({ rule: limit.pointer, reads: unknown.text });
    return !unknown;
  });
}

/** Whether the path leads to the same now as it did when the call was made. */
function isKnown({ root, steps }: Path, kept: Kept): boolean {
  if (root !== 'args') return root === 'tool';
  if (kept.kind !== 'names') return kept.kind === 'values';
  const [first] = steps;
  if (typeof first !== 'string') return steps.length > 0;
  // Missing, or ambiguous because of a lookalike: neither depends on the value.
  return !kept.names.includes(first) || lookalikeOf(first, kept.names) !== undefined;
}
