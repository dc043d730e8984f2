import { expect, test } from 'vitest';
import { yesOrNo } from '../../src/text/yes-or-no.js';

/** A person who types these lines, one after the other; then the input ends. */
function person(...lines: string[]) {
  const seen: string[] = [];
  const io = {
    ask: async (question: string) => {
      seen.push(question);
      return lines.shift();
    },
    err: { write: async (text: string) => seen.push(text) },
  };
  return { io, seen };
}

test.each<[typed: string[], fallback: boolean, answer: boolean | undefined]>([
  [['y'], false, true],
  [[' YES '], false, true],
  [['n'], true, false],
  [['No'], true, false],
  [[''], true, true],
  [[' '], false, false],
  [[], true, undefined],
  // What is neither does not count, and the question is put again.
  [['s', 'yeah', 'y'], false, true],
  [['nope'], true, undefined],
])('%j, where an empty line means %s, is %s', async (typed, fallback, answer) => {
  const lines = typed.length;
  const { io, seen } = person(...typed);
  expect(await yesOrNo('Go on?', fallback, io)).toBe(answer);
  const asked = `Go on? ${fallback ? '[Y/n]' : '[y/N]'} `;
  expect(seen.filter((text) => text === asked)).toHaveLength(answer === undefined ? lines + 1 : lines);
  expect(seen.filter((text) => text === 'Please type y for yes, or n for no.\n')).toHaveLength(
    answer === undefined ? lines : lines - 1,
  );
});
