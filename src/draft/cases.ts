import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { createFile, replaceFile } from '../clients/files/atomic-write.js';
import { readSnapshot } from '../clients/files/read.js';
import { loadWithLayers, problemsError, readPolicy } from '../config/policy-files.js';
import { historyFolder } from '../config/policy-history.js';
import { readTextFile } from '../config/text-file.js';
import { PolicyWrapError } from '../errors.js';
import { canonicalJson } from '../json/canonical.js';
import { isObject, type JsonObject } from '../json/value.js';
import type { Call } from '../policy/call.js';
import { setIn } from '../policy/edit/jsonc-text.js';
import { type Layers, stack } from '../policy/evaluate/layers.js';
import { formatProblem } from '../policy/read/problem.js';
import { Source } from '../policy/read/source.js';
import { type ArgumentCheck, argumentCheck } from '../policy/schema/check.js';
import { Store } from '../store/store.js';
import { parseDuration } from '../text/duration.js';
import { printable } from '../text/escape.js';
import { sha256 } from '../text/hash.js';
import { type Decision, decide, outcomeOf, PASSED } from './decide.js';

/** When a case happens that does not say. */
const USUAL_TIME = '2026-01-15T12:00:00.000Z';

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
      at: z.string().default(USUAL_TIME).describe('when the call is made, ISO 8601'),
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

/** A policy's text that is not saved yet. */
export interface UnsavedPolicy {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
}

/**
 * Runs the cases of a file against the real evaluator and a database in memory, each from a clean start.
 *
 * @param draft in the place of the policy file that the cases name, where that is the draft's
 * @throws PolicyWrapError when the file, or the policy that it names, cannot be read
 */
export function runCases(file: string, draft?: UnsavedPolicy): CaseOutcome[] {
  const { cases, source } = readCases(file);
  const policy = readCasePolicy(cases, source, file, draft);
  const checks = new Map(Object.entries(cases.tools).map(([tool, schema]) => [tool, argumentCheck(schema)]));
  return cases.cases.map((one, index) => {
    const earlier = one.earlier.map((_, i) => argsAt(source, ['cases', index, 'earlier', i, 'args']));
    const args = { call: argsAt(source, ['cases', index, 'call', 'args']), earlier };
    const actual = runCase(policy, one, args, { ...cases.env, ...one.env }, checks);
    return { file, name: one.name, passed: agrees(one.expect, actual), expected: one.expect, actual };
  });
}

/** The file of a policy's cases that `casesOf` finds and `keepCase` makes: `cases/afip.json` beside `afip.json`. */
function caseFileOf(policy: string): string {
  return join(dirname(policy), 'cases', basename(policy));
}

/** The case files in the folder `cases` beside a policy that are about it. */
export function casesOf(policy: string): string[] {
  const folder = dirname(caseFileOf(policy));
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return names
    .sort()
    .map((name) => join(folder, name))
    .filter((file) => {
      try {
        const named = new Source(readTextFile(file, 'the case file', 'USAGE') ?? '').doubles(['policy']);
        return typeof named === 'string' && resolve(folder, named) === policy;
      } catch (error) {
        if (!PolicyWrapError.is(error)) throw error;
        // Its own cases are expected to be readable; what else lies there is somebody else's.
        return file === caseFileOf(policy);
      }
    });
}

/** A call that is to be decided the same way from now on. */
export interface KeptCall {
  readonly name: string;
  readonly tool: string;
  readonly args: JsonObject;
  readonly env: Readonly<Record<string, string>>;
  /** The tool's input schema, where a rule looks at it. */
  readonly inputSchema?: unknown;
}

/** What a policy does with a call from a clean start: nothing was called or counted before. */
export function freshDecision(policy: Layers, { tool, args, env, inputSchema }: KeptCall): Decision {
  const one = {
    name: '',
    at: USUAL_TIME,
    earlier: [],
    call: { tool, args: {} },
    expect: { decision: 'allow' },
  };
  const checks = inputSchema === undefined ? [] : [[tool, argumentCheck(inputSchema)] as const];
  return runCase(policy, one as Case, { call: args, earlier: [] }, env, new Map(checks));
}

/**
 * Adds a case to the case file of a policy, which `policy-wrap test` reads; makes the file where there is none.
 * Comments and order of the others stay.
 *
 * @returns the file
 * @throws PolicyWrapError USAGE for a file that is no case file, CONFIG_CONFLICT where it cannot be written
 */
export function keepCase(policy: string, call: KeptCall, expect: Decision): string {
  const file = caseFileOf(policy);
  const before = readSnapshot(file);
  const old =
    before?.text ?? `{\n  "policy": ${JSON.stringify(`../${basename(policy)}`)},\n  "cases": []\n}\n`;
  const at = before ? readCases(file).cases.cases.length : 0;
  // Numbers keep their digits: the arguments are put in as text.
  const mark = `args ${sha256(old).slice(0, 16)}`;
  const one = {
    name: call.name,
    ...(Object.keys(call.env).length > 0 && { env: call.env }),
    call: { tool: call.tool, args: mark },
    expect: { decision: expect.decision, code: expect.code, rule: expect.rule },
  };
  let text = setIn(old, ['cases', at], JSON.parse(JSON.stringify(one)));
  text = text.replace(JSON.stringify(mark), () => canonicalJson(call.args));
  if (call.inputSchema !== undefined) text = setIn(text, ['tools', call.tool], call.inputSchema);
  if (before) replaceFile(before, Buffer.from(text, 'utf8'), historyFolder(before.real), new Date());
  else {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    createFile(file, text);
  }
  return file;
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
function readCasePolicy(
  { policy }: CaseFile,
  source: Source,
  file: string,
  draft: UnsavedPolicy | undefined,
): Layers {
  const path = resolve(dirname(file), typeof policy === 'string' ? policy : resolve(file));
  const found =
    typeof policy === 'string'
      ? draft?.file === path
        ? loadWithLayers(draft.text, path)
        : readPolicy(path)
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
