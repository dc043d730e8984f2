import { canonicalJson } from '../json/canonical.js';
import type { Arguments } from '../wire/message.js';

/** Longest text of a call's arguments in the decision log, in UTF-16 units. */
const ARGUMENTS_CAP = 65_536;

/** What the decision log keeps of the arguments of calls. */
export class LoggedArguments {
  /** The names of the last call: calls of one tool tend to have the same. */
  #last: { readonly names: readonly string[]; readonly text: string } = { names: [], text: '[]' };

  /** @param isFull their values too, where they are not too long */
  textOf({ names, values }: Arguments, isFull: boolean): string {
    if (isFull) {
      const whole = canonicalJson(values);
      if (whole.length <= ARGUMENTS_CAP) return whole;
    }
    if (names === this.#last.names || isSame(names, this.#last.names)) return this.#last.text;
    const sorted = JSON.stringify(names.toSorted());
    const text = sorted.length <= ARGUMENTS_CAP ? sorted : '["…"]';
    this.#last = { names, text };
    return text;
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
