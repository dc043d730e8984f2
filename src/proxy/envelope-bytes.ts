import { afterBlanks, CLOSE_BRACE, NINE, QUOTE, ZERO } from './json-bytes.js';
import { type Id, isId } from './message.js';

/** What every message has, as it stands in a line. */
export const JSONRPC = Buffer.from('"jsonrpc"');
export const VERSION = Buffer.from('"2.0"');
export const ID = Buffer.from('"id"');
export const METHOD = Buffer.from('"method"');

/** Integers of so many digits are exact. */
const ID_DIGITS = 15;

/** @returns a text without escapes, or an integer; undefined for any other id */
export function idAt(b: Buffer, from: number, end: number): Id | undefined {
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

/** Whether the message ends at `from`, and the line with it. */
export function isWholeAt(b: Buffer, from: number, end: number): boolean {
  return b[from] === CLOSE_BRACE && afterBlanks(b, from + 1) === end - 1;
}
