import { type Change, diffArrays, diffWordsWithSpace } from 'diff';
import { canonicalJson } from '../json/canonical.js';
import { parseJson } from '../json/exact.js';
import { isObject, type JsonObject } from '../json/value.js';
import { printable, spreadJson } from '../text/escape.js';
import { type PinEntry, type PinKind, pinName, pinnedKeys } from './pin-entry.js';

/** How much is shown; the rest is only counted, so that no definition takes long (G9). */
interface Reach {
  readonly lines: number;
  /** Characters of a line. */
  readonly line: number;
}
/** Longest line that is compared by words; in characters. */
const LONGEST = 2000;
const TOLD: Reach = { lines: 500, line: LONGEST };
/** What somebody is to trust: what is kept of a definition has an end. */
const WHOLE: Reach = { lines: Number.POSITIVE_INFINITY, line: Number.POSITIVE_INFINITY };
const MOST_LINE_EDITS = 400;
const MOST_WORD_EDITS = 60;
/** Unchanged words are shown up to this distance from changed ones; in characters. */
const NEAR = 60;

/** Around words that differ: no text from a server has them once it is safe to show. */
const OPEN = '\u0001';
const CLOSE = '\u0002';

/** A line of what has changed, safe to show. */
export interface ChangeLine {
  /** Part of the definition: `description`, `inputSchema`. */
  readonly part: string;
  /** Whether it went, came, or stands there to show where. */
  readonly kind: 'gone' | 'come' | 'context';
  readonly pieces: readonly { readonly text: string; readonly isMarked: boolean }[];
}

/** Whether all of what a pin's server says now was kept: what is too long is known by its digest alone. */
export function isShown({ definition, kind, changed }: PinEntry): boolean {
  return !Object.hasOwn(partsOf(changed?.definition ?? definition, kind), 'tooLong');
}

/** What has changed in a tool's definition since it was first seen, for a page: every line of it, whole. */
export function changeLines(pin: PinEntry): readonly ChangeLine[] {
  return changedParts(pin, WHOLE).flatMap(({ name, lines }) =>
    lines.map((line): ChangeLine => {
      const kind = line.startsWith('- ') ? 'gone' : line.startsWith('+ ') ? 'come' : 'context';
      const pieces = line
        .slice(2)
        .split(new RegExp(`[${OPEN}${CLOSE}]`))
        .map((text, at) => ({ text, isMarked: at % 2 === 1 }));
      return { part: name, kind, pieces: pieces.filter(({ text }) => text !== '') };
    }),
  );
}

/**
 * What has changed in a tool's definition since it was first seen, part by part and line by line, for a person to read.
 * In lines that correspond, words that went are in `[-...-]`, words that came in `{+...+}`.
 *
 * @param cap lines shown at most
 * @returns lines that are safe to show; the first names the tool
 */
export function changeOf(pin: PinEntry, cap = Number.POSITIVE_INFINITY): string {
  const { late, seenAt } = pin;
  const lines = changedParts(pin, { ...TOLD, lines: Math.min(cap, TOLD.lines) }).flatMap(
    ({ name, lines }) => [`  ${printable(name, 60)}`, ...lines.map((line) => `    ${withMarks(line)}`)],
  );
  const when = new Date(seenAt).toISOString();
  const head = `${printable(pinName(pin), 200)} (${late ? 'new since' : 'first seen'} ${when})`;
  return [head, ...lines.slice(0, cap), ...(lines.length > cap ? ['    (and more)'] : [])].join('\n');
}

function withMarks(line: string): string {
  const [open, close] = line.startsWith('- ') ? ['[-', '-]'] : ['{+', '+}'];
  return line.replaceAll(OPEN, open).replaceAll(CLOSE, close);
}

function changedParts({ definition, kind, changed, late }: PinEntry, reach: Reach) {
  // One that came late is new as a whole: nothing of it was trusted before.
  const before = late ? {} : partsOf(definition, kind);
  const after = partsOf(changed?.definition ?? definition, kind);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .map((name) => ({ name, lines: difference(linesOf(before, name), linesOf(after, name), reach) }))
    .filter(({ lines }) => lines.length > 0);
}

/** Without what a server may write into a definition and no model goes by. */
function partsOf(definition: string, kind: PinKind): JsonObject {
  try {
    const value = parseJson(definition);
    const keys = [...pinnedKeys(kind), 'unpinnable', 'tooLong'];
    if (isObject(value))
      return Object.fromEntries(
        keys.flatMap((key) => (Object.hasOwn(value, key) ? [[key, value[key] ?? null]] : [])),
      );
  } catch {
    // Shown as it is.
  }
  return { definition };
}

