import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextOpen, nextOpenOfAll } from '../../../src/policy/limits/hours.js';
import type { HoursDemand } from '../../../src/policy/model.js';
import { policyOf, problemsOf } from '../support.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (text: string): number => Date.parse(text);
const iso = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().replace('.000Z', 'Z');

/** The hours as a policy writes them. */
function hoursOf(hours: object, timezone = 'UTC'): HoursDemand {
  const [demand] = policyOf({ timezone, tools: { t: { hours } } }).tools.get('t')?.demands ?? [];
  if (demand?.kind !== 'hours') throw new Error('no hours');
  return demand;
}

const OFFICE = { days: ['mon-fri'], from: '09:00', to: '18:00' };
const NIGHT = { days: 'fri', from: '22:00', to: '06:00' };

describe('hours', () => {
  /** zone, hours, an instant, when calls next pass: the instant itself where they pass then. */
  test.each<[string, object, string, string]>([
    // The edges are exact: the first instant belongs to it, the last does not.
    ['UTC', OFFICE, '2026-11-23T08:59:59.999Z', '2026-11-23T09:00:00Z'],
    ['UTC', OFFICE, '2026-11-23T09:00:00Z', '2026-11-23T09:00:00Z'],
    ['UTC', OFFICE, '2026-11-23T17:59:59.999Z', '2026-11-23T17:59:59.999Z'],
    ['UTC', OFFICE, '2026-11-23T18:00:00Z', '2026-11-24T09:00:00Z'],
    // Over the end of the week and of the year.
    ['UTC', OFFICE, '2026-11-27T18:00:00Z', '2026-11-30T09:00:00Z'],
    ['UTC', OFFICE, '2026-11-29T23:59:59Z', '2026-11-30T09:00:00Z'],
    ['UTC', OFFICE, '2027-01-02T00:00:00Z', '2027-01-04T09:00:00Z'],
    ['UTC', { days: 'fri-mon' }, '2026-11-24T00:00:00Z', '2026-11-27T00:00:00Z'],
    ['UTC', { days: 'fri-mon' }, '2026-11-23T23:59:59Z', '2026-11-23T23:59:59Z'],
    ['UTC', { days: ['mon', 'sun'] }, '2026-11-24T00:00:00Z', '2026-11-29T00:00:00Z'],
    // Midnight, from both sides.
    ['UTC', { to: '06:00' }, '2026-11-23T00:00:00Z', '2026-11-23T00:00:00Z'],
    ['UTC', { from: '22:00' }, '2026-11-23T23:59:59.999Z', '2026-11-23T23:59:59.999Z'],
    ['UTC', { from: '22:00' }, '2026-11-24T00:00:00Z', '2026-11-24T22:00:00Z'],
    ['UTC', { from: '22:00', to: '24:00' }, '2026-11-24T00:00:00Z', '2026-11-24T22:00:00Z'],
    // Over midnight: the night of Friday is Saturday's early morning, and no other.
    ['UTC', NIGHT, '2026-11-28T05:59:59Z', '2026-11-28T05:59:59Z'],
    ['UTC', NIGHT, '2026-11-28T06:00:00Z', '2026-12-04T22:00:00Z'],
    ['UTC', NIGHT, '2026-11-27T05:00:00Z', '2026-11-27T22:00:00Z'],
    ['UTC', { from: '22:00', to: '00:00' }, '2026-11-27T00:00:00Z', '2026-11-27T22:00:00Z'],
    // The clock on the wall, in a zone that is behind and in one that is ahead.
    ['America/Argentina/Buenos_Aires', OFFICE, '2026-11-23T11:59:59Z', '2026-11-23T12:00:00Z'],
    ['America/Argentina/Buenos_Aires', OFFICE, '2026-11-27T21:00:00Z', '2026-11-30T12:00:00Z'],
    ['Asia/Kathmandu', OFFICE, '2026-11-29T18:15:00Z', '2026-11-30T03:15:00Z'],
    // Nine o'clock is nine o'clock before and after clocks change.
    ['Europe/Berlin', OFFICE, '2026-03-27T18:00:00Z', '2026-03-30T07:00:00Z'],
    ['Europe/Berlin', OFFICE, '2026-10-23T17:00:00Z', '2026-10-26T08:00:00Z'],
    // The hour from 2 to 3 is skipped: what begins in it begins at 3, what lies in it is not there.
    ['Europe/Berlin', { from: '02:30', to: '05:00' }, '2026-03-29T00:59:00Z', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', { from: '01:00', to: '02:30' }, '2026-03-29T00:59:59Z', '2026-03-29T00:59:59Z'],
    ['Europe/Berlin', { from: '01:00', to: '02:30' }, '2026-03-29T01:00:00Z', '2026-03-29T23:00:00Z'],
    ['Europe/Berlin', { from: '02:10', to: '02:50' }, '2026-03-28T02:00:00Z', '2026-03-30T00:10:00Z'],
    [
      'Europe/Berlin',
      { days: 'sun', from: '02:10', to: '02:50' },
      '2026-03-24T00:00:00Z',
      '2026-04-05T00:10:00Z',
    ],
    // That hour comes twice: it begins the first time, and is not begun again.
    ['Europe/Berlin', { from: '02:30', to: '05:00' }, '2026-10-25T00:29:59Z', '2026-10-25T00:30:00Z'],
    ['Europe/Berlin', { from: '02:30', to: '05:00' }, '2026-10-25T01:10:00Z', '2026-10-25T01:10:00Z'],
    ['Europe/Berlin', { from: '01:00', to: '02:30' }, '2026-10-25T00:30:00Z', '2026-10-26T00:00:00Z'],
    ['Europe/Berlin', { from: '01:00', to: '02:30' }, '2026-10-25T01:10:00Z', '2026-10-26T00:00:00Z'],
    // A midnight that is skipped: Sunday begins at one o'clock.
    ['America/Santiago', { days: 'sun' }, '2026-09-06T03:59:59Z', '2026-09-06T04:00:00Z'],
    // A date that never was.
    ['Pacific/Apia', { days: 'sat' }, '2011-12-30T09:59:59Z', '2011-12-30T10:00:00Z'],
  ])('G5: %s %j: at %s, calls next pass at %s', (zone, hours, instant, next) => {
    const demand = hoursOf(hours, zone);
    expect(iso(nextOpen(demand, at(instant)))).toBe(next);
    if (at(next) > at(instant)) expect(nextOpen(demand, at(next) - 1)).toBe(at(next));
    expect(nextOpen(demand, at(next))).toBe(at(next));
  });

  test('a range that a date never had does not open on it', () => {
    // Samoa went from Thursday to Saturday.
    expect(iso(nextOpen(hoursOf({ days: 'fri' }, 'Pacific/Apia'), at('2011-12-29T12:00:00Z')))).toBe(
      '2012-01-05T10:00:00Z',
    );
  });

  const clock = fc.nat(24 * 60 - 1);
  const textOf = (minutes: number) =>
    [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');

  test('G5: as a clock on the wall would tell it, minute by minute, where clocks do not change', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(6), { minLength: 1 }),
        clock,
        clock,
        fc.integer({ min: at('2026-05-01T00:00:00Z') / MINUTE, max: at('2026-08-01T00:00:00Z') / MINUTE }),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'),
        (days, from, to, minute, zone) => {
          fc.pre(from !== to);
          const names = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
          const demand = hoursOf(
            { days: days.map((day) => names[day]), from: textOf(from), to: textOf(to) },
            zone,
          );
          const shown = new Intl.DateTimeFormat('en-US', {
            timeZone: zone,
            weekday: 'short',
            hour: '2-digit',
            minute: '2-digit',
            hourCycle: 'h23',
          });
          const isOpen = (instant: number): boolean => {
            const [weekday = '', hour, minutes] = shown.format(instant).split(/[ :]+/);
            const day = names.indexOf(weekday.replace(',', '').toLowerCase());
            const now = Number(hour) * 60 + Number(minutes);
            if (from < to) return days.includes(day) && now >= from && now < to;
            return (days.includes(day) && now >= from) || (days.includes((day + 6) % 7) && now < to);
          };
          const instant = minute * MINUTE;
          const next = nextOpen(demand, instant) ?? Number.NaN;
          expect(isOpen(next)).toBe(true);
          expect(next === instant).toBe(isOpen(instant));
          if (next > instant) expect(isOpen(next - MINUTE)).toBe(false);
          for (let t = instant; t < next; t += 13 * MINUTE) expect(isOpen(t)).toBe(false);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('G5: is told the same whatever was asked before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 14 * 24 * 60 }), { minLength: 1, maxLength: 20 }),
        (minutes) => {
          const start = at('2026-10-19T00:00:00Z');
          const demand = hoursOf(NIGHT, 'Europe/Berlin');
          for (const minute of minutes) {
            const instant = start + minute * MINUTE;
            expect(nextOpen(demand, instant)).toBe(nextOpen({ ...demand }, instant));
          }
        },
      ),
    );
  });

  test('G5: several are open together at the first instant that all have, or never', () => {
    const morning = hoursOf({ to: '12:00' });
    const weekend = hoursOf({ days: 'sat-sun', from: '10:00' });
    const early = hoursOf({ to: '09:00' });
    const start = at('2026-11-23T00:00:00Z');
    expect(iso(nextOpenOfAll([morning, weekend], start))).toBe('2026-11-28T10:00:00Z');
    expect(nextOpenOfAll([], start)).toBe(start);
    expect(nextOpenOfAll([early, weekend], start)).toBeUndefined();
  });

  test('cost a look at the stretch of time that they were asked for last', () => {
    const plain = hoursOf(OFFICE, 'Europe/Berlin');
    let computed = 0;
    const demand: HoursDemand = {
      ...plain,
      get days() {
        computed += 1;
        return plain.days;
      },
    };
    const start = at('2026-11-23T09:00:00Z');
    for (let i = 0; i < 100; i += 1) expect(nextOpen(demand, start + i * MINUTE)).toBe(start + i * MINUTE);
    expect(computed).toBe(1);
    expect(nextOpen(demand, start + 24 * HOUR)).toBe(start + 24 * HOUR);
    expect(computed).toBe(2);
  });
});

