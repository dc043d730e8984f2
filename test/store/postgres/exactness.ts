import { expect } from 'vitest';
import type { Limit } from '../../../src/policy/model.js';
import { limit } from '../support-shapes.js';

/** At most 50 in a second, and an amount of money in two. */
export const HOUSE_RATE = limit({ counter: 'rate', max: 50, windowMs: 1000 });
export const HOUSE_MONEY = limit({ counter: 'money', max: '12.75', windowMs: 2000 });

/** Amounts as whole numbers of this part. */
const PLACES = 8;

function units(text: string): bigint {
  const [whole = '0', part = ''] = text.split('.');
  if (part.length > PLACES) throw new Error(`more places than ${PLACES}: ${text}`);
  return BigInt(whole + part.padEnd(PLACES, '0'));
}

/** A row of the log, as an auditor reads it. */
export interface AuditRow {
  readonly id: number;
  readonly at: number;
  readonly code: string | null;
  readonly outcome: string | null;
  readonly arguments: string;
  readonly charges:
    | readonly (readonly [counter: number, at: number, amount: string, refund: number])[]
    | null;
}

/** The log, and the ids of counters by name. */
export const AUDIT = `SELECT jsonb_agg(jsonb_build_object('id', id, 'at', at, 'code', code, 'outcome', outcome,
  'arguments', arguments, 'charges', charges) ORDER BY id) AS rows FROM policy_wrap.decisions WHERE team = $team`;
export const COUNTER_IDS = `SELECT jsonb_object_agg(name, id) AS ids FROM policy_wrap.counters WHERE team = $team`;

interface Charged {
  readonly id: number;
  readonly at: number;
  readonly amount: bigint;
}

/** What every row that was not given back has charged to one counter, in the order in which it was decided. */
export function chargesTo(counter: number, rows: readonly AuditRow[]): Charged[] {
  return rows.flatMap(({ id, outcome, charges }) =>
    outcome === 'not_sent'
      ? []
      : (charges ?? [])
          .filter(([to]) => to === counter)
          .map(([, at, amount]) => ({ id, at, amount: units(amount) })),
  );
}

/**
 * Whether the log alone shows more than `max` in any interval as long as the window.
 *
 * @returns the fullest interval, in the counter's own amount
 */
export function fullestWindow(one: Limit, charges: readonly Charged[]): number {
  const max = units(String(one.max));
  let worst = 0n;
  let sum = 0n;
  let first = 0;
  for (const [i, { at, amount }] of charges.entries()) {
    expect(at, 'a counter runs back').toBeGreaterThanOrEqual(charges[i - 1]?.at ?? 0);
    sum += amount;
    while (at - (charges[first]?.at ?? at) >= one.windowMs) {
      sum -= charges[first]?.amount ?? 0n;
      first += 1;
    }
    if (sum > worst) worst = sum;
  }
  expect(worst <= max, `${worst} of ${max} in one window of ${one.counter}`).toBe(true);
  return Number(worst) / 10 ** PLACES;
}

/**
 * From when on a call would have fitted, worked out from the log alone: the charges of all rows before it.
 *
 * @param refused its own row
 * @returns the time of the refusal where it fits then; undefined for never
 */
export function fitsFrom(
  one: Limit,
  charges: readonly Charged[],
  refused: AuditRow,
  amount: string,
): number | undefined {
  const max = units(String(one.max));
  const wanted = units(amount);
  if (wanted > max) return undefined;
  // Rows of one counter are decided in the order of their ids, and charges are in the order of time.
  const end = charges.findIndex(({ id }) => id > refused.id);
  const before = end === -1 ? charges.length : end;
  // The counter's clock as it stood.
  const now = Math.max(refused.at, charges[before - 1]?.at ?? 0);
  let from = before;
  while (from > 0 && (charges[from - 1]?.at ?? 0) > now - one.windowMs) from -= 1;
  const live = charges.slice(from, before);
  let left = live.reduce((sum, charge) => sum + charge.amount, wanted);
  if (left <= max) return now;
  for (const charge of live) {
    left -= charge.amount;
    if (left <= max) return charge.at + one.windowMs;
  }
  return undefined;
}
