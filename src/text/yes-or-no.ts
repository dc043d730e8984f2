/** Where a question is put, and its answer typed. */
interface Asker {
  /** @returns what was typed; undefined at the end of input, and at Ctrl-C */
  ask(question: string): Promise<string | undefined>;
  readonly err: { write(text: string): Promise<unknown> };
}

/**
 * Puts a question that is answered with yes or no, and again after anything else: `s` of a Spanish `sí` may also be a
 * "skip", and a person who typed something wants to know that it did not count.
 *
 * @param fallback what an empty line means
 * @returns undefined where nothing more is typed
 */
export async function yesOrNo(question: string, fallback: boolean, io: Asker): Promise<boolean | undefined> {
  for (;;) {
    const word = (await io.ask(`${question} ${fallback ? '[Y/n]' : '[y/N]'} `))?.trim().toLowerCase();
    if (word === undefined) return undefined;
    if (word === '') return fallback;
    if (word === 'y' || word === 'yes') return true;
    if (word === 'n' || word === 'no') return false;
    await io.err.write('Please type y for yes, or n for no.\n');
  }
}
