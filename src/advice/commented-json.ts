import { Decimal } from '../json/decimal.js';
import { isArray, isObject, type Json } from '../json/value.js';
import { printable, printableJson } from '../text/escape.js';

/** What is written beside values, a line each, by the array or object that it is about. */
export interface Comments {
  /** Above it. */
  readonly above: ReadonlyMap<object, readonly string[]>;
  /** Inside of it, below its members. */
  readonly below?: ReadonlyMap<object, readonly string[]>;
}

const COMMENT_CAP = 400;
const LINE = 150;
/** A policy and its tools are read member by member. */
const ALWAYS_SPREAD = 2;

/**
 * Writes a policy as JSON with comments: on one line what fits there and has no comment inside of it. No name and no
 * text can end a comment, or make a line look like another to a reader.
 *
 * @returns lines
 */
export function commentedJson(value: Json, comments: Comments): string[] {
  return linesOf(value, comments, 0);
}

/** A comment, for what stands outside of the JSON. */
export function commentLines(texts: readonly string[]): string[] {
  return texts.map((text) => `// ${printable(text, COMMENT_CAP)}`);
}

function linesOf(value: Json, comments: Comments, depth: number): string[] {
  const [open, close] = isArray(value) ? ['[', ']'] : ['{', '}'];
  const members = membersOf(value);
  if (members === undefined || (depth >= ALWAYS_SPREAD && !isCommented(value, comments))) {
    const line = inline(value);
    if (members === undefined || line.length + 2 * depth <= LINE) return [line];
  }
  const below = commentLines(comments.below?.get(value as object) ?? []);
  if (members.length + below.length === 0) return [open + close];
  const body = members.flatMap(({ name, member }, i) => {
    const [first = '', ...rest] = linesOf(member, comments, depth + 1);
    const written = [name + first, ...rest];
    if (i < members.length - 1) written.push(`${written.pop()},`);
    return [...commentLines(aboveOf(member, comments)), ...written];
  });
  return [open, ...[...body, ...below].map((line) => `  ${line}`), close];
}

/** @returns undefined for what has no members */
function membersOf(value: Json): { readonly name: string; readonly member: Json }[] | undefined {
  if (isArray(value)) return value.map((member) => ({ name: '', member }));
  if (!isObject(value)) return undefined;
  return Object.entries(value).map(([name, member]) => ({ name: `${printableJson(name)}: `, member }));
}

function aboveOf(member: Json, { above }: Comments): readonly string[] {
  return (typeof member === 'object' && member !== null && above.get(member)) || [];
}

/** Whether a comment stands inside of a value. */
function isCommented(value: Json, comments: Comments): boolean {
  if (comments.below?.has(value as object) === true) return true;
  return (membersOf(value) ?? []).some(
    ({ member }) => aboveOf(member, comments).length > 0 || isCommented(member, comments),
  );
}

/** JSON on one line, with the numbers exact. */
function inline(value: Json): string {
  if (value instanceof Decimal) return value.toString();
  const members = membersOf(value)?.map(({ name, member }) => name + inline(member));
  if (members === undefined) return printableJson(value);
  if (members.length === 0) return isArray(value) ? '[]' : '{}';
  return isArray(value) ? `[${members.join(', ')}]` : `{ ${members.join(', ')} }`;
}
