import type { Call, Evaluation } from '../policy/call.js';
import { likelyTool, ownName, prefixedName } from '../policy/client-names.js';
import { HIDDEN_RULE } from '../policy/codes.js';
import { approvalTexts } from '../policy/evaluate/approval.js';
import type { TraceStep } from '../policy/evaluate/evaluate.js';
import { explainUnmet, explainUsage } from '../policy/evaluate/explain.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { evaluateNamed } from '../policy/evaluate/sections.js';
import type { Demand, Policy } from '../policy/model.js';
import { sectionOf } from '../policy/sections.js';
import type { StoreReader } from '../store/reader.js';
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
} from '../store/store.js';
import { type Stopped, stoppedNow } from './stopped.js';

/** What a call would come to just now. */
export interface Outlook {
  readonly decision: 'allow' | 'deny' | 'hide' | 'ask';
  readonly code: string | undefined;
  readonly rule: string | undefined;
  readonly why: string;
  /** What `why` is made from; undefined where it has words of somebody's alone. */
  readonly said: WhySaid;
  readonly limit?: Peek | undefined;
  /** UTC milliseconds; for what refuses at this moment and not at all times. */
  readonly retryAt?: number | undefined;
}

/** Why a call comes to this: a code and its facts, from which the words of each language are made. */
export type WhySaid =
  | { readonly code: 'nothing' }
  | { readonly code: 'hidden' }
  /** The step that decided says it; `author` is the policy's own text, in whatever language. */
  | { readonly code: 'by_step'; readonly author: string | undefined; readonly explained: boolean }
  | { readonly code: 'limit'; readonly full: Peek; readonly asksBeyond: boolean }
  | {
      readonly code: 'unmet';
      readonly demand: Demand;
      readonly now: number;
      readonly retryAt: number | undefined;
    }
  | { readonly code: 'stopped'; readonly stopped: Stopped };

/** Lends the state for one look. */
type WithState = <T>(look: (store: StoreReader | undefined) => T) => T;

/** What a call would come to, and how. */
export interface Traced {
  readonly outlook: Outlook;
  /** What was looked at, in order. */
  readonly trace: readonly TraceStep[];
}

/**
 * Judges a call as it would be decided at this moment, without charging or recording anything.
 *
 * @param owner whose counters are looked at
 * @param withState lends the state, undefined where nothing has happened yet
 * @param now UTC milliseconds
 */
export function traceCall(
  layers: Layers,
  call: Call,
  owner: { readonly server: string; readonly grant: string },
  withState: WithState,
  now: number,
): Traced {
  const trace: TraceStep[] = [];
  const evaluation = evaluateNamed(layers, call, trace);
  const stopped = withState((store) => stoppedNow(layers, call, owner.server, store));
  const isListed =
    evaluation.kind !== 'hidden' &&
    !(evaluation.kind === 'refused' && evaluation.refusal.code === 'NOT_LISTED');
  if (stopped && isListed) {
    const { code, rule, why } = stopped;
    const step = {
      look: 'now',
      rule,
      result: 'stops',
      answer: undefined,
      text: why,
      said: undefined,
    } as const;
    const said: WhySaid = { code: 'stopped', stopped };
    return { outlook: { decision: 'deny', code, rule, why, said }, trace: [step] };
  }
  const canAsk = approvalTexts(call.args, layers.approvals) !== undefined;
  return { outlook: outlookOf(evaluation, peek(evaluation, owner, withState, now), canAsk), trace };
}

function peek(
  evaluation: Evaluation,
  { server, grant }: { readonly server: string; readonly grant: string },
  withState: WithState,
  now: number,
): Peeked {
  const none: Peeked = { checks: [], fits: true, demands: [], now };
  if (evaluation.kind !== 'open' || (evaluation.charges.length === 0 && !evaluation.demands)) return none;
  const { charges, demands } = evaluation;
  const look = (store: StoreReader) =>
    store.peek({ server, grant, session: '', observe: false }, charges, demands);
  return withState((store) => {
    if (store) return look(store);
    const empty = Store.open(':memory:', { now: () => now });
    try {
      return look(empty);
    } finally {
      empty.close();
    }
  });
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
        said: { code: 'hidden' },
      };
    case 'refused': {
      const { code, rule, authorText, explanation } = evaluation.refusal;
      return {
        decision: 'deny',
        code,
        rule,
        why: authorText ? `${authorText} (${explanation})` : explanation,
        said: { code: 'by_step', author: authorText || undefined, explained: true },
      };
    }
    case 'open': {
      const refusing = firstExceeded(checks, canAsk ? 'deny' : undefined);
      const unmet = refusingDemand(demands, refusing, now);
      if (unmet) return unmetOutlook(unmet, now);
      const limit = refusing ?? firstExceeded(checks);
      const ask = evaluation.ask ?? askingDemand(demands, now);
      if (limit && (refusing || !ask)) {
        const full = within(limit, demands);
        const { rule, why } = limitText(full);
        return refusing
          ? {
              ...{ decision: 'deny', code: 'LIMIT', rule, why, limit: full },
              said: { code: 'limit', full, asksBeyond: false },
            }
          : {
              decision: 'ask',
              code: 'APPROVAL_REQUIRED',
              rule,
              why: `${why}; beyond that a person is asked`,
              said: { code: 'limit', full, asksBeyond: true },
              limit,
            };
      }
      if (!ask)
        return {
          ...{ decision: 'allow', code: undefined, rule: undefined, why: 'nothing refuses it' },
          said: { code: 'nothing' },
        };
      const { code, rule, authorText, explanation } = ask;
      const said: WhySaid = { code: 'by_step', author: authorText, explained: authorText === undefined };
      return { decision: 'ask', code, rule, why: authorText ?? explanation, said };
    }
  }
}

function unmetOutlook({ demand, retryAt }: Unmet, now: number): Outlook {
  const next = retryAt === undefined ? '' : `; next at ${new Date(retryAt).toISOString()}`;
  const why = `${explainUnmet(demand, now)}${next}`;
  const said: WhySaid = { code: 'unmet', demand, now, retryAt };
  return { decision: 'deny', code: DEMAND_CODES[demand.kind], rule: demand.pointer, why, retryAt, said };
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

/** A name that is written as clients show it, here or in the policy, judges nothing. */
export function hintAbout(
  tool: string,
  policies: readonly Policy[],
  known: readonly string[],
): NameHint | undefined {
  if (sectionOf(tool)) return undefined;
  const written = policies.flatMap(({ tools, hide }) => [
    ...tools.keys(),
    ...hide.filter(({ plain }) => plain).map(({ text }) => text),
  ]);
  const shown = written.find((name) => ownName(name, (own) => own === tool) !== undefined);
  if (shown !== undefined && !known.includes(shown) && !written.includes(tool))
    return { code: 'shown_name', shown, tool };
  if (written.includes(tool) || known.includes(tool)) return undefined;
  const likely = likelyTool(tool, [...known, ...written]) ?? prefixedName(tool);
  return likely === undefined ? undefined : { code: 'likely', likely };
}

/** What may be wrong with a tool's name: a code with its facts. */
export type NameHint =
  | { readonly code: 'shown_name'; readonly shown: string; readonly tool: string }
  | { readonly code: 'likely'; readonly likely: string };

/** In English. */
export function hintText(hint: NameHint): string {
  return hint.code === 'likely'
    ? `did you mean "${hint.likely}"? That is the name by which rules are found`
    : `the policy has "${hint.shown}", which is how a client shows "${hint.tool}": it judges nothing; write "${hint.tool}" there`;
}
