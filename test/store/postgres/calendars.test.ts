import { expect } from 'vitest';
import { charge, limit } from '../support-shapes.js';
import { movableClock, newTeam, sharedCluster, test } from './support.js';

const at = sharedCluster();

const calendar = (unit: 'hour' | 'day' | 'week' | 'month', timezone: string, windowMs: number) =>
  ({ align: { kind: 'calendar', unit, timezone }, windowMs }) as const;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Where a period ends, and the next begins. */
const BORDERS = [
  ['a day of 23 hours in Madrid ends', calendar('day', 'Europe/Madrid', DAY), '2026-03-29T22:00:00Z'],
  ['a day of 25 hours in Madrid ends', calendar('day', 'Europe/Madrid', DAY), '2026-10-25T23:00:00Z'],
  [
    'an hour that comes twice in New York ends',
    calendar('hour', 'America/New_York', HOUR),
    '2026-11-01T06:00:00Z',
  ],
  [
    'half an hour is skipped on Lord Howe Island',
    calendar('hour', 'Australia/Lord_Howe', HOUR),
    '2026-10-03T15:30:00Z',
  ],
  ['February of a leap year ends', calendar('month', 'UTC', 31 * DAY), '2028-03-01T00:00:00Z'],
  [
    'the year ends in Buenos Aires',
    calendar('month', 'America/Argentina/Buenos_Aires', 31 * DAY),
    '2027-01-01T03:00:00Z',
  ],
  ['a week ends in Auckland', calendar('week', 'Pacific/Auckland', 7 * DAY), '2026-11-22T11:00:00Z'],
] as const;

test.each(BORDERS)(
  'G4, G5: %s: refused until then, allowed at it, also for a wrapper that still thinks it is before',
  async (_, changes, border) => {
    await using team = await newTeam(at.cluster);
    const end = Date.parse(border);
    await using clock = await movableClock(at.cluster, end - 1000);
    const rate = charge(limit({ ...changes, max: 1 }));
    const { admit, store } = team.wrapper('alice');
    expect((await admit(rate)).kind).toBe('allowed');
    await clock.set(end - 1);
    const refused = await admit(rate);
    expect(refused).toMatchObject({ kind: 'exceeded', exceeded: { retryAt: end } });
    expect(store.now()).toBeLessThan(end + 60_000);
    await clock.set(end);
    expect((await admit(rate)).kind).toBe('allowed');
    expect((await admit(rate)).kind).toBe('exceeded');
    // The period before is over for good, also if the engine's clock is set back.
    await clock.set(end - 5000);
    expect((await admit(rate)).kind).toBe('exceeded');
  },
);

test('G4: an engine whose clock is set back gives no fresh quota, also of counters that were tidied away', async () => {
  await using team = await newTeam(at.cluster);
  const start = Date.UTC(2026, 10, 22, 11);
  await using clock = await movableClock(at.cluster, start);
  const rate = charge(limit({ max: 2, windowMs: HOUR }));
  const { admit, store } = team.wrapper('alice');
  expect((await admit(rate)).kind).toBe('allowed');
  await clock.set(start + 30 * 60_000);
  expect((await admit(rate)).kind).toBe('allowed');
  await clock.set(start - DAY);
  expect(await admit(rate)).toMatchObject({
    kind: 'exceeded',
    exceeded: { retryAt: start + HOUR, clockWas: start + 30 * 60_000 },
  });
  await clock.set(start + 3 * DAY);
  while (await store.tidy());
  expect(await team.rows('SELECT id FROM policy_wrap.counters WHERE team = $team')).toEqual([]);
  await clock.set(start + 31 * 60_000);
  expect((await admit(rate)).kind).toBe('allowed');
  expect((await admit(rate)).kind).toBe('allowed');
  expect(await admit(rate)).toMatchObject({
    kind: 'exceeded',
    exceeded: { retryAt: start + 3 * DAY + HOUR },
  });
});
