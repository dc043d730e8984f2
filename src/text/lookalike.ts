/**
 * Characters that show nothing: controls, format characters, and what Unicode calls default-ignorable. Made when it is
 * needed: as a literal, its sets of characters would be gathered at every start, for policies in ASCII too.
 */
const INVISIBLE = String.raw`[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]`;
let invisible: RegExp | undefined;

/** Marks that stack on a letter, and the two half-width signs that become such marks. */
const MARKS = String.raw`[\p{M}\uff9e\uff9f]+`;
let marks: RegExp | undefined;

/** No writing stacks more marks on a letter (Unicode's Stream-Safe Text Format); normalising a run takes time that grows with its square. */
const MAX_MARKS = 30;

/** Longer names, in UTF-16 units, are not normalised: they have no lookalikes. */
const MAX_LENGTH = 10_000;

const ASCII = /^[\x20-\x7e]*$/;

/** Canonical names of the names seen lately: the same few fields come with every call. */
const recent = new Map<string, string>();
const RECENT_MAX = 4096;
const RECENT_LENGTH = 64;

/** Those of longer texts: many conditions may look at the same one. Only while one call is judged: they are large. */
const recentLong = new Map<string, string>();
const RECENT_LONG_MAX = 8;

/**
 * What a lenient reader may take a name or a text for: without case, invisible characters, surrounding spaces, and
 * Unicode's compatibility forms (width, ligatures, the long s, the Kelvin sign). Two with one canonical name are
 * lookalikes: a server may read one where the policy reads the other.
 *
 * Linear in the length: what is longer than 10,000 characters without its invisible ones, or stacks more than 30 marks,
 * only loses those and its surrounding spaces.
 *
 * Only to find lookalikes; what is forwarded or logged is the name itself.
 */
export function canonicalName(name: string): string {
  if (name.length > RECENT_LENGTH) return canonicalLong(name);
  const known = recent.get(name);
  if (known !== undefined) return known;
  const made = canonicalAnew(name);
  if (recent.size >= RECENT_MAX) recent.clear();
  recent.set(name, made);
  return made;
}

function canonicalLong(text: string): string {
  const made = recentLong.get(text) ?? canonicalAnew(text);
  if (recentLong.size === 0) queueMicrotask(() => recentLong.clear());
  // The one that was asked for last goes last, so that it stays however many others there are.
  else if (!recentLong.delete(text) && recentLong.size >= RECENT_LONG_MAX) {
    const [oldest = ''] = recentLong.keys();
    recentLong.delete(oldest);
  }
  recentLong.set(text, made);
  return made;
}

function canonicalAnew(name: string): string {
  return ASCII.test(name) ? name.trim().toLowerCase() : canonicalBare(bareText(name));
}

/** The text without what shows nothing and without surrounding spaces, its case and width kept. */
export function bareText(text: string): string {
  return withoutInvisible(text).trim();
}

function canonicalBare(bare: string): string {
  // The length before the marks: looking for those takes time too.
  if (bare.length > MAX_LENGTH || stackedMarksAt(bare) >= 0) return bare;
  return normal(caseless(bare)).trim();
}

/** @returns where more marks are stacked than any writing does; -1 where nothing is */
function stackedMarksAt(text: string): number {
  if (text.length <= MAX_MARKS) return -1;
  marks ??= new RegExp(MARKS, 'gu');
  for (const { 0: run, index } of text.matchAll(marks)) if (run.length > MAX_MARKS) return index;
  return -1;
}

/** Names, to find those among them that could be taken for another. */
export class NameIndex {
  readonly #names = new Map<string, string[]>();

  constructor(names: Iterable<string>) {
    for (const name of names) {
      const alike = this.#names.get(canonicalName(name));
      if (alike) alike.push(name);
      else this.#names.set(canonicalName(name), [name]);
    }
  }

  /** @returns a name among these, other than `name`, that a lenient reader could take for it */
  lookalikeOf(name: string): string | undefined {
    return this.#names.get(canonicalName(name))?.find((other) => other !== name);
  }
}

/** @returns the first of the names that is another than `name`, and that a lenient reader could take for it */
export function lookalikeOf(name: string, names: readonly string[]): string | undefined {
  const wanted = canonicalName(name);
  return names.find((other) => other !== name && canonicalName(other) === wanted);
}

/** @returns the names that none of the others could be taken for */
export function unmistakable(names: readonly string[]): string[] {
  const index = new NameIndex(names);
  return names.filter((name) => index.lookalikeOf(name) === undefined);
}

/** @returns whether a lenient reader could find the text to begin so; also where it does */
export function couldBeginWith(text: string, beginning: string): boolean {
  // Only the beginning is looked at, so that no length or marks behind it keep it from being compared. No character of
  // a canonical name stands for more than six units.
  const bare = bareText(text).slice(0, 6 * beginning.length + MAX_MARKS);
  const stacked = stackedMarksAt(bare);
  const head = stacked < 0 ? bare : bare.slice(0, stacked);
  return openName(head).startsWith(openName(beginning));
}

/** A canonical name that goes on: blanks at its end count, and the last sigma has the form of any other. */
function openName(text: string): string {
  return canonicalName(`${text}.`).slice(0, -1).replaceAll('\u03c2', '\u03c3');
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
