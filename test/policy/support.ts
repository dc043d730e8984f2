import { parseJson } from '../../src/json/exact.js';
import type { Json } from '../../src/json/value.js';
import type { Call, Evaluation } from '../../src/policy/call.js';
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import type { Policy } from '../../src/policy/model.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { formatProblem, type Problem } from '../../src/policy/read/problem.js';

/** A policy that must load; `body` is merged over `{version, default: deny}`. */
export function policyOf(body: object | string): Policy {
  const text = typeof body === 'string' ? body : JSON.stringify({ version: '1', default: 'deny', ...body });
  const loaded = loadPolicy(text, 'test.json');
  if (!loaded.policy) {
    throw new Error(loaded.problems.map((problem) => formatProblem(problem, 'test.json')).join('\n'));
  }
  return loaded.policy;
}

/** The problems of a text that may or may not load. */
export function problemsOf(body: object | string): readonly Problem[] {
  const text = typeof body === 'string' ? body : JSON.stringify({ version: '1', default: 'deny', ...body });
  return loadPolicy(text, 'test.json').problems;
}

export function callOf(tool: string, args: unknown = {}, env: Call['env'] = {}): Call {
  const json = typeof args === 'string' ? args : JSON.stringify(args);
  return { tool, args: parseJson(json) as { [key: string]: Json }, env };
}

/** `hidden`, `open`, `ask`, or the code of the refusal. */
export function outcomeOf(evaluation: Evaluation): string {
  if (evaluation.kind === 'open') return evaluation.ask ? 'ask' : 'open';
  return evaluation.kind === 'hidden' ? 'hidden' : evaluation.refusal.code;
}

/** How a single tool `t` with `entry` judges `args`. */
export function judge(entry: object, args: unknown = {}, env: Call['env'] = {}): string {
  return outcomeOf(evaluate(policyOf({ tools: { t: entry } }), callOf('t', args, env)));
}
