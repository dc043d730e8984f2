import type { Proposal } from '../catalog/propose.js';
import type { Effect } from '../catalog/strength-parts.js';
import type { Strength } from '../catalog/strengths.js';
import { shortList } from '../text/count.js';
import { printable } from '../text/escape.js';

/** In the order of a sentence about them. */
const WORDS: readonly (readonly [effect: Effect, words: string])[] = [
  ['allowed', 'allowed'],
  ['limited', 'limited'],
  ['asked', 'ask you'],
  ['hidden', 'hidden'],
  ['refused', 'refused'],
];
const MAX_NAMES = 30;

/** What becomes of tools that the server lists later. */
export const LATER: Readonly<Record<Strength, string>> = {
  watch: 'tools added later pass too',
  brake: 'tools added later are judged by their names',
  careful: 'tools added later are refused',
  locked: 'so are tools added later',
};

/** @returns in one line: how many tools are allowed, limited, and so on */
export function countsText({ placed }: Proposal): string {
  const parts = WORDS.flatMap(([effect, words]) => {
    const count = placed.filter((tool) => tool.effect === effect).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? words.replace('ask', 'asks') : words}`];
  });
  return parts.length === 0 ? 'no tools' : `of ${placed.length} tools ${parts.join(', ')}`;
}

/** @returns lines that name what will be in a person's way, and say so where that is much; safe to show */
export function inTheWay(strength: Strength, { placed }: Proposal): string[] {
  const named = ([effect, words]: readonly [Effect, string]): string[] => {
    const names = placed.filter((tool) => tool.effect === effect).map(({ name }) => printable(name, 60));
    if (names.length === 0) return [];
    return [`${words}: ${shortList(names, MAX_NAMES)}`];
  };
  const lines = [...named(['asked', 'asks you']), ...named(['hidden', 'hidden'])];
  const count = placed.filter(({ effect }) => effect === 'asked' || effect === 'hidden').length;
  if (strength !== 'locked' && count * 3 > placed.length)
    lines.push(
      `That is ${count} of ${placed.length} tools, more than a third. Change those that you know are harmless${strength === 'careful' ? ', or take --strength brake' : ''}.`,
    );
  return lines;
}
