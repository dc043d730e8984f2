import { namePattern } from '../evaluate/name-pattern.js';
import { uriPattern } from '../evaluate/uri-pattern.js';
import type { Window } from '../limits/window.js';
import type { CalledDemand, CalledTool, Demand, HoursDemand, NamePattern } from '../model.js';
import { PROMPT, RESOURCE } from '../sections.js';
import type { CompileContext } from './compile-context.js';
import { compileWindow } from './compile-limits.js';
import type { ChecksDocument } from './format.js';
import type { CalledDocument, HoursDocument } from './format-checks.js';
import { pointerOf } from './problem.js';
import type { Segment } from './source.js';
import type { Partly } from './validate.js';

/** What depends on the moment of a call. @param reason what rules without an `on_deny` of their own tell the agent */
export function compileDemands(
  context: CompileContext,
  checks: Partly<ChecksDocument>,
  path: readonly Segment[],
  reason: string | undefined,
): Demand[] {
  const hours = checks.hours && compileHours(context, checks.hours, [...path, 'hours'], reason);
  return [
    ...(hours ? [hours] : []),
    ...compileCalled(context, 'before', checks.before, [...path, 'before'], reason),
    ...compileCalled(context, 'after', checks.after, [...path, 'after'], reason),
  ];
}

/** Rows of calls are kept this long for rules that look back, whatever else is removed (store/call-history.ts). */
const LONGEST_WITHIN = 31 * 86_400_000;

function compileCalled(
  context: CompileContext,
  kind: CalledDemand['kind'],
  list: readonly (Partly<CalledDocument> | undefined)[] | undefined,
  path: readonly Segment[],
  reason: string | undefined,
): CalledDemand[] {
  return (list ?? []).flatMap((rule, index) => {
    if (!rule) return [];
    const at = [...path, index];
    const names = (rule.tools ?? []).filter((name) => name !== undefined);
    if (rule.tools?.length === 0) {
      const message = `Without a tool this ${kind === 'after' ? 'never refuses' : 'refuses every call'}.`;
      context.report('VALUE', [...at, 'tools'], message, 'Name a tool, or a pattern such as "fetch_*".');
    }
    for (const [place, name] of names.entries()) {
      if (name !== '' && !name.startsWith('/') && !name.endsWith('/')) continue;
      const message = `"${name}" is no name of a tool.`;
      context.report(
        'NAME',
        [...at, 'tools', place],
        message,
        'Write "fetch_page", "fetch_*" or "web/fetch_*".',
      );
    }
    const within = compileWithin(context, rule.within, [...at, 'within']);
    if (names.length === 0 || !within) return [];
    return {
      kind,
      tools: names.map((name) => calledTool(kind, name)),
      withinMs: within.ms,
      withinText: /^\d/.test(within.text) ? within.text : `one ${within.text}`,
      scope: rule.scope ?? (kind === 'after' ? 'machine' : 'grant'),
      otherwise: rule.then ?? 'deny',
      onDeny: rule.on_deny ?? reason,
      pointer: pointerOf(at),
    };
  });
}

function compileWithin(
  context: CompileContext,
  spelling: string | number | undefined,
  at: readonly Segment[],
): Pick<Window, 'ms' | 'text'> | undefined {
  if (spelling === undefined) return { ms: LONGEST_WITHIN, text: '31 days' };
  const window = compileWindow(context, spelling, at);
  if (!window || window.ms <= LONGEST_WITHIN) return window;
  const message = `${JSON.stringify(spelling)} is longer than calls are remembered.`;
  context.report('WINDOW', at, message, 'Write at most "31d".');
  return undefined;
}

/**
 * What stands before the first slash names a server. A lenient server could take a lookalike for the tool that is meant:
 * one counts for `after`, which refuses, and not for `before`, which lets pass. So does a tool with a slash in its name.
 */
function calledTool(kind: CalledDemand['kind'], text: string): CalledTool {
  const whole = calledName(text);
  // The URI of a resource has slashes of its own.
  const slash = text.startsWith(RESOURCE) || text.startsWith(PROMPT) ? -1 : text.indexOf('/');
  const server = slash < 0 ? undefined : namePattern(text.slice(0, slash));
  const tool = slash < 0 ? whole : calledName(text.slice(slash + 1));
  if (kind === 'before')
    return { text, matches: (onServer, name) => (server?.matches(onServer) ?? true) && tool.matches(name) };
  return {
    text,
    matches: (onServer, name) =>
      whole.matchesLookalike(name) ||
      ((server?.matchesLookalike(onServer) ?? false) && tool.matchesLookalike(name)),
  };
}

