import { parseDoubles } from '../json/exact.js';
import { isDeeper } from '../json/strict.js';
import { isRecord, own } from '../json/value.js';
import type { Line } from '../wire/lines.js';
import type { Envelope } from '../wire/message.js';

/** JSON.parse takes many seconds and gigabytes for megabytes of brackets; no client could read such a line either. */
const LONG_LINE = 1 << 20;
const LONG_LINE_DEPTH = 10_000;

/** @returns what a line of the server's holds; undefined where it is no JSON */
export function readEnvelope(line: Line): Envelope | unknown[] | undefined {
  const { text } = line;
  if (text.length > LONG_LINE && isDeeper(text, LONG_LINE_DEPTH)) return undefined;
  try {
    const value: unknown = parseDoubles(text);
    return isRecord(value) || Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @returns what an answer says; undefined when there is none in the message, `both` when there are two */
export function outcomeOf({ error, result }: Envelope): 'ok' | 'tool_error' | 'error' | 'both' | undefined {
  const hasResult = result !== undefined;
  // Some servers write `"error": null` beside a result, and some a null result beside an error.
  if (error !== undefined && (error !== null || !hasResult))
    return hasResult && result !== null ? 'both' : 'error';
  if (!hasResult) return undefined;
  return isRecord(result) && own(result, 'isError') === true ? 'tool_error' : 'ok';
}
