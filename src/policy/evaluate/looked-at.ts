import { EACH, type Path } from '../model.js';
import type { Layers } from './layers.js';
import { checksFor } from './resolve.js';

/** The way to an argument: names of members, and null for every element of a list. */
export type ArgumentPath = readonly (string | null)[];

/** The arguments that a policy looks at when it counts a call, or asks a person about it. */
export interface LookedAt {
  /** What limits add up: `limits[].amount`. */
  readonly amounts: readonly ArgumentPath[];
  /** What `approve_if` looks at. */
  readonly conditions: readonly ArgumentPath[];
}

/** @returns each path once, those of the tool's own entry first */
export function lookedAt(layers: Layers, tool: string): LookedAt {
  const amounts = new Map<string, ArgumentPath>();
  const conditions = new Map<string, ArgumentPath>();
  const note = (into: Map<string, ArgumentPath>, { root, text, steps }: Path): void => {
    if (root === 'args' && steps.length > 0)
      into.set(
        text,
        steps.map((step) => (step === EACH ? null : step)),
      );
  };
  for (const policy of layers.all.toReversed()) {
    for (const { limits, approveIf } of checksFor(policy, tool).toReversed()) {
      for (const { amount } of limits)
        if (amount.kind === 'value' || amount.kind === 'sum') note(amounts, amount.path);
      for (const predicate of approveIf) for (const { path } of predicate.conditions) note(conditions, path);
    }
  }
  return { amounts: [...amounts.values()], conditions: [...conditions.values()] };
}
