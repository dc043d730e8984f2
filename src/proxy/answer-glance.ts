import { ID, idAt, isWholeAt, JSONRPC, METHOD, VERSION } from './envelope-bytes.js';
import { afterBlanks, afterKey, afterValue, CLOSE_BRACE, COMMA, isAt, OPEN_BRACE } from './json-bytes.js';
import type { Line } from './lines.js';
import type { Id } from './message.js';
import { OUTLINED_FROM } from './outline.js';
import { type Workspace, workspaceFor } from './workspace.js';

/** An answer, as far as most of them need to be understood. */
export interface Glance {
  readonly id: Id;
  readonly outcome: 'ok' | 'tool_error' | 'error';
}

const RESULT = Buffer.from('"result"');
const ERROR = Buffer.from('"error"');
const IS_ERROR = Buffer.from('"isError"');
const TRUE = Buffer.from('true');

/**
 * Reads an answer in one pass over its bytes, of which nothing is made: all of its grammar is checked, as `JSON.parse`
 * would, at a third of the cost. It never guesses: what is odd in any way (a key with an escape, a member twice, an id
 * that is neither a plain text nor a plain integer, great depth) has to be read in full.
 *
 * @returns undefined for all that has to be read in full, whether or not it is an answer
 */
export function glanceAnswer(line: Line): Glance | undefined {
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
      i = afterValue(b, value, plainEnd, false);
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
  if (!isWholeAt(b, i, end)) return undefined;
  return hasVersion && id !== undefined && outcome !== undefined ? { id, outcome } : undefined;
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
    i = afterValue(b, from, plainEnd, false);
  else {
    do {
      const key = afterBlanks(b, i + 1);
      const value = afterKey(b, key);
      i = value === -1 ? -1 : afterValue(b, value, plainEnd, false);
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
