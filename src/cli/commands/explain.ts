import { findPolicy, type PolicyOptions, problemsError } from '../../config/policy-files.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { parseJson } from '../../json/exact.js';
import type { Json } from '../../json/value.js';
import type { Call, Evaluation } from '../../policy/call.js';
import { likelyTool, ownName, prefixedName } from '../../policy/client-names.js';
import { HIDDEN_RULE } from '../../policy/codes.js';
import { approvalTexts } from '../../policy/evaluate/approval.js';
import type { TraceStep } from '../../policy/evaluate/evaluate.js';
import { explainUnmet, explainUsage } from '../../policy/evaluate/explain.js';
import { stack } from '../../policy/evaluate/layers.js';
import { evaluateNamed } from '../../policy/evaluate/sections.js';
import type { Policy } from '../../policy/model.js';
import { sectionOf } from '../../policy/sections.js';
import {
  askingDemand,
  DEMAND_CODES,
  firstExceeded,
  type Peek,
  type Peeked,
  refusingDemand,
  Store,
  type Unmet,
  within,
} from '../../store/store.js';
import { printable } from '../../text/escape.js';
import { upstreamEnv } from '../../upstream/environment.js';
import { takenServer } from '../explain-server.js';
import { printJson } from '../json-output.js';
import { declaredArguments, knownTools } from '../known-tools.js';
import { namedServer } from '../named-server.js';
import { openIfThere } from '../open-state.js';
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

/** What a call would come to just now. */
interface Outlook {
  readonly decision: 'allow' | 'deny' | 'hide' | 'ask';
  readonly code: string | undefined;
  readonly rule: string | undefined;
  readonly why: string;
  readonly limit?: Peek | undefined;
  /** UTC milliseconds; for what refuses at this moment and not at all times. */
  readonly retryAt?: number | undefined;
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
  const trace: TraceStep[] = [];
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
  const evaluation = evaluateNamed(layers, call, trace);
  const canAsk = approvalTexts(call.args, layers.approvals) !== undefined;
  const outlook = outlookOf(evaluation, peek(evaluation, server, options, io), canAsk);
  const hint = sectionOf(tool) ? undefined : hintAbout(tool, layers.all, knownTools(named, options.db));
  if (options.json) await printJson(io, asJson(tool, server, found.policy, outlook, trace, hint));
  else await io.out.write(`${asText(tool, found.policy, outlook, trace, [told, hint], io)}`);
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
function peek(evaluation: Evaluation, server: string, options: ExplainOptions, io: Terminal): Peeked {
  const none: Peeked = { checks: [], fits: true, demands: [], now: io.now() };
  if (evaluation.kind !== 'open' || (evaluation.charges.length === 0 && !evaluation.demands)) return none;
  const store = openIfThere(options, io) ?? Store.open(':memory:');
  try {
    const owner = { server, grant: options.grant, session: '', observe: false };
    return store.peek(owner, evaluation.charges, evaluation.demands);
  } finally {
    store.close();
  }
}

/**
 * In the order of a decision (docs/architecture.md): limits that refuse come before a person is asked.
 *
 * @param canAsk whether a person can be shown the call; else a limit that would ask refuses
 */
export function outlookOf(evaluation: Evaluation, peeked: Peeked, canAsk = true): Outlook {
  const { checks, demands, now } = peeked;
  switch (evaluation.kind) {
    case 'hidden':
      return {
        decision: 'hide',
        code: undefined,
        rule: HIDDEN_RULE,
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
      const refusing = firstExceeded(checks, canAsk ? 'deny' : undefined);
      const unmet = refusingDemand(demands, refusing, now);
      if (unmet) return unmetOutlook(unmet, now);
      const limit = refusing ?? firstExceeded(checks);
      const ask = evaluation.ask ?? askingDemand(demands, now);
      if (limit && (refusing || !ask)) {
        const { rule, why } = limitText(within(limit, demands));
        return refusing
          ? { decision: 'deny', code: 'LIMIT', rule, why, limit: within(limit, demands) }
          : {
              decision: 'ask',
              code: 'APPROVAL_REQUIRED',
              rule,
              why: `${why}; beyond that a person is asked`,
              limit,
            };
      }
      if (!ask) return { decision: 'allow', code: undefined, rule: undefined, why: 'nothing refuses it' };
      const { code, rule, authorText, explanation } = ask;
      return { decision: 'ask', code, rule, why: authorText ?? explanation };
    }
  }
}

function unmetOutlook({ demand, retryAt }: Unmet, now: number): Outlook {
  const next = retryAt === undefined ? '' : `; next at ${new Date(retryAt).toISOString()}`;
  const why = `${explainUnmet(demand, now)}${next}`;
  return { decision: 'deny', code: DEMAND_CODES[demand.kind], rule: demand.pointer, why, retryAt };
}

function limitText({ charge, used, retryAt, inFlight, isBarred }: Peek): {
  readonly rule: string;
  readonly why: string;
} {
  const next =
    inFlight !== undefined
      ? `next when one of the calls in flight ends well`
      : retryAt === undefined
        ? isBarred
          ? 'other rules refuse it whenever there is room'
          : 'a call of this size can never pass'
        : `next at ${new Date(retryAt).toISOString()}`;
  const why = `${explainUsage(charge, used)}; ${next}`;
  return { rule: charge.limit.pointer, why };
}

const HEADLINE = { allow: 'allowed', deny: 'denied', hide: 'hidden', ask: 'needs a person' } as const;
const MARK = { passes: 'ok', stops: 'stop', asks: 'ask' } as const;

/** A name that is written as clients show it, here or in the policy, judges nothing. */
function hintAbout(tool: string, policies: readonly Policy[], known: readonly string[]): string | undefined {
  const written = policies.flatMap(({ tools, hide }) => [
    ...tools.keys(),
    ...hide.filter(({ plain }) => plain).map(({ text }) => text),
  ]);
  const shown = written.find((name) => ownName(name, (own) => own === tool) !== undefined);
  if (shown !== undefined && !known.includes(shown) && !written.includes(tool))
    return `the policy has "${shown}", which is how a client shows "${tool}": it judges nothing; write "${tool}" there`;
  if (written.includes(tool) || known.includes(tool)) return undefined;
  const likely = likelyTool(tool, [...known, ...written]) ?? prefixedName(tool);
  return likely === undefined
    ? undefined
    : `did you mean "${likely}"? That is the name by which rules are found`;
}

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
): object {
  const { limit, retryAt, ...rest } = outlook;
  return {
    tool,
    server,
    policy: { source: policy.source, hash: policy.hash },
    ...rest,
    hint,
    ...(limit && {
      counter: limit.charge.limit.counter,
      max: limit.charge.limit.max,
      used: limit.used,
      retryAt: limit.retryAt === undefined ? undefined : new Date(limit.retryAt).toISOString(),
    }),
    ...(retryAt !== undefined && { retryAt: new Date(retryAt).toISOString() }),
    trace: trace.map(({ look, rule, result, answer, text }) => ({ look, rule, result, answer, text })),
  };
}
