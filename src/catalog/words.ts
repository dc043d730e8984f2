import { printable } from '../text/escape.js';
import { COMPOUNDS } from './evidence.js';

const COMPOUND = COMPOUNDS.split('|').map((words) => ` ${words} `);

/** @returns lower case, without accents and without characters and forms that only look different */
export function searchForm(text: string): string {
  return withoutMarks(text).toLowerCase();
}

/** Cyrillic letters that nobody can tell from Latin ones; one in `delete` must not make it an unknown word. */
const LOOKALIKES = new Map(
  [...'асеіјорѕухһԁԛԝАВСЕНІЈКМОРЅТУХ'].map((letter, at) => [
    letter,
    'aceijopsyxhdqwABCEHIJKMOPSTYX'[at] ?? letter,
  ]),
);

/** Marks are taken off before normalising too, which costs the square of the length of a run of them. */
const withoutMarks = (text: string): string =>
  text
    .replace(/[\p{M}\p{Cf}\uff9e\uff9f]/gu, '')
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .replace(/\p{Script=Cyrillic}/gu, (letter) => LOOKALIKES.get(letter) ?? letter);

/** @returns the words of a name in snake, camel, kebab, dotted or any other case, folded; compounds as one word */
export function wordsOf(name: string): string[] {
  let text = ` ${wordsApart(name).join(' ')} `;
  for (const words of COMPOUND) text = text.replaceAll(words, ` ${words.replaceAll(' ', '')} `);
  return text.trim().split(' ').filter(Boolean);
}

/** @returns the words of a name, as `wordsOf`, with compounds in their parts; a fifth of the cost */
export function wordsApart(name: string): string[] {
  const apart = withoutMarks(name)
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .replace(/[^\p{L}\d]+/gu, ' ');
  return apart.toLowerCase().trim().split(' ').filter(Boolean);
}

/** @returns an English, Spanish or Portuguese plural as one; other words as they are */
export function singular(word: string): string {
  if (word.length < 4 || /(?:ss|us|is)$/.test(word)) return word;
  return word.replace(/(?:(?<=[xzsh]|on|or)es|s)$/, '');
}

/** @returns the word, then what it may be a form of: `deletes`, `applies` and `deleting` are of delete and apply */
export function formsOf(word: string): string[] {
  const forms = [word, word.replace(/s$/, ''), word.replace(/es$/, ''), word.replace(/ies$/, 'y')];
  if (word.endsWith('ing')) forms.push(word.slice(0, -3), `${word.slice(0, -3)}e`, word.slice(0, -4));
  return forms;
}

/** @returns the words of a row of the evidence */
export const setOf = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** @returns a server's word for people to read: short, and safe to show */
export const shown = (text: string): string => printable(text, 60);
