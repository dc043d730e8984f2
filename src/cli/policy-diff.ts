import { structuredPatch } from 'diff';
import { printable } from '../text/escape.js';
import { paint } from './table.js';
import type { Output } from './terminal.js';

/** A unified diff of a policy's text, with three lines around each change; '' where nothing changes. */
export function policyDiff(file: string, before: string, after: string, out: Output): string {
  const { hunks } = structuredPatch(file, file, before, after, undefined, undefined, { context: 3 });
  const lines = hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    paint(out, 'dim', `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`),
    ...lines.map((line) => {
      const shown = shownLine(line.replace(/\r$/, ''));
      return line.startsWith('+')
        ? paint(out, 'green', shown)
        : line.startsWith('-')
          ? paint(out, 'red', shown)
          : shown;
    }),
  ]);
  return lines.length === 0 ? '' : `${[printable(file), ...lines].join('\n')}\n`;
}

/** A line of a policy, safe to show; its tabs stay. */
export function shownLine(line: string): string {
  return line
    .split('\t')
    .map((part) => printable(part))
    .join('\t');
}
