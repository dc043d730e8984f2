import { PolicyWrapError } from '../errors.js';
import { parseDuration } from '../text/duration.js';

/** @param ms UTC milliseconds @returns `2026-11-22 14:05:12 -03:00`, in this machine's zone */
export function localTime(ms: number): string {
  const offset = -new Date(ms).getTimezoneOffset();
  const local = new Date(ms + offset * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  const zone = Math.abs(offset);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${local} ${offset < 0 ? '-' : '+'}${two(Math.floor(zone / 60))}:${two(zone % 60)}`;
}

/** @param ms UTC milliseconds @returns `2026-11-22`, in this machine's zone */
export function localDay(ms: number): string {
  return localTime(ms).slice(0, 10);
}

/** @returns `12:00:32`, with the date before it where that is not today's; in this machine's zone */
export function clockTime(ms: number, now: number): string {
  const text = localTime(ms).slice(0, 19);
  return localDay(ms) === localDay(now) ? text.slice(11) : text;
}

/** @returns an instant for programs, in UTC; null for one that is not there */
export function isoTime(ms: number): string;
export function isoTime(ms: number | undefined): string | null;
export function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

/**
 * Reads `--since`.
 *
 * @param text a length of time before `now` (`90s`, `2h`, `7d`), or an ISO date with or without time, which without a
 *   zone is local
 * @param now UTC milliseconds
 * @returns UTC milliseconds
 * @throws PolicyWrapError USAGE
 */
export function sinceOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago;
  const dateOnly = /^\d{4}-\d\d-\d\d$/.test(text);
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(dateOnly ? `${text}T00:00:00` : text) : Number.NaN;
  if (Number.isNaN(at)) {
    throw new PolicyWrapError('USAGE', `--since ${text}: neither a length of time nor a date`, {
      hint: 'Write 90s, 2h, 7d, 2026-11-22 or 2026-11-22T14:00:00-03:00.',
    });
  }
  return at;
}
