import { eachMember, elements, type Span, whole } from './json-spans.js';
import { isRecord, own } from './message.js';

/** What to do with one listed tool: keep it as it is, leave it out, or show `text` in its place. */
export type ToolEdit = 'keep' | 'drop' | { readonly text: string };

/**
 * Edits the tools of a tools/list answer in place: every other byte, the spelling of kept tools included, stays
 * (`ttlMs`, `nextCursor`, `_meta`, numbers as written). A public cache scope becomes private when tools were left out,
 * because what this client may see is no longer what all may see (2026-07-28, SEP-2549).
 *
 * @param text one JSON-RPC response without duplicate keys (see scan.ts)
 * @param value the same, parsed
 * @param edit asked once for each tool, in order, with the tool and its text
 * @returns the text to send; the text itself when nothing changed
 */
export function editTools(
  text: string,
  value: unknown,
  edit: (tool: Record<string, unknown>, raw: string) => ToolEdit,
): string {
  const result = isRecord(value) ? own(value, 'result') : undefined;
  const tools = isRecord(result) ? own(result, 'tools') : undefined;
  if (!isRecord(result) || !Array.isArray(tools)) return text;

  const { array, cacheScope } = locate(text);
  const spans = elements(text, array[0]);
  const kept: string[] = [];
  let changed = false;
  for (const [index, tool] of tools.entries()) {
    const raw = text.slice(...(spans[index] as Span));
    const outcome = isRecord(tool) ? edit(tool, raw) : 'keep';
    changed ||= outcome !== 'keep';
    if (outcome === 'keep') kept.push(raw);
    else if (outcome !== 'drop') kept.push(outcome.text);
  }
  if (!changed) return text;

  const replacements: (readonly [Span, string])[] = [[array, `[${kept.join(',')}]`]];
  if (kept.length < tools.length && cacheScope && own(result, 'cacheScope') === 'public') {
    replacements.push([cacheScope, '"private"']);
  }
  // From behind, so that the offsets of what is still to be replaced hold.
  replacements.sort(([a], [b]) => b[0] - a[0]);
  return replacements.reduce(
    (edited, [[start, end], by]) => edited.slice(0, start) + by + edited.slice(end),
    text,
  );
}

/** Replaces the `id` of a response by `id`, in place: for a server that answers `"5"` to 5. */
export function replaceId(text: string, id: string | number): string {
  let edited = text;
  eachMember(text, whole(text)[0], (key, [start, end]) => {
    if (key === 'id') edited = text.slice(0, start) + JSON.stringify(id) + text.slice(end);
  });
  return edited;
}

/** Where the tools of a list stand, and what says who may cache it. */
function locate(text: string): { readonly array: Span; readonly cacheScope: Span | undefined } {
  let array: Span = [0, 0];
  let cacheScope: Span | undefined;
  eachMember(text, whole(text)[0], (key, [start]) => {
    if (key !== 'result') return;
    eachMember(text, start, (member, span) => {
      if (member === 'tools') array = span;
      if (member === 'cacheScope') cacheScope = span;
    });
  });
  return { array, cacheScope };
}
