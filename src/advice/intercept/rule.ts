import type { Json, JsonObject } from '../../json/value.js';
import { MAX_PATH } from '../../policy/evaluate/path.js';
import { compileRegex } from '../../policy/evaluate/regex.js';
import { MAX_WINDOW_MS, parseWindow } from '../../policy/limits/window.js';
import { parseDuration } from '../../text/duration.js';
import type { Yaml } from './yaml.js';

/** What could not be carried over: the reason is for people. */
export class NoCounterpart extends Error {
  constructor(
    readonly line: number,
    reason: string,
  ) {
    super(reason);
  }
}

/** The operators of the predecessor; what they compare with is looked at in `valueFor`. */
const KNOWN_OPERATORS: ReadonlySet<string> = new Set(
  'eq neq lt lte gt gte in not_in exists regex contains'.split(' '),
);
/** Windows of the predecessor's counters, which begin with the minute, hour or day of UTC. */
const CALENDAR_WINDOWS: ReadonlySet<string> = new Set(['minute', 'hour', 'day']);

/** @returns the members of a mapping; none of null, which is what nothing behind a colon comes to */
export function membersOf(value: Yaml, what: string): ReadonlyMap<string, Yaml> {
  if (value.kind === 'map') return value.entries;
  if (value.kind === 'null') return new Map();
  throw new NoCounterpart(value.line, `${what} is not a mapping`);
}

export function itemsOf(value: Yaml | undefined, what: string): readonly Yaml[] {
  if (value === undefined || value.kind === 'null') return [];
  if (value.kind === 'list') return value.items;
  throw new NoCounterpart(value.line, `${what} is not a list`);
}

/** @returns the text of a field; undefined when it is absent or empty, which is the same there */
export function textOf(value: Yaml | undefined, what: string): string | undefined {
  if (value === undefined || value.kind === 'null') return undefined;
  if (value.kind === 'text') return value.value === '' ? undefined : value.value;
  if (value.kind === 'number' || value.kind === 'flag') return value.text;
  throw new NoCounterpart(value.line, `${what} is not text`);
}

/** @throws NoCounterpart for the first name that is not among `known` */
export function onlyKnown(members: ReadonlyMap<string, Yaml>, known: readonly string[], what: string): void {
  for (const [name, { line }] of members) {
    if (!known.includes(name)) throw new NoCounterpart(line, `"${name}" of ${what} is not known here`);
  }
}

/** A condition on an argument, the same in both formats but for how a path is written. */
export function conditionOf(condition: Yaml): JsonObject {
  const { path, op, value } = partsOf(condition);
  return { path: pathOf(path, condition.line), op, value: valueFor(op, value, condition.line) };
}

/** @returns the parts of any condition, those on counters included */
export function partsOf(condition: Yaml): { path: string; op: string; value: Yaml | undefined } {
  const members = membersOf(condition, 'a condition');
  onlyKnown(members, ['path', 'op', 'value'], 'a condition');
  const path = textOf(members.get('path'), 'the path of a condition') ?? '';
  const op = textOf(members.get('op'), 'the operator of a condition') ?? '';
  if (!KNOWN_OPERATORS.has(op)) throw new NoCounterpart(condition.line, `the operator "${op}" is not known`);
  return { path, op, value: members.get('value') };
}

/** There each part between two points is the name of a field, whatever signs it has. */
function pathOf(path: string, line: number): string {
  const [root, ...fields] = path.split('.');
  const steps = fields.map((field) => (/^[\w-]+$/.test(field) ? `.${field}` : `[${JSON.stringify(field)}]`));
  const written = `args${steps.join('')}`;
  if (root !== 'args' || fields.length === 0 || written.length > MAX_PATH)
    throw new NoCounterpart(line, `the path "${path}" is none of an argument`);
  return written;
}

function valueFor(op: string, value: Yaml | undefined, line: number): Json {
  switch (op) {
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      if (value?.kind === 'number' && Number.isFinite(value.value)) return value.value;
      throw new NoCounterpart(line, `"${op}" is compared with no number`);
    case 'in':
    case 'not_in':
      if (value?.kind === 'list') return value.items.map((item) => scalarOf(item, op, line));
      throw new NoCounterpart(line, `"${op}" is compared with no list`);
    case 'exists':
      if (value?.kind === 'flag') return value.value;
      throw new NoCounterpart(line, '"exists" is neither true nor false');
    case 'regex':
      if (value?.kind === 'text' && !('fault' in compileRegex(value.value))) return value.value;
      throw new NoCounterpart(line, 'the pattern of "regex" cannot be used');
    default:
      return scalarOf(value, op, line);
  }
}

/**
 * A value that both compare alike, or this one more strictly: there text and numbers are compared as they print, here
 * such a pair cannot be determined. Lists, mappings, null and numbers beyond a double print in ways of their own.
 */
