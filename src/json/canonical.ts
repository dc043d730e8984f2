import { Decimal } from './decimal.js';
import { isArray, isNumber, isObject, type Json } from './value.js';

/**
 * One text for all spellings of a value: keys sorted by code unit, no white space, 1, 1.0 and 1e0 alike. Approvals
 * and the `per` of limits are compared by it.
 *
 * @throws RangeError for a number that is not finite
 */
export function canonicalJson(value: Json): string {
  // A stack of its own, filled in reverse: strings are written as they are, values are taken apart.
  let out = '';
  const pending: (string | { readonly value: Json })[] = [{ value }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'string') {
      out += next;
      continue;
    }
    const item = next.value;
    if (isNumber(item)) {
      out += (item instanceof Decimal ? item : Decimal.from(item)).toString();
    } else if (isArray(item)) {
      pending.push(']');
      for (let i = item.length - 1; i >= 0; i -= 1) {
        pending.push({ value: item[i] ?? null });
        if (i > 0) pending.push(',');
      }
      pending.push('[');
    } else if (isObject(item)) {
      pending.push('}');
      const keys = Object.keys(item).sort();
      for (let i = keys.length - 1; i >= 0; i -= 1) {
        const key = keys[i] ?? '';
        pending.push({ value: item[key] ?? null }, `${i > 0 ? ',' : ''}${JSON.stringify(key)}:`);
      }
      pending.push('{');
    } else {
      out += JSON.stringify(item);
    }
  }
  return out;
}
