import { isArray, isNumber, isObject, type Json, jsonTypeOf } from '../../json/value.js';
import type { EditPath } from '../../policy/edit/jsonc-text.js';
import { OPERATOR_NAMES, type Operator, operatorOf } from '../../policy/operators.js';
import type { About, ArgumentPath, Clause, Edit, Input } from './model.js';
import { hasOnly } from './options.js';

/** What an operator compares with: told by the values that it takes. */
export type Takes = 'number' | 'list' | 'text' | 'flag' | 'any';

export function takesOf(op: Operator): Takes {
  const { fault } = operatorOf(op);
  const isTaken = (value: Json) => fault(value) === undefined;
  const taken = { number: isTaken(1), list: isTaken([]), text: isTaken('x'), flag: isTaken(true) };
  const [first, ...others] = (['number', 'list', 'text', 'flag'] as const).filter((kind) => taken[kind]);
  return first === undefined || others.length > 0 ? 'any' : first;
}

/** The choices for "is", "is over", ...: an operator that is true or false stands in both forms. */
export const OPERATOR_CHOICES: readonly Json[] = OPERATOR_NAMES.flatMap((op): Json[] =>
  takesOf(op) === 'flag'
    ? [
        [op, true],
        [op, false],
      ]
    : [op],
);

export interface ConditionDraft {
  readonly path: string;
  readonly op: Operator;
  readonly value: Json;
}

/** @returns a condition that can be shown; undefined for any other value */
export function conditionIn(value: Json | undefined): ConditionDraft | undefined {
  if (!isObject(value) || !hasOnly(value, ['path', 'op', 'value'])) return undefined;
  const { path, op } = value;
  if (typeof path !== 'string' || typeof op !== 'string' || !isOperator(op)) return undefined;
  const row = operatorOf(op);
  const given = value.value ?? (Object.hasOwn(value, 'value') ? null : undefined);
  if (given === undefined) return row.missing ? { path, op, value: true } : undefined;
  return row.fault(given) === undefined ? { path, op, value: given } : undefined;
}

const isOperator = (op: string): op is Operator =>
  Object.hasOwn(Object.fromEntries(OPERATOR_NAMES.map((name) => [name, 0])), op);

/** @param at where the condition stands */
export function conditionClause(
  { path, op, value }: ConditionDraft,
  at: EditPath,
  about: About,
  wish: Wish,
  removal: readonly Edit[] | undefined,
): Clause {
  const argument = about.arguments.find((each) => each.path === path);
  const isFlag = takesOf(op) === 'flag';
  const operator = isFlag ? [op, value] : op;
  return {
    phrase: isFlag ? 'condition_flag' : 'condition',
    removal,
    fields: [
      {
        name: 'path',
        value: path,
        input: { kind: 'path', options: about.arguments.map((each) => each.path) },
        put: (next) => moved(at, { path, op, value }, String(next), about, wish),
      },
      {
        name: 'op',
        value: operator,
        input: { kind: 'choice', of: 'operator', options: OPERATOR_CHOICES },
        put: (next) => operatorEdits(at, { path, op, value }, next, argument),
      },
      ...(isFlag
        ? []
        : [
            {
              name: 'value',
              value,
              input: valueInput(takesOf(op), value, argument),
              put: (next: Json) => [{ path: [...at, 'value'], value: next }],
            },
          ]),
    ],
  };
}

/** Another argument: what is compared stays where that one can be compared so. */
function moved(at: EditPath, now: ConditionDraft, path: string, about: About, wish: Wish): readonly Edit[] {
  const argument = about.arguments.find((each) => each.path === path);
  const edits: Edit[] = [{ path: [...at, 'path'], value: path }];
  if (argument === undefined || path === now.path || isFit(now, argument)) return edits;
  const { op, value } = likely(argument, wish);
  if (op !== now.op) edits.push({ path: [...at, 'op'], value: op });
  return [...edits, { path: [...at, 'value'], value }];
}

function isFit({ op, value }: ConditionDraft, { types, values }: ArgumentPath): boolean {
  return types === undefined || operatorOf(op).prospect(value, { types: new Set(types), values }) === 'may';
}

function operatorEdits(
  at: EditPath,
  now: ConditionDraft,
  next: Json,
  argument: ArgumentPath | undefined,
): readonly Edit[] {
  const [name, flag] = isArray(next) ? next : [next];
  const op = name as Operator;
  const edits: Edit[] = op === now.op ? [] : [{ path: [...at, 'op'], value: op }];
  const value = flag ?? valueFor(op, now.value, argument);
  return value === now.value ? edits : [...edits, { path: [...at, 'value'], value }];
}

/** The value that was there, in the form that an operator takes; else one to begin with. */
function valueFor(op: Operator, now: Json, argument: ArgumentPath | undefined): Json {
  const first = isArray(now)
    ? now[0]
    : typeof now === 'boolean' && !argument?.types?.includes('boolean')
      ? undefined
      : now;
  const likely = argument?.values?.[0] ?? (argument?.types?.includes('number') ? 0 : '');
  switch (takesOf(op)) {
    case 'list':
      return isArray(now) ? now : [first ?? likely];
    case 'number':
      return isNumber(first) ? first : 0;
    case 'text':
      return typeof first === 'string' ? first : '';
    case 'flag':
      return true;
    case 'any':
      return first ?? likely;
  }
}

/** What a condition is for: `must` names what is fine, `may_not` what is not. */
export type Wish = 'must' | 'may_not';

/** A condition to begin with, for an argument of that kind. */
export function likely({ path, types, values, isMoney }: ArgumentPath, wish: Wish): ConditionDraft {
  if (values !== undefined && values.length > 0) return { path, op: 'in', value: [values[0] ?? null] };
  if (types?.includes('number'))
    return { path, op: wish === 'must' ? 'lte' : 'gt', value: isMoney ? 100_000 : 100 };
  if (types?.includes('boolean')) return { path, op: 'eq', value: true };
  if (types?.includes('array') || types?.includes('object')) return { path, op: 'exists', value: true };
  return { path, op: 'eq', value: '' };
}

function valueInput(takes: Takes, value: Json, argument: ArgumentPath | undefined): Input {
  const options = argument?.values ?? [];
  if (takes === 'number') return { kind: 'number' };
  if (takes === 'text') return { kind: 'text' };
  if (takes === 'list') {
    const items = isArray(value) ? value : [];
    const kinds = new Set([...items.map(jsonTypeOf), ...(items.length === 0 ? (argument?.types ?? []) : [])]);
    const [kind, ...others] = kinds;
    const of =
      others.length > 0 ? 'json' : kind === 'number' ? 'number' : kind === 'string' ? 'text' : 'json';
    return { kind: 'list', of, options };
  }
  if (options.length > 0 && (value === null || typeof value !== 'object'))
    return { kind: 'choice', of: 'value', options: options.includes(value) ? options : [value, ...options] };
  const type = jsonTypeOf(value);
  if (type === 'boolean') return { kind: 'choice', of: 'value', options: [true, false] };
  return { kind: type === 'number' ? 'number' : type === 'string' ? 'text' : 'json' };
}
