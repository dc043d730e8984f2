import { PolicyWrapError } from '../../errors.js';
import { type Entry, optionsOf, originalOf, type ServerEntry, type StdioEntry, urlOf } from '../entries.js';
import type { Shape } from '../file-shapes.js';
import { type ConfigDocument, errorAt, parseDocument, quote, rawOf } from '../text/document.js';
import type { ListNode, Member, Node, Span, Splice, TableNode } from '../text/nodes.js';
import { entryKeysIn, hadNoArgs } from '../wrapped-command.js';
import { unwrapRemoteSplices, wrapRemoteSplices } from './rewrite-remote.js';
import { type Expected, verify } from './verify.js';

/** A document with its changes, which do not overlap and stand in order. */
export interface Edited {
  readonly document: ConfigDocument;
  readonly splices: readonly Splice[];
  readonly after: ConfigDocument;
}

/** Gives an entry new words: `prefix` up to its original, whether it was wrapped before or not. */
export interface Wrap {
  readonly entry: ServerEntry;
  /** The words before the original, the separator included; of a remote one before its address, where it is new. */
  readonly prefix: readonly string[];
}

/**
 * Wraps entries in place: nothing but their `command` and `args` changes (of a remote one, what rewrite-remote.ts says),
 * and the original words keep their own spelling behind the separator, so that `unwrapEntries` gives back the very bytes.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT when the result is not exactly what was meant; nothing is written here
 */
export function wrapEntries(document: ConfigDocument, shape: Shape, wraps: readonly Wrap[]): Edited {
  const edited = wrapped(document, shape, wraps);
  // Only what was bare before must come back to the same bytes: a renewed entry has no other original.
  const bare = wraps.filter(({ entry }) => entry.kind === 'remote' || entry.state.kind === 'plain');
  const { after, entries } = bare.length === wraps.length ? edited : wrapped(document, shape, bare);
  if (splice(after.text, unwrapSplices(after, entries, shape)) !== document.text)
    throw conflict(document, 'the change could not be taken back to the same bytes');
  return edited;
}

function wrapped(
  document: ConfigDocument,
  shape: Shape,
  wraps: readonly Wrap[],
): Edited & { entries: StdioEntry[] } {
  const edited = apply(
    document,
    wraps.flatMap(({ entry, prefix }) => wrapSplices(document, entry, prefix, shape)),
  );
  const expected = wraps.map(({ entry, prefix }) => ({ entry, words: wordsAfter(entry, prefix) }));
  return { ...edited, entries: confirmed(edited, shape, expected).filter((entry) => entry.kind === 'stdio') };
}

/** The words of an entry behind the wrapper. */
export function wordsAfter(entry: ServerEntry, prefix: readonly string[]): string[] {
  return [...prefix, ...(entry.kind === 'remote' ? [entry.url] : originalOf(entry))];
}

/** Whether a wrapped entry says what it was: one by address that was written by hand does not. */
export function canUnwrap(entry: StdioEntry): boolean {
  return urlOf(entry) === undefined || entryKeysIn(optionsOf(entry)) !== undefined;
}

/**
 * Takes the wrapper out of wrapped entries; what follows the separator becomes the entry again.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT as above
 */
export function unwrapEntries(
  document: ConfigDocument,
  shape: Shape,
  entries: readonly StdioEntry[],
): Edited {
  const edited = apply(document, unwrapSplices(document, entries, shape));
  confirmed(
    edited,
    shape,
    entries.map((entry) => ({ entry, words: urlOf(entry) === undefined ? originalOf(entry) : undefined })),
  );
  return edited;
}

