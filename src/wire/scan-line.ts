import { isUtf8 } from 'node:buffer';
import { type Scanned, scan, scanText } from '../json/strict.js';
import type { Line } from './lines.js';

/** Why a line with a CR inside is refused. */
export const LONE_CR = 'a carriage return inside the line, where some peers end it';

/** Reads one line as `scan` does, and refuses one that other peers would read as several. */
export function scanLine(line: Line): Scanned {
  if (line.hasLoneCr) return { ok: false, code: -32700, reason: LONE_CR };
  return line.earlier.length === 0 && isUtf8Line(line) ? scanText(line.text) : scan(line.bytes);
}

let lastChunk: Buffer | undefined;
let lastIsUtf8 = false;

/**
 * Checks a chunk once for all lines that came in it.
 *
 * @param line one that came in one chunk
 */
function isUtf8Line({ chunk, start, end }: Line): boolean {
  if (chunk !== lastChunk) {
    lastChunk = chunk;
    lastIsUtf8 = isUtf8(chunk);
  }
  // A chunk may begin or end inside a character.
  return lastIsUtf8 || isUtf8(chunk.subarray(start, end));
}
