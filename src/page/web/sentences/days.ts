import { isArray, type Json } from '../../../json/value.js';

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

export interface DayTaken {
  readonly day: Day;
  readonly taken: boolean;
}

export const isTaken = ({ taken }: DayTaken): boolean => taken;

/**
 * @param value of `days` in a policy; null for none, which is every day
 * @returns for each day from Monday whether it is named; undefined where a word is no day
 */
export function takenDays(value: Json): readonly DayTaken[] | undefined {
  if (value === null) return DAYS.map((day) => ({ day, taken: true }));
  const words = isArray(value) ? value : [value];
  const taken = new Set<number>();
  for (const word of words) {
    const [first, last = first] = String(word)
      .split('-')
      .map((name) => (DAYS as readonly string[]).indexOf(name));
    if (first === undefined || last === undefined || first < 0 || last < 0) return undefined;
    for (let day = first; ; day = (day + 1) % DAYS.length) {
      taken.add(day);
      if (day === last) break;
    }
  }
  return DAYS.map((day, at) => ({ day, taken: taken.has(at) }));
}

/** @returns the days as a policy spells them, ranges where three or more follow each other; null for every day */
export function daysValue(days: readonly DayTaken[]): Json {
  if (days.every(isTaken)) return null;
  const words: string[] = [];
  for (let first = 0; first < days.length; first += 1) {
    if (!days[first]?.taken) continue;
    let end = first;
    while (days[end + 1]?.taken) end += 1;
    const names = DAYS.slice(first, end + 1);
    words.push(...(names.length > 2 ? [`${names[0]}-${names.at(-1)}`] : names));
    first = end;
  }
  const [only] = words;
  return words.length === 1 && only !== undefined ? only : words;
}
