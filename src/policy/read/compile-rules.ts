import { findInexact } from '../evaluate/inexact.js';
import type { Checks, Condition, Predicate } from '../model.js';
import { operatorOf } from '../operators.js';
import type { CompileContext } from './compile-context.js';
import { compileDemands } from './compile-demands.js';
import { compileLimits } from './compile-limits.js';
import { compilePath } from './compile-paths.js';
import type { ChecksDocument } from './format.js';
import type { ConditionDocument, PredicateDocument } from './format-checks.js';
import { pointerOf } from './problem.js';
import type { Segment } from './source.js';
import type { Partly } from './validate.js';

/** @param path where the list stands in the document */
function compilePredicates(
  context: CompileContext,
  list: Partly<readonly PredicateDocument[]> | undefined,
  path: readonly Segment[],
  code: Predicate['code'],
  fallbackText: string | undefined,
): Predicate[] {
  return (list ?? []).flatMap((predicate, index) => {
    if (!predicate) return [];
    const here = [...path, index];
    const conditions = (predicate.conditions ?? []).flatMap(
      (condition, i) => (condition && compileCondition(context, condition, [...here, 'conditions', i])) ?? [],
    );
    return { conditions, onDeny: predicate.on_deny ?? fallbackText, pointer: pointerOf(here), code };
  });
}

function compileCondition(
  context: CompileContext,
  condition: Partly<ConditionDocument>,
  at: readonly Segment[],
): Condition | undefined {
  const path =
    condition.path === undefined ? undefined : compilePath(context, condition.path, [...at, 'path']);
  const value = context.source.value([...at, 'value']);
  const { op } = condition;
  if (op === undefined) return undefined;
  const operator = operatorOf(op);
  if (value === undefined && !operator.missing) {
    const message = `"value" is missing: "${op}" compares with something.`;
    context.report('MISSING', [...at, 'value'], message, 'Add "value".');
    return undefined;
  }
  const fault = value === undefined ? undefined : operator.fault(value);
  if (fault) {
    context.report('VALUE', [...at, 'value'], fault.message, fault.hint);
    return undefined;
  }
  const inexact = value !== undefined && findInexact(value, '"value"');
  if (inexact) {
    const message = `${inexact}, which most programs would round, so that no call could be judged for certain.`;
    context.report('VALUE', [...at, 'value'], message, 'Write a number with at most 15 digits.');
    return undefined;
  }
  const compiled = value === undefined ? undefined : operator.compile?.(value);
  if (compiled && 'message' in compiled) {
    context.report('REGEX', [...at, 'value'], compiled.message, compiled.hint);
    return undefined;
  }
  return path && { path, op, value: value === undefined ? true : value, regex: compiled };
}

/** @param reason what every rule without an `on_deny` of its own tells the agent */
export function compileChecks(
  context: CompileContext,
  checks: Partly<ChecksDocument>,
  path: readonly Segment[],
  reason: string | undefined,
): Checks {
  const demands = compileDemands(context, checks, path, reason);
  return {
    declared:
      checks.arguments === 'declared'
        ? { pointer: pointerOf([...path, 'arguments']), onDeny: reason }
        : undefined,
    require: compilePredicates(context, checks.require, [...path, 'require'], 'REQUIRE', reason),
    denyIf: compilePredicates(context, checks.deny_if, [...path, 'deny_if'], 'DENY_IF', reason),
    approveIf: compilePredicates(
      context,
      checks.approve_if,
      [...path, 'approve_if'],
      'APPROVAL_REQUIRED',
      reason,
    ),
    limits: compileLimits(context, checks.limits, [...path, 'limits'], reason),
    demands: demands.length > 0 ? demands : undefined,
  };
}
