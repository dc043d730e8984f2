import { serverName } from '../catalog/server-name.js';
import { EXIT, PolicyWrapError } from '../errors.js';
import type { Evaluation } from '../policy/decision.js';
import type { TraceStep } from '../policy/evaluate.js';
import { type Json, parseJson } from '../policy/json.js';
import { evaluateLayers, stack } from '../policy/layers.js';
import type { Policy } from '../policy/policy.js';
import { printable } from '../printable.js';
import { findPolicy, type PolicyOptions, problemsError, stateFile, upstreamEnv } from '../settings.js';
import { firstFull, type Peek, type Peeked, Store } from '../state/store.js';

export interface ExplainOptions extends PolicyOptions {
  /** The call's arguments as JSON. */
  readonly args?: string;
  readonly db?: string;
  readonly server?: string;
  readonly grant: string;
  readonly json?: boolean;
}

/** What a call would come to just now. */
interface Outlook {
  readonly decision: 'allow' | 'deny' | 'hide' | 'ask';
  readonly code: string | undefined;
  readonly rule: string | undefined;
  readonly why: string;
  readonly limit?: Peek | undefined;
}

/**
 * Says what would happen to a call and why, step by step, without charging or recording anything.
 *
 * @returns 0 allowed, 4 denied, 5 needs a person
 */
export async function explain(
  tool: string,
  argv: readonly string[],
  options: ExplainOptions,
): Promise<number> {
  const server = options.server ?? (argv.length > 0 ? serverName(argv) : 'default');
  const found = findPolicy(options, server, argv);
  if (found.kind === 'problems') throw problemsError(found);
  if (found.kind === 'none') {
    throw new PolicyWrapError('POLICY_NOT_FOUND', found.advice, {
      hint: 'or name one: policy-wrap explain --policy <file>',
    });
  }
  const trace: TraceStep[] = [];
  const call = { tool, args: readArgs(options.args), env: upstreamEnv(process.env) };
  const evaluation = evaluateLayers(stack(found.policy, found.extended), call, trace);
  const outlook = outlookOf(evaluation, peek(evaluation, server, options));
  if (options.json) print(JSON.stringify(asJson(tool, server, found.policy, outlook, trace), null, 2));
  else print(asText(tool, found.policy, outlook, trace));
  return { allow: EXIT.done, deny: EXIT.denied, hide: EXIT.denied, ask: EXIT.needsApproval }[
    outlook.decision
  ];
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

/** What the counters hold; an absent database means that nothing was counted yet. */
function peek(evaluation: Evaluation, server: string, options: ExplainOptions): Peeked {
  const none: Peeked = { standings: [], fits: true };
  if (evaluation.kind !== 'open' || evaluation.charges.length === 0) return none;
  const store = openForReading(stateFile(options.db));
  try {
    const owner = { server, grant: options.grant, session: '', observe: false };
    return store.peek(owner, evaluation.charges);
  } finally {
    store.close();
  }
}

function openForReading(file: string): Store {
  try {
    return Store.open(file, { mustExist: true });
  } catch (error) {
    if (PolicyWrapError.is(error) && error.code === 'NOT_FOUND') return Store.open(':memory:');
    throw error;
  }
}

/** In the order of DESIGN section 5: limits that refuse come before a person is asked. */
export function outlookOf(evaluation: Evaluation, { standings }: Peeked): Outlook {
  switch (evaluation.kind) {
    case 'hidden':
      return {
        decision: 'hide',
        code: undefined,
        rule: '(hidden)',
        why: 'the tool is hidden: answered like an unknown one',
      };
    case 'refused': {
      const { code, rule, authorText, explanation } = evaluation.refusal;
      return {
        decision: 'deny',
        code,
        rule,
        why: authorText ? `${authorText} (${explanation})` : explanation,
      };
    }
    case 'open': {
      const refusing = firstFull(standings, 'deny');
      const limit = refusing ?? firstFull(standings);
      if (limit && (refusing || !evaluation.ask)) {
        const { rule, why } = limitText(limit);
        return refusing
          ? { decision: 'deny', code: 'LIMIT', rule, why, limit }
          : {
              decision: 'ask',
              code: 'APPROVAL_REQUIRED',
              rule,
              why: `${why}; beyond that a person is asked`,
              limit,
            };
      }
      if (!evaluation.ask)
        return { decision: 'allow', code: undefined, rule: undefined, why: 'nothing refuses it' };
      const { code, rule, authorText, explanation } = evaluation.ask;
      return { decision: 'ask', code, rule, why: authorText ?? explanation };
    }
  }
}

function limitText({ charge, used, retryAt, inFlight }: Peek): {
  readonly rule: string;
  readonly why: string;
} {
  const { limit, amount } = charge;
  const next =
    inFlight !== undefined
      ? `next when one of the calls in flight ends well`
      : retryAt === undefined
        ? 'a call of this size can never pass'
        : `next at ${new Date(retryAt).toISOString()}`;
  const why = `${used} of ${limit.max} per ${limit.windowText} used in ${limit.counter}, this call adds ${amount}; ${next}`;
  return { rule: limit.pointer, why };
}

const HEADLINE = { allow: 'allowed', deny: 'denied', hide: 'hidden', ask: 'needs a person' } as const;
const MARK = { passes: 'ok  ', stops: 'stop', asks: 'ask ' } as const;

function asText(tool: string, policy: Policy, outlook: Outlook, trace: readonly TraceStep[]): string {
  const head = [HEADLINE[outlook.decision], outlook.code, outlook.rule].filter(Boolean).join('  ');
  const steps = trace.map(
    ({ look, rule, result, text }) => `  ${MARK[result]}  ${[look, rule].join(' ').trim()}: ${text}`,
  );
  return [`${tool}: ${head}`, `  ${outlook.why}`, `How ${policy.source} comes to this:`, ...steps]
    .map((line) => printable(line))
    .join('\n');
}

function asJson(
  tool: string,
  server: string,
  policy: Policy,
  outlook: Outlook,
  trace: readonly TraceStep[],
): object {
  const { limit, ...rest } = outlook;
  return {
    version: 1,
    tool,
    server,
    policy: { source: policy.source, hash: policy.hash },
    ...rest,
    ...(limit && {
      counter: limit.charge.limit.counter,
      max: limit.charge.limit.max,
      used: limit.used,
      retryAt: limit.retryAt === undefined ? undefined : new Date(limit.retryAt).toISOString(),
    }),
    trace: trace.map(({ look, rule, result, answer, text }) => ({ look, rule, result, answer, text })),
  };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
