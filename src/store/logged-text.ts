/** Longest text of a column in bytes; the client chooses most of them. */
export const CAPS = { tool: 512, rule: 2048, arguments: 65_536, names: 4096, name: 256, request: 256 };

/** Arguments as a row may hold them: the names where the values are too long, and the first names where those are. */
export function argumentsOf(text: string): string {
  const isList = text.startsWith('[');
  if (isWithin(text, isList ? CAPS.names : CAPS.arguments)) return text;
  let names: unknown;
  try {
    const value: unknown = JSON.parse(text);
    names = isList ? value : Object.keys(value as object).sort();
  } catch {
    return cut(text, CAPS.arguments);
  }
  const kept: string[] = [];
  let room = CAPS.names - 16;
  for (const name of Array.isArray(names) ? names : []) {
    const shown = cut(String(name), CAPS.name);
    room -= Buffer.byteLength(JSON.stringify(shown)) + 1;
    if (room < 0) {
      kept.push('…');
      break;
    }
    kept.push(shown);
  }
  return JSON.stringify(kept);
}

export function cutOrNull(value: string | undefined, cap: number): string | null {
  return value === undefined ? null : cut(value, cap);
}

/** @param cap bytes of UTF-8 */
export function cut(value: string, cap: number): string {
  if (isWithin(value, cap)) return value;
  // A character that is cut in the middle is dropped.
  return `${Buffer.from(value.slice(0, cap))
    .toString('utf8', 0, cap)
    .replace(/\ufffd+$/, '')}…`;
}

/** A character takes three bytes at most. */
function isWithin(value: string, cap: number): boolean {
  return value.length * 3 <= cap || Buffer.byteLength(value) <= cap;
}
