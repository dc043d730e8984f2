import { sampleArguments } from '../../catalog/threats/sample.js';
import type { Step } from '../../catalog/threats/threat.js';
import { Decimal } from '../../json/decimal.js';
import { isRecord, type Json, setOwn } from '../../json/value.js';
import type { Layers } from '../../policy/evaluate/layers.js';
import { resolveEntry } from '../../policy/evaluate/resolve.js';
import { type Checks, type Condition, EACH, type Path } from '../../policy/model.js';

/** Arguments and environment of one call of an attack. */
export interface Complied {
  readonly args: Record<string, Json>;
  readonly env: Record<string, string>;
}

/**
 * What an attacker who knows the policy sends: values that the attack does not depend on are such that the policy's
 * `require` accepts them, so that an attack is countered by what it does and not by a sample that nobody would send.
 *
 * @param args the attack's own, over which nothing goes that is different from a mere sample
 */
export function complied(
  policy: Layers,
  { tool, env = {} }: Step,
  args: Readonly<Record<string, unknown>>,
): Complied {
  const sample = sampleArguments(tool.inputSchema);
  const isFree = (key: string) =>
    !Object.hasOwn(args, key) || JSON.stringify(args[key]) === JSON.stringify(sample[key]);
  const values: Record<string, Json> = {};
  for (const [key, value] of Object.entries(args)) setOwn(values, key, structuredClone(value) as Json);
  const variables = { ...env };
  const put = (path: Path, value: Json) => {
    const [first, ...rest] = path.steps;
    if (typeof first !== 'string') return;
    if (path.root === 'env' && !Object.hasOwn(env, first)) variables[first] = String(value);
    // Below a list of the attack its elements are samples.
    if (path.root === 'args' && (isFree(first) || rest.length > 0)) setAt(values, [first, ...rest], value);
  };
  for (const checks of checksOf(policy, tool.name)) {
    for (const { conditions } of checks.require)
      for (const condition of conditions) {
        const value = accepted(condition, valueAt(values, condition.path));
        if (value !== undefined) put(condition.path, value);
      }
    for (const { amount } of checks.limits)
      if ((amount.kind === 'value' || amount.kind === 'sum') && valueAt(values, amount.path) === undefined)
        put(amount.path, 1);
  }
  return { args: values, env: variables };
}

function checksOf(policy: Layers, tool: string): Checks[] {
  return policy.all.flatMap((layer) => {
    const resolved = resolveEntry(layer, tool);
    return resolved.kind === 'resolved' && resolved.entry
      ? [layer.allTools, resolved.entry]
      : [layer.allTools];
  });
}

/** A value that a condition holds for, where one is easy to find; undefined to leave what is there. */
function accepted({ op, value }: Condition, now: Json | undefined): Json | undefined {
  const bound = value instanceof Decimal ? value.toNumber() : value;
  const number = typeof now === 'number' ? now : undefined;
  switch (op) {
    case 'eq':
      return bound;
    case 'in':
      return Array.isArray(value) ? (value.some((each) => each === now) ? now : value[0]) : undefined;
    case 'exists':
      return value === true && now === undefined ? 'x' : undefined;
    case 'starts_with':
      return typeof now === 'string' && now.startsWith(String(value)) ? undefined : `${String(value)}x`;
    case 'gt':
      return typeof bound === 'number' && (number === undefined || number <= bound) ? bound + 1 : undefined;
    case 'gte':
      return typeof bound === 'number' && (number === undefined || number < bound) ? bound : undefined;
    case 'lt':
      return typeof bound === 'number' && (number === undefined || number >= bound) ? bound - 1 : undefined;
    case 'lte':
      return typeof bound === 'number' && (number === undefined || number > bound) ? bound : undefined;
    default:
      return undefined;
  }
}

/** The first value at a path. */
function valueAt(values: Json, { root, steps }: Path): Json | undefined {
  if (root !== 'args') return undefined;
  let at: unknown = values;
  for (const step of steps)
    at = step === EACH ? (Array.isArray(at) ? at[0] : undefined) : isRecord(at) ? at[step] : undefined;
  return at as Json | undefined;
}

function setAt(at: unknown, [step, ...rest]: Path['steps'], value: Json): void {
  if (step === undefined) return;
  if (step === EACH) {
    if (!Array.isArray(at)) return;
    for (const [place, element] of at.entries()) {
      if (rest.length === 0) at[place] = value;
      else if (isRecord(element)) setAt(element, rest, value);
      else {
        at[place] = {};
        setAt(at[place], rest, value);
      }
    }
    return;
  }
  if (!isRecord(at)) return;
  const record = at as Record<string, Json>;
  if (rest.length === 0) setOwn(record, step, value);
  else {
    if (typeof record[step] !== 'object' || record[step] === null)
      setOwn(record, step, rest[0] === EACH ? [{}] : {});
    setAt(record[step], rest, value);
  }
}
