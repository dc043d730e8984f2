import { Decimal } from '../json/decimal.js';
import { isArray, isNumber, isObject, type Json, type JsonObject } from '../json/value.js';
import type { LoggedCall } from './logged-call.js';

/** One thing in which a call differs from those that passed before. */
export type Unusual =
  /** No call of this tool has passed before. */
  | { readonly kind: 'first_call' }
  /** Others have called it, this client has not. */
  | { readonly kind: 'new_client' }
  /** An argument that no earlier call had, or that every earlier call had. */
  | { readonly kind: 'new_argument'; readonly path: string }
  | { readonly kind: 'missing_argument'; readonly path: string }
  /** A number above every earlier one. */
  | { readonly kind: 'larger'; readonly path: string; readonly value: string; readonly before: string }
  /** A text where earlier calls had the same few. */
  | { readonly kind: 'new_value'; readonly path: string; readonly before: number }
  /** More calls in an hour than in any before, this one counted. */
  | { readonly kind: 'often'; readonly calls: number; readonly before: number };

/** A call that waits. */
export interface JudgedCall {
  readonly args: JsonObject;
  readonly client: string | undefined;
  /** UTC milliseconds. */
  readonly at: number;
}

/** An earlier call of the same tool, and who made it. */
export interface EarlierCall {
  readonly call: LoggedCall;
  readonly client: string | undefined;
}

export interface Comparison {
  /** Earlier calls that passed, and those of them whose values the log kept. */
  readonly calls: number;
  readonly withValues: number;
  /** When the first of them was made, in UTC milliseconds; undefined without any. */
  readonly since: number | undefined;
  readonly unusual: readonly Unusual[];
}

const HOUR_MS = 3_600_000;
/** Fewer earlier calls say nothing of what is usual. */
const ENOUGH = 5;
/** Up to this number of different texts are a choice; more are just texts. */
const MOST_CHOICES = 8;
/** What is looked at of a call: deeper or further, nobody would read it. */
const MAX_DEPTH = 4;
const MAX_LEAVES = 200;

/**
 * Compares a call that waits with those of the same tool that passed. Says only what the log shows: where it kept the
 * names of arguments alone, values are not compared.
 *
 * @param earlier in the order of the log
 */
export function compareWithLog(judged: JudgedCall, earlier: Iterable<EarlierCall>): Comparison {
  const past = [...earlier].filter(({ call }) => call.disposition === 'passed');
  const known = past.filter(({ call }) => call.kept.kind !== 'nothing');
  const valued = past.flatMap(({ call: { kept } }) => (kept.kind === 'values' ? [leavesOf(kept.args)] : []));
  const unusual: Unusual[] = [];
  if (past.length === 0) unusual.push({ kind: 'first_call' });
  else if (judged.client !== undefined && !past.some(({ client }) => client === judged.client))
    unusual.push({ kind: 'new_client' });
  if (known.length >= ENOUGH)
    unusual.push(
      ...namesUnlike(
        judged.args,
        known.map(({ call }) => call),
      ),
    );
  if (valued.length >= ENOUGH) unusual.push(...valuesUnlike(leavesOf(judged.args), valued));
  unusual.push(
    ...oftener(
      judged.at,
      past.map(({ call }) => call.at),
    ),
  );
  return { calls: past.length, withValues: valued.length, since: past[0]?.call.at, unusual };
}

function namesUnlike(args: JsonObject, past: readonly LoggedCall[]): Unusual[] {
  const times = new Map<string, number>();
  for (const { kept } of past) {
    const names = kept.kind === 'values' ? Object.keys(kept.args) : kept.kind === 'names' ? kept.names : [];
    for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  }
  const own = new Set(Object.keys(args));
  return [
    ...[...own].filter((name) => !times.has(name)).map((path) => ({ kind: 'new_argument' as const, path })),
    ...[...times]
      .filter(([name, n]) => n === past.length && !own.has(name))
      .map(([path]) => ({ kind: 'missing_argument' as const, path })),
  ];
}

type Leaves = ReadonlyMap<string, string | Decimal>;

/** Numbers and texts by path; of lists, the largest number and no text. */
function leavesOf(args: JsonObject): Leaves {
  const leaves = new Map<string, string | Decimal>();
  const visit = (path: string, value: Json, depth: number): void => {
    if (depth > MAX_DEPTH || leaves.size >= MAX_LEAVES) return;
    if (isNumber(value)) {
      const number = value instanceof Decimal ? value : Decimal.from(value);
      const known = leaves.get(path);
      if (!(known instanceof Decimal) || number.compare(known) > 0) leaves.set(path, number);
    } else if (typeof value === 'string') {
      if (!path.includes('[*]')) leaves.set(path, value);
    } else if (isArray(value)) for (const item of value) visit(`${path}[*]`, item, depth + 1);
    else if (isObject(value))
      for (const [key, member] of Object.entries(value))
        visit(path === '' ? key : `${path}.${key}`, member, depth + 1);
  };
  visit('', args, 0);
  return leaves;
}

function valuesUnlike(own: Leaves, past: readonly Leaves[]): Unusual[] {
  return [...own].flatMap(([path, value]): Unusual[] => {
    const before = past.flatMap((leaves) => leaves.get(path) ?? []);
    if (value instanceof Decimal) {
      const numbers = before.filter((each) => each instanceof Decimal);
      if (numbers.length < ENOUGH) return [];
      const largest = numbers.reduce((a, b) => (b.compare(a) > 0 ? b : a));
      if (value.compare(largest) <= 0) return [];
      return [{ kind: 'larger', path, value: value.toString(), before: largest.toString() }];
    }
    const texts = before.filter((each) => typeof each === 'string');
    const distinct = new Set(texts);
    const isChoice = distinct.size <= MOST_CHOICES && distinct.size * 2 <= texts.length;
    if (texts.length < ENOUGH || !isChoice || distinct.has(value)) return [];
    return [{ kind: 'new_value', path, before: distinct.size }];
  });
}

/** @param times in the order of the log, which is that of time but where a clock was set back */
function oftener(at: number, times: readonly number[]): Unusual[] {
  const calls = times.filter((time) => time > at - HOUR_MS && time <= at).length + 1;
  const old = times.filter((time) => time <= at - HOUR_MS);
  if (old.length < ENOUGH) return [];
  let before = 0;
  let first = 0;
  for (const [last, time] of old.entries()) {
    while ((old[first] ?? time) <= time - HOUR_MS) first += 1;
    before = Math.max(before, last - first + 1);
  }
  return calls > before ? [{ kind: 'often', calls, before }] : [];
}
