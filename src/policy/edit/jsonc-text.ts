import { applyEdits, type Node, parseTree } from 'jsonc-parser';
import { Decimal } from '../../json/decimal.js';

/** Where something stands in a document: names of members, places in lists. */
export type EditPath = readonly (string | number)[];

/** A line of JSON up to this length stays one; in characters. */
const LONGEST_LINE = 80;

/**
 * Sets a member of an object, or an element behind the last one of a list, and leaves every other character as it is:
 * comments, order, the style of the file. Objects on the way that are missing are made.
 *
 * @param text sound JSON with comments and trailing commas
 * @param path of the member; for a list its length stands for a new element
 * @param value as JSON; a Decimal is a number
 */
export function setIn(text: string, path: EditPath, value: unknown): string {
  const root = treeOf(text);
  for (let length = path.length; length >= 1; length -= 1) {
    const found = nodeAt(root, path.slice(0, length));
    if (length === path.length && found) return replaced(text, found, value);
    const holder = nodeAt(root, path.slice(0, length - 1));
    if (!holder) continue;
    const key = path[length - 1];
    const inner = path
      .slice(length)
      .reduceRight<unknown>(
        (nested, name) => (typeof name === 'number' ? [nested] : { [name]: nested }),
        value,
      );
    return added(text, holder, typeof key === 'string' ? key : undefined, inner);
  }
  return text;
}

/**
 * Takes a member out of an object, or an element out of a list. Comments stay, also on its line: a person wrote them.
 *
 * @returns the text as it was where there is no such member
 */
export function removeIn(text: string, path: EditPath): string {
  const root = treeOf(text);
  const found = nodeAt(root, path);
  if (!found) return text;
  const item = itemOf(found);
  const items = item.parent?.children ?? [];
  const at = items.indexOf(item);
  const [before, after] = [items[at - 1], items[at + 1]];
  const end = item.offset + item.length;
  const comma = commaBehind(text, end);
  const kept = commentsBetween(text, item, found);
  const behind = comma !== undefined && text.slice(end, comma).trim() === '' ? comma + 1 : end;
  const line =
    kept === '' && (comma === undefined || behind > end) ? lineOf(text, item.offset, behind) : undefined;
  const edits = line ? [line] : [cut(text, item.offset, end, kept)];
  // The comma behind it goes along; behind the last one there is none to take, so the one before goes.
  if (comma !== undefined) {
    if (!line) edits.push({ offset: comma, length: 1, content: '' });
  } else if (before && !after) {
    const last = commaBehind(text, before.offset + before.length);
    if (last !== undefined) edits.push({ offset: last, length: 1, content: '' });
  }
  return applyEdits(text, edits);
}

/** @returns what stands at a path, as the text spells it with its comments; undefined where there is nothing */
export function textAt(text: string, path: EditPath): string | undefined {
  const found = nodeAt(treeOf(text), path);
  return found && text.slice(found.offset, found.offset + found.length);
}

/** @returns where the member stands whose value is at a path, in characters from the start; undefined where none is */
export function offsetOf(text: string, path: EditPath): number | undefined {
  const found = nodeAt(treeOf(text), path);
  return found && itemOf(found).offset;
}

function treeOf(text: string): Node | undefined {
  // A byte order mark is blanked, so that offsets stay those of the file.
  return parseTree(text.replace(/^\uFEFF/, ' '), [], { allowTrailingComma: true });
}

function nodeAt(root: Node | undefined, path: EditPath): Node | undefined {
  let node = root;
  for (const step of path) {
    node =
      typeof step === 'number'
        ? node?.type === 'array'
          ? node.children?.[step]
          : undefined
        : node?.type === 'object'
          ? node.children?.find(({ children }) => children?.[0]?.value === step)?.children?.[1]
          : undefined;
  }
  return node;
}

/** The whole member that a value stands in; an element of a list is that itself. */
function itemOf(value: Node): Node {
  return value.parent?.type === 'property' ? value.parent : value;
}

function replaced(text: string, node: Node, value: unknown): string {
  const indent = indentAt(text, itemOf(node).offset);
  const content = written(value, indent, text);
  return applyEdits(text, [{ offset: node.offset, length: node.length, content }]);
}

