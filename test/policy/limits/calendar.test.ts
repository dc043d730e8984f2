import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  calendarEnd,
  calendarStart,
  dayOf,
  instantAt,
  isTimezone,
} from '../../../src/policy/limits/calendar.js';
import type { CalendarUnit } from '../../../src/policy/model.js';

const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);
const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** zone, unit, an instant, and the period around it. */
const PERIODS: readonly [string, CalendarUnit, string, string, string][] = [
  ['UTC', 'second', '2026-11-22T10:20:30.456Z', '2026-11-22T10:20:30Z', '2026-11-22T10:20:31Z'],
  ['UTC', 'minute', '2026-11-22T10:20:30.456Z', '2026-11-22T10:20:00Z', '2026-11-22T10:21:00Z'],
  ['UTC', 'hour', '2026-11-22T10:20:30Z', '2026-11-22T10:00:00Z', '2026-11-22T11:00:00Z'],
  ['UTC', 'day', '2026-11-22T00:00:00Z', '2026-11-22T00:00:00Z', '2026-11-23T00:00:00Z'],
  ['UTC', 'week', '2026-11-22T23:59:59.999Z', '2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z'],
  ['UTC', 'week', '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
  ['UTC', 'week', '1969-12-31T00:00:00Z', '1969-12-29T00:00:00Z', '1970-01-05T00:00:00Z'],
  ['UTC', 'month', '2024-02-29T12:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
  ['UTC', 'month', '2026-02-01T00:00:00Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
  ['UTC', 'month', '2026-12-31T23:59:59Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  // Three hours behind UTC, no daylight saving.
  [
    'America/Argentina/Buenos_Aires',
    'day',
    '2026-11-22T02:59:59Z',
    '2026-11-21T03:00:00Z',
    '2026-11-22T03:00:00Z',
  ],
  [
    'America/Argentina/Buenos_Aires',
    'month',
    '2026-12-01T02:00:00Z',
    '2026-11-01T03:00:00Z',
    '2026-12-01T03:00:00Z',
  ],
  [
    'America/Argentina/Buenos_Aires',
    'week',
    '2026-11-23T02:00:00Z',
    '2026-11-16T03:00:00Z',
    '2026-11-23T03:00:00Z',
  ],
  // Days of 23 and 25 hours.
  ['Europe/Berlin', 'day', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['Europe/Berlin', 'day', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  ['America/New_York', 'day', '2026-11-01T12:00:00Z', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
  ['America/New_York', 'month', '2026-03-15T12:00:00Z', '2026-03-01T05:00:00Z', '2026-04-01T04:00:00Z'],
  ['America/New_York', 'week', '2026-03-08T12:00:00Z', '2026-03-02T05:00:00Z', '2026-03-09T04:00:00Z'],
  // The hour that comes twice is two hours.
  ['America/New_York', 'hour', '2026-11-01T05:30:00Z', '2026-11-01T05:00:00Z', '2026-11-01T06:00:00Z'],
  ['America/New_York', 'hour', '2026-11-01T06:30:00Z', '2026-11-01T06:00:00Z', '2026-11-01T07:00:00Z'],
  // Offsets of half and three quarters of an hour.
  ['Asia/Kolkata', 'hour', '2026-11-22T10:20:00Z', '2026-11-22T09:30:00Z', '2026-11-22T10:30:00Z'],
  ['Asia/Kolkata', 'day', '2026-11-22T18:29:59Z', '2026-11-21T18:30:00Z', '2026-11-22T18:30:00Z'],
  ['Asia/Kathmandu', 'hour', '2026-11-22T10:20:00Z', '2026-11-22T10:15:00Z', '2026-11-22T11:15:00Z'],
  // Clocks change by half an hour: an hour is cut in two, a day has 23.5 or 24.5 hours.
  ['Australia/Lord_Howe', 'hour', '2026-04-04T15:10:00Z', '2026-04-04T15:00:00Z', '2026-04-04T15:30:00Z'],
  ['Australia/Lord_Howe', 'hour', '2026-04-04T14:50:00Z', '2026-04-04T14:00:00Z', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', 'day', '2026-04-05T00:00:00Z', '2026-04-04T13:00:00Z', '2026-04-05T13:30:00Z'],
  ['Australia/Lord_Howe', 'day', '2026-10-04T00:00:00Z', '2026-10-03T13:30:00Z', '2026-10-04T13:00:00Z'],
  // Midnight is skipped: the day begins at one o'clock.
  ['America/Santiago', 'day', '2026-09-06T12:00:00Z', '2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'],
  ['Africa/Cairo', 'day', '2026-04-24T12:00:00Z', '2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
  // Set back at midnight: the day before has 25 hours.
  ['America/Santiago', 'day', '2026-04-04T12:00:00Z', '2026-04-04T03:00:00Z', '2026-04-05T04:00:00Z'],
  // A minute past midnight, so that midnight came twice; and a date that never was.
  ['America/St_Johns', 'day', '2006-10-29T02:31:30Z', '2006-10-29T02:30:00Z', '2006-10-30T03:30:00Z'],
  ['Pacific/Apia', 'day', '2011-12-30T09:59:59Z', '2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
  ['Pacific/Apia', 'day', '2011-12-30T10:00:00Z', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'],
];

describe('calendar periods', () => {
  test.each(PERIODS)('%s: the %s around %s', (zone, unit, instant, start, end) => {
    expect([iso(calendarStart(at(instant), unit, zone)), iso(calendarEnd(at(instant), unit, zone))]).toEqual([
      start,
      end,
    ]);
  });

  const zones = [
    'UTC',
    'America/Argentina/Buenos_Aires',
    'Europe/Berlin',
    'America/New_York',
    'America/Santiago',
    'Africa/Cairo',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Pacific/Chatham',
    'America/St_Johns',
    'Pacific/Apia',
    'Asia/Tehran',
    'America/Havana',
    'Africa/Casablanca',
  ];
  const longest = {
    second: 1000,
    minute: 60_000,
    hour: HOUR,
    day: 25 * HOUR,
    week: 169 * HOUR,
    month: 745 * HOUR,
  };

  test('cover time without gap or overlap: each instant lies in its period, and the next begins where it ends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom<CalendarUnit>('second', 'minute', 'hour', 'day', 'week', 'month'),
        fc.integer({ min: at('2000-01-01T00:00:00Z'), max: at('2037-12-31T00:00:00Z') }),
        (zone, unit, instant) => {
          const [start, end] = [calendarStart(instant, unit, zone), calendarEnd(instant, unit, zone)];
          expect(start <= instant && instant < end).toBe(true);
          expect(end - start).toBeLessThanOrEqual(longest[unit]);
          expect(calendarStart(end, unit, zone)).toBe(end);
          expect(calendarStart(end - 1, unit, zone)).toBe(start);
          expect(calendarEnd(start, unit, zone)).toBe(end);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each([
    // The clock shows it once, twice, or never.
    ['Europe/Berlin', '2026-10-24', '02:30', '2026-10-24T00:30:00Z'],
    ['Europe/Berlin', '2026-10-25', '02:00', '2026-10-25T00:00:00Z'],
    ['Europe/Berlin', '2026-10-25', '02:30', '2026-10-25T00:30:00Z'],
    ['Europe/Berlin', '2026-10-25', '03:00', '2026-10-25T02:00:00Z'],
    ['Europe/Berlin', '2026-03-29', '02:00', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '2026-03-29', '02:30', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '2026-03-29', '03:00', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '2026-03-29', '03:30', '2026-03-29T01:30:00Z'],
    ['UTC', '2026-03-29', '24:00', '2026-03-30T00:00:00Z'],
  ])('in %s on %s clocks first show %s at %s', (zone, date, clock, instant) => {
    const [hours = 0, minutes = 0] = clock.split(':').map(Number);
    const day = dayOf(at(`${date}T00:00:00Z`), 'UTC');
    expect(iso(instantAt(day, hours * HOUR + minutes * 60_000, zone))).toBe(instant);
  });

  test('cost a look-up as long as the period lasts', () => {
    const from = at('2026-11-22T10:00:00Z');
    calendarStart(from, 'day', 'America/Argentina/Buenos_Aires');
    const zone = new Intl.DateTimeFormat('en-US', {
      timeZone: 'America/Argentina/Buenos_Aires',
      timeStyle: 'medium',
    });
    const fastest = (act: (time: number) => unknown): number => {
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 5; round += 1) {
        const before = process.cpuUsage();
        for (let i = 0; i < 10_000; i += 1) act(from + i);
        const { user, system } = process.cpuUsage(before);
        best = Math.min(best, user + system);
      }
      return best;
    };
    const lookUp = fastest((time) => calendarStart(time, 'day', 'America/Argentina/Buenos_Aires'));
    // One question to Intl is the least that a start worked out anew would cost.
    expect(lookUp * 2).toBeLessThan(fastest((time) => zone.formatToParts(time)));
  });

  test('refuse what is no time and no zone', () => {
    expect(() => calendarStart(Number.NaN, 'day', 'UTC')).toThrow(RangeError);
    expect(() => calendarStart(0, 'day', 'Nowhere/Else')).toThrow(RangeError);
    expect(['UTC', 'Europe/Berlin', 'Nowhere/Else', '+03:00', ''].map(isTimezone)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});
