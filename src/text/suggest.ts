import { printable } from './escape.js';

/** Longest word that is compared; nobody misspells a longer one by a letter. */
const MAX_WORD = 64;

/** By candidate, the words in small letters that others use for it. */
export type Synonyms = ReadonlyMap<string, readonly string[]>;

/**
 * @returns the candidate that was probably meant: another spelling of it, one of which the word is a synonym, or one at
 *   most a third of its letters away; undefined when none is near
 */
export function nearest(
  word: string,
  candidates: Iterable<string>,
  synonyms: Synonyms = new Map(),
): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const list = [...candidates].filter((candidate) => candidate !== word && candidate.length <= MAX_WORD);
  const bare = bareForm(word);
  const same = list.find((candidate) => bareForm(candidate) === bare);
  if (same !== undefined) return same;
  const lower = word.toLowerCase();
  const meant = list.find((candidate) => synonyms.get(candidate)?.includes(lower));
  if (meant !== undefined) return meant;
  let best: string | undefined;
  let bestDistance = Math.floor(Math.max(3, word.length) / 3) + 1;
  for (const candidate of list) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Names that are shown of those that there are. */
const NAMES_SHOWN = 12;

/** @returns `Did you mean "afip"?`; undefined when nothing is near */
export function didYouMean(
  word: string,
  candidates: Iterable<string>,
  synonyms?: Synonyms,
): string | undefined {
  const meant = nearest(word, candidates, synonyms);
  return meant === undefined ? undefined : `Did you mean "${printable(meant)}"?`;
}

/**
 * What to tell about a name that is not there.
 *
 * @param known the names there are
 * @returns the one that was probably meant, else which there are; undefined when there are none
 */
export function nameHint(word: string, known: Iterable<string>): string | undefined {
  const names = [...new Set(known)];
  const likely = didYouMean(word, names);
  if (likely !== undefined || names.length === 0) return likely;
  const shown = names.slice(0, NAMES_SHOWN).map((name) => printable(name));
  const more = names.length > NAMES_SHOWN ? `, and ${names.length - NAMES_SHOWN} more` : '';
  return `There are: ${shown.join(', ')}${more}.`;
}

/** No literal: its sets of characters would be gathered at every start, for the few policies with a typing error. */
const NO_LETTER = String.raw`[^\p{L}\p{N}*]`;

function bareForm(word: string): string {
  return word.toLowerCase().replace(new RegExp(NO_LETTER, 'gu'), '') || word;
}

/** Optimal string alignment: insertions, deletions, substitutions, and neighbours exchanged. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + cost);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(beforeLast, j - 2) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
