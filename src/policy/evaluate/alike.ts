import { Decimal } from '../../json/decimal.js';
import { readJsonc } from '../../json/relaxed.js';
import { isArray, isObject, type Json, setOwn } from '../../json/value.js';
import { bareText, canonicalName } from '../../text/lookalike.js';
import { show } from '../describe-value.js';
import { ROUNDED } from './inexact.js';

/** Deeper values are not taken apart. */
const MAX_DEPTH = 256;

/** Digits of a number that stands in a text. */
const MAX_DIGITS = 1000;

/** Ends the comparison: it cannot be determined which value it is. */
class Untold extends Error {}

/**
 * One form for values that a server may take for the same: otherwise "3", 3 and [3] would each have a count of their
 * own, and an agent as many attempts as there are spellings.
 *
 * - Texts are compared as conditions compare them: without case, width, surrounding spaces and invisible characters.
 * - Text that reads as a number, as true or false, as null, or as JSON is that value.
 * - A list of one is its element; an empty text, list or object is as good as null and as missing.
 * - Keys are compared like texts.
 *
 * @param at how the value is called, for people
 * @returns the form; or, in a sentence, why there is none: two keys could be taken for each other, a number has more
 *   digits than a double keeps, or the value nests too deeply
 */
export function alike(value: Json, at: string): { readonly value: Json } | { readonly fault: string } {
  try {
    return { value: formOf(value, 0) };
  } catch (error) {
    if (error instanceof Untold) return { fault: `${at} ${error.message}` };
    throw error;
  }
}

function formOf(value: Json, depth: number): Json {
  if (depth > MAX_DEPTH) throw new Untold('nests too deeply to be compared');
  if (typeof value === 'string') return formOfText(value, depth);
  if (value instanceof Decimal) throw new Untold(`has the number ${show(value)}, ${ROUNDED}`);
  if (isArray(value)) {
    const [only] = value;
    if (value.length === 1 && only !== undefined) return formOf(only, depth + 1);
    const items = value.map((item) => formOf(item, depth + 1));
    return items.every((item) => item === null) ? null : items;
  }
  return isObject(value) ? formOfObject(value, depth) : value;
}

function formOfObject(object: { readonly [key: string]: Json }, depth: number): Json {
  const form: Record<string, Json> = {};
  const names = new Set<string>();
  let isEmpty = true;
  for (const [key, item] of Object.entries(object)) {
    const name = canonicalName(key);
    if (names.has(name))
      throw new Untold(`has ${show(key)} twice, in forms that could be taken for each other`);
    names.add(name);
    const same = formOf(item, depth + 1);
    if (same === null) continue;
    setOwn(form, name, same);
    isEmpty = false;
  }
  return isEmpty ? null : form;
}

const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['', null],
  ['null', null],
  ['true', true],
  ['false', false],
]);

function formOfText(text: string, depth: number): Json {
  const told = canonicalName(text);
  const word = WORDS.get(told);
  if (word !== undefined) return word;
  if (/^["[{]/.test(told)) {
    const bare = bareText(text);
    const read = readJsonc(bare);
    if (read) return formOf(read.exact, depth + 1);
    // JSON, and still not read: a key stands twice in it, and servers differ in which they take.
    if (isJson(bare)) throw new Untold('has text with JSON that could be read in two ways');
    return told;
  }
  return numberIn(told) ?? told;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The number that a text is for the readers that servers use: JSON's, `Number` of JavaScript, `int` and `float` of
 * Python. Whole numbers keep all their digits (an account may have 22); others must be held by a double.
 *
 * @returns undefined when it is none
 */
function numberIn(text: string): Decimal | string | undefined {
  if (!/^[+-]?\.?\p{Nd}/u.test(text)) return undefined;
  const plain = text.replace(/\p{Nd}/gu, digitOf).replace(/(?<=\d)_(?=\d)/g, '');
  const based = /^([+-]?)(0[xob][0-9a-f]+)$/.exec(plain);
  if (based?.[2] && plain.length <= MAX_DIGITS) return wholeIn(based[2], based[1] === '-');
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,20}))?$/.exec(plain);
  if (!parts) return undefined;
  const [, sign = '', whole = '', fraction = '', power = '0'] = parts;
  const digits = withoutZeros(whole, fraction);
  if (digits.length > MAX_DIGITS) throw new Untold('has a number of more than a thousand digits');
  const literal = `${sign === '-' ? '-' : ''}${digits}e${power}`;
  const double = Number(literal);
  // No server takes it for a number; names such as 12e34567 are often met.
  if (!Number.isFinite(double)) return plain;
  const exact = exactOf(literal);
  if (exact && (exact.decimals === 0 || exact.compare(Decimal.from(double)) === 0)) return exact;
  throw new Untold(`has the number ${show(text)}, ${ROUNDED}`);
}

function wholeIn(text: string, isNegative: boolean): Decimal | undefined {
  try {
    return Decimal.from(isNegative ? -BigInt(text) : BigInt(text));
  } catch {
    return undefined;
  }
}

function exactOf(literal: string): Decimal | undefined {
  try {
    return Decimal.from(literal);
  } catch {
    // A power of ten out of all proportion.
    return undefined;
  }
}

function withoutZeros(whole: string, fraction: string): string {
  let from = 0;
  while (from < whole.length - 1 && whole[from] === '0') from += 1;
  let to = fraction.length;
  while (to > 0 && fraction[to - 1] === '0') to -= 1;
  return `${whole.slice(from) || '0'}${to > 0 ? '.' : ''}${fraction.slice(0, to)}`;
}

const DIGIT = /\p{Nd}/u;

/** The digit of any script as one of 0 to 9: in Unicode the ten of a script follow each other, and so may two tens. */
function digitOf(digit: string): string {
  if (/\d/.test(digit)) return digit;
  const code = digit.codePointAt(0) as number;
  let value = 0;
  while (DIGIT.test(String.fromCodePoint(code - value - 1))) value += 1;
  return String(value % 10);
}
