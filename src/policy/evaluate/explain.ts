import { Decimal } from '../../json/decimal.js';
import { isNumber } from '../../json/value.js';
import type { Charge } from '../call.js';
import { show } from '../describe-value.js';
import { clockAt, dayOf, weekdayOf } from '../limits/calendar.js';
import type { CalledDemand, Condition, Demand, Limit, Predicate } from '../model.js';
import { operatorOf } from '../operators.js';
import type { Finding } from './condition.js';

/** More conditions than this do not make a refusal clearer. */
const MAX_CONDITIONS = 3;

/** @returns `be at most 100`, `match ^a`: reads on from "must" and "may" */
function wordsOf({ op, value }: Condition): string {
  return operatorOf(op).words(value);
}

/** @returns `is at most 100`, `matches ^a` */
function isWords(condition: Condition): string {
  return wordsOf(condition).replace(/^\w+/, (verb) =>
    verb === 'be' ? 'is' : `${verb}${verb.endsWith('ch') ? 'es' : 's'}`,
  );
}

/** @returns why a `require` was not met: `args.amount is 500, and must be at most 100` */
export function explainRequire(findings: readonly Finding[]): string {
  const finding =
    findings.find(({ answer }) => answer === 'fails') ?? findings.find(({ answer }) => answer === 'unknown');
  if (!finding) return 'a requirement of the policy does not hold';
  const must = `must ${wordsOf(finding.condition)}`;
  const { reached } = finding;
  switch (reached.kind) {
    case 'unclear':
      return `${reached.at} ${reached.what}, and ${finding.condition.path.text} ${must}`;
    case 'missing':
      return `${reached.at} is missing, and ${must}`;
    case 'value':
      if (isSecret(finding.condition)) return `${reached.at} does not meet its condition`;
      return `${reached.at} is ${show(reached.value)}${kindNote(finding)}, and ${must}`;
  }
}

/** @returns why a `deny_if` or `approve_if` fired: `args.amount is 500, which is more than 100` */
export function explainFired(predicate: Predicate, findings: readonly Finding[]): string {
  if (predicate.conditions.length === 0) {
    return predicate.code === 'APPROVAL_REQUIRED'
      ? 'the policy asks a person for every call'
      : 'the policy refuses every call';
  }
  const parts = findings.slice(0, MAX_CONDITIONS).map(explainFinding);
  return parts.join(', and ');
}

function explainFinding(finding: Finding): string {
  const { condition, reached, answer } = finding;
  switch (reached.kind) {
    case 'unclear':
      return `${reached.at} ${reached.what}, so that it may ${wordsOf(condition)}`;
    case 'missing':
      return `${reached.at} is missing`;
    case 'value': {
      if (isSecret(condition))
        return `${reached.at} ${answer === 'unknown' ? 'may meet' : 'meets'} its condition`;
      const is = `${reached.at} is ${show(reached.value)}${kindNote(finding)}`;
      if (answer === 'unknown') return `${is}, which may ${wordsOf(condition)}`;
      return operatorOf(condition.op).isSaidByValue ? is : `${is}, which ${isWords(condition)}`;
    }
  }
}

/**
 * Values of the environment are tokens and keys as often as not, and what is said here goes to the model. Neither they
 * nor what they were compared with is shown: where the two are equal, the one is the other.
 */
function isSecret({ path }: Condition): boolean {
  return path.root === 'env';
}

/** Says what is odd about "500" where a number is looked for, and about a number that most servers would round. */
function kindNote({ answer, condition, reached }: Finding): string {
  if (answer !== 'unknown' || reached.kind !== 'value') return '';
  if (reached.value instanceof Decimal) return ' (more digits than most programs keep)';
  return typeof reached.value === 'string' && isNumber(condition.value) ? ' (text)' : '';
}

/** @returns what a demand asks for: `calls pass mon-fri from 09:00 to 18:00 (UTC)` */
export function explainDemand(demand: Demand): string {
  if (demand.kind === 'hours') return `calls pass ${demand.text}`;
  const { kind, withinText } = demand;
  return kind === 'before'
    ? `${namesOf(demand)} must have succeeded within ${withinText}`
    : `${demand.otherwise === 'deny' ? 'refused' : 'a person is asked'} within ${withinText} of ${namesOf(demand)}`;
}

/** `a call of fetch_* or web/read`, and whose. */
function namesOf({ tools, scope }: CalledDemand): string {
  const whose = { machine: '', team: ' in the team', grant: ' here', session: ' in this session' }[scope];
  return `a call of ${tools.map(({ text }) => text).join(' or ')}${whose}`;
}

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/**
 * @param at UTC milliseconds
 * @param earlier the call that an `after` goes by
 * @returns why a call does not meet a demand: `calls pass ..., and it is sat 10:12 there`
 */
export function explainUnmet(
  demand: Demand,
  at: number,
  earlier?: { readonly server: string; readonly tool: string; readonly at: number },
): string {
  if (demand.kind === 'hours')
    return `${explainDemand(demand)}, and it is ${clockText(at, demand.timezone)} there`;
  if (demand.kind === 'before' || !earlier) return `${explainDemand(demand)}, and none has`;
  const what = earlier.tool === '' ? 'a tool' : earlier.tool;
  const when = new Date(earlier.at).toISOString();
  const then = demand.otherwise === 'deny' ? 'is refused' : 'needs a person';
  return `${what} of ${earlier.server} was called at ${when}, and within ${demand.withinText} of that this ${then}`;
}

function clockText(at: number, timezone: string): string {
  const minutes = Math.floor(clockAt(at, timezone) / 60_000);
  const time = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  return `${WEEKDAYS[weekdayOf(dayOf(at, timezone))]} ${time.join(':')}`;
}

/**
 * @param used what the counter holds before the call
 * @param inFlight what calls hold of it that are still in flight
 * @returns `30 of 30 calls per minute used`, `5 of 5 calls with these arguments per minute used`, `900 of 1000 per day used in spend, and this call adds 200`
 */
export function explainUsage({ limit, amount }: Charge, used: Decimal, inFlight?: Decimal): string {
  const whose = sharedBy(limit);
  const held = inFlight === undefined ? '' : `, ${inFlight} of it by calls that are still in flight`;
  // It takes nothing, and passes only while others have taken little enough.
  if (amount.sign === 0)
    return `${limit.counter} holds ${used}${whose} in one window (${limit.windowText})${held}, and this call passes at ${limit.max} or less`;
  const countsCalls = limit.amount.kind === 'fixed' && amount.compare(Decimal.one) === 0;
  return countsCalls
    ? `${used} of ${limit.max} calls${whose} per ${limit.windowText} used${held}`
    : `${used} of ${limit.max} per ${limit.windowText} used in ${limit.counter}${whose}${held}, and this call adds ${amount}`;
}

/** Which calls share the count of a limit that is split by arguments: a model is not to think that all are refused. */
function sharedBy({ per }: Limit): string {
  const split = per.filter(({ root }) => root === 'args');
  if (split.length === 0) return '';
  const whole = split.some(({ steps }) => steps.length === 0);
  return whole ? ' with these arguments' : ` with this ${split.map(({ text }) => text).join(' and ')}`;
}
