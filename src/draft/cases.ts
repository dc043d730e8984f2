import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { loadWithLayers, problemsError, readPolicy } from '../config/policy-files.js';
import { readTextFile } from '../config/text-file.js';
import { PolicyWrapError } from '../errors.js';
import { canonicalJson } from '../json/canonical.js';
import { isObject, type JsonObject } from '../json/value.js';
import type { Call } from '../policy/call.js';
import { type Layers, stack } from '../policy/evaluate/layers.js';
import { formatProblem } from '../policy/read/problem.js';
import { Source } from '../policy/read/source.js';
import { type ArgumentCheck, argumentCheck } from '../policy/schema/check.js';
import { Store } from '../store/store.js';
import { parseDuration } from '../text/duration.js';
import { printable } from '../text/escape.js';
import { decide, outcomeOf, PASSED } from './decide.js';

/** An instant: ISO 8601, or relative to the case's own like `-30s`, `-2h`. */
const TIME = z.string().describe('ISO 8601, or before the call: "-30s", "-5m", "-2h", "-1d"');

const CALL = z.strictObject({
  tool: z.string(),
  args: z.record(z.string(), z.unknown()).default({}),
});

const CASES = z.strictObject({
  $schema: z.string().optional(),
  description: z.string().optional(),
  policy: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .describe('the policy, or its path from this file'),
  env: z.record(z.string(), z.string()).default({}).describe("the server's environment"),
  tools: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('input schemas of tools by name, for "arguments": "declared"'),
  cases: z.array(
    z.strictObject({
      name: z.string(),
      at: z.string().default('2026-01-15T12:00:00.000Z').describe('when the call is made, ISO 8601'),
      env: z.record(z.string(), z.string()).optional(),
      earlier: z
        .array(
          CALL.extend({
            at: TIME,
            server: z.string().optional().describe('another server, whose policy let the call pass'),
            times: z.number().int().min(1).max(100_000).default(1),
            outcome: z.enum(['ok', 'tool_error', 'error']).default('ok').describe('how the server answered'),
          }),
        )
        .default([])
        .describe('calls made before, in their order'),
      call: CALL,
      expect: z.strictObject({
        decision: z.enum(['allow', 'deny', 'ask', 'hide']),
        code: z.string().optional(),
        rule: z.string().optional(),
        retryAt: z.string().nullable().optional().describe('ISO 8601; null: never'),
      }),
    }),
  ),
});

type CaseFile = z.infer<typeof CASES>;
type Case = CaseFile['cases'][number];
type Expected = Case['expect'];

/** One case and what came of it. */
export interface CaseOutcome {
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  readonly expected: Expected;
  readonly actual: Expected;
}

/**
 * Runs the cases of a file against the real evaluator and a database in memory, each from a clean start.
 *
 * @throws PolicyWrapError when the file, or the policy that it names, cannot be read
 */
export function runCases(file: string): CaseOutcome[] {
  const { cases, source } = readCases(file);
  const policy = readCasePolicy(cases, source, file);
  const checks = new Map(Object.entries(cases.tools).map(([tool, schema]) => [tool, argumentCheck(schema)]));
  return cases.cases.map((one, index) => {
    const earlier = one.earlier.map((_, i) => argsAt(source, ['cases', index, 'earlier', i, 'args']));
    const args = { call: argsAt(source, ['cases', index, 'call', 'args']), earlier };
    const actual = runCase(policy, one, args, { ...cases.env, ...one.env }, checks);
    return { file, name: one.name, passed: agrees(one.expect, actual), expected: one.expect, actual };
  });
}

/** Numbers as the policy reads them: with every digit. */
function argsAt(source: Source, path: readonly (string | number)[]): JsonObject {
  const args = source.value(path);
  return isObject(args) ? args : {};
}

function readCases(file: string): { readonly cases: CaseFile; readonly source: Source } {
  const text = readTextFile(file, 'the case file', 'USAGE');
  if (text === undefined) throw new PolicyWrapError('USAGE', `${file} could not be read`);
  const source = new Source(text);
  if (!source.readable) {
    const problems = source.problems.map((problem) => printable(formatProblem(problem, file)));
    throw new PolicyWrapError('USAGE', problems.join('\n'));
  }
  const checked = CASES.safeParse(source.doubles([]));
  if (!checked.success) throw new PolicyWrapError('USAGE', `${file}: ${z.prettifyError(checked.error)}`);
  return { cases: checked.data, source };
}

/** By the loader of every other command, with what the policy extends. */
function readCasePolicy({ policy }: CaseFile, source: Source, file: string): Layers {
  const path = resolve(dirname(file), typeof policy === 'string' ? policy : resolve(file));
  const found =
    typeof policy === 'string'
      ? readPolicy(path)
      : loadWithLayers(canonicalJson(source.value(['policy']) ?? null), path);
  if (found.kind === 'policy') return stack(found.policy, found.extended);
  if (found.kind === 'problems') throw problemsError(found);
  throw new PolicyWrapError('POLICY_NOT_FOUND', found.advice);
}

interface CaseArgs {
  readonly call: JsonObject;
  readonly earlier: readonly JsonObject[];
}

function runCase(
  policy: Layers,
  one: Case,
  args: CaseArgs,
  env: Readonly<Record<string, string>>,
  checks: ReadonlyMap<string, ArgumentCheck>,
): Expected {
  const callOf = (tool: string, values: JsonObject): Call => {
    const check = checks.get(tool);
    return { tool, args: values, env, ...(check && { undeclared: () => check.fault(values) }) };
  };
  const at = instant(one.at, 0);
  let now = at;
  const store = Store.open(':memory:', { now: () => now });
  try {
    // Nobody asks whether a session runs: the database ends with the case.
    const info = { grant: 'default', pid: 0, policyHash: policy.hash, policySource: policy.source };
    const sessions = new Map<string, string>();
    const sessionOf = (server = SERVER): string => {
      const session = sessions.get(server) ?? store.startSession({ ...info, server, observe: false });
      sessions.set(server, session);
      return session;
    };
    for (const [index, { at: when, times, outcome, tool, server }] of one.earlier.entries()) {
      now = instant(when, at);
      const call = callOf(tool, args.earlier[index] ?? {});
      const elsewhere = server === undefined ? undefined : PASSED;
      for (let i = 0; i < times; i++) {
        const { admitted } = decide(store, sessionOf(server), policy, call, elsewhere);
        if (admitted.kind === 'allowed')
          store.settle([{ first: admitted.row, last: admitted.row, outcome, latencyMs: 0 }]);
      }
    }
    now = at;
    return outcomeOf(decide(store, sessionOf(), policy, callOf(one.call.tool, args.call)));
  } finally {
    store.close();
  }
}

const SERVER = 'test';

/** What a case does not mention may be as it likes. */
function agrees(expected: Expected, actual: Expected): boolean {
  return (Object.keys(expected) as (keyof Expected)[]).every((key) => {
    if (key !== 'retryAt' || typeof expected.retryAt !== 'string') return expected[key] === actual[key];
    return typeof actual.retryAt === 'string' && Date.parse(expected.retryAt) === Date.parse(actual.retryAt);
  });
}

/** @returns UTC milliseconds */
function instant(text: string, base: number): number {
  const ago = text.startsWith('-') ? parseDuration(text.slice(1)) : undefined;
  const at = ago === undefined ? Date.parse(text) : base - ago;
  if (!Number.isSafeInteger(at)) throw new PolicyWrapError('USAGE', `${JSON.stringify(text)} is not a time`);
  return at;
}
