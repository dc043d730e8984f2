import type { Decimal } from '../../json/decimal.js';

/** Most digits before and after the point: well within what PostgreSQL's numeric holds, and what its sums then need. */
const NUMERIC_DIGITS = 500;

/** Whether a shared store can hold and add up a number: it refuses what it would have to round. */
export function fitsNumeric(value: Decimal): boolean {
  return value.decimals <= NUMERIC_DIGITS && value.wholeDigits <= NUMERIC_DIGITS;
}