function scalarOf(value: Yaml | undefined, op: string, line: number): Json {
  if (value?.kind === 'text' || value?.kind === 'flag') return value.value;
  if (value?.kind === 'number') {
    if (Number.isSafeInteger(value.value) || !Number.isInteger(value.value)) return value.value;
    throw new NoCounterpart(value.line, `the number ${value.text} is too large to be compared exactly`);
  }
  const what = value?.kind === 'odd' ? value.why : (value?.kind ?? 'nothing');
  throw new NoCounterpart(value?.line ?? line, `"${op}" is compared with ${what}`);
}

/** What a limit is made of, without its counter. */
export function rateLimitOf(rate: Yaml): JsonObject {
  if (rate.kind === 'map') return rateObject(rate.entries, rate.line);
  const text = textOf(rate, '"rate_limit"') ?? '';
  const match = /^([1-9]\d{0,14})\/(minute|hour|day)$/.exec(text);
  if (!match) throw new NoCounterpart(rate.line, `rate_limit "${text}" is not understood`);
  return { window: match[2] ?? '', max: Number(match[1]), scope: 'grant', align: 'calendar' };
}

/** `{ max: 10, window: 60 }`, as some of its documents have it. */
function rateObject(members: ReadonlyMap<string, Yaml>, line: number): JsonObject {
  onlyKnown(members, ['max', 'window'], 'rate_limit');
  const max = members.get('max');
  const window = members.get('window');
  if (max?.kind !== 'number' || !Number.isSafeInteger(max.value) || max.value < 0)
    throw new NoCounterpart(line, 'rate_limit has no whole number as its "max"');
  const spelling = window?.kind === 'number' || window?.kind === 'text' ? window.value : '';
  if (typeof spelling === 'string' && CALENDAR_WINDOWS.has(spelling))
    return { window: spelling, max: max.value, scope: 'grant', align: 'calendar' };
  if ('fault' in parseWindow(spelling))
    throw new NoCounterpart(line, 'the "window" of rate_limit is not a length of time');
  return { window: spelling, max: max.value, scope: 'grant' };
}

/** A counter that a rule keeps, `state: { counter, window, increment, increment_from }`. */
export interface Counter {
  readonly name: string;
  readonly window: string;
  readonly amount: number | string;
}

export function counterOf(state: Yaml): Counter {
  const members = membersOf(state, '"state"');
  onlyKnown(members, ['counter', 'window', 'increment', 'increment_from'], 'state');
  const { line } = state;
  const name = textOf(members.get('counter'), 'the counter of "state"');
  const window = textOf(members.get('window'), 'the window of "state"');
  if (name === undefined || window === undefined || !CALENDAR_WINDOWS.has(window))
    throw new NoCounterpart(line, '"state" has no counter, or no window of a minute, an hour or a day');
  const from = textOf(members.get('increment_from'), '"increment_from"');
  if (from !== undefined) return { name, window, amount: pathOf(from, line) };
  const by = members.get('increment');
  if (by === undefined || by.kind === 'null') return { name, window, amount: 1 };
  if (by.kind !== 'number' || !Number.isSafeInteger(by.value) || by.value < 0)
    throw new NoCounterpart(by.line, '"increment" is not a whole number of at least 0');
  // 0 there is as good as nothing written, which is 1.
  return { name, window, amount: by.value || 1 };
}

/** @returns the limit that a condition on a rule's own counter comes to: `lte N` is N, `lt N` is N - 1 */
export function counterLimit(
  counter: Counter,
  op: string,
  value: Yaml | undefined,
  line: number,
): JsonObject {
  const most = value?.kind === 'number' ? Math.trunc(value.value) - (op === 'lt' ? 1 : 0) : Number.NaN;
  if ((op !== 'lt' && op !== 'lte') || !Number.isSafeInteger(most) || most < 0)
    throw new NoCounterpart(line, `a counter that is compared by "${op}" has no counterpart`);
  const { window, amount } = counter;
  return { window, max: most, scope: 'grant', align: 'calendar', ...(amount !== 1 && { amount }) };
}

/** @returns milliseconds of `30m` or `1h30m` @throws NoCounterpart when it is none between 1 ms and 400 days */
export function durationOf(value: Yaml, what: string): number {
  const text = value.kind === 'text' ? value.value : '';
  const parts = text.match(/\d+(?:\.\d+)?[a-z]+/g) ?? [];
  const lengths = parts.map((part) => parseDuration(part) ?? Number.NaN);
  const ms = lengths.reduce((sum, length) => sum + length, 0);
  if (parts.join('') === text && ms > 0 && ms <= MAX_WINDOW_MS) return ms;
  throw new NoCounterpart(value.line, `${what} is not a length of time such as "30m"`);
}
