import type { CalendarUnit } from '../model.js';

const SECOND = 1000;
const DAY = 86_400_000;

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

const LETTERS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: DAY,
  w: 7 * DAY,
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

/**
 * @param spelling a number of seconds, or a number with `ms`, `s`, `m`, `h`, `d` or `w` after it
 * @returns whole milliseconds; undefined when it is no length of time or no whole number of milliseconds
 */
export function parseDuration(spelling: string | number): number | undefined {
  let ms: number;
  if (typeof spelling === 'number') {
    ms = spelling * SECOND;
  } else {
    const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|[smhdw])$/.exec(spelling);
    if (!match) return undefined;
    ms = Number(match[1]) * (LETTERS[match[2] ?? ''] ?? Number.NaN);
  }
  // 0.1 s is 100 ms, whatever its double says.
  const whole = Math.round(ms);
  return ms >= 0 && whole <= Number.MAX_SAFE_INTEGER && Math.abs(whole - ms) < 1e-6 * Math.max(1, ms)
    ? whole
    : undefined;
}

/** @returns `minute`, `15 minutes`, `90 seconds`: the largest unit that divides it; `month` is never used */
export function textOfDuration(ms: number): string {
  for (const unit of ['week', 'day', 'hour', 'minute', 'second'] as const) {
    const count = ms / WORDS[unit];
    if (count === 1) return unit;
    if (Number.isInteger(count)) return `${count} ${unit}s`;
  }
  return ms === 1 ? 'millisecond' : `${ms} milliseconds`;
}
