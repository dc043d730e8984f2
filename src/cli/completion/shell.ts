import type { Completion } from './candidates.js';

/** A command line as far as it is typed. */
export interface Typed {
  /** What stands behind `policy-wrap` up to the cursor, without quotes; the last is the one that is typed. */
  readonly words: readonly string[];
  /** How its shell wants the answer. */
  answer(completion: Completion): string;
}

/** A shell for which we complete. Its script asks `policy-wrap __complete <shell> ...` and runs nothing of the answer. */
export interface Shell {
  /** Its first lines say how it is put to use. */
  readonly script: string;
  /** @param given what its script hands over */
  read(given: readonly string[]): Typed;
}
