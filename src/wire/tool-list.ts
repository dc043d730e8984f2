import { eachMember, elements, mapMembers, type Span, whole } from '../json/members.js';
import { MAX_DEPTH, scan } from '../json/strict.js';
import { isRecord, own } from '../json/value.js';
import { lookalikeKey } from './message.js';

/** What to do with one listed tool: keep it as it is, leave it out, or show `text` in its place. */
export type ToolEdit = 'keep' | 'drop' | { readonly text: string };

/** A tool that is left out of the list because two readers could read it differently. */
export interface AmbiguousTool {
  /** Undefined where it has none that could be read. */
  readonly name: string | undefined;
  readonly reason: string;
}

/** Containers around a tool in an answer: the message, its result, the list. */
const LEVELS_AROUND_TOOL = 3;
const RESULT_KEYS: ReadonlySet<string> = new Set(['tools']);
const TOOL_KEYS: ReadonlySet<string> = new Set(['name']);

/**
 * Edits the tools of a tools/list answer in place: every other byte, the spelling of kept tools included, stays
 * (`ttlMs`, `nextCursor`, `_meta`, numbers as written). A public cache scope becomes private when tools were left out,
 * because what this client may see is no longer what all may see (2026-07-28, SEP-2549).
 *
 * @param text one JSON-RPC response without duplicate keys, whose shape was checked
 * @param value the same, parsed
 * @param edit asked once for each tool, in order, with the tool and its text
 * @param member where the list stands in the result
 * @returns the text to send; the text itself when nothing changed
 */
export function editTools(
  text: string,
  value: unknown,
  edit: (tool: unknown, raw: string) => ToolEdit,
  member = 'tools',
): string {
  const result = isRecord(value) ? own(value, 'result') : undefined;
  const tools = isRecord(result) ? own(result, member) : undefined;
  if (!Array.isArray(tools)) return text;
  const places = locate(text, member);
  if (!places) return text;

  const spans = elements(text, places.array[0]);
  const kept: string[] = [];
  let changed = false;
  for (const [index, tool] of tools.entries()) {
    const raw = text.slice(...(spans[index] as Span));
    const outcome = edit(tool, raw);
    changed ||= outcome !== 'keep';
    if (outcome === 'keep') kept.push(raw);
    else if (outcome !== 'drop') kept.push(outcome.text);
  }
  return changed ? withTools(text, places, kept, kept.length < tools.length) : text;
}

/**
 * Leaves out the tools that two parsers may read differently (a byte that is no UTF-8, a key twice, a number out of
 * range, great depth), so that one such tool does not cost the client the whole list.
 *
 * @param bytes an answer to tools/list that the strict reader refused
 * @returns undefined when it is not JSON, or the fault is not in its tools
 */
export function withoutAmbiguousTools(
  bytes: Buffer,
): { readonly bytes: Buffer; readonly odd: readonly AmbiguousTool[] } | undefined {
  // A character a byte: the grammar of JSON is ASCII, and offsets are the same in both.
  const text = bytes.toString('latin1');
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const places = locate(text);
  if (!places) return undefined;
  const odd: AmbiguousTool[] = [];
  const kept: string[] = [];
  for (const [start, end] of elements(text, places.array[0])) {
    const scanned = scan(bytes.subarray(start, end), MAX_DEPTH - LEVELS_AROUND_TOOL);
    if (scanned.ok) kept.push(text.slice(start, end));
    else odd.push({ name: nameOf(JSON.parse(bytes.toString('utf8', start, end))), reason: scanned.reason });
  }
  if (odd.length === 0) return undefined;
  return { bytes: Buffer.from(withTools(text, places, kept, true), 'latin1'), odd };
}

/** Why a client could find more tools in an answer to tools/list than we do. */
export function listFault(message: Record<string, unknown>): string | undefined {
  const { error, result } = message;
  if (error !== undefined && error !== null && (result === undefined || result === null)) return undefined;
  if (!isRecord(result)) return 'its result is not an object';
  const twin = lookalikeKey(result, RESULT_KEYS);
  if (twin !== undefined) return `in its result ${twin}`;
  const tools = own(result, 'tools');
  return tools === undefined || Array.isArray(tools) ? undefined : 'its tools are not a list';
}

