import { type Scanned, scan } from '../json/strict.js';
import type { Line } from './lines.js';

/** Why a line with a CR inside is refused. */
export const LONE_CR = 'a carriage return inside the line, where some peers end it';

/** Reads one line as `scan` does, and refuses one that other peers would read as several. */
export function scanLine(line: Line): Scanned {
  return line.hasLoneCr ? { ok: false, code: -32700, reason: LONE_CR } : scan(line.bytes);
}
