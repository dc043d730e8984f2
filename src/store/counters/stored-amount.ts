import { PolicyWrapError } from '../../errors.js';
import { Decimal } from '../../json/decimal.js';

/**
 * A decimal as a column holds it: an integer if a double holds it exactly, else text that `Decimal.from` reads.
 * Counts of calls are always integers, so most sums need no Decimal.
 */
export type StoredAmount = number | string;

export function toStored(value: Decimal): StoredAmount {
  return value.safeInteger ?? value.toString();
}

/** @throws PolicyWrapError STATE_CORRUPT when a column holds no amount */
export function toDecimal(amount: unknown): Decimal {
  if (typeof amount === 'number' || typeof amount === 'string') {
    try {
      return Decimal.from(amount);
    } catch {
      // Reported below.
    }
  }
  throw corruptValue(amount, 'an amount');
}

/** Reads a column; cheap for integers. */
export function asAmount(value: unknown): StoredAmount {
  if (Number.isSafeInteger(value)) return value as number;
  return toStored(toDecimal(value));
}

export function plus(a: StoredAmount, b: StoredAmount): StoredAmount {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toStored(toDecimal(a).plus(toDecimal(b)));
}

export function minus(a: StoredAmount, b: StoredAmount): StoredAmount {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toStored(toDecimal(a).minus(toDecimal(b)));
}

/** @returns negative, zero or positive as `a` is less than, equal to or greater than `b` */
export function compare(a: StoredAmount, b: StoredAmount): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return toDecimal(a).compare(toDecimal(b));
}

/** The error for a column that holds a value that policy-wrap never wrote. */
export function corruptValue(value: unknown, wanted: string): PolicyWrapError {
  const shown = String(value).slice(0, 40);
  return new PolicyWrapError('STATE_CORRUPT', `the state database holds ${shown} where ${wanted} should be`, {
    hint: 'Set the file aside with "policy-wrap reset --database" and start with a new one.',
  });
}
