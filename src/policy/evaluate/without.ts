import { isArray, isObject, type Json, type JsonObject, setOwn } from '../../json/value.js';
import { EACH, type Path } from '../model.js';

/**
 * @param paths of arguments; one that leads nowhere leaves out nothing
 * @param mayLeaveOut which values may go; all, unless it is given
 * @returns the arguments without those that the paths lead to; what is shared is not copied
 */
export function without(
  args: JsonObject,
  paths: readonly Path[],
  mayLeaveOut: (value: Json) => boolean = () => true,
): JsonObject {
  return paths.reduce<Json>((rest, { steps }) => cut(rest, steps, 0, mayLeaveOut), args) as JsonObject;
}

function cut(value: Json, steps: Path['steps'], index: number, mayLeaveOut: (value: Json) => boolean): Json {
  const step = steps[index];
  if (step === undefined) return value;
  if (step === EACH)
    return isArray(value) ? value.map((item) => cut(item, steps, index + 1, mayLeaveOut)) : value;
  if (!isObject(value) || !Object.hasOwn(value, step)) return value;
  const rest: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key !== step) setOwn(rest, key, item);
    else if (index < steps.length - 1) setOwn(rest, key, cut(item, steps, index + 1, mayLeaveOut));
    else if (!mayLeaveOut(item)) setOwn(rest, key, item);
  }
  return rest;
}
