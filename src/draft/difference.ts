import { structuredPatch } from 'diff';

/** Lines that differ between two texts, with those around them; each begins with a blank, `+` or `-`. */
export interface Hunk {
  readonly oldStart: number;
  readonly newStart: number;
  readonly lines: readonly string[];
}

const CONTEXT = 3;
/**
 * Lines that may go and come before it is given up to find out which of them correspond: the work grows with their
 * square, and two texts of a megabyte without a line in common would take minutes, in which nothing else is answered.
 */
const MOST_EDITS = 3000;

/** What differs between two texts, line by line. Texts with very much that differs are shown as one that was replaced. */
export function differenceOf(before: string, after: string): readonly Hunk[] {
  const found = structuredPatch('', '', before, after, undefined, undefined, {
    context: CONTEXT,
    maxEditLength: MOST_EDITS,
  });
  if (found) return found.hunks.map(({ oldStart, newStart, lines }) => ({ oldStart, newStart, lines }));
  const [gone, come] = [before, after].map((text) => text.split('\n')) as [string[], string[]];
  let start = 0;
  while (start < gone.length && gone[start] === come[start]) start += 1;
  let end = 0;
  const most = Math.min(gone.length, come.length) - start;
  while (end < most && gone[gone.length - 1 - end] === come[come.length - 1 - end]) end += 1;
  const from = Math.max(0, start - CONTEXT);
  const to = gone.length - end;
  const lines = [
    ...gone.slice(from, start).map((line) => ` ${line}`),
    ...gone.slice(start, to).map((line) => `-${line}`),
    ...come.slice(start, come.length - end).map((line) => `+${line}`),
    ...gone.slice(to, to + CONTEXT).map((line) => ` ${line}`),
  ];
  return [{ oldStart: from + 1, newStart: from + 1, lines }];
}
