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

/**
 * Chooses what to have typed: an amount where there is one, else another number, else the end of a text, else the
 * tool's name.
 *
 * @param args the call's arguments, parsed; numbers with more digits than a double's may be objects with `toString`
 */
export function challengeOf(tool: string, args: Readonly<Record<string, unknown>>): Challenge {
  const leaves = leavesOf(args);
  const numbers = leaves.filter(({ value }) => typeof value === 'number' || isExactNumber(value));
  const number = numbers.find(({ name }) => MONEY.test(name)) ?? numbers[0];
  if (number) return { label: number.name, value: String(number.value) };
  const text = leaves.find(({ value }) => typeof value === 'string' && value.trim().length >= TAIL);
  if (text)
    return {
      label: `the last ${TAIL} characters of ${text.name}`,
      value: String(text.value).trim().slice(-TAIL),
    };
  return { label: "the tool's name", value: tool };
}

/** @returns whether a person typed what was asked for; spaces around it do not matter */
export function isMet(challenge: Challenge, typed: string): boolean {
  return typed.trim() === challenge.value;
}

/** Named values of arguments, those at the top first. */
function leavesOf(args: Readonly<Record<string, unknown>>): { name: string; value: unknown }[] {
  const leaves: { name: string; value: unknown }[] = [];
  let level: { name: string; value: unknown }[] = Object.entries(args).map(([name, value]) => ({
    name,
    value,
  }));
  for (let depth = 0; depth < 3 && level.length > 0; depth++) {
    const next: { name: string; value: unknown }[] = [];
    for (const leaf of level) {
      if (typeof leaf.value !== 'object' || leaf.value === null || isExactNumber(leaf.value))
        leaves.push(leaf);
      else {
        for (const [name, value] of Object.entries(leaf.value))
          next.push({ name: `${leaf.name}.${name}`, value });
      }
    }
    level = next;
  }
  return leaves;
}

/** An exact decimal: an object that writes itself as a number. */
function isExactNumber(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && /^-?\d/.test(String(value));
}
