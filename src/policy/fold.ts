/**
 * Characters that show nothing: controls, format characters, and what Unicode calls default-ignorable. Made when it is
 * needed: as a literal, its sets of characters would be gathered at every start, for policies in ASCII too.
 */
const INVISIBLE = String.raw`[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]`;
let invisible: RegExp | undefined;

const ASCII = /^[\x20-\x7e]*$/;

/** Folds of the names seen lately: the same few fields come with every call. */
const recent = new Map<string, string>();
const RECENT_MAX = 4096;
const RECENT_LENGTH = 64;

/**
 * What a lenient reader may take a name for: without case, invisible characters, surrounding spaces, and Unicode's
 * compatibility forms (width, ligatures, the long s, the Kelvin sign). Two names with the same fold are twins: a
 * server may read one where the policy reads the other.
 *
 * Only to find twins; what is forwarded, compared or logged is the name itself.
 */
export function fold(name: string): string {
  const known = recent.get(name);
  if (known !== undefined) return known;
  const folded = ASCII.test(name) ? name.trim().toLowerCase() : visibleText(caseless(name)).trim();
  if (name.length <= RECENT_LENGTH) {
    if (recent.size >= RECENT_MAX) recent.clear();
    recent.set(name, folded);
  }
  return folded;
}

/** The visible text in one width and form, its case kept. */
export function visibleText(text: string): string {
  invisible ??= new RegExp(INVISIBLE, 'gu');
  return text.normalize('NFKC').replace(invisible, '');
}

/**
 * Through upper case: some letters share a capital but not a small letter (sigma and final sigma, i and dotless i).
 * Through lower case before that: the capital sharp s (U+1E9E) is its own upper case, and only its small letter is SS.
 */
function caseless(text: string): string {
  return visibleText(text).toLowerCase().toUpperCase().toLowerCase();
}
