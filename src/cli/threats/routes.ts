import type { Attack, Step, ToolAt } from '../../catalog/threats/threat.js';
import { allChecks, entryFor } from '../../policy/evaluate/resolve.js';
import type { CalledDemand, Checks, Demand } from '../../policy/model.js';
import type { Held } from './held.js';
import type { Trials } from './trials.js';

/** The steps that fare alike at each place of an attack; nothing where the place has one step alone. */
export type Way = readonly (readonly Step[])[];

/**
 * The ways of an attack in which each of many tools could take a place. Tools for which no rule tells one from the other
 * fare alike: they take a place as one, and one of them is tried. So all ways are decided, at the price of few.
 */
export class Routes {
  readonly #held: ReadonlyMap<string, Held>;
  readonly #trials: Trials;
  /** What looks back at other tools, in any policy. */
  readonly #looks: readonly CalledDemand[];
  /** Counters that more than one entry charges: what one tool has used up another has not. */
  readonly #shared: ReadonlySet<string>;
  readonly #kinds = new Map<string, string>();

  constructor(servers: readonly Held[], trials: Trials) {
    this.#held = new Map(servers.map((held) => [held.server, held]));
    this.#trials = trials;
    const seen = new Map<string, CalledDemand>();
    const uses = new Map<string, number>();
    for (const { policy } of servers) {
      if (policy === 'none' || policy === 'unwrapped') continue;
      for (const layer of policy.all)
        for (const { demands } of allChecks(layer))
          for (const demand of demands ?? []) if (demand.kind !== 'hours') seen.set(textOf(demand), demand);
      for (const layer of policy.all) {
        for (const { limits } of layer.tools.values())
          for (const { counter } of limits) uses.set(counter, (uses.get(counter) ?? 0) + 1);
        for (const { limits } of layer.patterns) for (const { counter } of limits) uses.set(counter, 2);
      }
    }
    this.#looks = [...seen.values()];
    this.#shared = new Set([...uses].filter(([, times]) => times > 1).map(([counter]) => counter));
  }

  waysOf({ steps }: Attack): Way[] {
    let ways: Way[] = [[]];
    for (const step of steps) {
      const groups = isList(step) ? this.#alike(step, steps) : [[]];
      ways = ways.flatMap((way) => groups.map((group) => [...way, group]));
    }
    return ways;
  }

  /** @param steps of the whole attack: a tool that stands elsewhere in it too is a kind of its own */
  #alike(alternatives: readonly Step[], steps: Attack['steps']): Step[][] {
    const others = new Set(steps.filter((step) => !isList(step)).map((step) => (step as Step).tool));
    const groups = new Map<string, Step[]>();
    for (const step of alternatives) {
      const kind = `${others.has(step.tool) ? 'itself' : ''} ${this.#kindOf(step)}`;
      const group = groups.get(kind);
      if (group) group.push(step);
      else groups.set(kind, [step]);
    }
    return [...groups.values()];
  }

  /** All that rules could tell of a call of a tool before or after others. */
  #kindOf(step: Step): string {
    const key = `${step.server}\n${step.tool.name}\n${JSON.stringify(step.args)} ${step.every ?? ''}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    const stop = this.#trials.run([step]);
    const seenBy = this.#looks.flatMap(({ tools }, at) =>
      tools.some((each) => each.matches(step.server, step.tool.name)) ? [at] : [],
    );
    // What is refused by itself opens no way, whichever tool it is.
    const kind = stop !== undefined ? 'refused' : JSON.stringify([step.server, seenBy, this.#rulesOf(step)]);
    this.#kinds.set(key, kind);
    return kind;
  }

  /** What depends on other calls: counters, and what was called. */
  #rulesIn({ limits, demands }: Checks): string[] {
    return [
      ...limits
        .filter(({ counter }) => this.#shared.has(counter))
        .map(({ counter, max, windowMs, amount }) => `${counter} ${max} ${windowMs} ${amount.kind}`),
      ...(demands ?? []).map(textOf),
    ];
  }

  #rulesOf({ server, tool }: ToolAt): string[] {
    const policy = this.#held.get(server)?.policy;
    if (policy === undefined || policy === 'none' || policy === 'unwrapped') return [];
    return policy.all.flatMap((layer) => {
      const entry = entryFor(layer, tool.name);
      return entry ? this.#rulesIn(entry) : [];
    });
  }
}

function textOf(demand: Demand): string {
  if (demand.kind === 'hours') return demand.text;
  const { kind, tools, withinMs, scope, otherwise } = demand;
  return [kind, withinMs, scope, otherwise, ...tools.map(({ text }) => text)].join(' ');
}

/** Whether several steps could take a place. */
export const isList = (step: Attack['steps'][number]): step is readonly Step[] => Array.isArray(step);
