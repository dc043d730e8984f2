import { canonicalName } from '../../text/lookalike.js';
import type { NamePattern } from '../model.js';

/** @param text a name in which `*` stands for any characters, none included */
export function namePattern(text: string): NamePattern {
  const matches = matcherOf(text);
  const matchesCanonical = matcherOf(canonicalName(text));
  return {
    text,
    plain: !text.includes('*'),
    literals: text.replaceAll('*', '').length,
    matches,
    matchesLookalike: (name) => matchesCanonical(canonicalName(name)),
  };
}

/** Each piece between two `*` is taken where it first occurs, which needs no backtracking. */
function matcherOf(pattern: string): (name: string) => boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => {
    const end = name.length - last.length;
    if (end < first.length || !name.startsWith(first) || !name.endsWith(last)) return false;
    let at = first.length;
    for (const piece of rest) {
      const found = name.indexOf(piece, at);
      if (found < 0 || found + piece.length > end) return false;
      at = found + piece.length;
    }
    return true;
  };
}

/** Orders patterns by who wins: the more literal characters, and for equals one fixed order, whatever the file's. */
export function comparePatterns(a: NamePattern, b: NamePattern): number {
  return b.literals - a.literals || (a.text < b.text ? -1 : a.text > b.text ? 1 : 0);
}
