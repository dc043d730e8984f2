import { isArray, type JsonObject } from '../../json/value.js';
import { rateAsLimit, rateCounter } from '../read/rate.js';

/**
 * The rules of a pattern for a tool that gets an entry of its own. A rate is counted by the name of its entry: the copy
 * goes on in the pattern's count, or a tool would have as many calls again beside those of all the others.
 */
export function copyOf(entry: JsonObject, pattern: string): JsonObject {
  const { rate_limit: rate, limits, ...others } = entry;
  if (rate === undefined) return entry;
  const limit = { counter: rateCounter(pattern), ...(rateAsLimit(rate) as JsonObject | undefined) };
  return { ...others, limits: [...(isArray(limits) ? limits : []), limit] };
}
