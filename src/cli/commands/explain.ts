import * as z from 'zod';
import { type PolicyOptions, problemsError } from '../../config/policy-files.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { findPolicy } from '../../config/shipped-policies.js';
import { declaredArguments, knownTools } from '../../draft/known-tools.js';
import { hintAbout, hintText, type Outlook, traceCall } from '../../draft/outlook.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { parseJson } from '../../json/exact.js';
import type { Json } from '../../json/value.js';
import type { Call } from '../../policy/call.js';
import type { TraceStep } from '../../policy/evaluate/evaluate.js';
import { stack } from '../../policy/evaluate/layers.js';
import type { Policy } from '../../policy/model.js';
import { printable } from '../../text/escape.js';
import { upstreamEnv } from '../../upstream/environment.js';
import { takenServer } from '../explain-server.js';
import { type Printed, printJson } from '../json-output.js';
import { namedServer } from '../named-server.js';
import { openIfThere } from '../open-state.js';
import * as parts from '../output-parts.js';
import { table } from '../table.js';
import type { Terminal } from '../terminal.js';

export interface ExplainOptions extends PolicyOptions, RemoteOptions {
  /** The call's arguments as JSON. */
  readonly args?: string;
  readonly db?: string;
  readonly server?: string;
  readonly grant: string;
  readonly json?: boolean;
}

/** What `explain --json` prints. */
export const OUTPUT = parts.result({
  tool: parts.tool,
  server: parts.server,
  policy: parts.policy,
  decision: parts.decision,
  code: parts.code.optional(),
  rule: parts.rule.optional(),
  why: z.string(),
  hint: parts.text('what is worth knowing besides').optional(),
  counter: parts.text('the limit that refuses or asks').optional(),
  max: parts.decimal('what it allows').optional(),
  used: parts.decimal('what is used').optional(),
  retryAt: parts.time('from when on the call would pass').optional(),
  trace: z
    .array(
      z.object({
        look: parts.text('what was looked at: hide, entry, require, limit, ...'),
        rule: parts.rule,
        result: z.enum(['passes', 'stops', 'asks']),
        answer: z.enum(['holds', 'fails', 'unknown']).optional(),
        text: z.string(),
      }),
    )
    .describe('in the order of the decision'),
});

/**
 * Says what would happen to a call and why, step by step, without charging or recording anything.
 *
 * @returns 0 allowed, 4 denied, 5 needs a person
 */
export async function explain(
  tool: string,
  argv: readonly string[],
  options: ExplainOptions,
  io: Terminal,
): Promise<number> {
  const hasPolicy = [options.policy, options.preset, io.env.POLICY_WRAP_POLICY].some(Boolean);
  const asked = namedServer(argv, options, io.cwd);
  const { names, isNamed, told } = takenServer(tool, asked, { ...options, hasPolicy }, io);
  const [server] = names;
  const found = findPolicy(options, names, asked.words);
  if (found.kind === 'problems') throw problemsError(found);
  if (found.kind === 'none') {
    throw new PolicyWrapError('POLICY_NOT_FOUND', found.advice, {
      hint: `Or name one: policy-wrap explain ${printable(tool)} --policy <file>`,
    });
  }
  const args = readArgs(options.args);
  const layers = stack(found.policy, found.extended);
  const named = isNamed ? server : undefined;
  const undeclared = layers.declares ? declaredArguments(tool, named, options.db) : undefined;
  const call: Call = {
    tool,
    args,
    env: upstreamEnv(io.env),
    ...(undeclared && { undeclared: () => undeclared(args) }),
  };
  const owner = { server, grant: options.grant };
  const { outlook, trace } = traceCall(
    layers,
    call,
    owner,
    (look) => {
      const store = openIfThere(options, io);
      try {
        return look(store);
      } finally {
        store?.close();
      }
    },
    io.now(),
  );
  const meant = hintAbout(tool, layers.all, knownTools(named, options.db));
  const hint = meant && hintText(meant);
  const shared = sharedText(layers.stores);
  if (options.json)
    await printJson(io, OUTPUT, asJson(tool, server, found.policy, outlook, trace, hint ?? shared));
  else await io.out.write(`${asText(tool, found.policy, outlook, trace, [told, hint, shared], io)}`);
  return { allow: EXIT.done, deny: EXIT.denied, hide: EXIT.denied, ask: EXIT.needsApproval }[
    outlook.decision
  ];
}

/** What is said here is by this machine's database. */
function sharedText(stores: readonly string[]): string | undefined {
  if (stores.length === 0) return undefined;
  return `This policy counts in the store of the team ${stores.map((store) => printable(store)).join(' and ')}: what is used there is not looked at here, and a wrapper without --store refuses every call (STORE).`;
}

function readArgs(text: string | undefined): { readonly [key: string]: Json } {
  try {
    const args = parseJson(text ?? '{}');
    if (typeof args === 'object' && args !== null && !Array.isArray(args))
      return args as { readonly [key: string]: Json };
  } catch {
    // Said below, as for any other text that is no object.
  }
  throw new PolicyWrapError('USAGE', '--args must be a JSON object', {
    hint: `--args '{"amount_total": 500}'`,
  });
}

const HEADLINE = { allow: 'allowed', deny: 'denied', hide: 'hidden', ask: 'needs a person' } as const;
const MARK = { passes: 'ok', stops: 'stop', asks: 'ask' } as const;

function asText(
  tool: string,
  policy: Policy,
  outlook: Outlook,
  trace: readonly TraceStep[],
  remarks: readonly (string | undefined)[],
  { out }: Terminal,
): string {
  const head = [HEADLINE[outlook.decision], outlook.code, outlook.rule].filter(Boolean).join('  ');
  const steps = trace.map(({ look, rule, result, text }) => [
    MARK[result],
    printable(`${[look, rule].join(' ').trim()}: ${text}`),
  ]);
  const why = [outlook.why, ...remarks.filter((remark) => remark !== undefined)];
  const indent = '  ';
  return [
    `${printable(tool)}: ${printable(head)}\n`,
    ...why.map((line) => table(out, [['', printable(line)]], { indent, columns: ['whole', 'prose'] })),
    `How ${printable(policy.source)} comes to this:\n`,
    table(out, steps, { indent, columns: ['whole', 'prose'] }),
  ].join('');
}

function asJson(
  tool: string,
  server: string,
  policy: Policy,
  outlook: Outlook,
  trace: readonly TraceStep[],
  hint: string | undefined,
): Printed<typeof OUTPUT> {
  const { limit, retryAt, said: _, ...rest } = outlook;
  return {
    tool,
    server,
    policy: { source: policy.source, hash: policy.hash },
    ...rest,
    hint,
    ...(limit && {
      counter: limit.charge.limit.counter,
      max: String(limit.charge.limit.max),
      used: String(limit.used),
      retryAt: limit.retryAt === undefined ? undefined : new Date(limit.retryAt).toISOString(),
    }),
    ...(retryAt !== undefined && { retryAt: new Date(retryAt).toISOString() }),
    trace: trace.map(({ look, rule, result, answer, text }) => ({ look, rule, result, answer, text })),
  };
}
