import { printable } from './printable.js';
import type { PinEntry } from './state/store.js';

/**
 * What has changed in a tool's definition since it was first seen, part by part, for a person to read.
 *
 * @param cap lines shown at most
 * @returns lines that are safe to show; the first names the tool
 */
export function changeOf(
  { tool, definition, changed, seenAt }: PinEntry,
  cap = Number.POSITIVE_INFINITY,
): string {
  const before = JSON.parse(definition) as Record<string, unknown>;
  const after = JSON.parse(changed?.definition ?? definition) as Record<string, unknown>;
  const parts = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const lines = parts.flatMap((part) => {
    const [old, now] = [linesOf(before[part]), linesOf(after[part])];
    if (old.join('\n') === now.join('\n')) return [];
    const gone = old.filter((line) => !now.includes(line)).map((line) => `    - ${line}`);
    const come = now.filter((line) => !old.includes(line)).map((line) => `    + ${line}`);
    return [`  ${part}`, ...gone, ...come];
  });
  const head = `${printable(tool)} (first seen ${new Date(seenAt).toISOString()})`;
  const shown = lines.slice(0, cap).map((line) => printable(line));
  const rest = lines.length - shown.length;
  return [head, ...shown, ...(rest > 0 ? [`    (${rest} more lines)`] : [])].join('\n');
}

function linesOf(value: unknown): string[] {
  if (value === undefined) return [];
  return (typeof value === 'string' ? value : JSON.stringify(value, null, 2)).split('\n');
}
