import type { Decimal } from '../json/decimal.js';
import type { Charge } from '../policy/call.js';
import type { LimitCheck } from './counters/counters.js';
import { toDecimal } from './counters/stored-amount.js';
import { type DemandCheck, demandsMetFrom } from './demands.js';

/** A limit that a call exceeds. */
export interface Exceeded {
  readonly charge: Charge;
  /** What the counter held before this call. */
  readonly used: Decimal;
  /**
   * UTC milliseconds: refused until then, allowed at it if nothing else happens; undefined when it can never fit, or
   * when that depends on calls in flight.
   */
  readonly retryAt: number | undefined;
  /** What calls in flight hold, if the call is refused until one of them ends. */
  readonly inFlight: Decimal | undefined;
  /** UTC milliseconds: what the machine's clock said before it was set back; charges of that time still count. */
  readonly clockWas: number | undefined;
  /** It would fit at some time, and other rules of the policy refuse it then. */
  readonly isBarred?: boolean | undefined;
}

/** A limit's next instant at which no demand refuses the call either. */
export function within<Full extends Pick<Exceeded, 'retryAt'>>(
  full: Full,
  checks: readonly DemandCheck[],
): Full & Pick<Exceeded, 'isBarred'> {
  if (full.retryAt === undefined) return full;
  const retryAt = demandsMetFrom(checks, full.retryAt);
  return { ...full, retryAt, isBarred: retryAt === undefined };
}

/**
 * The first limit that is exceeded, with the instant at which none is any more: a call that waits for two limits does
 * not pass when the first has room again (G5). There is no such instant when one can never be met, or depends on calls
 * in flight.
 *
 * @param onExceed only limits of this kind
 */
export function firstExceeded<
  Check extends Pick<LimitCheck, 'charge' | 'fits' | 'retryAt'> & { readonly inFlight?: unknown },
>(checks: readonly Check[], onExceed?: 'deny'): Check | undefined {
  let first: Check | undefined;
  let waiting: Check | undefined;
  let retryAt = 0;
  for (const check of checks) {
    if (check.fits || (onExceed && check.charge.limit.onExceed !== onExceed)) continue;
    first ??= check;
    if (check.inFlight === undefined) retryAt = Math.max(retryAt, check.retryAt ?? Number.POSITIVE_INFINITY);
    else waiting ??= check;
  }
  if (!first) return undefined;
  const isNever = retryAt === Number.POSITIVE_INFINITY;
  return {
    ...first,
    retryAt: isNever || waiting ? undefined : retryAt,
    inFlight: isNever ? undefined : waiting?.inFlight,
  };
}

export function exceededOf(checks: readonly LimitCheck[], onExceed?: 'deny'): Exceeded | undefined {
  const full = firstExceeded(checks, onExceed);
  return full && { charge: full.charge, ...shownOf(full) };
}

/** What people and other rooms are told of a checked limit. */
export function shownOf({ used, retryAt, inFlight, clockWas }: LimitCheck): Omit<Exceeded, 'charge'> {
  return {
    used: toDecimal(used),
    retryAt,
    inFlight: inFlight === undefined ? undefined : toDecimal(inFlight),
    clockWas,
  };
}
