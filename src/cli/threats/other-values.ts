import type { Disguise } from '../../catalog/threats/threat.js';
import { Decimal } from '../../json/decimal.js';
import { isRecord, type Json, setOwn } from '../../json/value.js';
import { type Condition, EACH, type Path } from '../../policy/model.js';
import { operatorOf } from '../../policy/operators.js';
import { matchSample } from './match-sample.js';

/** Texts that a policy hardly looks for. */
const OTHERS: readonly Json[] = ['x', 'y', 'zz', '', 'other', 1, 2, 0, -1, 1000, true, false];

/**
 * What else could stand where a condition looks. Whoever asks tries each: undefined leaves it out.
 *
 * @param inputSchema of the tool, whose types and listed values are kept to; undefined where there is none
 * @param inArguments false for a variable of the environment
 */
export function otherValues(
  condition: Condition,
  now: Json | undefined,
  inputSchema: unknown,
  inArguments: boolean,
): readonly (Json | undefined)[] {
  const { path, regex, value } = condition;
  const [schema, isRequired] = inArguments ? schemaAt(inputSchema, path) : [{}, false];
  const listed =
    isRecord(schema) && Array.isArray(schema.enum) ? (schema.enum as readonly Json[]) : undefined;
  const pool: (Json | undefined)[] = [
    ...(listed ?? []),
    ...valuesIn(value),
    ...(regex !== undefined && typeof value === 'string' ? [matchSample(value)] : []),
    ...numbersAbout(value),
    ...(typeof now === 'number' ? [now + 1, now - 1] : []),
    ...OTHERS,
  ];
  const fitting = pool.filter(
    (each) => (listed === undefined || listed.includes(each as never)) && fits(schema, each),
  );
  return isRequired && path.steps.length === 1 ? fitting : [...fitting, undefined];
}

/** Numbers up to what stands there, and not below what is still the attack, at the bounds that a condition has. */
export function smaller({ value }: Condition, now: Json | undefined, least: number): readonly Json[] {
  if (typeof now !== 'number') return [];
  return numbersAbout(value).filter((each) => each >= least && each <= now);
}

/** Texts that are the attack, and show a condition what it looks for. */
export function disguised({ op, value, regex }: Condition, disguise: Disguise): readonly Json[] {
  const wanted =
    regex !== undefined && typeof value === 'string'
      ? [matchSample(value)]
      : operatorOf(op).isInText
        ? valuesIn(value).filter((each) => typeof each === 'string')
        : [];
  return wanted.slice(0, 5).flatMap((each) => disguise(String(each)));
}

const valuesIn = (value: Json): readonly Json[] =>
  Array.isArray(value)
    ? value.slice(0, 20).flatMap(valuesIn)
    : isRecord(value) && !isNumber(value)
      ? []
      : [plain(value)];

const isNumber = (value: unknown): value is Decimal => value instanceof Decimal;

const plain = (value: Json): Json => (isNumber(value) ? value.toNumber() : value);

/** At a bound, and on both sides of it. */
function numbersAbout(value: Json): number[] {
  const bound = plain(value);
  return typeof bound === 'number' ? [bound, bound - 1, bound + 1, bound - 0.01, bound / 2] : [];
}

function fits(schema: unknown, value: Json | undefined): boolean {
  if (value === undefined || !isRecord(schema) || schema.type === undefined) return true;
  const types = [schema.type].flat();
  switch (typeof value) {
    case 'string':
      return types.includes('string');
    case 'boolean':
      return types.includes('boolean');
    case 'number':
      return types.includes('number') || (types.includes('integer') && Number.isInteger(value));
    default:
      return true;
  }
}

/** What a schema says of what stands at a path, and whether it must be there. */
function schemaAt(inputSchema: unknown, { steps }: Path): [schema: unknown, isRequired: boolean] {
  let schema = inputSchema;
  let isRequired = false;
  for (const step of steps) {
    if (!isRecord(schema)) return [{}, false];
    if (step === EACH) schema = schema.items;
    else {
      isRequired = Array.isArray(schema.required) && schema.required.includes(step);
      schema = isRecord(schema.properties) ? schema.properties[step] : {};
    }
  }
  return [schema, isRequired];
}

/** The first value at a path of the arguments. */
export function valueAt(args: Json, { root, steps }: Path): Json | undefined {
  if (root !== 'args') return undefined;
  let at: unknown = args;
  for (const step of steps)
    at = step === EACH ? (Array.isArray(at) ? at[0] : undefined) : isRecord(at) ? at[step] : undefined;
  return at as Json | undefined;
}

export function setAt(at: unknown, [step, ...rest]: Path['steps'], value: Json): void {
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