/** The text with the changes made. They must not overlap. */
export function splice(text: string, splices: readonly Splice[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const change of [...splices].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (change.start < at) throw new Error('changes overlap');
    parts.push(text.slice(at, change.start), change.text);
    at = change.end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}

/** Makes the changes and parses the outcome, as strictly as the file was parsed. */
export function apply(document: ConfigDocument, changes: readonly Splice[]): Edited {
  const splices = [...changes].sort((a, b) => a.start - b.start || a.end - b.end);
  const text = splice(document.text, splices);
  try {
    return { document, splices, after: parseDocument(document.file, document.bom + text, document.format) };
  } catch (cause) {
    throw conflict(document, 'the change would leave a file that cannot be read', cause);
  }
}

function conflict(document: ConfigDocument, message: string, cause?: unknown): PolicyWrapError {
  return new PolicyWrapError('CONFIG_CONFLICT', `${document.file}: ${message}; nothing was written`, {
    hint: 'Make the change by hand: `--print` shows the entry.',
    cause,
  });
}

function wrapSplices(
  document: ConfigDocument,
  entry: ServerEntry,
  prefix: readonly string[],
  shape: Shape,
): Splice[] {
  if (entry.kind === 'remote')
    return wrapRemoteSplices(document, entry, prefix, shape, (at, items) =>
      newArgs(document, at, items, shape.args ?? ''),
    );
  const { nodes, state, words } = entry;
  const old = state.kind === 'wrapped' ? words.slice(0, state.wrapped.separator + 1) : [];
  if (shape.args === undefined)
    return nodes.list === undefined ? [] : renew(document, nodes.list, old, prefix);
  const [command = '', ...rest] = prefix;
  const commandNode = nodes.command.value;
  const replaced: Splice[] =
    words[0] === command ? [] : [{ start: commandNode.start, end: commandNode.end, text: quote(command) }];
  if (state.kind === 'wrapped' && nodes.list !== undefined)
    return [...replaced, ...renew(document, nodes.list, old.slice(1), rest)];
  const items = [...rest.map(quote), rawOf(document, commandNode)];
  return nodes.list === undefined
    ? [...replaced, newArgs(document, nodes, items, shape.args)]
    : [...replaced, ...replaceItems(document, nodes.list, 0, 0, items)];
}

/** Replaces only those of the first words that differ: comments beside the others stay. */
function renew(
  document: ConfigDocument,
  list: ListNode,
  old: readonly string[],
  wanted: readonly string[],
): Splice[] {
  let from = 0;
  while (from < old.length && from < wanted.length && old[from] === wanted[from]) from += 1;
  let same = 0;
  const left = Math.min(old.length, wanted.length) - from;
  while (same < left && old[old.length - 1 - same] === wanted[wanted.length - 1 - same]) same += 1;
  const to = old.length - same;
  const texts = wanted.slice(from, wanted.length - same).map(quote);
  return replaceItems(document, list, from, to, texts);
}

function unwrapSplices(document: ConfigDocument, entries: readonly StdioEntry[], shape: Shape): Splice[] {
  return entries.flatMap((entry) => {
    if (urlOf(entry) !== undefined) return unwrapRemoteSplices(document, entry, shape) ?? [];
    const { nodes, state } = entry;
    if (state.kind !== 'wrapped' || nodes.list === undefined) return [];
    const { separator } = state.wrapped;
    const original = nodes.words[separator + 1];
    // All words in one list: what is in front of the original goes.
    if (original === undefined || nodes.args === undefined)
      return replaceItems(document, nodes.list, 0, separator + 1, []);
    const { start, end } = nodes.command.value;
    const command = { start, end, text: rawOf(document, original) };
    const gap = document.text.slice(end, nodes.args.keySpan.start);
    if (hadNoArgs(state.wrapped) && end <= nodes.args.keySpan.start && /^[\s,]*$/.test(gap))
      return [command, { start: end, end: nodes.args.value.end, text: '' }];
    // In the list, indices are one less than among the words: the command is not in it.
    return [command, ...replaceItems(document, nodes.list, 0, separator + 1, [])];
  });
}

/** Replaces the items `from` up to, not with, `to`, in the style of the list. */
function replaceItems(
  document: ConfigDocument,
  list: ListNode,
  from: number,
  to: number,
  texts: readonly string[],
): Splice[] {
  const { items } = list;
  const separator = separatorOf(document, list);
  const first = items[from];
  const last = items[to - 1];
  // Nothing at all would be left of a block list.
  if (isBlock(document, list) && texts.length === 0 && from === 0 && to === items.length && to > 0)
    return [{ start: list.start, end: list.end, text: '[]' }];
  if (from === to) {
    if (texts.length === 0) return [];
    if (first !== undefined)
      return [{ start: first.start, end: first.start, text: texts.map((text) => text + separator).join('') }];
    const end = items.at(-1)?.end;
    return end === undefined
      ? [{ start: list.start + 1, end: list.start + 1, text: texts.join(separator) }]
      : [{ start: end, end, text: texts.map((text) => separator + text).join('') }];
  }
  if (first === undefined || last === undefined) return [];
  if (texts.length > 0) {
    const lost = document.comments.find(({ start }) => start > first.start && start < last.end);
    if (lost !== undefined) throw errorAt(document, lost.start, 'a comment between options of the wrapper');
    return [{ start: first.start, end: last.end, text: texts.join(separator) }];
  }
  return items.slice(from, to).flatMap((item, i) => removeItem(document, list, item, items[from + i + 1]));
}

/** Takes out an item, its comma and the white space up to the next one; a comment in between stays. */
function removeItem(document: ConfigDocument, list: ListNode, item: Node, next: Node | undefined): Splice[] {
  const limit = next?.start ?? list.end - 1;
  const comments = document.comments.filter(({ start }) => start >= item.end && start < limit);
  const comma = commaIn(document.text, item.end, limit, comments);
  if (comments.length === 0)
    return [
      { start: item.start, end: next?.start ?? (comma === undefined ? item.end : comma + 1), text: '' },
    ];
  const taken: Splice[] = [{ start: item.start, end: item.end, text: '' }];
  if (comma !== undefined) taken.push({ start: comma, end: comma + 1, text: '' });
  return taken;
}

function commaIn(text: string, from: number, to: number, comments: readonly Span[]): number | undefined {
  for (let at = from; at < to; at++) {
    const comment = comments.find(({ start }) => start === at);
    if (comment !== undefined) at = comment.end - 1;
    else if (text[at] === ',') return at;
  }
  return undefined;
}

/** What stands between two items: a comma and a line of its own, where the first item has one. */
function separatorOf(document: ConfigDocument, list: ListNode): string {
  const { start, items } = list;
  const [first, second] = items;
  const { text } = document;
  if (first === undefined) return commaOf(document);
  if (isBlock(document, list)) {
    const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
    return `${document.eol}${indent}${text.slice(start, first.start)}`;
  }
  const line = /(\r?\n)([ \t]*)(?:(?!\n)[\s\S])*$/.exec(text.slice(start + 1, first.start));
  if (line !== null) return `,${line[1]}${line[2]}`;
  const between = second === undefined ? '' : text.slice(first.end, second.start);
  return /^[ \t]*,[ \t]*$/.test(between) ? between : commaOf(document);
}

/** A list of YAML with an item a line, each behind a dash. */
function isBlock({ format, text }: ConfigDocument, { start }: ListNode): boolean {
  return format === 'yaml' && text[start] === '-';
}

/** A JSON file written without any space gets none from us either. */
function commaOf({ format, text }: ConfigDocument): string {
  return format === 'json' && /^\{"[^"]*":\S/.test(text) ? ',' : ', ';
}

/** A whole `args` directly after the command, from where unwrapping takes it away again. */
function newArgs(
  document: ConfigDocument,
  { table, command }: { table: TableNode; command: Member },
  items: readonly string[],
  name: string,
): Splice {
  const { text, format, eol } = document;
  const at = command.value.end;
  const blank = /[ \t\r\n]*$/.exec(text.slice(0, command.keySpan.start))?.[0] ?? '';
  const indent = /\n([ \t]*)$/.exec(blank)?.[1];
  const comma = commaOf(document);
  const list = `[${items.join(comma)}]`;
  if (format === 'toml') {
    const key = `${command.prefix}${name} = ${list}`;
    // Tables in braces keep to one line; of all others each key has its own.
    return { start: at, end: at, text: table.start >= 0 ? `, ${key}` : `${eol}${indent ?? ''}${key}` };
  }
  if (format === 'yaml') {
    const key = `${name}: ${list}`;
    return {
      start: at,
      end: at,
      text: text[table.start] === '{' ? `, ${key}` : `${eol}${indent ?? ''}${key}`,
    };
  }
  const colon = /^\s*:[ \t]*$/.exec(text.slice(command.keySpan.end, command.value.start))?.[0] ?? ': ';
  const gap = indent === undefined ? comma : `,${eol}${indent}`;
  return { start: at, end: at, text: `${gap}${quote(name)}${colon}${list}` };
}

/** The chosen entries as they are found afterwards, if they and they alone changed as meant. */
function confirmed(edited: Edited, shape: Shape, expected: readonly Expected[]): Entry[] {
  const found = verify(edited.document, edited.splices, edited.after, shape, expected);
  if (found === undefined)
    throw conflict(edited.document, 'the change would touch more than the chosen entries');
  return found;
}
