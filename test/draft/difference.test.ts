import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differenceOf } from '../../src/draft/difference.js';
import { growth } from '../support/growth.js';

const numbered = (word: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${word} ${at}`).join('\n');

/** The text before, and the one after, as the lines of a difference over the whole of them tell them. */
function sides(hunks: ReturnType<typeof differenceOf>): [string[], string[]] {
  const lines = hunks.flatMap((hunk) => hunk.lines).filter((line) => !line.startsWith('\\'));
  const side = (other: string) =>
    lines.filter((line) => !line.startsWith(other)).map((line) => line.slice(1));
  return [side('+'), side('-')];
}

describe('what differs between two texts', () => {
  test('lines that differ stand between those around them', () => {
    expect(differenceOf('a\nb\nc\nd\ne\n', 'a\nb\nc\nX\ne\n')).toEqual([
      { oldStart: 1, newStart: 1, lines: [' a', ' b', ' c', '-d', '+X', ' e'] },
    ]);
    expect(differenceOf('a\n', 'a\n')).toEqual([]);
  });

  test('texts without a line in common take no longer for each line where they are long, and are shown whole', () => {
    const [before, after] = [numbered('a', 6000), numbered('b', 6000)];
    const hunks = differenceOf(`same\n${before}\nsame`, `same\n${after}\nsame`);
    expect(sides(hunks)).toEqual([
      ['same', ...before.split('\n'), 'same'],
      ['same', ...after.split('\n'), 'same'],
    ]);
    const texts = (size: number) => [numbered('a', size), numbered('b', size)] as const;
    expect(growth((size) => differenceOf(...texts(size)), 10_000, 4)).toBeLessThan(9);
  });

  test('what is too different to be compared line by line stands between three lines on either side', () => {
    const around = (inside: string) => ['1', '2', '3', '4', '5', inside, '6', '7', '8', '9', ''].join('\n');
    const [gone, come] = [numbered('x', 2000), numbered('y', 2000)];
    expect(differenceOf(around(gone), around(come))).toEqual([
      {
        oldStart: 3,
        newStart: 3,
        lines: [
          ...[' 3', ' 4', ' 5'],
          ...gone.split('\n').map((line) => `-${line}`),
          ...come.split('\n').map((line) => `+${line}`),
          ...[' 6', ' 7', ' 8'],
        ],
      },
    ]);
    // Nothing around it, and no line that is told twice where one text is the beginning of the other.
    expect(differenceOf(gone, come)[0]).toMatchObject({ oldStart: 1, newStart: 1 });
    const twice = differenceOf('a\n'.repeat(5), 'a\n'.repeat(4000));
    expect(twice).toHaveLength(1);
    expect(twice[0]?.lines.filter((line) => line.startsWith('+'))).toHaveLength(3995);
    expect(twice[0]?.lines.filter((line) => line.startsWith('-'))).toEqual([]);
  });

  test('what is too different to be compared line by line loses no line', () => {
    const line = fc.constantFrom('a', 'b', 'c');
    fc.assert(
      fc.property(fc.array(line), fc.array(line), (head, tail) => {
        const before = [...head, ...numbered('x', 2000).split('\n'), ...tail];
        const after = [...head, ...numbered('y', 2000).split('\n'), ...tail];
        const [gone, come] = sides(differenceOf(before.join('\n'), after.join('\n')));
        for (const text of before.slice(head.length, head.length + 2000)) expect(gone).toContain(text);
        expect(gone.length - come.length).toBe(0);
        expect(before.join('\n')).toContain(gone.join('\n'));
        expect(after.join('\n')).toContain(come.join('\n'));
      }),
      { numRuns: 5 },
    );
  });
});
