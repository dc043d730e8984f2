import { printableJson } from '../text/escape.js';
import { moneyArguments, propertiesOf } from './arguments.js';
import type { ToolDefinition } from './tool-definition.js';

/** In characters. No path is longer. */
const MAX_PATH = 512;
const MAX_AMOUNTS = 3;

/**
 * Limits on what a tool spends, for a person to choose from: which amount is right, and in which currency, nobody else
 * knows. As elements of `limits`, a line each; none where no argument looks like an amount.
 */
export function spendingLimits({ name, inputSchema }: ToolDefinition): readonly string[] {
  return amountsOf(inputSchema).map(
    ({ argument, amount }) =>
      `{ "counter": ${printableJson(`${name} ${argument}`)}, "window": "day", "max": 1000, "amount": ${amount} },`,
  );
}

/** What a call charges by an amount among its arguments: at the top level, or in each element of a list. */
function amountsOf(inputSchema: unknown): { readonly argument: string; readonly amount: string }[] {
  const required = requiredOf(inputSchema);
  const single = moneyArguments(inputSchema);
  const certain = single.filter((argument) => required.has(argument));
  // A call that leaves out what is charged is refused, so an optional argument is proposed only where there is no other.
  const proposed = (certain.length > 0 ? certain : single.slice(0, 1)).map((argument) => ({
    argument,
    path: `args${step(argument)}`,
    sum: false,
  }));
  for (const [list, { items }] of propertiesOf(inputSchema))
    for (const argument of moneyArguments(items))
      if (requiredOf(items).has(argument))
        proposed.push({ argument, path: `args${step(list)}[*]${step(argument)}`, sum: true });
  return proposed
    .filter(({ path }) => path.length <= MAX_PATH)
    .slice(0, MAX_AMOUNTS)
    .map(({ argument, path, sum }) => ({
      argument,
      amount: sum ? `{ "sum": ${printableJson(path)} }` : printableJson(path),
    }));
}

const step = (name: string): string =>
  /^[A-Za-z_][\w-]*$/.test(name) ? `.${name}` : `[${printableJson(name)}]`;

function requiredOf(schema: unknown): ReadonlySet<unknown> {
  const required = (schema as { readonly required?: unknown } | null | undefined)?.required;
  return new Set(Array.isArray(required) ? required : []);
}
