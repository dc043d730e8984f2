import { classify } from '../catalog/classify.js';
import type { ToolClass } from '../catalog/evidence.js';
import type { Effect } from '../catalog/strength-parts.js';
import type { ToolDefinition } from '../catalog/tool-definition.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { couldPass, entryFor, resolveEntry } from '../policy/evaluate/resolve.js';
import type { Limit } from '../policy/model.js';
import { printable } from '../text/escape.js';

/**
 * What a policy does with a tool in one word, whatever holds for all tools together: `asked` also where only some
 * calls are.
 */
export function effectOn({ all }: Layers, tool: string): Effect {
  const found = all.map((layer) => ({ layer, resolved: resolveEntry(layer, tool) }));
  if (found.some(({ resolved }) => resolved.kind === 'hidden')) return 'hidden';
  if (!found.every(({ layer, resolved }) => couldPass(layer, resolved))) return 'refused';
  const own = all.flatMap((layer) => entryFor(layer, tool) ?? []);
  if ([...own, ...all.map(({ allTools }) => allTools)].some(({ approveIf }) => approveIf.length > 0))
    return 'asked';
  const limited = own.some(
    ({ require, denyIf, limits }) => require.length + denyIf.length + limits.length > 0,
  );
  return limited ? 'limited' : 'allowed';
}

/** What holds over all tools together, as `60 per minute (calls)`. */
export function limitsOverAll({ all }: Layers): readonly string[] {
  return all.flatMap(({ allTools }) => allTools.limits.map(limitText));
}

/** What limits a tool by itself, in the same words; empty where conditions do. */
export function limitsOn({ all }: Layers, tool: string): readonly string[] {
  return all.flatMap((layer) => (entryFor(layer, tool)?.limits ?? []).map(limitText));
}

function limitText({ max, windowText, counter, amount, per, refund }: Limit): string {
  const what = amount.kind === 'fixed' ? '' : ` of ${printable(amount.path.text)}`;
  const which = per.some(({ root }) => root === 'args') ? ' with the same arguments' : '';
  const fails = refund === 'on_success' ? ' that fail' : '';
  return `${max}${what}${which}${fails} per ${windowText} (${counter})`;
}

const CLASS_WORDS: readonly (readonly [toolClass: ToolClass, words: string])[] = [
  ['Read', 'read'],
  ['Write', 'write'],
  ['Execute', 'run something'],
  ['Destructive', 'destroy'],
  ['Financial', 'spend'],
  ['Other', 'unknown'],
];

/** @returns `8 read, 4 write, 1 destroy` */
export function classesText(tools: readonly ToolDefinition[]): string {
  const classes = tools.map((tool) => classify(tool).class);
  return CLASS_WORDS.flatMap(([toolClass, words]) => {
    const count = classes.filter((each) => each === toolClass).length;
    return count === 0 ? [] : [`${count} ${words}`];
  }).join(', ');
}
