import { isRecord, own } from './message.js';

/** What to do with one listed tool: keep it as it is, leave it out, or show `text` in its place. */
export type ToolEdit = 'keep' | 'drop' | { readonly text: string };

/** Where the parts of a tools/list answer stand in its text: [start, end) offsets. */
interface Spans {
  readonly tools: readonly Span[];
  readonly array: Span;
  readonly cacheScope: Span | undefined;
}

type Span = readonly [start: number, end: number];

/**
 * Edits the tools of a tools/list answer in place: every other byte, the spelling of kept tools included, stays
 * (`ttlMs`, `nextCursor`, `_meta`, numbers as written). A public cache scope becomes private when tools were left out,
 * because what this client may see is no longer what all may see (2026-07-28, SEP-2549).
 *
 * @param text one JSON-RPC response without duplicate keys (see scan.ts)
 * @param value the same, parsed
 * @param edit asked once for each tool, in order, with the tool and its text
 * @returns the text to send and the number of tools left out; the text itself when nothing changed
 */
export function editTools(
  text: string,
  value: unknown,
  edit: (tool: Record<string, unknown>, raw: string) => ToolEdit,
): { readonly text: string; readonly dropped: number } {
  const result = isRecord(value) ? own(value, 'result') : undefined;
  const tools = isRecord(result) ? own(result, 'tools') : undefined;
  if (!Array.isArray(tools)) return { text, dropped: 0 };

  const spans = locate(text);
  let changed = false;
  let dropped = 0;
  const kept: string[] = [];
  for (const [index, tool] of tools.entries()) {
    const [start, end] = spans.tools[index] as Span;
    const raw = text.slice(start, end);
    const outcome = isRecord(tool) ? edit(tool, raw) : 'keep';
    if (outcome === 'keep') kept.push(raw);
    else {
      changed = true;
      if (outcome === 'drop') dropped++;
      else kept.push(outcome.text);
    }
  }
  if (!changed) return { text, dropped };

  const replacements: { span: Span; text: string }[] = [{ span: spans.array, text: `[${kept.join(',')}]` }];
  if (dropped > 0 && spans.cacheScope && isRecord(result) && own(result, 'cacheScope') === 'public') {
    replacements.push({ span: spans.cacheScope, text: '"private"' });
  }
  replacements.sort((a, b) => b.span[0] - a.span[0]);
  let edited = text;
  for (const { span, text: replacement } of replacements) {
    edited = edited.slice(0, span[0]) + replacement + edited.slice(span[1]);
  }
  return { text: edited, dropped };
}

/** Replaces the `id` of a response by `id`, in place: for a server that answers `"5"` to 5. */
export function replaceId(text: string, id: string | number): string {
  let edited = text;
  eachMember(text, skipSpace(text, 0), (key, [start, end]) => {
    if (key === 'id') edited = text.slice(0, start) + JSON.stringify(id) + text.slice(end);
  });
  return edited;
}

function locate(text: string): Spans {
  const tools: Span[] = [];
  let array: Span = [0, 0];
  let cacheScope: Span | undefined;
  eachMember(text, skipSpace(text, 0), (key, [start]) => {
    if (key !== 'result') return;
    eachMember(text, start, (member, span) => {
      if (member === 'cacheScope') cacheScope = span;
      if (member !== 'tools') return;
      array = span;
      for (let i = skipSpace(text, span[0] + 1); text[i] !== ']'; ) {
        const end = skipValue(text, i);
        tools.push([i, end]);
        i = skipSpace(text, end);
        if (text[i] === ',') i = skipSpace(text, i + 1);
      }
    });
  });
  return { tools, array, cacheScope };
}

/** Calls `visit` with each key and the span of its value, for the object that begins at `start` of valid JSON. */
function eachMember(text: string, start: number, visit: (key: string, value: Span) => void): void {
  let i = skipSpace(text, start + 1);
  while (text[i] !== '}') {
    const keyEnd = skipValue(text, i);
    const key = JSON.parse(text.slice(i, keyEnd)) as string;
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    visit(key, [valueStart, valueEnd]);
    i = skipSpace(text, valueEnd);
    if (text[i] === ',') i = skipSpace(text, i + 1);
  }
}

function skipSpace(text: string, from: number): number {
  let i = from;
  while (text[i] === ' ' || text[i] === '\t' || text[i] === '\n' || text[i] === '\r') i++;
  return i;
}

/** @returns the offset behind the value that begins at `from` of valid JSON */
function skipValue(text: string, from: number): number {
  let depth = 0;
  let i = from;
  do {
    const c = text[i];
    if (c === '"') {
      i++;
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      i++;
    } else if (c === '{' || c === '[') {
      depth++;
      i++;
    } else if (c === '}' || c === ']') {
      depth--;
      i++;
    } else if (depth > 0) {
      i++;
    } else {
      while (i < text.length && !',]} \t\r\n'.includes(text[i] as string)) i++;
    }
  } while (depth > 0);
  return i;
}
