import type { Checks, Limit, ToolEntry } from '../model.js';
import type { CompileContext } from './compile-context.js';
import type { Segment } from './source.js';

/** One counter is one count: whoever names it must mean the same window, and no call may charge it twice. */
export function checkSharedCounters(
  context: CompileContext,
  allTools: Checks,
  entries: readonly ToolEntry[],
): void {
  const first = new Map<string, Limit>();
  const everywhere = new Set(allTools.limits.map((limit) => limit.counter));
  const groups = [allTools, ...entries];
  for (const group of groups) {
    const here = new Set<string>();
    for (const limit of group.limits) {
      const place = placeOf(context, limit, here.has(limit.counter) ? limit.counter : undefined);
      if (here.has(limit.counter) || (group !== allTools && everywhere.has(limit.counter))) {
        const where = here.has(limit.counter) ? 'in this entry already' : 'under all_tools too';
        const message = `The counter "${limit.counter}" is ${where}; each call would be charged twice.`;
        context.report('COUNTER_TWICE', place, message, 'Give one of them another name.');
      }
      const other = first.get(limit.counter);
      if (!other) first.set(limit.counter, limit);
      else if (!here.has(limit.counter)) {
        const different = differenceOf(other, limit);
        if (different.length > 0) {
          const fields = different.map((field) => `"${field}"`).join(', ');
          const message = `The counter "${limit.counter}" stands at ${other.pointer} with another ${fields}; one count cannot have both.`;
          context.report('COUNTER_DIFFERS', place, message, 'Make them agree, or give one another name.');
        }
      }
      here.add(limit.counter);
    }
  }
}

/** Two limits with one pointer are told apart by taking the last of that counter in the file. */
function placeOf(context: CompileContext, limit: Limit, again: string | undefined): readonly Segment[] {
  const place = context.locations.get(limit.pointer) ?? [];
  if (again === undefined || typeof place.at(-1) !== 'number') return place;
  const list = place.slice(0, -1);
  const all = context.source.value(list);
  const last = Array.isArray(all)
    ? all.findLastIndex((item) => typeof item === 'object' && item?.counter === again)
    : -1;
  return last < 0 ? place : [...list, last];
}

function differenceOf(a: Limit, b: Limit): readonly string[] {
  const fields: string[] = [];
  if (a.windowMs !== b.windowMs) fields.push('window');
  if (a.align.kind !== b.align.kind) fields.push('align');
  if (a.align.kind === 'calendar' && b.align.kind === 'calendar' && a.align.unit !== b.align.unit) {
    if (!fields.includes('window')) fields.push('window');
  }
  if (a.scope !== b.scope) fields.push('scope');
  if (JSON.stringify(a.per.map((path) => path.text)) !== JSON.stringify(b.per.map((path) => path.text))) {
    fields.push('per');
  }
  const left = (limit: Limit) => JSON.stringify(limit.except.map((path) => path.text).sort());
  if (left(a) !== left(b)) fields.push('except');
  return fields;
}
