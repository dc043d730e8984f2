import { isArray, isObject, type Json } from '../../json/value.js';
import { rateCounter } from '../../policy/read/rate.js';

/** @returns the name of every counter that a policy has: two limits of one name would be one count */
export function countersIn(document: Json): ReadonlySet<string> {
  return new Set(names(document, ''));
}

function names(value: Json, key: string): readonly string[] {
  if (isArray(value)) return value.flatMap((each) => names(each, ''));
  if (!isObject(value)) return [];
  const own = typeof value.counter === 'string' ? [value.counter] : [];
  const rate = value.rate_limit === undefined ? [] : [rateCounter(key)];
  return [...own, ...rate, ...Object.entries(value).flatMap(([name, member]) => names(member, name))];
}

/** @returns the name, with a number where it is taken */
export function freshCounter(name: string, taken: { has(name: string): boolean }): string {
  if (!taken.has(name)) return name;
  for (let n = 2; ; n += 1) if (!taken.has(`${name}_${n}`)) return `${name}_${n}`;
}
