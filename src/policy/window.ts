import type { CalendarUnit } from './policy.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Start (UTC ms) of the calendar window that holds `atMs` in `timezone`; weeks start on Monday. */
export function calendarStart(atMs: number, unit: CalendarUnit, timezone: string): number {
  return edge(atMs, unit, timezone, 0);
}

/** End (UTC ms, exclusive) of the calendar window that holds `atMs` in `timezone`. */
export function calendarEnd(atMs: number, unit: CalendarUnit, timezone: string): number {
  return edge(atMs, unit, timezone, 1);
}

function edge(atMs: number, unit: CalendarUnit, timezone: string, step: 0 | 1): number {
  const local = atMs + offset(atMs, timezone);
  switch (unit) {
    case 'second':
      return atMs - mod(atMs, SECOND) + step * SECOND;
    case 'minute':
      return atMs - mod(local, MINUTE) + step * MINUTE;
    case 'hour':
      return atMs - mod(local, HOUR) + step * HOUR;
    case 'day':
      return toUtc(local - mod(local, DAY) + step * DAY, timezone);
    case 'week': {
      const day = local - mod(local, DAY);
      return toUtc(day - mod(day / DAY + 3, 7) * DAY + step * 7 * DAY, timezone);
    }
    case 'month': {
      const date = new Date(local);
      return toUtc(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + step, 1), timezone);
    }
  }
}

function mod(value: number, by: number): number {
  return ((value % by) + by) % by;
}

function toUtc(local: number, timezone: string): number {
  const first = local - offset(local, timezone);
  return local - offset(first, timezone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function offset(atMs: number, timezone: string): number {
  if (timezone === 'UTC') return 0;
  let format = formats.get(timezone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timezone, format);
  }
  const part = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - (atMs - mod(atMs, SECOND));
}
