/**
 * Characters that show nothing: controls, format characters, and what Unicode calls default-ignorable. Made when it is
 * needed: as a literal, its sets of characters would be gathered at every start, for policies in ASCII too.
 */
const INVISIBLE = String.raw`[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]`;
let invisible: RegExp | undefined;

/** Marks that stack on a letter, and the two half-width signs that become such marks. */
const MARKS = String.raw`[\p{M}\uff9e\uff9f]+`;
let marks: RegExp | undefined;

/** No writing stacks more marks on a letter (Unicode's Stream-Safe Text Format); normalising a run costs its square. */
const MAX_MARKS = 30;

/** Longer names, in UTF-16 units, are not normalised: they are twins of no other. */
const MAX_LENGTH = 10_000;

const ASCII = /^[\x20-\x7e]*$/;

/** Folds of the names seen lately: the same few fields come with every call. */
const recent = new Map<string, string>();
const RECENT_MAX = 4096;
const RECENT_LENGTH = 64;

/** Folds of longer texts: many conditions may look at the same one. Only while one call is judged: they are large. */
const recentLong = new Map<string, string>();
const RECENT_LONG_MAX = 8;

/**
 * What a lenient reader may take a name or a text for: without case, invisible characters, surrounding spaces, and
 * Unicode's compatibility forms (width, ligatures, the long s, the Kelvin sign). Two with the same fold are twins: a
 * server may read one where the policy reads the other.
 *
 * Linear in the length: what is longer than 10,000 characters without its invisible ones, or stacks more than 30 marks,
 * only loses those and its surrounding spaces.
 *
 * Only to find twins; what is forwarded or logged is the name itself.
 */
export function fold(name: string): string {
  if (name.length > RECENT_LENGTH) return foldLong(name);
  const known = recent.get(name);
  if (known !== undefined) return known;
  const folded = foldAnew(name);
  if (recent.size >= RECENT_MAX) recent.clear();
  recent.set(name, folded);
  return folded;
}

function foldLong(text: string): string {
  const folded = recentLong.get(text) ?? foldAnew(text);
  if (recentLong.size === 0) queueMicrotask(() => recentLong.clear());
  // The one that was asked for last goes last, so that it stays however many others there are.
  else if (!recentLong.delete(text) && recentLong.size >= RECENT_LONG_MAX) {
    const [oldest = ''] = recentLong.keys();
    recentLong.delete(oldest);
  }
  recentLong.set(text, folded);
  return folded;
}

function foldAnew(name: string): string {
  return ASCII.test(name) ? name.trim().toLowerCase() : foldBare(bareText(name));
}

/** The text without what shows nothing and without surrounding spaces, its case and width kept. */
export function bareText(text: string): string {
  return withoutInvisible(text).trim();
}

function foldBare(bare: string): string {
  // The length before the marks: looking for those takes time too.
  if (bare.length > MAX_LENGTH || stacksMarks(bare)) return bare;
  return normal(caseless(bare)).trim();
}

function stacksMarks(text: string): boolean {
  if (text.length <= MAX_MARKS) return false;
  marks ??= new RegExp(MARKS, 'gu');
  for (const [run] of text.matchAll(marks)) if (run.length > MAX_MARKS) return true;
  return false;
}

function withoutInvisible(text: string): string {
  invisible ??= new RegExp(INVISIBLE, 'gu');
  return text.replace(invisible, '');
}

/** Compatibility forms become plain ones; some of those show nothing. */
function normal(text: string): string {
  return withoutInvisible(text.normalize('NFKC'));
}

/**
 * Through upper case: some letters share a capital but not a small letter (sigma and final sigma, i and dotless i).
 * Through lower case before that: the capital sharp s (U+1E9E) is its own upper case, and only its small letter is SS.
 */
function caseless(text: string): string {
  return normal(text).toLowerCase().toUpperCase().toLowerCase();
}
