import type { Layers } from './evaluate/layers.js';
import { couldPass, neverPasses, resolveEntry } from './evaluate/resolve.js';
import type { ToolEntry } from './model.js';

/** What a policy makes of all calls of a tool. */
export type Standing =
  /** Some call could pass. */
  | { readonly kind: 'open' }
  /** `by` is the pattern under `hide` that takes the tool along; undefined where its own name does. */
  | { readonly kind: 'hidden'; readonly by: string | undefined }
  /** Every call is refused, by what is said of the tool. */
  | { readonly kind: 'closed' }
  /** Every call is refused by what no command edits: a file that is extended, a rule for all tools, a limit of 0. */
  | { readonly kind: 'elsewhere' }
  /** The server has no such tool, whatever a policy says. */
  | { readonly kind: 'absent' };

/** @returns how a tool stands under the user's policy and what it extends */
export function standingOf(layers: Pick<Layers, 'all'>, tool: string): Standing {
  const own = layers.all.at(-1);
  const stopping = layers.all.find((policy) => !couldPass(policy, resolveEntry(policy, tool)));
  if (stopping === undefined || own === undefined) return { kind: 'open' };
  if (stopping !== own) return { kind: 'elsewhere' };
  const by = own.hide.find((pattern) => pattern.text !== tool && pattern.matches(tool));
  const resolved = resolveEntry(own, tool);
  if (resolved.kind === 'hidden') return { kind: 'hidden', by: by?.text };
  if (resolved.kind === 'refused') return { kind: 'closed' };
  return neverPasses(own.allTools) || isFull(resolved.entry) ? { kind: 'elsewhere' } : { kind: 'closed' };
}

/** Whether the limits alone refuse every call. */
function isFull(entry: ToolEntry | undefined): boolean {
  return entry !== undefined && neverPasses({ ...entry, denyIf: [] });
}
