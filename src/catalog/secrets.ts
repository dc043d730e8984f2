import { ABOUT_SECRETS, SECRETS } from './flow-words.js';
import { setOf, singular } from './words.js';

const IS = { secret: setOf(SECRETS), about: setOf(ABOUT_SECRETS) };

/** In a description's first sentence: names of things in two words. */
const PHRASE =
  /\b(?:environment variables?|api keys?|private keys?|access tokens?|secret values?|ssh keys?|seed phrases?|variables? de entorno)\b/;

/**
 * @param words of a tool's name, from `wordsOf`
 * @param sentence the first sentence of its description, folded
 * @returns the words that say that what this tool reads opens other doors
 */
export function secretsAmong(words: readonly string[], sentence: string): string | undefined {
  const named = words.find(
    (word, at) =>
      IS.secret.has(singular(word)) && !words.slice(at + 1).some((next) => IS.about.has(singular(next))),
  );
  return named === undefined ? PHRASE.exec(sentence)?.[0] : named;
}
