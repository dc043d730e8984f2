import type { Refusal } from '../policy/call.js';
import type { RefusalCode } from '../policy/codes.js';
import { explainUnmet } from '../policy/evaluate/explain.js';
import { nextOpen, nextOpenOfAll } from '../policy/limits/hours.js';
import type { Demand } from '../policy/model.js';
import type { CallHistory, EarlierCall } from './call-history.js';
import type { Owner } from './counters/counter-key.js';

/** How a demand stands at the moment of a call. Times in UTC milliseconds. */
export interface DemandCheck {
  readonly demand: Demand;
  readonly isMet: boolean;
  /** The call before, which an `after` goes by. */
  readonly earlier?: EarlierCall | undefined;
  /** From then on an `after` is met, or a `before` no longer is, if nothing else happens. */
  readonly until?: number | undefined;
}

/** A demand that a call does not meet. */
export interface Unmet extends Pick<DemandCheck, 'demand' | 'earlier'> {
  /** UTC milliseconds: refused until then, allowed at it if nothing else happens; undefined when time alone mends nothing. */
  readonly retryAt: number | undefined;
}

export const DEMAND_CODES = {
  hours: 'HOURS',
  before: 'BEFORE',
  after: 'AFTER',
} as const satisfies Readonly<Record<Demand['kind'], RefusalCode>>;

/** @param now UTC milliseconds */
export function checkDemands(
  history: CallHistory,
  owner: Owner,
  demands: readonly Demand[],
  now: number,
): DemandCheck[] {
  return demands.map((demand) => checkDemand(history, owner, demand, now));
}

function checkDemand(history: CallHistory, owner: Owner, demand: Demand, now: number): DemandCheck {
  switch (demand.kind) {
    case 'hours':
      return { demand, isMet: nextOpen(demand, now) === now };
    case 'after': {
      const earlier = history.latest(owner, demand, now);
      return { demand, isMet: !earlier, earlier, until: earlier && earlier.at + demand.withinMs };
    }
    case 'before': {
      const succeeded = history.succeeded(owner, demand, now);
      return { demand, isMet: succeeded !== undefined, until: succeeded && succeeded.at + demand.withinMs };
    }
  }
}

/**
 * The first that refuses a call which does not meet it.
 *
 * @param full a limit that refuses the call too, and may do so for longer
 * @param now UTC milliseconds
 */
export function refusingDemand(
  checks: readonly DemandCheck[],
  full: { readonly retryAt: number | undefined } | undefined,
  now: number,
): Unmet | undefined {
  const refusing = checks.find(({ isMet, demand }) => !isMet && demand.otherwise === 'deny');
  if (!refusing) return undefined;
  const { demand, earlier } = refusing;
  const from = full ? full.retryAt : now;
  return { demand, earlier, retryAt: from === undefined ? undefined : demandsMetFrom(checks, from) };
}

/** Why a person is asked, where a call does not meet a demand. @param now UTC milliseconds */
export function askingDemand(checks: readonly DemandCheck[], now: number): Refusal | undefined {
  const asking = checks.find(({ isMet, demand }) => !isMet && demand.otherwise === 'approve');
  if (!asking) return undefined;
  const { demand, earlier } = asking;
  const explanation = explainUnmet(demand, now, earlier);
  return { code: 'APPROVAL_REQUIRED', rule: demand.pointer, authorText: demand.onDeny, explanation };
}

/**
 * When no demand refuses a call any more, at `from` or later: limits that have room then keep it as long as nothing
 * else happens (G5).
 *
 * @param from UTC milliseconds
 * @returns undefined when there is no such time, or it depends on other calls
 */
export function demandsMetFrom(checks: readonly DemandCheck[], from: number): number | undefined {
  const refusing = checks.filter(({ demand }) => demand.otherwise === 'deny');
  const lapses = refusing.flatMap(({ demand, until = from }) => (demand.kind === 'after' ? until : []));
  const hours = refusing.flatMap(({ demand }) => (demand.kind === 'hours' ? demand : []));
  const at = nextOpenOfAll(hours, Math.max(from, ...lapses));
  const isBefore = refusing.some(
    ({ demand, until }) => demand.kind === 'before' && (until === undefined || until <= (at ?? until)),
  );
  return isBefore ? undefined : at;
}
