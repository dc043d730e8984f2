import { Decimal } from '../json/decimal.js';
import type { Json, JsonObject } from '../json/value.js';
import { drawsLine } from '../policy/codes.js';
import { EACH } from '../policy/model.js';
import type { AmountUse } from './amounts.js';
import { roundUp, roundUpCount, WINDOW_MS, WINDOWS, type WindowWord } from './rates.js';
import type { ToolUse, Usage } from './usage.js';

/** A limit or a requirement, with what it rests on. */
export interface Proposed {
  /** As it stands in the policy. */
  readonly rule: JsonObject;
  readonly evidence: string;
}

/** An entry of the policy, with what it rests on. */
export interface ProposedTool {
  readonly tool: string;
  readonly calls: number;
  /** A person allowed each call, and is asked again. */
  readonly asks: boolean;
  /** Sentences about the tool as a whole. */
  readonly evidence: readonly string[];
  readonly largest: readonly Proposed[];
  readonly limits: readonly Proposed[];
}

export interface Recommendation {
  readonly listed: readonly ProposedTool[];
  /** Tools that are refused by not being listed, each with the reason. */
  readonly unlisted: readonly { readonly tool: string; readonly why: string }[];
}

/** HEADROOM_RULE puts these into words for people. */
const P99_HEADROOM = 1.5;
const PEAK_HEADROOM = 1.1;
/** Windows that must have been observed before a limit on them says anything. */
const WINDOWS_OBSERVED = 2;
/** A limit on seconds is worth a line where more than this many calls a minute are allowed. */
const BUSY_MINUTE = 60;
/** More tools than any server has; keeps the file within what is read back. */
const MAX_LISTED = 500;
const MAX_UNLISTED = 100;
const MAX_RULES = 5;
const SHOWN = 80;

/** How the numbers were chosen, for people. */
export const HEADROOM_RULE: readonly string[] = [
  'Rates: half again what 99 of 100 calls saw, at least a tenth above the highest, rounded up.',
  'Amounts: a fifth above the largest, rounded up. Sums: those of any 24 hours.',
  'Where calls were refused or asked about: what passed and no more.',
];

/**
 * A policy's entries that would have let pass what passed, with headroom. A tool of which calls were refused or asked
 * about gets what passed and no more: somebody has drawn a line there, and a recommendation does not move it.
 */
export function recommend(usage: Usage): Recommendation {
  const { from, to } = usage.period;
  const listed: ProposedTool[] = [];
  const unlisted: { tool: string; why: string }[] = [];
  const counters = new Set<string>();
  for (const use of usage.tools) {
    const why = whyNot(use, listed.length);
    if (why === undefined) listed.push(proposed(use, to - from, counters));
    else if (unlisted.length < MAX_UNLISTED) unlisted.push({ tool: use.tool, why });
  }
  return { listed, unlisted };
}

/** @returns why a tool cannot be listed, or must not */
function whyNot(use: ToolUse, listed: number): string | undefined {
  if (use.passed === 0) return stoppedText(use);
  const calls = countOf(use.passed, 'call');
  if (!use.isNameWhole) return `${calls}; the log holds only the beginning of its name`;
  if (use.tool === '') return `${calls}; a name is needed to list it`;
  if (use.tool.includes('*')) return `${calls}; its name would be a pattern here, and list other tools too`;
  return listed < MAX_LISTED ? undefined : `${calls}; more than ${MAX_LISTED} tools are too many to list`;
}

function proposed(use: ToolUse, observedMs: number, counters: Set<string>): ProposedTool {
  const strict = use.stopped.some(({ rule }) => drawsLine(rule));
  const asks = use.consented === use.passed;
  const evidence: string[] = [];
  if (use.stopped.length > 0)
    evidence.push(`${stoppedText(use)}${strict ? ': what passed and no more' : ''}`);
  if (asks) evidence.push('a person allowed every call that passed, and is asked again');
  else if (use.consented > 0)
    evidence.push(`${countOf(use.consented, 'call')} passed because a person said so; nobody is asked here`);
  if (use.failed === use.passed) evidence.push('every call that passed was answered with an error');
  const amounts = use.amounts.uses;
  for (const { path, odd } of amounts.filter((amount) => amount.odd > 0)) {
    const without = odd === 1 ? 'a call was' : `${odd} calls were`;
    evidence.push(`no limit on ${path.text}: ${without} without it, or with something else there`);
  }
  const charged = amounts.filter(({ odd, charged }) => odd === 0 && charged > 0);
  const counterOf = (suffix: string) => uniqueCounter(use.tool, suffix, counters);
  return {
    tool: use.tool,
    calls: use.passed,
    asks,
    evidence,
    largest: charged.filter(({ largest }) => largest.sign > 0).map((amount) => largestOf(amount, strict)),
    limits: [
      ...rateLimits(use, observedMs, strict, counterOf),
      ...charged
        .filter(({ peak }) => peak.sign > 0)
        .map((amount) =>
          sumLimit(amount, strict, counterOf(`${amount.path.text.slice('args'.length + 1)}_per_day`)),
        ),
    ],
  };
}

