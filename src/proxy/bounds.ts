import { Decimal } from '../policy/decimal.js';
import { fold } from '../policy/fold.js';
import { isNumber, isObject, type Json, type JsonObject } from '../policy/json.js';
import { meansMoney } from './challenge.js';

/**
 * The numbers of a call that a budget can be bound by: outside of lists, whose length may differ from call to call,
 * and only where one value alone can be meant. With `{"pay": {"amount": 9}, "pay.amount": 1}` or `{"pay": 9, "Pay": 1}`
 * a call could otherwise show a small number and mean a large one.
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
      for (const [key, value] of membersAlone(object)) {
        const inside = `${path}.${key}`;
        if (key.includes('.')) unclear.add(fold(inside));
        else if (isNumber(value)) numbers.set(inside, Decimal.from(String(value)).toString());
        else if (isObject(value)) next.push([inside, value]);
      }
    }
    level = next;
  }
  for (const path of numbers.keys()) if (unclear.has(fold(path))) numbers.delete(path);
  return numbers;
}

/**
 * The number that a budget is bound by: an amount where there is one, as in a challenge.
 *
 * @returns its path; undefined when there is no number
 */
export function boundedNumber(args: JsonObject): string | undefined {
  const paths = [...numbersOf(args).keys()];
  return paths.find((path) => meansMoney(path.slice(path.lastIndexOf('.') + 1))) ?? paths[0];
}

/** Members that have no twin: no other key that a lenient server could take for theirs (see fold.ts). */
function membersAlone(object: JsonObject): [string, Json][] {
  const members = Object.entries(object);
  const twins = new Map<string, number>();
  for (const [key] of members) twins.set(fold(key), (twins.get(fold(key)) ?? 0) + 1);
  return members.filter(([key]) => twins.get(fold(key)) === 1);
}
