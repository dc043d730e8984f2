import { Decimal } from '../../json/decimal.js';
import { isArray, isObject, type Json } from '../../json/value.js';

/** Reads on from a number: why it is not taken for what its digits say. */
export const ROUNDED = 'and most programs would round that: send a number with fewer digits';

/**
 * Looks for a number that a double does not hold (see `parseNumber`): one program reads its digits, most read another
 * number, so that nobody can be shown what will be done.
 *
 * @param at how the value is called, for people
 * @returns `args.total is 100.00000000000000000001`; undefined when there is none
 */
export function findInexact(value: Json, at: string): string | undefined {
  // A stack of its own: no depth overflows it.
  const pending: { readonly value: Json; readonly at: string }[] = [{ value, at }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { value: item, at: here } = next;
    if (item instanceof Decimal) return `${here} is ${item.toString().slice(0, 60)}`;
    if (isArray(item)) {
      for (const inner of item)
        if (typeof inner === 'object') pending.push({ value: inner, at: `${here}[*]` });
    } else if (isObject(item)) {
      for (const [key, inner] of Object.entries(item)) {
        if (typeof inner === 'object') pending.push({ value: inner, at: `${here}.${key}`.slice(0, 100) });
      }
    }
  }
  return undefined;
}