function rateLimits(
  { rates, first, last, passed }: ToolUse,
  observedMs: number,
  strict: boolean,
  counterOf: (suffix: string) => string,
): Proposed[] {
  const wanted = WINDOWS.map((window) => {
    const { peak, p99 } = rates.of(window);
    const max = strict ? peak : roundUpCount(Math.max(p99 * P99_HEADROOM, peak * PEAK_HEADROOM));
    return { window, peak, p99, max };
  });
  const minute = wanted.find(({ window }) => window === 'minute')?.max ?? 0;
  // The shortest window in which a limit that refused something can have been.
  const refusing = WINDOWS.find((window) => rates.explains(window));
  const worthwhile = (window: WindowWord): boolean => {
    if (window === refusing || window === 'minute') return true;
    if (window === 'second') return minute > BUSY_MINUTE;
    return observedMs >= WINDOWS_OBSERVED * WINDOW_MS[window];
  };
  const chosen: typeof wanted = [];
  for (const one of wanted.filter(({ window }) => worthwhile(window))) {
    // A limit that a longer window keeps anyway is noise, and so is one that a shorter window keeps.
    while ((chosen.at(-1)?.max ?? 0) >= one.max) chosen.pop();
    const shorter = chosen.at(-1);
    const ratio = shorter ? WINDOW_MS[one.window] / WINDOW_MS[shorter.window] : 0;
    if (!shorter || one.window === refusing || shorter.max * ratio > one.max) chosen.push(one);
  }
  const overall = `${countOf(passed, 'call')} in ${lengthOf(last - first)}`;
  return chosen.map(({ window, peak, p99, max }) => ({
    rule: { counter: counterOf(`per_${window}`), window, max, scope: 'grant' },
    evidence: `${overall}, at most ${peak} in any ${window}${p99 < peak ? `, and ${p99} for 99 of 100 calls` : ''}`,
  }));
}

function largestOf(amount: AmountUse, strict: boolean): Proposed {
  const value = strict ? amount.largest : roundUp(withHeadroom(amount.largest));
  return {
    rule: { path: amount.path.text, op: 'lte', value },
    evidence: `at most ${amount.largest} in ${seenText(amount)}`,
  };
}

function sumLimit(amount: AmountUse, strict: boolean, counter: string): Proposed {
  const max = strict ? amount.peak : roundUp(withHeadroom(amount.peak));
  return {
    rule: { counter, window: 'day', max, scope: 'grant', amount: chargedBy(amount) },
    evidence: `at most ${amount.peak} in any day, in ${seenText(amount)}`,
  };
}

function chargedBy({ path }: AmountUse): Json {
  return path.steps.includes(EACH) ? { sum: path.text } : path.text;
}

function seenText({ charged, unseen }: AmountUse): string {
  const calls = countOf(charged, 'call');
  return unseen === 0 ? calls : `${calls}; the log kept no values of ${unseen} more`;
}

/** A fifth more, exactly: twice the amount a place further down, and the amount. */
function withHeadroom(amount: Decimal): Decimal {
  const [digits = '0', power = '0'] = amount.plus(amount).toString().split('e');
  return amount.plus(Decimal.from(`${digits}e${Number(power) - 1}`));
}

/** One name is one count, so no two limits may come to the same. */
function uniqueCounter(tool: string, suffix: string, taken: Set<string>): string {
  const base = `${tool.length > SHOWN ? tool.slice(0, SHOWN) : tool}_${suffix}`;
  let counter = base;
  for (let n = 2; taken.has(counter); n += 1) counter = `${base}_${n}`;
  taken.add(counter);
  return counter;
}

function stoppedText({ stopped }: ToolUse): string {
  return stopped
    .slice(0, MAX_RULES)
    .map(
      ({ rule, asked, calls }) =>
        `${countOf(calls, 'call')} ${asked ? 'asked about' : 'refused'} by ${cut(rule)}`,
    )
    .join(', ');
}

function cut(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function countOf(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

/** @param ms how long it was @returns `4 days`, `50 minutes`, `less than a second` */
function lengthOf(ms: number): string {
  const unit = [...WINDOWS].reverse().find((window) => ms >= WINDOW_MS[window]);
  return unit ? countOf(Math.round(ms / WINDOW_MS[unit]), unit) : 'less than a second';
}
