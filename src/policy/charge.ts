import { sha256 } from '../crypto.js';
import { Decimal } from './decimal.js';
import type { Call, Charge } from './decision.js';
import { visibleText } from './fold.js';
import { canonicalJson, isArray, isNumber, isObject, type Json, setOwn } from './json.js';
import { reach } from './path.js';
import { EACH, type Limit, type Path } from './policy.js';
import { show } from './wording.js';

/** Digits of an amount before and after the point; sums of such numbers stay cheap, however many there are. */
const MAX_DIGITS = 40;

/** Longer splits are kept as their hash: a database need not hold the arguments of every call. */
const MAX_SPLIT = 200;

/** Deeper arguments are not taken apart for `per`. */
const MAX_DEPTH = 256;

/** In a sentence, why a call cannot be charged. */
interface Fault {
  readonly fault: string;
}

/**
 * @returns what the limit takes from its counter for this call; or, in a sentence, why that cannot be told: an amount
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
  for (const reached of reach(amount.path, call)) {
    if (reached.kind === 'missing')
      return { fault: `${reached.at} is missing, and the call is counted by it` };
    if (reached.kind === 'unclear') return { fault: reached.why };
    const part = measure(reached.value, reached.at);
    if (isFault(part)) return part;
    sum = sum.plus(part);
  }
  return sum;
}

function numberOf(value: Json, at: string): Decimal | Fault {
  if (!isNumber(value)) return { fault: `${at} is ${show(value)}, and must be a number` };
  const number = value instanceof Decimal ? value : Decimal.from(value);
  if (number.sign < 0) return { fault: `${at} is ${show(value)}, and must not be negative` };
  if (number.wholeDigits > MAX_DIGITS || number.decimals > MAX_DIGITS) {
    return { fault: `${at} has more than ${MAX_DIGITS} digits before or after the point` };
  }
  return number;
}

function lengthOf(value: Json, at: string): Decimal | Fault {
  return isArray(value)
    ? Decimal.from(value.length)
    : { fault: `${at} is ${show(value)}, and must be a list` };
}

function splitOf(limit: Limit, call: Call): string | Fault {
  if (limit.per.length === 0) return '';
  const parts: Json[] = [];
  for (const path of limit.per) {
    const part = partOf(path, call);
    if ('fault' in part) return part;
    parts.push(part.value);
  }
  const text = canonicalJson(parts);
  return text.length <= MAX_SPLIT ? text : `sha256:${sha256(text)}`;
}

function partOf(path: Path, call: Call): { readonly value: Json } | Fault {
  const values: Json[] = [];
  for (const reached of reach(path, call)) {
    if (reached.kind === 'unclear') return { fault: reached.why };
    const value = reached.kind === 'missing' ? null : alike(reached.value, 0);
    if (value === undefined) return { fault: 'the arguments nest too deeply to be compared' };
    values.push(value);
  }
  return { value: path.steps.includes(EACH) ? values : (values[0] ?? null) };
}

/**
 * One form for values that a server may take for the same: otherwise "3", 3 and [3] would each have a count of their
 * own, and an agent as many attempts as there are spellings. Text that reads as a number is that number, a list of
 * one is its element, null is as good as missing, invisible characters and surrounding spaces do not count.
 *
 * @returns undefined when the value nests too deeply
 */
function alike(value: Json, depth: number): Json | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (typeof value === 'string') return alikeText(visibleText(value).trim());
  if (isArray(value)) {
    const [only] = value;
    if (value.length === 1 && only !== undefined) return alike(only, depth + 1);
    const items: Json[] = [];
    for (const item of value) {
      const same = alike(item, depth + 1);
      if (same === undefined) return undefined;
      items.push(same);
    }
    return items;
  }
  if (!isObject(value)) return value;
  const result: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const same = alike(item, depth + 1);
    if (same === undefined) return undefined;
    if (same !== null) setOwn(result, key, same);
  }
  return result;
}

function alikeText(text: string): Json {
  if (!/^[+-]?\d[\d.eE+-]{0,99}$/.test(text)) return text;
  try {
    return Decimal.from(text.replace(/^\+/, ''));
  } catch {
    return text;
  }
}
