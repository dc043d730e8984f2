import { sha256 } from '../../text/hash.js';
import type { Call, Charge, Evaluation, Refusal } from '../call.js';
import type { Checks, Demand, Limit, Policy, Predicate, ToolEntry } from '../model.js';
import { SECTIONS, type Section } from '../sections.js';
import { evaluate, type TraceStep } from './evaluate.js';
import { allChecks, checksFor, isVisible } from './resolve.js';

/**
 * Policies that a call must pass all of: the user's, and those that it extends. A layer can only tighten: what one
 * hides is hidden, what one refuses is refused, and the limits of all are taken.
 */
export interface Layers {
  /** The most general first: what an organisation says is said before what a user says. */
  readonly all: readonly Policy[];
  /** Names the whole in the decision log. */
  readonly hash: string;
  readonly source: string;
  /** Teams that the layers name: a call is refused unless the wrapper's store is that of all of them. */
  readonly stores: readonly string[];
  readonly pin: Policy['pin'];
  readonly newTools: Policy['newTools'];
  readonly onSuspicious: Policy['onSuspicious'];
  readonly annotate: boolean;
  readonly auditArguments: 'keys' | 'full';
  readonly approvals: Policy['approvals'];
  /** What judges something else than calls of tools, where any layer says something of it; else it passes. */
  readonly sections: { readonly [Name in Section]?: Layers };
  /** Some rule goes by what became of earlier calls, so that outcomes must be known before the next call. */
  readonly needsOutcomes: boolean;
  /** Some rule goes by which calls were made before. */
  readonly looksBack: boolean;
  /** Some rule looks at the input schemas of tools. */
  readonly declares: boolean;
}

const STRICTNESS = { off: 0, warn: 1, hold: 2, deny: 3 } as const;

/**
 * Puts policies on top of each other.
 *
 * @param own the user's policy
 * @param extended what it extends, then what that extends, and so on; their rules and counters are named after their
 *   files, so that a user's counter of the same name is another. Files are told apart by `identity`, however alike
 *   their names are
 */
export function stack(own: Policy, extended: readonly Policy[] = []): Layers {
  const all = [...extended.map((policy) => withLayer(policy, nameAmong(policy, extended))).reverse(), own];
  let hash: string | undefined;
  const parts = SECTIONS.map((name) => [name, all.flatMap((policy) => policy[name] ?? [])] as const);
  const checks = [...all, ...parts.flatMap(([, policies]) => policies)].flatMap(allChecks);
  const channels = own.approvals.channels.filter((channel) =>
    extended.every(({ approvals }) => approvals.channels.includes(channel)),
  );
  const layers: Layers = {
    all,
    get hash() {
      hash ??= all.length === 1 ? own.hash : sha256(all.map((policy) => policy.hash).join());
      return hash;
    },
    source: own.source,
    stores: [...new Set(all.flatMap(({ store }) => store ?? []))],
    pin: all.reduce<Policy['pin']>(
      (pin, policy) => (STRICTNESS[policy.pin] > STRICTNESS[pin] ? policy.pin : pin),
      'off',
    ),
    newTools: all.some(({ newTools }) => newTools === 'hide') ? 'hide' : 'show',
    onSuspicious: all.some(({ onSuspicious }) => onSuspicious === 'hide') ? 'hide' : 'warn',
    annotate: all.some(({ annotate }) => annotate),
    // Less is kept where one of them wants less; who says nothing leaves it to the others.
    auditArguments:
      all.some(({ auditArguments }) => auditArguments === 'keys') ||
      !all.some(({ auditArguments }) => auditArguments === 'full')
        ? 'keys'
        : 'full',
    approvals: {
      waitMs: Math.min(...all.map(({ approvals }) => approvals.waitMs)),
      expiresMs: Math.min(...all.map(({ approvals }) => approvals.expiresMs)),
      channels,
      // What is left out binds less: only what all of them leave out.
      except: own.approvals.except.filter(({ text }) =>
        extended.every(({ approvals }) => approvals.except.some((path) => path.text === text)),
      ),
    },
    needsOutcomes: checks.some(
      ({ limits, demands }) =>
        limits.some(({ refund }) => refund !== 'never') || demands?.some(({ kind }) => kind === 'before'),
    ),
    looksBack: checks.some(({ demands }) => demands?.some(({ kind }) => kind !== 'hours')),
    declares: checks.some(({ declared }) => declared !== undefined),
    sections: {},
  };
  const named = parts.filter(([, policies]) => policies.length > 0);
  if (named.length === 0) return layers;
  const whole = { ...layers, hash: layers.hash };
  return {
    ...whole,
    sections: Object.fromEntries(named.map(([name, policies]) => [name, { ...whole, all: policies }])),
  };
}

