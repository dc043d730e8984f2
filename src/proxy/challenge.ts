import { Decimal } from '../policy/decimal.js';
import { isArray, isNumber, isObject, type Json, type JsonObject } from '../policy/json.js';
import { printable } from '../printable.js';

/** What a person must type to approve a severe call, taken from the call itself: pressing yes is too easy. */
export interface Challenge {
  /** What to type, for people: `amount_total`, `the last 4 characters of cuit`. */
  readonly label: string;
  readonly value: string;
}

/** Argument names that mean money, in the three languages of tool names; parts of names count (`amount_total`). */
const MONEY = /(amount|total|price|sum|value|cost|importe|monto|precio|valor|preco|quantia)/i;
/** Shorter texts give nothing to type; of longer ones the end is enough. */
const TAIL = 4;
/** Values that lie deeper are none that a person would look for. */
const DEPTH = 3;

/**
 * Chooses what to have typed: an amount where there is one, else another number, else the end of a text, else the
 * tool's name.
 *
 * @param args the call's arguments as `parseJson` reads them, so that every digit is there
 */
export function challengeOf(tool: string, args: JsonObject): Challenge {
  const leaves = leavesOf(args);
  const number = amongNumbers(leaves);
  if (number) return { label: number.name, value: textOf(number.value) };
  for (const { name, value } of leaves) {
    const tail = typeof value === 'string' ? value.trim().slice(-TAIL) : '';
    // Nobody can type what is escaped when it is shown.
    if (tail.length === TAIL && printable(tail) === tail)
      return { label: `the last ${TAIL} characters of ${name}`, value: tail };
  }
  return { label: "the tool's name", value: tool };
}

/** @returns whether a person typed what was asked for; spaces around it do not matter */
export function isMet(challenge: Challenge, typed: string): boolean {
  return typed.trim() === challenge.value.trim();
}

interface Leaf {
  readonly name: string;
  readonly value: Json;
}

/** @returns whether an argument's name speaks of money */
export function meansMoney(name: string): boolean {
  return MONEY.test(name);
}

function amongNumbers(leaves: readonly Leaf[]): Leaf | undefined {
  const numbers = leaves.filter(({ value }) => isNumber(value));
  return numbers.find(({ name }) => meansMoney(name)) ?? numbers[0];
}

/** As the arguments are shown (see canonicalJson): without a power of ten. */
function textOf(value: Json): string {
  return typeof value === 'number' ? Decimal.from(value).toString() : String(value);
}

/** Named values of arguments, those at the top first. */
function leavesOf(args: JsonObject): Leaf[] {
  const leaves: Leaf[] = [];
  let level: Leaf[] = Object.entries(args).map(([name, value]) => ({ name, value }));
  for (let depth = 0; depth < DEPTH && level.length > 0; depth++) {
    const next: Leaf[] = [];
    for (const leaf of level) {
      if (isArray(leaf.value) || isObject(leaf.value)) {
        for (const [key, value] of Object.entries(leaf.value))
          next.push({ name: `${leaf.name}.${key}`, value });
      } else leaves.push(leaf);
    }
    level = next;
  }
  return leaves;
}
