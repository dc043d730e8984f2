/** Milliseconds. */
export const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The largest first. */
const UNITS = [
  ['week', 7 * DAY],
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
  ['second', SECOND],
] as const;

const SPANS = [
  ['s', SECOND],
  ['min', MINUTE],
  ['h', HOUR],
  ['d', DAY],
] as const;

const LETTERS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ...UNITS.map(([unit, length]) => [unit.charAt(0), length] as const),
]);

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
    ms = Number(match[1]) * (LETTERS.get(match[2] ?? '') ?? Number.NaN);
  }
  // 0.1 s is 100 ms, whatever its double says.
  const whole = Math.round(ms);
  return ms >= 0 && whole <= Number.MAX_SAFE_INTEGER && Math.abs(whole - ms) < 1e-6 * Math.max(1, ms)
    ? whole
    : undefined;
}

/** @returns `minute`, `15 minutes`, `90 seconds`: the largest unit that divides it; `month` is never used */
export function textOfDuration(ms: number): string {
  for (const [unit, length] of UNITS) {
    const count = ms / length;
    if (count === 1) return unit;
    if (Number.isInteger(count)) return `${count} ${unit}s`;
  }
  return ms === 1 ? 'millisecond' : `${ms} milliseconds`;
}

/** @returns `12 s`, `4 min`, `3 h`, `5 d`, rounded up: nothing is promised too early */
export function span(ms: number): string {
  const [name, length] = SPANS.findLast(([, each]) => ms >= 2 * each) ?? SPANS[0];
  return `${Math.max(0, Math.ceil(ms / length))} ${name}`;
}
