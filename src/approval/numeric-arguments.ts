import { isAmount, isNamed } from '../catalog/arguments.js';
import { Decimal } from '../json/decimal.js';
import { isArray, isNumber, isObject, type Json, type JsonObject } from '../json/value.js';
import { canonicalName, unmistakable } from '../text/lookalike.js';

/**
 * The numbers of a call that a budget can name: outside of lists, whose length may differ from call to call, and only
 * where one value alone can be meant. With `{"pay": {"amount": 9}, "pay.amount": 1}` or `{"pay": 9, "Pay": 1}` a call
 * could otherwise show a small number and mean a large one. A number that servers round is none either (G2).
 *
 * @returns exact decimals by path (`args.pay.amount`), those at the top first
 */
export function numbersOf(args: JsonObject): ReadonlyMap<string, string> {
  const numbers = new Map<string, string>();
  const unclear = new Set<string>();
  let level: (readonly [path: string, object: JsonObject])[] = [['args', args]];
  while (level.length > 0) {
    const next: [string, JsonObject][] = [];
    for (const [path, object] of level) {
      for (const key of unmistakable(Object.keys(object))) {
        const inside = `${path}.${key}`;
        const value = object[key];
        if (key.includes('.')) unclear.add(canonicalName(inside));
        else if (typeof value === 'number') numbers.set(inside, Decimal.from(value).toString());
        else if (isObject(value)) next.push([inside, value]);
      }
    }
    level = next;
  }
  for (const path of numbers.keys()) if (unclear.has(canonicalName(path))) numbers.delete(path);
  return numbers;
}

/**
 * Every amount of money in a call, at any depth and under any spelling: all of them must lie within a budget's bound,
 * so that none can hide behind another. What a list holds counts one by one and as a sum.
 *
 * @returns the smallest and the largest, as exact decimals; none for a call without money; undefined where one cannot
 *   be told: a text with digits in it, a number that servers round (G2)
 */
export function amountsOf(args: JsonObject): readonly string[] | undefined {
  const found = new AmountRange();
  let level: (readonly [path: string, value: Json, isMoney: boolean])[] = [['args', args, false]];
  while (level.length > 0) {
    const next: [string, Json, boolean][] = [];
    for (const [path, value, isMoney] of level) {
      if (isArray(value)) for (const item of value) next.push([`${path}[*]`, item, isMoney]);
      else if (isObject(value))
        for (const [key, member] of Object.entries(value))
          next.push([`${path}.${key}`, member, isMoney || found.means(key)]);
      else if (isMoney && !found.take(path, value)) return undefined;
    }
    level = next;
  }
  return found.range();
}

/** Collects amounts as they are found. */
class AmountRange {
  readonly #all: Decimal[] = [];
  /** Sums of what lists hold, by path. */
  readonly #sums = new Map<string, Decimal>();
  /** A list has the same keys in all its elements. */
  readonly #means = new Map<string, boolean>();

  means(key: string): boolean {
    const known = this.#means.get(key);
    if (known !== undefined) return known;
    const means = isAmount(key);
    this.#means.set(key, means);
    return means;
  }

  /** @returns whether it could be told what amount it is, if any */
  take(path: string, value: Json): boolean {
    if (typeof value === 'string') return !/\d/.test(value);
    if (!isNumber(value)) return true;
    if (value instanceof Decimal) return false;
    const amount = Decimal.from(value);
    this.#all.push(amount);
    if (path.includes('[*]')) this.#sums.set(path, (this.#sums.get(path) ?? Decimal.zero).plus(amount));
    return true;
  }

  range(): string[] {
    const amounts = [...this.#all, ...this.#sums.values()].sort((a, b) => a.compare(b));
    const [least, most] = [amounts[0], amounts.at(-1)];
    return least && most ? [least.toString(), most.toString()] : [];
  }
}

/**
 * The number that a budget names: the largest amount of money where there is one, what the tool's schema names first;
 * else the only number.
 *
 * @param inputSchema the tool's, as far as it is known
 * @returns its path; undefined where there is none, and where there are several that are no money: a person must choose
 */
export function boundedNumber(args: JsonObject, inputSchema?: unknown): string | undefined {
  const numbers = numbersOf(args);
  const stepsOf = (path: string) => path.split('.').slice(1);
  const known = [...numbers.keys()].filter((path) => isNamed(inputSchema, stepsOf(path)));
  for (const paths of [known, [...numbers.keys()]]) {
    const money = paths.filter((path) => stepsOf(path).some(isAmount));
    const size = (path: string) => Decimal.from(numbers.get(path) ?? '0');
    if (money.length > 0) return money.reduce((a, b) => (size(b).compare(size(a)) > 0 ? b : a));
    if (paths.length === 1) return paths[0];
    // Which of these counts is for a person to say, before anything that the server does not know.
    if (paths.length > 1) return undefined;
  }
  return undefined;
}
