import { PolicyWrapError } from '../errors.js';
import type { Terminal } from './terminal.js';

/** One answer of several; all texts are safe to show. */
export interface Answer<T> {
  readonly value: T;
  readonly label: string;
  /** Stands behind the label while the answer is looked at. */
  readonly hint?: string;
}

/** Questions that are answered with the arrow keys. Ctrl-C and Escape end the command. */
export interface Prompts {
  one<T>(question: string, answers: readonly Answer<T>[]): Promise<T>;
  /** @returns the answers that were chosen, at least one; all are chosen to begin with */
  some<T>(question: string, answers: readonly Answer<T>[]): Promise<readonly T[]>;
  yes(question: string): Promise<boolean>;
}

/** To the line above, which is emptied. */
const UP_AND_CLEAR = '\u001b[1A\u001b[2K';

/**
 * The library is loaded here alone, and shown on standard error, as every question.
 *
 * @throws PolicyWrapError REFUSED, from each of them, when it is not answered
 */
export async function prompts({ streams }: Terminal): Promise<Prompts> {
  const { confirm, isCancel, multiselect, select, settings } = await import('@clack/prompts');
  // An Enter that was typed before the question stood there comes as a line feed, which the library takes for an arrow.
  settings.actions.delete('enter');
  const common = { input: streams.input, output: streams.error, withGuide: false };
  const answered = <T>(answer: T): Exclude<T, symbol> => {
    if (isCancel(answer)) {
      // The library leaves the answer that the cursor stood on, as if it had been given.
      streams.error.write(`${UP_AND_CLEAR}Cancelled\n`);
      throw new PolicyWrapError('REFUSED', 'Nothing was changed.');
    }
    return answer as Exclude<T, symbol>;
  };
  // The library's own types tell values of text from others; what is chosen is found again by its place.
  const places = <T>(answers: readonly Answer<T>[]) =>
    answers.map(({ label, hint }, value) => ({ value, label, ...(hint === undefined ? {} : { hint }) }));
  const at = <T>(answers: readonly Answer<T>[], place: number): T => (answers[place] as Answer<T>).value;
  return {
    one: async (message, answers) =>
      at(answers, answered(await select({ ...common, message, options: places(answers) }))),
    some: async (message, answers) => {
      const initialValues = answers.map((_, place) => place);
      const chosen = await multiselect({
        ...common,
        message,
        options: places(answers),
        initialValues,
        required: true,
      });
      return answered(chosen).map((place) => at(answers, place));
    },
    yes: async (message) => answered(await confirm({ ...common, message })),
  };
}
