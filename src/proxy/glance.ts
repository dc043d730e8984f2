import {
  afterNumber,
  afterText,
  afterWord,
  BLANK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  MINUS,
  NEWLINE,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  PLAIN,
  QUOTE,
  ZERO,
} from './json-bytes.js';
import type { Line } from './lines.js';
import { type Id, isId } from './message.js';
import { OUTLINED_FROM } from './outline.js';
import { type Workspace, workspaceFor } from './workspace.js';

/** An answer, as far as most of them need to be understood. */
export interface Glance {
  readonly id: Id;
  readonly outcome: 'ok' | 'tool_error' | 'error';
}

/** Deeper answers are read in full. One bit each says whether a container is an array. */
const DEEPEST = 30;
/** Integers of so many digits are exact. */
const ID_DIGITS = 15;

const JSONRPC = Buffer.from('"jsonrpc"');
const VERSION = Buffer.from('"2.0"');
const ID = Buffer.from('"id"');
const RESULT = Buffer.from('"result"');
const ERROR = Buffer.from('"error"');
const METHOD = Buffer.from('"method"');
const IS_ERROR = Buffer.from('"isError"');
const TRUE = Buffer.from('true');

/**
 * Reads an answer in one pass over its bytes, of which nothing is made: all of its grammar is checked, as `JSON.parse`
 * would, at a third of the cost. It never guesses: what is odd in any way (a key with an escape, a member twice, an id
 * that is neither a plain text nor a plain integer, great depth) has to be read in full.
 *
 * @returns undefined for all that has to be read in full, whether or not it is an answer
 */
export function glance(line: Line): Glance | undefined {
  if (line.size >= OUTLINED_FROM) {
    const { bytes, plainEnd } = workspaceFor(line);
    return answerIn(bytes, 0, line.size, plainEnd);
  }
  return line.earlier.length > 0 ? undefined : answerIn(line.chunk, line.start, line.end, undefined);
}

type PlainEnd = Workspace['plainEnd'] | undefined;

function answerIn(b: Buffer, start: number, end: number, plainEnd: PlainEnd): Glance | undefined {
  if (b[start] !== OPEN_BRACE) return undefined;
  let hasVersion = false;
  let id: Id | undefined;
  let outcome: Glance['outcome'] | undefined;
  let i = start;
  do {
    const key = afterBlanks(b, i + 1);
    const value = afterKey(b, key);
    if (value === -1) return undefined;
    if (isAt(b, key, RESULT)) {
      const result = resultAt(b, value, plainEnd);
      if (!result || outcome !== undefined) return undefined;
      outcome = result.isError ? 'tool_error' : 'ok';
      i = result.end;
    } else {
      i = afterValue(b, value, plainEnd);
      if (i === -1) return undefined;
      if (isAt(b, key, ID)) {
        if (id !== undefined) return undefined;
        id = idAt(b, value, i);
        if (id === undefined) return undefined;
      } else if (isAt(b, key, JSONRPC)) {
        if (hasVersion || !isAt(b, value, VERSION)) return undefined;
        hasVersion = true;
      } else if (isAt(b, key, ERROR)) {
        if (outcome !== undefined) return undefined;
        outcome = 'error';
      } else if (isAt(b, key, METHOD)) return undefined;
    }
    i = afterBlanks(b, i);
  } while (b[i] === COMMA);
  const isWhole = b[i] === CLOSE_BRACE && afterBlanks(b, i + 1) === end - 1;
  return isWhole && hasVersion && id !== undefined && outcome !== undefined ? { id, outcome } : undefined;
}

/** Reads a result of any kind. @returns undefined for one that has to be read in full */
function resultAt(
  b: Buffer,
  from: number,
  plainEnd: PlainEnd,
): { readonly end: number; readonly isError: boolean } | undefined {
  let isError: boolean | undefined;
  let i = from;
  if (b[from] !== OPEN_BRACE || b[afterBlanks(b, from + 1)] === CLOSE_BRACE)
    i = afterValue(b, from, plainEnd);
  else {
    do {
      const key = afterBlanks(b, i + 1);
      const value = afterKey(b, key);
      i = value === -1 ? -1 : afterValue(b, value, plainEnd);
      if (i === -1) return undefined;
      if (isAt(b, key, IS_ERROR)) {
        if (isError !== undefined) return undefined;
        isError = isAt(b, value, TRUE);
      }
      i = afterBlanks(b, i);
    } while (b[i] === COMMA);
    i = b[i] === CLOSE_BRACE ? i + 1 : -1;
  }
  return i === -1 ? undefined : { end: i, isError: isError === true };
}

/** @returns a text without escapes, or an integer; undefined for any other id */
function idAt(b: Buffer, from: number, end: number): Id | undefined {
  if (b[from] === QUOTE) {
    const text = b.toString('utf8', from + 1, end - 1);
    return isId(text) && !text.includes('\\') ? text : undefined;
  }
  if (end - from > ID_DIGITS) return undefined;
  let id = 0;
  for (let i = from; i < end; i++) {
    const c = b[i] as number;
    if (c < ZERO || c > NINE) return undefined;
    id = id * 10 + c - ZERO;
  }
  return id;
}

/** The line's end is none: what follows it in the chunk is another line. */
function afterBlanks(b: Buffer, from: number): number {
  let i = from;
  while (BLANK[b[i] as number] === 1 && b[i] !== NEWLINE) i++;
  return i;
}

/** @returns where the value of the member begins whose key is at `from`; -1 where there is none, or one with an escape */
function afterKey(b: Buffer, from: number): number {
  if (b[from] !== QUOTE) return -1;
  let i = from + 1;
  while (PLAIN[b[i] as number] === 1) i++;
  if (b[i] !== QUOTE) return -1;
  i = afterBlanks(b, i + 1);
  return b[i] === COLON ? afterBlanks(b, i + 1) : -1;
}

/** @returns the offset behind the value at `from`, or -1. Has no recursion, so that no depth overflows it. */
function afterValue(b: Buffer, from: number, plainEnd: PlainEnd): number {
  let i = from;
  let depth = 0;
  let arrays = 0;
  for (;;) {
    const c = b[i] as number;
    if (c === QUOTE) {
      i = afterText(b, i + 1, plainEnd);
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      const isArray = c === OPEN_BRACKET;
      i = afterBlanks(b, i + 1);
      if (b[i] === (isArray ? CLOSE_BRACKET : CLOSE_BRACE)) i++;
      else {
        if (++depth > DEEPEST) return -1;
        arrays = (arrays << 1) | (isArray ? 1 : 0);
        if (!isArray) i = afterKey(b, i);
        if (i === -1) return -1;
        continue;
      }
    } else if (c === MINUS || (c >= ZERO && c <= NINE)) i = afterNumber(b, i, false);
    else i = afterWord(b, i, c);
    if (i === -1) return -1;

    while (depth > 0) {
      i = afterBlanks(b, i);
      const isArray = (arrays & 1) === 1;
      if (b[i] === COMMA) {
        i = afterBlanks(b, i + 1);
        if (!isArray) i = afterKey(b, i);
        if (i === -1) return -1;
        break;
      }
      if (b[i] !== (isArray ? CLOSE_BRACKET : CLOSE_BRACE)) return -1;
      i++;
      depth--;
      arrays >>>= 1;
    }
    if (depth === 0) return i;
  }
}

function isAt(b: Buffer, from: number, text: Buffer): boolean {
  for (let i = 0; i < text.length; i++) if (b[from + i] !== text[i]) return false;
  return true;
}
