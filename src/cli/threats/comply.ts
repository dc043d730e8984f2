import { SAYS_WHERE } from '../../catalog/threats/environment.js';
import { sampleArguments } from '../../catalog/threats/sample.js';
import type { Step } from '../../catalog/threats/threat.js';
import { type Json, setOwn } from '../../json/value.js';
import type { Call } from '../../policy/call.js';
import { answerPredicate } from '../../policy/evaluate/condition.js';
import type { Layers } from '../../policy/evaluate/layers.js';
import { checksFor } from '../../policy/evaluate/resolve.js';
import { type Checks, type Condition, EACH, type Path, type Predicate } from '../../policy/model.js';
import { sectionOf } from '../../policy/sections.js';
import { disguised, otherValues, setAt, smaller, valueAt } from './other-values.js';

/** Arguments and environment of one call of an attack. */
export interface Complied {
  readonly args: Record<string, Json>;
  readonly env: Record<string, string>;
}

/** One value is changed at a time. */
const MAX_CHANGES = 12;

/**
 * What an attacker sends who knows the policy: values that the attack does not depend on are such that the policy
 * neither refuses them nor asks about them, and values that it does depend on show the policy what it looks for, as far
 * as they are the attack all the same. So an attack is countered by what it does, and not by a sample that nobody would
 * send.
 *
 * @param n number of the call among the step's, from 0
 */
export function complied(policy: Layers, step: Step, n = 0): Complied {
  const { tool } = step;
  const others = step.others?.(n) ?? {};
  const args: Readonly<Record<string, unknown>> = { ...step.args, ...others, ...step.vary?.(n) };
  const sample = sampleArguments(tool.inputSchema);
  const checks = checksOf(policy, tool.name);
  const rules = checks.flatMap((each) => rulesOf(step.frank ? { ...each, approveIf: [] } : each));
  let draft: Complied = { args: {}, env: { ...step.env } };
  for (const [key, value] of Object.entries(args)) setOwn(draft.args, key, structuredClone(value) as Json);
  const fixed = new Set(Object.keys(draft.env));
  if (step.environment !== undefined)
    for (const { condition } of rules) {
      const [name] = condition.path.steps;
      if (condition.path.root !== 'env' || typeof name !== 'string' || !SAYS_WHERE.test(name)) continue;
      fixed.add(name);
      if (step.environment !== null) draft.env[name] = step.environment;
    }
  for (const { amount } of checks.flatMap(({ limits }) => limits))
    if ((amount.kind === 'value' || amount.kind === 'sum') && valueAt(draft.args, amount.path) === undefined)
      setAt(draft.args, amount.path.steps, 1);
  const isFree = (key: string) =>
    !Object.hasOwn(args, key) ||
    Object.hasOwn(others, key) ||
    JSON.stringify(args[key]) === JSON.stringify(sample[key]);

  const candidates = (condition: Condition): readonly (Json | undefined)[] => {
    const { path } = condition;
    const [first] = path.steps;
    if (typeof first !== 'string') return [];
    if (path.root === 'env')
      return fixed.has(first) ? [] : otherValues(condition, undefined, undefined, false);
    if (path.root !== 'args') return [];
    const now = valueAt(draft.args, path);
    const disguise = step.disguises?.[first];
    if (disguise !== undefined) return disguised(condition, disguise);
    const least = step.least?.[first];
    if (least !== undefined) return smaller(condition, now, least);
    // Elements of a list of the attack are its own, unless each is a sample; what objects among them have besides is free.
    const isOwn =
      path.steps.length === 1 || (path.steps.at(-1) === EACH && !isSamples(args[first], sample[first]));
    if (!isFree(first) && isOwn) return [];
    return otherValues(condition, now, tool.inputSchema, true);
  };

  for (let change = 0; change < MAX_CHANGES; change += 1) {
    const faults = faultsOf(rules, draft, tool.name);
    if (faults.length === 0) break;
    const better = firstBetter(faults, draft, rules, tool.name, candidates);
    if (better === undefined) break;
    draft = better;
  }
  return draft;
}

/** Whether a list has nothing but what a sample of it has. */
function isSamples(list: unknown, sample: unknown): boolean {
  if (!Array.isArray(list) || !Array.isArray(sample)) return false;
  const one = JSON.stringify(sample[0]);
  return list.every((element) => JSON.stringify(element) === one);
}

/** A condition that must hold, or those of a predicate of which one must fail. */
interface Rule {
  readonly kind: 'require' | 'fire';
  readonly predicate: Predicate;
  readonly condition: Condition;
}

const rulesOf = ({ require, denyIf, approveIf }: Checks): Rule[] => [
  ...require.flatMap((predicate) =>
    predicate.conditions.map((condition) => ({
      kind: 'require' as const,
      predicate: { ...predicate, conditions: [condition] },
      condition,
    })),
  ),
  ...[...denyIf, ...approveIf].flatMap((predicate) =>
    predicate.conditions.map((condition) => ({ kind: 'fire' as const, predicate, condition })),
  ),
];

/** Those that refuse a call, or ask about it. */
function faultsOf(rules: readonly Rule[], { args, env }: Complied, tool: string): Rule[] {
  const call: Call = { tool, args, env };
  return rules.filter(({ kind, predicate }) =>
    kind === 'require'
      ? answerPredicate(predicate, call, 'every').answer !== 'holds'
      : answerPredicate(predicate, call, 'any').answer !== 'fails',
  );
}

function firstBetter(
  faults: readonly Rule[],
  draft: Complied,
  rules: readonly Rule[],
  tool: string,
  candidates: (condition: Condition) => readonly (Json | undefined)[],
): Complied | undefined {
  for (const { condition } of faults)
    for (const value of candidates(condition)) {
      const next = structuredClone(draft);
      put(next, condition.path, value);
      if (faultsOf(rules, next, tool).length < faults.length) return next;
    }
  return undefined;
}

/** @param value undefined takes away what is there */
function put({ args, env }: Complied, { root, steps }: Path, value: Json | undefined): void {
  const [first] = steps;
  if (typeof first !== 'string') return;
  if (root === 'env') {
    if (value === undefined) delete env[first];
    else env[first] = String(value);
  } else if (value === undefined) {
    if (steps.length === 1) delete args[first];
  } else setAt(args, steps, value);
}

function checksOf(policy: Layers, tool: string): Checks[] {
  const section = sectionOf(tool);
  const layers = section === undefined ? policy.all : (policy.sections[section]?.all ?? []);
  return layers.flatMap((layer) => checksFor(layer, tool));
}