function added(text: string, holder: Node, key: string | undefined, value: unknown): string {
  const items = holder.children ?? [];
  const last = items.at(-1);
  const name = key === undefined ? '' : `${JSON.stringify(key)}: `;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const outer = indentAt(text, holder.offset);
  if (last === undefined) {
    const inside = text.slice(holder.offset + 1, holder.offset + holder.length - 1);
    const short = inOneLine(value);
    if (inside === '' && holder.parent && outer.length + name.length + short.length <= LONGEST_LINE - 10) {
      const isList = holder.type === 'array';
      const content = isList ? short : ` ${name}${short} `;
      return applyEdits(text, [{ offset: holder.offset + 1, length: 0, content }]);
    }
    const indent = outer + unitOf(text);
    const content = `${eol}${indent}${name}${written(value, indent, text)}`;
    const hasLine = inside.includes('\n');
    // Behind what comments there are.
    const offset = holder.offset + 1 + inside.trimEnd().length;
    return applyEdits(text, [{ offset, length: 0, content: hasLine ? content : `${content}${eol}${outer}` }]);
  }
  const end = last.offset + last.length;
  const comma = commaBehind(text, end);
  const isOnOwnLine = /\n[ \t]*$/.test(text.slice(holder.offset, last.offset));
  if (!isOnOwnLine) {
    const content = `${comma === undefined ? ', ' : ' '}${name}${written(value, outer, text, true)}`;
    return applyEdits(text, [{ offset: comma === undefined ? end : comma + 1, length: 0, content }]);
  }
  const indent = indentAt(text, last.offset);
  const line = `${eol}${indent}${name}${written(value, indent, text)}`;
  const offset = endOfItemLine(text, comma === undefined ? end : comma + 1);
  return applyEdits(
    text,
    comma === undefined
      ? [
          { offset: end, length: 0, content: ',' },
          { offset, length: 0, content: line },
        ].sort((a, b) => a.offset - b.offset)
      : [{ offset, length: 0, content: `${line},` }],
  );
}

/** JSON in the style of the file: in one line where it fits, else a member a line. */
function written(value: unknown, indent: string, text: string, inLine = false): string {
  const short = inOneLine(value);
  if (inLine || value instanceof Decimal || indent.length + short.length <= LONGEST_LINE) return short;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const inner = indent + unitOf(text);
  const items = Array.isArray(value)
    ? value.map((item) => written(item, inner, text))
    : Object.entries(value as object).map(
        ([key, member]) => `${JSON.stringify(key)}: ${written(member, inner, text)}`,
      );
  if (items.length === 0 || typeof value !== 'object') return short;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}${eol}${inner}${items.join(`,${eol}${inner}`)}${eol}${indent}${close}`;
}

function inOneLine(value: unknown): string {
  // With every digit.
  if (value instanceof Decimal) return value.toString();
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}: ${inOneLine(member)}`,
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** The blanks with which the line of an offset begins. */
function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
}

/** What one level is indented by. */
function unitOf(text: string): string {
  return /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
}

/** @returns the offset of the comma that follows, behind blanks and comments; undefined where none does */
function commaBehind(text: string, from: number): number | undefined {
  const at = behindTrivia(text, from);
  return text[at] === ',' ? at : undefined;
}

function behindTrivia(text: string, from: number): number {
  for (let at = from; ; ) {
    if (/\s/.test(text.charAt(at))) at += 1;
    else if (text.startsWith('//', at)) at = lineEnd(text, at);
    else if (text.startsWith('/*', at)) at = text.indexOf('*/', at) + 2;
    else return at;
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : text[end - 1] === '\r' ? end - 1 : end;
}

/** The end of a line that holds no more than comments, which belong to what stands before them; else `from` itself. */
function endOfItemLine(text: string, from: number): number {
  const end = lineEnd(text, from);
  return /^[ \t]*(?:\/\*(?:(?!\*\/).)*\*\/[ \t]*)*(?:\/\/.*)?$/.test(text.slice(from, end)) ? end : from;
}

/** A removal with the blanks before it. */
function cut(text: string, start: number, end: number, kept: string) {
  const from = text.slice(0, start).replace(/[ \t]+$/, '').length;
  return { offset: from, length: end - from, content: kept };
}

/** The comments between a member's name and its value. */
function commentsBetween(text: string, item: Node, value: Node): string {
  const name = item.children?.[0];
  if (name === undefined || item === value) return '';
  const between = text.slice(name.offset + name.length, value.offset);
  return (between.match(/\/\*.*?\*\/|\/\/[^\n]*\n/gs) ?? []).map((comment) => ` ${comment}`).join('');
}

/** The whole line, where nothing else stands on it. */
function lineOf(text: string, start: number, end: number) {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const to = text.indexOf('\n', end);
  const isAlone = from > 0 && to >= 0 && (text.slice(from, start) + text.slice(end, to)).trim() === '';
  return isAlone ? { offset: from, length: to + 1 - from, content: '' } : undefined;
}
