import { parseDoubles, parseJson } from './exact.js';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  endOfString,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './tokens.js';
import { countKeys, type Json } from './value.js';

/** No policy nests deeper; the parser behind `SourceTree` is recursive and would overflow. */
export const MAX_DEPTH = 100;

/** Characters; a policy of 10,000 tools has two million. */
export const MAX_LENGTH = 4 * 1024 * 1024;

/** The same value twice: numbers that a double does not hold exactly as Decimals, and as what a double makes of them. */
export interface ReadJsonc {
  readonly exact: Json;
  readonly doubles: unknown;
}

/**
 * Reads JSON with comments and trailing commas by blanking those and leaving the rest to `JSON.parse`, which is far
 * quicker than any reader that knows them.
 *
 * @returns undefined where it is not sure, without saying why: text that is no JSON, that nests too deeply or is too
 *   long, a key that stands twice, a number that is out of range
 */
export function readJsonc(text: string): ReadJsonc | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const bare = bareJson(text);
  if (!bare) return undefined;
  try {
    const exact = parseJson(bare.text);
    const doubles = parseDoubles(bare.text);
    return countKeys(doubles) === bare.keys ? { exact, doubles } : undefined;
  } catch {
    return undefined;
  }
}

const SLASH = 0x2f;
const STAR = 0x2a;
const SPACE = 0x20;

/** @returns the text without comments and trailing commas, and the keys that stand in it */
function bareJson(text: string): { readonly text: string; readonly keys: number } | undefined {
  /** What is left out: from, to. */
  const gaps: [number, number][] = [];
  let keys = 0;
  let depth = 0;
  // The last character that means something, the one before it where that is a comma, and where the comma stands.
  let last = COMMA;
  let beforeComma = COMMA;
  let comma = -1;
  for (let i = 0; i < text.length; ) {
    const c = text.charCodeAt(i);
    if (c <= SPACE) {
      i++;
      continue;
    }
    if (c === SLASH) {
      const end = endOfComment(text, i);
      if (end === -1) return undefined;
      gaps.push([i, end]);
      i = end;
      continue;
    }
    if (c === QUOTE) i = endOfString(text, i);
    else {
      if (c === COLON) keys++;
      else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
        if (++depth > MAX_DEPTH) return undefined;
      } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
        depth--;
        // One comma behind a value, and none where a value is missing.
        if (last === COMMA && !STARTS.has(beforeComma)) gaps.push([comma, comma + 1]);
      } else if (c === COMMA) {
        beforeComma = last;
        comma = i;
      }
      i++;
    }
    last = c;
  }
  return { text: gaps.length === 0 ? text : without(text, gaps), keys };
}

/** Behind these comes a value or a name. */
const STARTS: ReadonlySet<number> = new Set([OPEN_BRACE, OPEN_BRACKET, COLON, COMMA]);

/** @returns the offset behind the comment that begins at `from`; -1 where none does, or where it does not end */
function endOfComment(text: string, from: number): number {
  const kind = text.charCodeAt(from + 1);
  if (kind === SLASH) {
    let end = from + 2;
    while (end < text.length && !/[\n\r]/.test(text.charAt(end))) end++;
    return end;
  }
  const close = kind === STAR ? text.indexOf('*/', from + 2) : -1;
  return close === -1 ? -1 : close + 2;
}

/** A blank takes the place of each gap: what it kept apart stays apart. */
function without(text: string, gaps: [number, number][]): string {
  let rest = '';
  let at = 0;
  for (const [from, to] of gaps.sort((a, b) => a[0] - b[0])) {
    rest += `${text.slice(at, from)} `;
    at = to;
  }
  return rest + text.slice(at);
}
