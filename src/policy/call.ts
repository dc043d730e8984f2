import type { Decimal } from '../json/decimal.js';
import type { Json } from '../json/value.js';
import type { RefusalCode } from './codes.js';
import type { Demand, Limit } from './model.js';

/** One `tools/call` as it is judged. `args` and `env` are read by own properties only. */
export interface Call {
  readonly tool: string;
  readonly args: { readonly [key: string]: Json };
  /** The environment that the server was given. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Why the tool's own input schema does not accept the arguments, in one sentence, and undefined where it does. Absent
   * where that cannot be determined: then a rule that needs to know refuses.
   */
  readonly undeclared?: (() => string | undefined) | undefined;
}

/** Refused by the policy's text alone, whatever has happened before. */
export interface Refusal {
  readonly code: RefusalCode;
  /** JSON pointer into the policy, or what stands for it where no rule gave the refusal (see codes.ts). */
  readonly rule: string;
  /** The author's text, when there is one. */
  readonly authorText: string | undefined;
  /** What happened, in one sentence without the tool's name: `args.amount is 500, and must be at most 100`. */
  readonly explanation: string;
}

/** What a limit takes from a counter for this call, if the call goes through. */
export interface Charge {
  readonly limit: Limit;
  /** Canonical JSON of the values of `per` (its sha-256 when long), or '' when the count is not split. */
  readonly split: string;
  readonly amount: Decimal;
}

/**
 * What the policy's text says of a call. `hidden` is answered like an unknown tool. `open` still depends on what has
 * happened and on the moment: its charges must fit (store/), its demands must be met, and if `ask` is there a person
 * must approve.
 */
export type Evaluation =
  | { readonly kind: 'hidden' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | {
      readonly kind: 'open';
      readonly charges: readonly Charge[];
      readonly ask: Refusal | undefined;
      /** Absent where the policy has none for this call. */
      readonly demands?: readonly Demand[] | undefined;
    };