/** Judges a call by every layer; see `evaluate`. */
export function evaluateLayers(layers: Layers, call: Call, trace?: TraceStep[]): Evaluation {
  const [only] = layers.all;
  if (layers.all.length === 1 && only) return evaluate(only, call, trace);
  const charges: Charge[] = [];
  const demands: Demand[] = [];
  let refused: Evaluation | undefined;
  let ask: Refusal | undefined;
  for (const policy of layers.all) {
    const evaluation = evaluate(policy, call, trace);
    // Hidden anywhere is hidden, whatever another layer says (G6).
    if (evaluation.kind === 'hidden') return evaluation;
    if (evaluation.kind === 'refused') refused ??= evaluation;
    else {
      charges.push(...evaluation.charges);
      demands.push(...(evaluation.demands ?? []));
      ask ??= evaluation.ask;
    }
  }
  return refused ?? { kind: 'open', charges, ask, ...(demands.length > 0 && { demands }) };
}

/** @returns whether every layer shows the tool, and under `list: "callable"` of any of them lets it be called */
export function isVisibleInLayers(layers: Layers, tool: string): boolean {
  const isCallable = layers.all.some(({ list }) => list === 'callable');
  return layers.all.every((policy) => isVisible(policy, tool, isCallable ? 'callable' : 'all'));
}

/** @returns whether calls of the tool may need a person */
export function asksInLayers(layers: Layers, tool: string): boolean {
  return layers.all
    .flatMap((policy) => checksFor(policy, tool))
    .some(
      ({ approveIf, limits, demands }) =>
        approveIf.length > 0 ||
        limits.some(({ onExceed }) => onExceed === 'approve') ||
        demands?.some(({ otherwise }) => otherwise === 'approve'),
    );
}

/** The file's name, or its whole path where another layer has that name too. */
function nameAmong(policy: Policy, layers: readonly Policy[]): string {
  const name = baseName(policy);
  return layers.some((other) => other !== policy && baseName(other) === name) ? policy.source : name;
}

function baseName({ source }: Policy): string {
  return source.split(/[\\/]/).at(-1) ?? source;
}

/** A policy whose rules and counters carry the name of its file. */
function withLayer(policy: Policy, layer: string): Policy {
  const entries = (entry: ToolEntry): ToolEntry => ({ ...entry, ...checks(entry) });
  const checks = (from: Checks): Checks => ({
    declared: from.declared && { ...from.declared, pointer: `${layer}#${from.declared.pointer}` },
    require: from.require.map(predicate),
    denyIf: from.denyIf.map(predicate),
    approveIf: from.approveIf.map(predicate),
    limits: from.limits.map(limit),
    demands: from.demands?.map(demand),
  });
  const demand = <T extends Demand>(from: T): T => ({ ...from, pointer: `${layer}#${from.pointer}` });
  const predicate = (from: Predicate): Predicate => ({ ...from, pointer: `${layer}#${from.pointer}` });
  const limit = (from: Limit): Limit => ({
    ...from,
    counter: `${layer}:${from.counter}`,
    layer: { identity: policy.identity, counter: from.counter },
    pointer: `${layer}#${from.pointer}`,
  });
  const renamed = new Map([...policy.tools.values()].map((entry) => [entry, entries(entry)]));
  const swap = (map: ReadonlyMap<string, ToolEntry>) =>
    new Map([...map].map(([name, entry]) => [name, renamed.get(entry) ?? entries(entry)]));
  return {
    ...policy,
    ...Object.fromEntries(
      SECTIONS.flatMap((name) => {
        const section = policy[name];
        return section ? [[name, withLayer(section, layer)]] : [];
      }),
    ),
    layer: `${layer}#`,
    hides: (name) => policy.hides(name),
    allTools: checks(policy.allTools),
    tools: swap(policy.tools),
    lookalikes: swap(policy.lookalikes),
    patterns: policy.patterns.map(entries),
  };
}
