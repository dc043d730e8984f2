import type { Decimal } from './decimal.js';

/** A JSON value as the policy reads it: a number that a double does not hold exactly is a Decimal. */
export type Json =
  | null
  | boolean
  | number
  | string
  | Decimal
  | readonly Json[]
  | { readonly [key: string]: Json };
