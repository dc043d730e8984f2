import type { CalendarUnit } from '../model.js';

const SECOND = 1000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** 1970-01-05 was a Monday; days are counted from 1970-01-01. */
const FIRST_MONDAY = 4;

interface Period {
  /** UTC ms, included. */
  readonly start: number;
  /** UTC ms, excluded: the start of the next period. */
  readonly end: number;
}

/** The last period asked for, by unit and zone: a busy counter asks for the same one again and again. */
const lastPeriods = new Map<string, Period>();

/**
 * @param atMs UTC milliseconds
 * @param timezone an IANA name
 * @returns UTC milliseconds at which the second, minute, hour, day, week (from Monday) or month around `atMs` began in
 *   that zone. A day on which clocks change has 23 or 25 hours; a midnight that is skipped begins with the first
 *   instant after it, one that comes twice with the first. Hours and minutes are real ones and begin anew when clocks
 *   change in the middle of one.
 * @throws RangeError when the zone is unknown or `atMs` is no time
 */
export function calendarStart(atMs: number, unit: CalendarUnit, timezone: string): number {
  return periodAround(atMs, unit, timezone).start;
}

/** @returns UTC milliseconds at which the period around `atMs` ends and the next one begins; see calendarStart */
export function calendarEnd(atMs: number, unit: CalendarUnit, timezone: string): number {
  return periodAround(atMs, unit, timezone).end;
}

/** @returns whether this machine's time zone data knows the name; offsets such as `+03:00` are no names */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

function periodAround(atMs: number, unit: CalendarUnit, timezone: string): Period {
  const key = `${unit} ${timezone}`;
  const last = lastPeriods.get(key);
  if (last && atMs >= last.start && atMs < last.end) return last;
  if (!Number.isFinite(atMs)) throw new RangeError(`not a time: ${atMs}`);
  const period = compute(Math.floor(atMs), unit, timezone);
  lastPeriods.set(key, period);
  return period;
}

function compute(atMs: number, unit: CalendarUnit, timezone: string): Period {
  switch (unit) {
    case 'second':
      return clockPeriod(atMs, SECOND, timezone);
    case 'minute':
      return clockPeriod(atMs, MINUTE, timezone);
    case 'hour':
      return clockPeriod(atMs, HOUR, timezone);
    case 'day':
      return datePeriod(
        atMs,
        timezone,
        (day) => day,
        (day) => day,
      );
    case 'week':
      return datePeriod(
        atMs,
        timezone,
        (day) => Math.floor((day - FIRST_MONDAY) / 7),
        (week) => week * 7 + FIRST_MONDAY,
      );
    case 'month':
      return datePeriod(atMs, timezone, monthOfDay, firstDayOfMonth);
  }
}

/** Periods of a fixed length, cut where the zone's offset changes inside one (half an hour, on Lord Howe Island). */
function clockPeriod(atMs: number, length: number, timezone: string): Period {
  const offset = offsetAt(atMs, timezone);
  const into = modulo(atMs + offset, length);
  let start = atMs - into;
  let end = start + length;
  if (offsetAt(start, timezone) !== offset) start = changeBetween(start, atMs, timezone);
  if (offsetAt(end - 1, timezone) !== offset) end = changeBetween(atMs, end - 1, timezone);
  return { start, end };
}

/** Periods that begin with a date; `indexOf` numbers them by day, `firstDay` gives the day that one begins with. */
function datePeriod(
  atMs: number,
  timezone: string,
  indexOf: (day: number) => number,
  firstDay: (index: number) => number,
): Period {
  let index = indexOf(dayOf(atMs, timezone));
  let start = startOfDay(firstDay(index), timezone);
  let end = startOfDay(firstDay(index + 1), timezone);
  // Clocks set back over midnight show the old date again after the new day began.
  while (end <= atMs) {
    index += 1;
    start = end;
    end = startOfDay(firstDay(index + 1), timezone);
  }
  return { start, end };
}

/** @param day days since 1970-01-01 in the zone's calendar */
function startOfDay(day: number, timezone: string): number {
  return instantAt(day, 0, timezone);
}

/** @returns the date in the zone at `atMs`, UTC milliseconds, in days since 1970-01-01 */
export function dayOf(atMs: number, timezone: string): number {
  return Math.floor((atMs + offsetAt(atMs, timezone)) / DAY);
}

/** @returns milliseconds after midnight that clocks in the zone show at `atMs`, UTC milliseconds */
export function clockAt(atMs: number, timezone: string): number {
  return modulo(atMs + offsetAt(atMs, timezone), DAY);
}

/** @returns 0 for a Monday to 6 for a Sunday; `day` is counted from 1970-01-01 */
export function weekdayOf(day: number): number {
  return modulo(day - FIRST_MONDAY, 7);
}

/**
 * @param day days since 1970-01-01 in the zone's calendar
 * @param clock milliseconds that the clock on the wall shows after midnight, at most a day
 * @returns UTC milliseconds: the first instant at which clocks show that time or, where they skip it, a later one
 */
export function instantAt(day: number, clock: number, timezone: string): number {
  const local = day * DAY + clock;
  const before = offsetAt(local - DAY, timezone);
  const after = offsetAt(local + DAY, timezone);
  if (before === after) return local - before;
  const change = changeBetween(local - DAY, local + DAY, timezone);
  if (local - before < change) return local - before;
  return Math.max(local - after, change);
}

/**
 * @returns the first instant whose offset is that of `to`; offsets at `from` and `to` differ, and zones do not change
 *   twice within two days
 */
function changeBetween(from: number, to: number, timezone: string): number {
  const after = offsetAt(to, timezone);
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle, timezone) === after) high = middle;
    else low = middle;
  }
  return high;
}

function monthOfDay(day: number): number {
  const date = new Date(day * DAY);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function firstDayOfMonth(index: number): number {
  return Date.UTC(Math.floor(index / 12), modulo(index, 12), 1) / DAY;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timezone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timezone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timezone, formatter);
  }
  return formatter;
}

/** @returns milliseconds that clocks in the zone are ahead of UTC */
function offsetAt(atMs: number, timezone: string): number {
  if (timezone === 'UTC') return 0;
  const numbers = formatterOf(timezone).format(atMs).match(/\d+/g);
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (numbers ?? []).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / SECOND) * SECOND;
}

function modulo(value: number, length: number): number {
  return ((value % length) + length) % length;
}