/** Why a client could find a name in an element of the list that we do not see; one without any name hides nothing. */
export function toolFault(tool: unknown): AmbiguousTool | undefined {
  if (!isRecord(tool)) {
    const holdsNames = typeof tool === 'string' || Array.isArray(tool);
    return holdsNames ? { name: undefined, reason: 'it is not an object' } : undefined;
  }
  const name = nameOf(tool);
  if (name === undefined && Object.hasOwn(tool, 'name')) return { name, reason: 'its name is not a string' };
  const reason = lookalikeKey(tool, TOOL_KEYS);
  return reason === undefined ? undefined : { name, reason };
}

function nameOf(tool: unknown): string | undefined {
  const name = isRecord(tool) ? own(tool, 'name') : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** Replaces the `id` of a response by `id`, in place: for a server that answers `"5"` to 5. */
export function replaceId(text: string, id: string | number): string {
  let edited = text;
  eachMember(text, whole(text)[0], (key, [start, end]) => {
    if (key === 'id') edited = text.slice(0, start) + JSON.stringify(id) + text.slice(end);
  });
  return edited;
}

/** What a tool does, as far as clients are told. */
export interface ToolRisk {
  readonly class: string;
  readonly severe: boolean;
}

/** Makes Claude Code ask a person at every call, even where it asks for nothing else. */
const NEEDS_PERSON = 'anthropic/requiresUserInteraction';

/**
 * Adds what clients go by when they decide whether to ask a person: hints where the server gives none, and a flag on
 * tools that need approval. What the server says is never changed.
 *
 * @param raw the tool's text in the list
 * @returns the text to show; `raw` itself when there is nothing to add
 */
export function annotate(raw: string, tool: Record<string, unknown>, risk: ToolRisk, asks: boolean): string {
  const additions: string[] = [];
  if (!Object.hasOwn(tool, 'annotations') && risk.class !== 'Other') {
    const readOnly = risk.class === 'Read';
    const hints = { readOnlyHint: readOnly, ...(!readOnly && { destructiveHint: risk.severe }) };
    additions.push(`"annotations":${JSON.stringify(hints)}`);
  }
  let text = raw;
  if (asks) {
    const meta = own(tool, '_meta');
    const member = `"${NEEDS_PERSON}":true`;
    if (!Object.hasOwn(tool, '_meta')) additions.push(`"_meta":{${member}}`);
    else if (isRecord(meta) && !Object.hasOwn(meta, NEEDS_PERSON)) {
      text = mapMembers(raw, whole(raw), (key, before, value) => {
        if (key !== '_meta') return before;
        const inner = raw.slice(...value);
        const added = inner.replace(/^\{(\s*\})?/, (_, end) => `{${member}${end === undefined ? ',' : '}'}`);
        return before.slice(0, before.length - inner.length) + added;
      });
    }
  }
  if (additions.length === 0) return text;
  const isEmpty = /^\{\s*\}$/.test(text);
  return `${text.slice(0, -1)}${isEmpty ? '' : ','}${additions.join(',')}}`;
}

interface Places {
  readonly array: Span;
  /** What says who may cache the list. */
  readonly cacheScope: Span | undefined;
}

/** @returns where the tools of a list stand; undefined when there are none */
function locate(text: string, list = 'tools'): Places | undefined {
  let array: Span | undefined;
  let cacheScope: Span | undefined;
  const [start] = whole(text);
  if (text[start] !== '{') return undefined;
  eachMember(text, start, (key, [inner]) => {
    if (key !== 'result' || text[inner] !== '{') return;
    eachMember(text, inner, (member, span) => {
      if (member === list) array = span;
      if (member === 'cacheScope') cacheScope = span;
    });
  });
  return array && text[array[0]] === '[' ? { array, cacheScope } : undefined;
}

function withTools(
  text: string,
  { array, cacheScope }: Places,
  kept: readonly string[],
  fewer: boolean,
): string {
  const replacements: (readonly [Span, string])[] = [[array, `[${kept.join(',')}]`]];
  if (fewer && cacheScope && JSON.parse(text.slice(...cacheScope)) === 'public')
    replacements.push([cacheScope, '"private"']);
  // From behind, so that the offsets of what is still to be replaced hold.
  replacements.sort(([a], [b]) => b[0] - a[0]);
  return replacements.reduce(
    (edited, [[start, end], by]) => edited.slice(0, start) + by + edited.slice(end),
    text,
  );
}