function calledName(text: string): NamePattern {
  const pattern = text.startsWith(RESOURCE) ? uriPattern(text.slice(RESOURCE.length)) : undefined;
  return pattern && 'text' in pattern ? pattern : namePattern(text);
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function compileHours(
  context: CompileContext,
  hours: Partly<HoursDocument>,
  path: readonly Segment[],
  reason: string | undefined,
): HoursDemand | undefined {
  const days = compileDays(context, hours.days, [...path, 'days']);
  const from = compileTime(context, hours.from ?? '00:00', [...path, 'from']);
  const to = compileTime(context, hours.to ?? '24:00', [...path, 'to']);
  if (!days || from === undefined || to === undefined) return undefined;
  if (from === DAY) {
    const message = 'A day ends at 24:00, so that nothing begins then.';
    context.report('VALUE', [...path, 'from'], message, 'Write "00:00".');
    return undefined;
  }
  if (from === to) {
    const message = `"from" and "to" are both ${hours.from}, so that no time lies between them.`;
    context.report('CONTRADICTION', [...path, 'to'], message, 'Leave both out to mean the whole day.');
    return undefined;
  }
  const { timezone } = context;
  const named = days.every(Boolean) ? '' : `${namesOfDays(days)} `;
  return {
    kind: 'hours',
    days,
    from,
    to,
    timezone,
    text: `${named}from ${textOfTime(from)} to ${textOfTime(to)} (${timezone})`,
    otherwise: hours.outside ?? 'deny',
    onDeny: hours.on_deny ?? reason,
    pointer: pointerOf(path),
  };
}

/** @returns for each day from Monday whether it is named; undefined when that is unclear, which is reported */
function compileDays(
  context: CompileContext,
  spelling: Partly<HoursDocument['days']>,
  at: readonly Segment[],
): readonly boolean[] | undefined {
  if (spelling === undefined) return DAYS.map(() => true);
  const isList = typeof spelling !== 'string';
  const words = isList ? spelling : [spelling];
  const days = DAYS.map(() => false);
  let isSound = true;
  for (const [index, word] of words.entries()) {
    const [first, last, ...more] = (word ?? '')
      .split('-')
      .map((day) => (DAYS as readonly string[]).indexOf(day));
    const end = last ?? first;
    if (first === undefined || first < 0 || end === undefined || end < 0 || more.length > 0) {
      const here = isList ? [...at, index] : at;
      const likely = likelyDays(word ?? '');
      const message = `${JSON.stringify(word)} is no day and no range of days.`;
      context.report('VALUE', here, message, `Days are ${DAYS.join(', ')}; a range is "mon-fri".`, {
        likely,
      });
      isSound = false;
    } else {
      // A range may go over the end of the week: "fri-mon" is four days.
      for (let day = first; ; day = (day + 1) % DAYS.length) {
        days[day] = true;
        if (day === end) break;
      }
    }
  }
  if (!isSound) return undefined;
  if (days.some(Boolean)) return days;
  context.report('VALUE', at, 'Without a day there is no time at all.', 'Name a day, or leave it out.');
  return undefined;
}

/** Written out, or in capitals: `Monday to Friday` is mon-fri. */
function likelyDays(word: string): string | undefined {
  const found = word
    .toLowerCase()
    .match(/[a-z]+/g)
    ?.filter((part) => !['to', 'until', 'through'].includes(part));
  const days = found?.map((part) => DAYS.find((day) => part.startsWith(day)));
  return days && days.length <= 2 && days.every(Boolean) ? days.join('-') : undefined;
}

/** @returns milliseconds since midnight; otherwise reports it */
function compileTime(context: CompileContext, spelling: string, at: readonly Segment[]): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(spelling);
  if (match) return (Number(match[1]) * 60 + Number(match[2])) * MINUTE;
  if (spelling === '24:00') return DAY;
  const short = /^(\d):([0-5]\d)$/.exec(spelling);
  const likely = short ? `0${spelling}` : undefined;
  const message = `${JSON.stringify(spelling)} is no time of the day.`;
  context.report('VALUE', at, message, 'Write hours and minutes of 24: "09:00", "17:30".', { likely });
  return undefined;
}

function textOfTime(ms: number): string {
  const minutes = ms / MINUTE;
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

/** @returns `mon-fri`, `mon, wed-thu` */
function namesOfDays(days: readonly boolean[]): string {
  const ranges: string[] = [];
  for (let first = 0; first < days.length; first += 1) {
    if (!days[first]) continue;
    let end = first;
    while (days[end + 1]) end += 1;
    ranges.push(end === first ? `${DAYS[first]}` : `${DAYS[first]}-${DAYS[end]}`);
    first = end;
  }
  return ranges.join(', ');
}
