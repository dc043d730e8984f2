import { printable } from '../../text/escape.js';
import type { Splice } from '../text/nodes.js';
import { maskDocument } from './masking.js';
import type { Edited } from './rewrite-entry.js';

/** Lines shown around a change. */
const CONTEXT = 3;
/** A longer line is cut to the part that changes: a file without line ends is one line of megabytes. Characters. */
const LONGEST = 2000;
/** What is shown of such a line, in characters, and how much of it stands before what changes. */
const PART = 240;
const LEAD = 40;

interface Hunk {
  /** First line, from 0, and the line after the last. */
  readonly oldFrom: number;
  readonly oldTo: number;
  readonly newFrom: number;
  readonly newTo: number;
}

/**
 * A unified diff of a change, with secrets masked and control characters escaped; '' when nothing changes. It is
 * made from the changes themselves, so its cost does not grow with the rest of the file's differences.
 */
export function renderDiff({ document, splices, after }: Edited): string {
  const before = lines(maskDocument(document));
  const now = lines(maskDocument(after));
  const hunks = merge(joined(hunksOf(document.text, splices)).map((hunk) => trim(hunk, before, now)));
  if (hunks.length === 0) return '';
  const out = [`--- ${printable(document.file)}`, `+++ ${printable(document.file)}`];
  for (const group of hunks) {
    const [first] = group;
    const last = group.at(-1);
    if (first === undefined || last === undefined) continue;
    const lead = Math.min(CONTEXT, first.oldFrom);
    const tail = Math.min(CONTEXT, before.length - last.oldTo);
    const start = first.oldFrom - lead;
    const oldCount = last.oldTo + tail - start;
    const newStart = first.newFrom - lead;
    out.push(`@@ -${start + 1},${oldCount} +${newStart + 1},${last.newTo + tail - newStart} @@`);
    let at = start;
    for (const { oldFrom, oldTo, newFrom, newTo } of group) {
      out.push(...before.slice(at, oldFrom).map((line) => ` ${cut(line)}`));
      const removed = before.slice(oldFrom, oldTo);
      const added = now.slice(newFrom, newTo);
      out.push(...removed.map((line, i) => `-${cut(line, added[i])}`));
      out.push(...added.map((line, i) => `+${cut(line, removed[i])}`));
      at = oldTo;
    }
    out.push(...before.slice(at, at + tail).map((line) => ` ${cut(line)}`));
  }
  return `${out.join('\n')}\n`;
}

function lines(text: string): string[] {
  const all = text.split('\n').map((line) => line.replace(/\r$/, ''));
  if (all.at(-1) === '') all.pop();
  return all;
}

function hunksOf(text: string, splices: readonly Splice[]): Hunk[] {
  let shift = 0;
  let line = 0;
  let at = 0;
  const count = (from: number, to: number): number => text.slice(from, to).split('\n').length - 1;
  return splices.map(({ start, end, text: inserted }) => {
    line += count(at, start);
    const oldFrom = line;
    const oldTo = line + count(start, end) + 1;
    const grown = inserted.split('\n').length - 1 - count(start, end);
    const hunk = { oldFrom, oldTo, newFrom: oldFrom + shift, newTo: oldTo + shift + grown };
    shift += grown;
    line = oldTo - 1;
    at = end;
    return hunk;
  });
}

/** Changes that share a line are one: what is the same at their ends can only be told of the whole. */
function joined(hunks: readonly Hunk[]): Hunk[] {
  const apart: Hunk[] = [];
  for (const hunk of hunks) {
    const last = apart.at(-1);
    if (last === undefined || hunk.oldFrom >= last.oldTo) apart.push(hunk);
    else apart[apart.length - 1] = { ...last, oldTo: hunk.oldTo, newTo: hunk.newTo };
  }
  return apart;
}

/** Leaves out the lines at both ends that are the same. */
function trim(hunk: Hunk, before: readonly string[], now: readonly string[]): Hunk {
  let { oldFrom, oldTo, newFrom, newTo } = hunk;
  oldTo = Math.min(oldTo, before.length);
  newTo = Math.min(newTo, now.length);
  while (oldFrom < oldTo && newFrom < newTo && before[oldFrom] === now[newFrom]) {
    oldFrom += 1;
    newFrom += 1;
  }
  while (oldFrom < oldTo && newFrom < newTo && before[oldTo - 1] === now[newTo - 1]) {
    oldTo -= 1;
    newTo -= 1;
  }
  return { oldFrom, oldTo, newFrom, newTo };
}

/** Changes whose context would touch are shown together. */
function merge(hunks: readonly Hunk[]): Hunk[][] {
  const groups: Hunk[][] = [];
  for (const hunk of hunks) {
    if (hunk.oldFrom === hunk.oldTo && hunk.newFrom === hunk.newTo) continue;
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group === undefined || last === undefined || hunk.oldFrom > last.oldTo + 2 * CONTEXT) {
      groups.push([hunk]);
    } else {
      group.push(hunk);
    }
  }
  return groups;
}

/** A line fit for a terminal: its tabs stay, a long one is cut around what differs from its counterpart. */
function cut(line: string, counterpart = ''): string {
  const shown = (text: string): string =>
    text
      .split('\t')
      .map((text) => printable(text))
      .join('\t');
  if (line.length <= LONGEST) return shown(line);
  let same = 0;
  while (same < line.length && line[same] === counterpart[same]) same += 1;
  const from = counterpart === '' ? 0 : Math.max(0, same - LEAD);
  const to = Math.max(
    from + PART,
    counterpart === '' ? 0 : Math.min(changedTo(line, counterpart, same), from + LONGEST),
  );
  return `${from > 0 ? '…' : ''}${shown(line.slice(from, to))}${to < line.length ? '…' : ''}`;
}

/** @returns where the part of a line ends that its counterpart does not have; both are the same up to `from` */
function changedTo(line: string, counterpart: string, from: number): number {
  const most = Math.min(line.length, counterpart.length) - from;
  let same = 0;
  while (same < most && line[line.length - 1 - same] === counterpart[counterpart.length - 1 - same])
    same += 1;
  return line.length - same;
}
