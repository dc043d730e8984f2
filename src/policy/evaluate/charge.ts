import { canonicalJson } from '../../json/canonical.js';
import { Decimal } from '../../json/decimal.js';
import { isArray, isNumber, type Json } from '../../json/value.js';
import { sha256 } from '../../text/hash.js';
import type { Call, Charge } from '../call.js';
import { show } from '../describe-value.js';
import { EACH, type Limit, type Path } from '../model.js';
import { alike } from './alike.js';
import { ROUNDED } from './inexact.js';
import { type Place, reach } from './path.js';
import { without } from './without.js';

/** Digits of an amount before and after the point; sums of such numbers stay cheap, however many there are. */
const MAX_DIGITS = 40;

/** Longer splits are kept as their hash: a database need not hold the arguments of every call. */
const MAX_SPLIT = 200;

/** In a sentence, why a call cannot be charged. */
interface Fault {
  readonly fault: string;
}

/**
 * @returns what the limit takes from its counter for this call; or, in a sentence, why that cannot be determined: an amount
 *   that is missing, negative or no number, a field that is there in another case. Such a call is refused (`AMOUNT`).
 */
export function chargeOf(limit: Limit, call: Call): Charge | Fault {
  const amount = amountOf(limit, call);
  if (isFault(amount)) return amount;
  const split = splitOf(limit, call);
  return isFault(split) ? split : { limit, split, amount };
}

function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'fault' in value;
}

function amountOf(limit: Limit, call: Call): Decimal | Fault {
  const { amount } = limit;
  if (amount.kind === 'fixed') return amount.value;
  const measure = amount.kind === 'count' ? lengthOf : numberOf;
  let sum = Decimal.zero;
  // Whole numbers apart: a list may have a million, and a double adds them exactly as long as it stays safe.
  let whole = 0;
  for (const reached of reach(amount.path, call)) {
    if (reached.kind === 'missing')
      return { fault: `${reached.at} is missing, and the call is counted by it` };
    if (reached.kind === 'unclear') return { fault: `${reached.at} ${reached.what}` };
    const part = measure(reached.value, reached.at);
    if (typeof part === 'object' && isFault(part)) return part;
    if (typeof part === 'number' && Number.isSafeInteger(whole + part)) whole += part;
    else sum = sum.plus(typeof part === 'number' ? Decimal.from(part) : part);
  }
  return sum.plus(Decimal.from(whole));
}

/** @returns the number; as a double where that is whole */
function numberOf(value: Json, at: Place): number | Decimal | Fault {
  if (!isNumber(value)) return { fault: `${at} is ${show(value)}, and must be a number` };
  if (value instanceof Decimal) return { fault: `${at} is ${show(value)}, ${ROUNDED}` };
  if (value < 0) return { fault: `${at} is ${show(value)}, and must not be negative` };
  if (Number.isSafeInteger(value)) return value;
  const number = Decimal.from(value);
  if (number.wholeDigits > MAX_DIGITS || number.decimals > MAX_DIGITS) {
    return { fault: `${at} has more than ${MAX_DIGITS} digits before or after the point` };
  }
  return number;
}

function lengthOf(value: Json, at: Place): number | Fault {
  return isArray(value) ? value.length : { fault: `${at} is ${show(value)}, and must be a list` };
}

function splitOf({ per, except }: Limit, call: Call): string | Fault {
  if (per.length === 0) return '';
  const seen = except.length === 0 ? call : { ...call, args: without(call.args, except) };
  const parts: Json[] = [];
  for (const path of per) {
    const part = partOf(path, seen);
    if ('fault' in part) return part;
    parts.push(part.value);
  }
  const text = canonicalJson(parts);
  return text.length <= MAX_SPLIT ? text : `sha256:${sha256(text)}`;
}

function partOf(path: Path, call: Call): { readonly value: Json } | Fault {
  const values: Json[] = [];
  for (const reached of reach(path, call)) {
    if (reached.kind === 'unclear') return { fault: `${reached.at} ${reached.what}` };
    const told = reached.kind === 'missing' ? { value: null } : alike(reached.value, path.text);
    // What the fault says of the value is said to the model.
    if ('fault' in told)
      return path.root === 'env' ? { fault: `${path.text} holds what servers may read in two ways` } : told;
    values.push(told.value);
  }
  const isEmpty = values.every((value) => value === null);
  const value = isEmpty ? null : path.steps.includes(EACH) ? values : (values[0] ?? null);
  // What stands in the environment is kept nowhere; its hash tells the counts apart.
  return { value: path.root === 'env' && value !== null ? `sha256:${sha256(canonicalJson(value))}` : value };
}
