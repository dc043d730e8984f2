import { DAY, parseDuration, SECOND, textOfDuration } from '../../text/duration.js';
import type { CalendarUnit } from '../model.js';

/** Longest window, in milliseconds: a year and a month. */
export const MAX_WINDOW_MS = 400 * DAY;

/**
 * Milliseconds of the words. A month is the longest one, so that "at most 10 a month" also holds for any month that
 * the reader can point to.
 */
const WORDS: Readonly<Record<CalendarUnit, number>> = {
  second: SECOND,
  minute: 60 * SECOND,
  hour: 3600 * SECOND,
  day: DAY,
  week: 7 * DAY,
  month: 31 * DAY,
};

export const WINDOW_WORDS = Object.keys(WORDS) as readonly CalendarUnit[];

export interface Window {
  readonly ms: number;
  /** `minute`, `15 minutes`. */
  readonly text: string;
  /** What it can be aligned to: only the words name a place in the calendar. */
  readonly unit: CalendarUnit | undefined;
}

/**
 * @param spelling a word (`minute`), a number of seconds, or a number with a letter (`15m`, `24h`)
 * @returns the window, or in a sentence why it is none
 */
export function parseWindow(spelling: string | number): Window | { readonly fault: string } {
  if (typeof spelling === 'string' && Object.hasOwn(WORDS, spelling)) {
    const unit = spelling as CalendarUnit;
    return { ms: WORDS[unit], text: unit, unit };
  }
  const ms = parseDuration(spelling);
  if (ms === undefined) return { fault: `${JSON.stringify(spelling)} is not a length of time.` };
  if (ms === 0) return { fault: 'A window of no length holds nothing.' };
  if (ms > MAX_WINDOW_MS) return { fault: 'A window is at most 400 days long.' };
  return { ms, text: textOfDuration(ms), unit: undefined };
}
