import { Decimal } from '../../json/decimal.js';
import { isNumber } from '../../json/value.js';
import { nearest } from '../../text/suggest.js';
import { isTimezone } from '../limits/calendar.js';
import { parseWindow, WINDOW_WORDS, type Window } from '../limits/window.js';
import { type Amount, EACH, type Limit } from '../model.js';
import type { CompileContext } from './compile-context.js';
import { compileArgsPath, compileExcept, compilePer, withoutLast } from './compile-paths.js';
import type { LimitDocument } from './format-checks.js';
import { pointerOf } from './problem.js';
import type { Segment } from './source.js';
import type { Partly } from './validate.js';

/** @param path where `limits` stands in the document */
export function compileLimits(
  context: CompileContext,
  list: Partly<readonly LimitDocument[]> | undefined,
  path: readonly Segment[],
  fallbackText: string | undefined,
): Limit[] {
  return (list ?? []).flatMap((limit, index) => {
    if (!limit) return [];
    const at = [...path, index];
    const { counter } = limit;
    if (counter === '') {
      context.report('NAME', [...at, 'counter'], 'A counter needs a name.', 'Write "counter": "calls".');
    }
    const window =
      limit.window === undefined ? undefined : compileWindow(context, limit.window, [...at, 'window']);
    const max = exactNumber(context, [...at, 'max'], 'nothing is less than no call');
    const amount = compileAmount(context, limit.amount, [...at, 'amount']);
    const per = compilePer(context, limit.per, [...at, 'per']);
    const except = compileExcept(context, limit.except, [...at, 'except'], per);
    const warnAt = limit.warn_at === undefined ? undefined : compileWarnAt(context, max, [...at, 'warn_at']);
    const nowhere = window !== undefined && !window.unit && limit.align === 'calendar';
    if (nowhere) {
      const message = `${JSON.stringify(limit.window)} names no place in the calendar, so it cannot be aligned to it.`;
      const hint = `Write a word (${WINDOW_WORDS.join(', ')}), or leave "align" out.`;
      context.report('WINDOW', [...at, 'align'], message, hint);
    }
    if (counter === undefined || !window || !max || !amount || nowhere) return [];
    const pointer = pointerOf([...path, counter]);
    if (!context.locations.has(pointer)) context.locations.set(pointer, at);
    return {
      counter,
      windowMs: window.ms,
      windowText: window.text,
      align:
        limit.align === 'calendar' && window.unit
          ? { kind: 'calendar', unit: window.unit, timezone: context.timezone }
          : { kind: 'sliding' },
      max,
      scope: limit.scope ?? 'grant',
      amount,
      per,
      except,
      refund: limit.refund ?? 'never',
      onExceed: limit.on_exceed ?? 'deny',
      ...(warnAt && { warnAt }),
      onDeny: limit.on_deny ?? fallbackText,
      pointer,
    };
  });
}

/** @returns what the counter holds when a person is told */
function compileWarnAt(
  context: CompileContext,
  max: Decimal | undefined,
  at: readonly Segment[],
): Decimal | undefined {
  const part = exactNumber(context, at, 'a count is never less than nothing');
  if (!part || !max) return undefined;
  if (part.sign > 0 && part.compare(Decimal.one) <= 0) return max.times(part);
  const message = `"warn_at" is ${part}, and must be more than 0 and at most 1: it is a part of "max".`;
  context.report('VALUE', at, message, 'Write 0.8 to be told at four fifths.');
  return undefined;
}

export function compileWindow(
  context: CompileContext,
  spelling: string | number,
  at: readonly Segment[],
): Window | undefined {
  const window = parseWindow(spelling);
  if (!('fault' in window)) return window;
  const likely = typeof spelling === 'string' ? likelyWindow(spelling) : undefined;
  const hint = `Write ${WINDOW_WORDS.join(', ')}, a number of seconds, or text such as "15m", "24h".`;
  context.report('WINDOW', at, window.fault, hint, { likely });
  return undefined;
}

const LONG_UNITS: Readonly<Record<string, string>> = {
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
  day: 'd',
  days: 'd',
  week: 'w',
  weeks: 'w',
};

function likelyWindow(spelling: string): string | undefined {
  const long = /^(\d+)\s*([a-z]+)$/i.exec(spelling.trim());
  const letter = long?.[2] && LONG_UNITS[long[2].toLowerCase()];
  if (letter) return `${long[1]}${letter}`;
  const word = spelling.trim().toLowerCase();
  const daily = { daily: 'day', hourly: 'hour', weekly: 'week', monthly: 'month' }[word];
  return (
    daily ?? nearest(word.replace(/^per[ _-]?/, ''), WINDOW_WORDS) ?? WINDOW_WORDS.find((w) => w === word)
  );
}

/**
 * @returns the number at `at` as the file writes it; undefined when there is none, or a negative one, which is reported
 * @param why what a negative one would mean
 */
export function exactNumber(
  context: CompileContext,
  at: readonly Segment[],
  why: string,
): Decimal | undefined {
  const value = context.source.value(at);
  if (!isNumber(value)) return undefined;
  const exact = Decimal.from(value.toString());
  if (exact.sign >= 0) return exact;
  context.report('VALUE', at, `"${String(at.at(-1))}" is negative; ${why}.`, 'Write 0 or more.');
  return undefined;
}

function compileAmount(
  context: CompileContext,
  amount: Partly<LimitDocument['amount']>,
  at: readonly Segment[],
): Amount | undefined {
  if (amount === undefined) return { kind: 'fixed', value: Decimal.one };
  if (typeof amount === 'number') {
    const value = exactNumber(context, at, 'calls would free what others used');
    return value && { kind: 'fixed', value };
  }
  if (typeof amount === 'string') {
    const path = compileArgsPath(context, amount, at);
    if (!path?.steps.includes(EACH)) return path && { kind: 'value', path };
    const message = `"${amount}" leads to several values; "amount" takes one.`;
    context.report('PATH', at, message, `Write {"sum": "${amount}"}.`);
    return undefined;
  }
  if ('sum' in amount) {
    const path = amount.sum === undefined ? undefined : compileArgsPath(context, amount.sum, [...at, 'sum']);
    return path && { kind: 'sum', path };
  }
  const path =
    amount.count === undefined ? undefined : compileArgsPath(context, amount.count, [...at, 'count']);
  // `args.list[*]` names the elements that `args.list` has: both count the same.
  return path && { kind: 'count', path: path.steps.at(-1) === EACH ? withoutLast(path) : path };
}

/** @returns the name when it is a time zone; otherwise reports it */
export function compileTimezone(
  context: CompileContext,
  name: string | undefined,
  at: readonly Segment[],
): string {
  if (name === undefined) return 'UTC';
  if (isTimezone(name)) return name;
  const known = Intl.supportedValuesOf('timeZone');
  const city = known.find((zone) =>
    zone.toLowerCase().endsWith(`/${name.toLowerCase().replaceAll(' ', '_')}`),
  );
  context.report(
    'TIMEZONE',
    at,
    `"${name}" is not a time zone that this machine knows.`,
    'Write an IANA name.',
    {
      likely: city ?? nearest(name, known),
    },
  );
  return 'UTC';
}
