import type { HoursDemand } from '../model.js';
import { dayOf, instantAt, weekdayOf } from './calendar.js';

/** Beyond two weeks a range that has not begun never will: one that clocks skip on a day comes again in the next. */
const DAYS_AHEAD = 15;
/** Ranges that are open at one time in no two weeks are taken never to be. */
const ROUNDS = 100;

/** A stretch of time, open or closed throughout; UTC milliseconds, the end excluded. */
interface Stretch {
  readonly start: number;
  /** Infinite where it never ends. */
  readonly end: number;
  readonly isOpen: boolean;
}

/** The stretch around the call that came last: the next one mostly lies in it too. */
const last = new WeakMap<HoursDemand, Stretch>();

/**
 * @param at UTC milliseconds
 * @returns `at` itself when calls may be made then; else when they next may; undefined when never. A range begins and
 *   ends at the first instant at which clocks show its time or, where they skip it, a later one
 */
export function nextOpen(hours: HoursDemand, at: number): number | undefined {
  const stretch = stretchAt(hours, at);
  if (stretch.isOpen) return at;
  return Number.isFinite(stretch.end) ? stretch.end : undefined;
}

/** @returns the stretch of time that `at` lies in, UTC milliseconds; a closed one may have begun before it says */
export function stretchAt(hours: HoursDemand, at: number): Stretch {
  let stretch = last.get(hours);
  if (!stretch || at < stretch.start || at >= stretch.end) {
    stretch = stretchAround(hours, at);
    last.set(hours, stretch);
  }
  return stretch;
}

/** @returns the first instant from `at` on at which all are open; undefined when there is none */
export function nextOpenOfAll(all: readonly HoursDemand[], at: number): number | undefined {
  let now = at;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = now;
    for (const hours of all) {
      const open = nextOpen(hours, now);
      if (open === undefined) return undefined;
      now = open;
    }
    if (now === before) return now;
  }
  return undefined;
}

function stretchAround({ days, from, to, timezone }: HoursDemand, at: number): Stretch {
  const today = dayOf(at, timezone);
  // Nothing is known of what was before: the next call is later.
  let end = Number.POSITIVE_INFINITY;
  // A range of yesterday may last until today, and clocks set back over midnight show a date twice.
  for (let day = today - 2; day <= today + DAYS_AHEAD; day += 1) {
    if (!days[weekdayOf(day)]) continue;
    const opens = instantAt(day, from, timezone);
    const closes = instantAt(to > from ? day : day + 1, to, timezone);
    if (opens <= at && at < closes) return { start: opens, end: closes, isOpen: true };
    if (opens > at && opens < closes) {
      end = opens;
      break;
    }
  }
  return { start: at, end, isOpen: false };
}