function linesOf(parts: JsonObject, name: string): string[] {
  if (!Object.hasOwn(parts, name)) return [];
  const value = parts[name] ?? null;
  // With every digit: a number must not look unchanged because a double holds no more of it.
  return typeof value === 'string' ? value.split('\n') : spreadJson(canonicalJson(value));
}

/** Lines with `- `, `+ ` or, around those, two spaces in front. */
function difference(before: readonly string[], after: readonly string[], reach: Reach): string[] {
  const most = reach.lines;
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const left = Math.min(before.length, after.length) - start;
  while (end < left && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  const gone = before.slice(start, before.length - end);
  const come = after.slice(start, after.length - end);
  if (gone.length === 0 && come.length === 0) return [];
  const out = start > 0 ? [context(before[start - 1])] : [];
  out.push(...changes(gone.slice(0, most), come.slice(0, most), reach));
  const cut = [Math.max(0, gone.length - most), Math.max(0, come.length - most)];
  if (cut[0] || cut[1]) out.push(`  (cut here: ${cut[0]} more old lines and ${cut[1]} more new ones)`);
  if (end > 0) out.push(context(before[before.length - end]));
  return out;
}

function changes(gone: string[], come: string[], reach: Reach): string[] {
  const found = diffArrays(gone, come, { maxEditLength: MOST_LINE_EDITS });
  // Too different to find out what corresponds.
  if (!found) return replaced(gone, come, reach);
  return found.flatMap(({ value, added, removed }, at) => {
    const next = found[at + 1];
    if (removed) return replaced(value, next?.added ? next.value : [], reach);
    if (added) return found[at - 1]?.removed ? [] : replaced([], value, reach);
    return value.length < 3 ? value.map(context) : [context(value[0]), '  …', context(value.at(-1))];
  });
}

function replaced(gone: readonly string[], come: readonly string[], { line: most }: Reach): string[] {
  const marked = gone.map((line, at) => {
    const other = come[at];
    return other === undefined ? undefined : words(line, other, most);
  });
  return [
    ...gone.map((line, at) => `- ${marked[at]?.[0] ?? cutTo(line, most)}`),
    ...come.map((line, at) => `+ ${marked[at]?.[1] ?? cutTo(line, most)}`),
  ];
}

/** @returns both lines with their words marked; undefined when they have next to nothing in common */
function words(gone: string, come: string, most: number): readonly [string, string] | undefined {
  let start = 0;
  while (start < gone.length && start < come.length && gone[start] === come[start]) start += 1;
  let end = 0;
  const left = Math.min(gone.length, come.length) - start;
  while (end < left && gone[gone.length - 1 - end] === come[come.length - 1 - end]) end += 1;
  // Whole words, as a person reads them.
  while (/\S/.test(gone[start - 1] ?? ' ')) start -= 1;
  while (/\S/.test(gone[gone.length - end] ?? ' ')) end -= 1;
  const old = gone.slice(start, gone.length - end);
  const now = come.slice(start, come.length - end);
  const pieces = [same(gone.slice(0, start)), ...wordChanges(old, now), same(gone.slice(gone.length - end))];
  if (!pieces.some(({ added, removed, value }) => !added && !removed && /\S/.test(value))) return undefined;
  const side = (without: 'added' | 'removed') =>
    pieces
      .map((piece, at) => {
        if (piece.value === '' || piece[without]) return '';
        if (piece.added || piece.removed) return `${OPEN}${cutTo(piece.value, most)}${CLOSE}`;
        return near(piece.value, at === 0, at === pieces.length - 1);
      })
      .join('');
  return [side('added'), side('removed')];
}

function wordChanges(old: string, now: string): readonly Change[] {
  const isShort = old.length <= LONGEST && now.length <= LONGEST;
  const found = isShort ? diffWordsWithSpace(old, now, { maxEditLength: MOST_WORD_EDITS }) : undefined;
  return (
    found ?? [
      { ...same(old), removed: true },
      { ...same(now), added: true },
    ]
  );
}

const same = (value: string): Change => ({ value, count: 1, added: false, removed: false });

/** What stays the same, without what is far from a change. */
function near(text: string, isFirst: boolean, isLast: boolean): string {
  const head = isFirst ? 0 : NEAR;
  const tail = isLast ? 0 : NEAR;
  if (text.length <= head + tail + 1) return printable(text);
  return `${printable(text.slice(0, head))}…${printable(tail === 0 ? '' : text.slice(-tail))}`;
}

function cutTo(line: string, most: number): string {
  const rest = line.length - most;
  return rest > 0 ? `${printable(line, most)} (cut here: ${rest} more characters)` : printable(line);
}

const context = (line = '') => `  ${printable(line, NEAR * 2)}`;
