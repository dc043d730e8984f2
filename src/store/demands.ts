import type { Refusal } from '../policy/call.js';
import type { RefusalCode } from '../policy/codes.js';
import { explainUnmet } from '../policy/evaluate/explain.js';
import { nextOpen, nextOpenOfAll } from '../policy/limits/hours.js';
import type { Demand, HoursDemand } from '../policy/model.js';

/** How a demand stands at the moment of a call. */
export interface DemandCheck {
  readonly demand: Demand;
  readonly isMet: boolean;
}

/** A demand that a call does not meet. */
export interface Unmet {
  readonly demand: Demand;
  /** UTC milliseconds: refused until then, allowed at it if nothing else happens; undefined when time alone mends nothing. */
  readonly retryAt: number | undefined;
}

export const DEMAND_CODES = { hours: 'HOURS' } as const satisfies Readonly<
  Record<Demand['kind'], RefusalCode>
>;

/** @param now UTC milliseconds */
export function checkDemands(demands: readonly Demand[], now: number): DemandCheck[] {
  return demands.map((demand) => ({ demand, isMet: nextOpen(demand, now) === now }));
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
  const from = full ? full.retryAt : now;
  return { demand: refusing.demand, retryAt: from === undefined ? undefined : demandsMetFrom(checks, from) };
}

/** Why a person is asked, where a call does not meet a demand. @param now UTC milliseconds */
export function askingDemand(checks: readonly DemandCheck[], now: number): Refusal | undefined {
  const asking = checks.find(({ isMet, demand }) => !isMet && demand.otherwise === 'approve');
  if (!asking) return undefined;
  const { onDeny, pointer } = asking.demand;
  const explanation = explainUnmet(asking.demand, now);
  return { code: 'APPROVAL_REQUIRED', rule: pointer, authorText: onDeny, explanation };
}

/**
 * When no demand refuses a call any more, at `from` or later: limits that have room then keep it as long as nothing
 * else happens (G5).
 *
 * @param from UTC milliseconds
 * @returns undefined when there is no such time, or it depends on other calls
 */
export function demandsMetFrom(checks: readonly DemandCheck[], from: number): number | undefined {
  const hours = checks.map(({ demand }) => demand).filter(isHours);
  return nextOpenOfAll(hours, from);
}

function isHours(demand: Demand): demand is HoursDemand {
  return demand.kind === 'hours' && demand.otherwise === 'deny';
}
