import { canonicalJson } from '../json/canonical.js';
import { mapMembers, whole } from '../json/members.js';
import { isRecord, type Json, type JsonObject, own } from '../json/value.js';
import { twinOf } from './message.js';

/** What a tool does, as far as clients are told. */
export interface ToolRisk {
  readonly class: string;
  readonly severe: boolean;
}

/** Asks Claude Code for a person at every call, even where it asks for nothing else (clients.md 2.1). */
const NEEDS_PERSON = 'anthropic/requiresUserInteraction';

/**
 * Adds what clients go by when they decide whether to ask: hints where the server gives none, and the wish for a person
 * for tools that need approval. What the server says is never changed.
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

/** What a model and a policy go by; the rest of a tool may change with every answer. */
const PINNED = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;
const PINNED_KEYS: ReadonlySet<string> = new Set(PINNED);
const PINNED_FOLDS: ReadonlySet<string> = new Set(PINNED.map((key) => key.toLowerCase()));

type Tool = Readonly<Record<string, unknown>>;

/** @returns a tool's definition as canonical JSON, for telling whether it is still the same */
export function definitionOf(tool: Tool): string {
  return canonicalJson(pinnedParts(tool));
}

/** Why some clients could read another definition than the one that is pinned. */
export function unpinnableKey(tool: Tool): string | undefined {
  return twinOf(tool, PINNED_KEYS, PINNED_FOLDS);
}

/**
 * @param reason why the definition must not be taken for one that was seen before
 * @returns what stands in its place, which equals no definition of a tool; for people to read
 */
export function unpinnable(tool: Tool, reason: string): string {
  return canonicalJson({ ...pinnedParts(tool), unpinnable: reason });
}

function pinnedParts(tool: Tool): JsonObject {
  return Object.fromEntries(
    PINNED.flatMap((key) => (Object.hasOwn(tool, key) ? [[key, tool[key] as Json]] : [])),
  );
}