describe('hours in a policy', () => {
  const brief = (hours: unknown) =>
    problemsOf({ tools: { t: { hours } } }).map(
      ({ code, pointer, likely }) => `${code} ${pointer}${likely ? ` -> ${likely}` : ''}`,
    );

  test.each<[unknown, string[]]>([
    [{ days: 'monday' }, ['VALUE /tools/t/hours/days -> mon']],
    [
      { days: ['Mon', 'Tuesday to Friday'] },
      ['VALUE /tools/t/hours/days/0 -> mon', 'VALUE /tools/t/hours/days/1 -> tue-fri'],
    ],
    [{ days: [] }, ['VALUE /tools/t/hours/days']],
    [{ days: '' }, ['VALUE /tools/t/hours/days']],
    [{ days: 'mon-wed-fri' }, ['VALUE /tools/t/hours/days']],
    [{ from: '9:00' }, ['VALUE /tools/t/hours/from -> 09:00']],
    [{ from: '24:00' }, ['VALUE /tools/t/hours/from']],
    [{ to: '24:01' }, ['VALUE /tools/t/hours/to']],
    [{ from: '9am', to: '25:00' }, ['VALUE /tools/t/hours/from', 'VALUE /tools/t/hours/to']],
    [{ from: '09:00', to: '09:00' }, ['CONTRADICTION /tools/t/hours/to']],
    [{ outside: 'allow' }, ['VALUE /tools/t/hours/outside']],
    [{ day: 'mon' }, ['UNKNOWN_KEY /tools/t/hours/day -> days']],
    ['mon-fri', ['TYPE /tools/t/hours']],
    [{ days: 7 }, ['TYPE /tools/t/hours/days']],
  ])('%j has problems', (hours, expected) => {
    expect(brief(hours)).toEqual(expected);
  });

  test('contradict an action that leaves nothing to them', () => {
    expect(problemsOf({ tools: { t: { action: 'deny', hours: {} } } }).map(({ pointer }) => pointer)).toEqual(
      ['/tools/t/hours'],
    );
  });

  test('are said in words, with the entry’s reason where they have no text of their own', () => {
    expect(hoursOf({ days: ['mon', 'wed-fri'], from: '08:30' }, 'Europe/Madrid')).toMatchObject({
      text: 'mon, wed-fri from 08:30 to 24:00 (Europe/Madrid)',
      otherwise: 'deny',
      onDeny: undefined,
    });
    const policy = policyOf({ tools: { t: { hours: { outside: 'approve' }, reason: 'Ask Ana.' } } });
    expect(policy.tools.get('t')?.demands).toMatchObject([
      {
        text: 'from 00:00 to 24:00 (UTC)',
        otherwise: 'approve',
        onDeny: 'Ask Ana.',
        pointer: '/tools/t/hours',
      },
    ]);
  });
});
