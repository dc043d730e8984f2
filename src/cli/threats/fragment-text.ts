import { printableJson } from '../../text/escape.js';

/**
 * Members of an object of a policy's file, each with a comma behind it, to be pasted anywhere among others.
 *
 * @param part what a JSON text can say
 */
export function fragmentText(part: object, indent = '  '): string {
  return Object.entries(part)
    .map(([key, value]) => `${indent}${printableJson(key)}: ${written(value, indent, key.length + 4)},\n`)
    .join('');
}

const LONGEST_LINE = 96;

function written(value: unknown, indent: string, before: number): string {
  const short = inOneLine(value);
  if (indent.length + before + short.length < LONGEST_LINE || typeof value !== 'object' || value === null)
    return short;
  const inner = `${indent}  `;
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object'))
    return `[\n${filled(value.map(inOneLine), inner)}${indent}]`;
  const items = Array.isArray(value)
    ? value.map((each) => written(each, inner, 1))
    : Object.entries(value).map(
        ([key, member]) => `${printableJson(key)}: ${written(member, inner, key.length + 5)}`,
      );
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${items.map((item) => `${inner}${item},\n`).join('')}${indent}${close}`;
}

/** Several to a line. */
function filled(items: readonly string[], indent: string): string {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length + 2 < LONGEST_LINE)
      lines[lines.length - 1] = `${last} ${item},`;
    else lines.push(`${indent}${item},`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function inOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return printableJson(value);
  const members = Object.entries(value).map(([key, member]) => `${printableJson(key)}: ${inOneLine(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
