import type stringWidth from 'string-width';

/**
 * Letters, digits and signs of which each takes one column: Latin, Greek and Cyrillic letters, dashes, quotation marks,
 * lines and blocks. Nothing invisible is among them (as U+00AD is), nothing that joins its neighbour, nothing that is
 * drawn as an emoji.
 */
const ONE_COLUMN_EACH =
  /^[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0377\u0391-\u03a1\u03a3-\u03ff\u0400-\u0482\u2010-\u2027\u2030-\u205e\u2500-\u257f\u2580-\u259f]*$/;

/**
 * @param text printable already
 * @returns the columns that it takes in a terminal
 */
export function textWidth(text: string): number {
  if (ONE_COLUMN_EACH.test(text)) return text.length;
  // A bare `require` of a package that is not bundled: its patterns cost a tenth of a command's start, and most texts
  // do without.
  return (require('string-width') as { default: typeof stringWidth }).default(text);
}
