import { canonicalName } from '../../text/lookalike.js';
import type { NamePattern } from '../model.js';
import { RESOURCE } from '../sections.js';
import { readUri, shownUri } from '../uri.js';

/** In UTF-16 units: what a match costs grows with it. */
const MAX_PATTERN = 1000;

/**
 * @param text a URI in which `*` stands for any characters but slashes and the question mark, and `**` for all; `*`
 *   alone is every resource
 * @returns the pattern, of names as the log has them; or why the text is none
 */
export function uriPattern(text: string): NamePattern | { readonly fault: string } {
  const isAll = text === '*' || text === '**';
  if (text.length > MAX_PATTERN) return { fault: `the URI is longer than ${MAX_PATTERN} characters` };
  // A star is a letter of a URI as well, and stays where it is.
  const read = isAll ? { uri: '**', others: [] } : readUri(text);
  if ('fault' in read) return read;
  if (read.others.length > 0) return { fault: `the URI is matched as ${read.uri}, so it must be written so` };
  const { uri } = read;
  const matches = matcherOf(tokensOf(uri), '/?');
  const canonical = matcherOf(tokensOf(canonicalUri(uri)), '/');
  return {
    text: `${RESOURCE}${uri}`,
    plain: !uri.includes('*'),
    literals: uri.replaceAll('*', '').length,
    matches: (name) => name.startsWith(RESOURCE) && matches(name.slice(RESOURCE.length)),
    matchesLookalike: (name) =>
      name.startsWith(RESOURCE) && canonical(canonicalUri(name.slice(RESOURCE.length))),
  };
}

/** The form in which resources look alike; by their names as the log has them. */
export function canonicalResource(name: string): string {
  return RESOURCE + canonicalUri(name.slice(RESOURCE.length));
}

function canonicalUri(uri: string): string {
  return canonicalName(shownUri(uri));
}

const ANY = Symbol('**');
const WITHIN = Symbol('*');
type Token = string | typeof ANY | typeof WITHIN;

function tokensOf(text: string): Token[] {
  return (text.match(/\*+|[^*]/gsu) ?? []).map((part) =>
    part === '*' ? WITHIN : part.startsWith('**') ? ANY : part,
  );
}

/**
 * Keeps every place of the pattern that the text may have come to, one character after the other: no backtracking.
 *
 * @param borders characters that one star does not stand for
 */
function matcherOf(tokens: readonly Token[], borders: string): (text: string) => boolean {
  const skipStars = (at: Set<number>): Set<number> => {
    for (const place of at) if (typeof tokens[place] === 'symbol') at.add(place + 1);
    return at;
  };
  return (text) => {
    let at = skipStars(new Set([0]));
    for (const char of text) {
      const next = new Set<number>();
      for (const place of at) {
        const token = tokens[place];
        if (token === ANY || (token === WITHIN && !borders.includes(char))) next.add(place);
        else if (token === char) next.add(place + 1);
      }
      if (next.size === 0) return false;
      at = skipStars(next);
    }
    return at.has(tokens.length);
  };
}
