import { isUtf8 } from 'node:buffer';
import { parseDoubles } from './exact.js';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  closingQuote,
  isNumberPart,
  isNumberStart,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './tokens.js';
import { countKeys } from './value.js';

/** Containers inside containers; deeper input is refused before any recursive code sees it. */
export const MAX_DEPTH = 128;
/** Digits, sign, point and exponent of one number. Longer ones cost more to read than any number is worth. */
const MAX_NUMBER_LENGTH = 1000;

/** A line read so strictly that no two JSON parsers could read it differently, or why it was refused. */
export type Scanned =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** The text, when some number in it has more digits than a double keeps: read it exactly before comparing. */
      readonly exactText: string | undefined;
    }
  | { readonly ok: false; readonly code: -32700 | -32600; readonly reason: string };

/**
 * Reads one line of UTF-8 JSON, refusing what parsers disagree on: invalid UTF-8, a byte order mark, duplicate keys at
 * any depth in any spelling, numbers that are not finite, too much depth, trailing data.
 *
 * One pass over the structure (strings are skipped natively) counts keys and looks at numbers, then `parseDoubles`
 * checks the grammar. Duplicates show as fewer keys in the value than in the text, so that `"n\u0061me"` next to
 * `"name"` needs no unescaping of ours.
 *
 * @param line the bytes, with or without line end
 * @param maxDepth containers inside containers
 */
export function scan(line: Buffer, maxDepth = MAX_DEPTH): Scanned {
  if (!isUtf8(line))
    return { ok: false, code: -32700, reason: `invalid UTF-8 at byte ${invalidUtf8At(line)}` };
  return scanText(line.toString('utf8'), maxDepth);
}

function scanText(text: string, maxDepth: number): Scanned {
  if (text.charCodeAt(0) === 0xfeff) return { ok: false, code: -32700, reason: 'byte order mark at byte 0' };

  let keys = 0;
  let depth = 0;
  let exactNumbers = false;
  const length = text.length;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = closingQuote(text, i + 1);
      if (i === -1) return { ok: false, code: -32700, reason: 'unterminated string' };
    } else if (c === COLON) {
      keys++;
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (++depth > maxDepth) {
        return {
          ok: false,
          code: -32600,
          reason: `nested deeper than ${maxDepth} levels at character ${i}`,
        };
      }
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      depth--;
    } else if (isNumberStart(c)) {
      const start = i;
      let exponent = false;
      for (let next = text.charCodeAt(i + 1); isNumberPart(next); next = text.charCodeAt(i + 1)) {
        exponent ||= next === 0x65 || next === 0x45; // e, E
        i++;
      }
      if (exponent || i - start >= 15) {
        if (!isBoundedNumber(text.slice(start, i + 1))) {
          return { ok: false, code: -32600, reason: `number out of range at character ${start}` };
        }
        exactNumbers = true;
      }
    }
  }

  let value: unknown;
  try {
    value = parseDoubles(text);
  } catch (error) {
    return { ok: false, code: -32700, reason: `not JSON: ${syntaxReason(error)}` };
  }
  if (countKeys(value) !== keys) {
    return { ok: false, code: -32600, reason: `duplicate key ${duplicateKey(text)}` };
  }
  return { ok: true, value, exactText: exactNumbers ? text : undefined };
}

/** Whether containers nest deeper than `limit`, or might in text that is no JSON. */
export function isDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = closingQuote(text, i + 1);
      if (i === -1) return false;
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (++depth > limit) return true;
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--;
  }
  return false;
}

function isBoundedNumber(literal: string): boolean {
  if (literal.length > MAX_NUMBER_LENGTH || /[eE][+-]?\d{5,}/.test(literal)) return false;
  // Not a number at all is left to JSON.parse, which names the place.
  return Math.abs(Number(literal)) !== Number.POSITIVE_INFINITY;
}

/** @param text known to be JSON @returns the first key that stands twice in one object: `"amount" at params.arguments` */
function duplicateKey(text: string): string {
  const open: { keys: Set<string> | undefined; label: string }[] = [];
  let label = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === OPEN_BRACE) open.push({ keys: new Set(), label });
    else if (c === OPEN_BRACKET) open.push({ keys: undefined, label });
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) open.pop();
    else if (c === QUOTE) {
      const end = closingQuote(text, i + 1);
      let next = end + 1;
      while (text.charCodeAt(next) <= 0x20) next++;
      const object = open.at(-1);
      if (text.charCodeAt(next) === COLON && object?.keys) {
        const key = JSON.parse(text.slice(i, end + 1)) as string;
        if (object.keys.has(key)) {
          const place = open.slice(1).map((container) => container.label);
          return `${JSON.stringify(key.slice(0, 80))} at ${place.length === 0 ? 'the top level' : place.join('.')}`;
        }
        object.keys.add(key);
        label = key.slice(0, 80);
      }
      i = end;
    }
  }
  return '(place unknown)';
}

/** V8's own words without the quoted input, which may be hostile or huge. */
function syntaxReason(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return /at position \d+/.exec(message)?.[0] ?? 'it ends too early or is malformed';
}

/** @returns the offset of the first character that does not come back when the text is written again */
function invalidUtf8At(bytes: Buffer): number {
  const again = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (bytes[at] === again[at]) at++;
  // What stands there is written as U+FFFD, whose first bytes it may share.
  while (((again[at] ?? 0) & 0xc0) === 0x80) at--;
  return at;
}
