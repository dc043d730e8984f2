import { Decimal } from './decimal.js';
import { BACKSLASH, COLON, endOfNumber, endOfString, isEscaped, isNumberStart, QUOTE } from './tokens.js';
import { type Json, setOwn } from './value.js';

/** Longest number literal, in characters. */
const MAX_NUMBER = 1000;

/** Anything that may be a number of 16 digits or with an exponent; text inside strings may look so too. */
const MAYBE_INEXACT = /[0-9][0-9.]{15}|[0-9][eE]/;

/**
 * JSON.parse, but a number that a double does not hold exactly becomes a Decimal, so that 9007199254740993 is not
 * judged as ...992. Costs what JSON.parse costs as long as the text has no such number.
 *
 * @param text JSON; duplicate keys are refused elsewhere, here the last one wins as in JSON.parse
 * @returns the value; `__proto__` is an own property like any other key
 * @throws SyntaxError when the text is not JSON, or has a number of more than 1,000 characters or with a power of ten
 *   of more than four digits
 */
export function parseJson(text: string): Json {
  const value = parseDoubles(text) as Json;
  if (!MAYBE_INEXACT.test(text) || !hasInexactNumber(text)) return value;
  return read(text, parseNumber);
}

/**
 * JSON.parse, but right in every version of Node. Node 24 can take a name with an escape for the beginning of its own
 * text, `"am\\u006funt"` for `am\\u00`, once it has met that name in an object of the same form: a caller could prepare
 * it, and a server would read `amount` where the policy sees no such argument (G2).
 *
 * @param text JSON from anybody
 * @throws SyntaxError when the text is not JSON
 */
export function parseDoubles(text: string): unknown {
  // JSON.parse decides what is JSON, and without recursion; the reader below may then trust the text.
  const value: unknown = JSON.parse(text);
  return hasEscapedName(text) ? read(text, Number) : value;
}

/**
 * @param literal one number in JSON's grammar
 * @returns a double when it holds the number exactly as its shortest decimal, else a Decimal; so each number has one
 *   representation
 * @throws SyntaxError when the number is too long or its power of ten has more than four digits
 */
export function parseNumber(literal: string): number | Decimal {
  const double = Number(literal);
  if (literal.length < 16 && !/[eE]/.test(literal)) return double;
  if (Number.isSafeInteger(double) && /^-?\d+$/.test(literal)) return double;
  if (literal.length > MAX_NUMBER) throw new SyntaxError(`number of ${literal.length} characters`);
  if (/[eE][+-]?0*[1-9]\d{4}/.test(literal)) {
    throw new SyntaxError(`power of ten out of range in ${literal.slice(0, 40)}`);
  }
  const exact = Decimal.from(literal);
  return Number.isFinite(double) && exact.compare(Decimal.from(double)) === 0 ? double : exact;
}

/**
 * Whether the name of a member is written with an escape.
 *
 * @param text JSON
 */
export function hasEscapedName(text: string): boolean {
  if (!mayHaveEscapedName(text)) return false;
  let backslash = text.indexOf('\\');
  for (let at = text.indexOf('"'); backslash >= 0 && at >= 0; at = text.indexOf('"', at)) {
    at = endOfString(text, at);
    if (backslash >= at) continue;
    let next = at;
    while (text.charCodeAt(next) <= 0x20) next += 1;
    if (text.charCodeAt(next) === COLON) return true;
    backslash = text.indexOf('\\', at);
  }
  return false;
}

/**
 * False only where no name has an escape. Goes back from the colons: in a long text they are few, and quotes are many.
 */
function mayHaveEscapedName(text: string): boolean {
  if (!text.includes('\\')) return false;
  for (let colon = text.indexOf(':'); colon !== -1; colon = text.indexOf(':', colon + 1)) {
    let end = colon - 1;
    while (text.charCodeAt(end) <= 0x20) end -= 1;
    // An escaped quote ends no name. One that opens a text looks like the end of a name.
    if (text.charCodeAt(end) !== QUOTE || isEscaped(text, end)) continue;
    let at = end - 1;
    while (at >= 0 && text.charCodeAt(at) !== QUOTE && text.charCodeAt(at) !== BACKSLASH) at -= 1;
    if (text.charCodeAt(at) === BACKSLASH || text.charCodeAt(at - 1) === BACKSLASH) return true;
  }
  return false;
}

function hasInexactNumber(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (isNumberStart(code)) {
      const end = endOfNumber(text, at);
      if (typeof parseNumber(text.slice(at, end)) !== 'number') return true;
      at = end;
    } else {
      at += 1;
    }
  }
  return false;
}

/** A container that is being filled; `key` is the object's next key. */
interface Open {
  readonly target: Json[] | Record<string, Json>;
  key: string | undefined;
}

/**
 * Reads text that is known to be JSON. A stack of its own: no depth overflows it.
 *
 * @param number what a literal becomes
 */
function read(text: string, number: (literal: string) => number | Decimal): Json {
  const open: Open[] = [];
  let root: Json = null;
  let at = 0;
  const put = (value: Json): void => {
    const top = open.at(-1);
    if (!top) root = value;
    else if (Array.isArray(top.target)) top.target.push(value);
    else {
      setOwn(top.target, top.key ?? '', value);
      top.key = undefined;
    }
  };
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const char = text[at];
    if (code === QUOTE) {
      const end = endOfString(text, at);
      const value: string = JSON.parse(text.slice(at, end));
      at = end;
      const top = open.at(-1);
      if (top && !Array.isArray(top.target) && top.key === undefined) top.key = value;
      else put(value);
    } else if (char === '{' || char === '[') {
      const target: Json[] | Record<string, Json> = char === '{' ? {} : [];
      put(target);
      open.push({ target, key: undefined });
      at += 1;
    } else if (char === '}' || char === ']') {
      open.pop();
      at += 1;
    } else if (isNumberStart(code)) {
      const end = endOfNumber(text, at);
      put(number(text.slice(at, end)));
      at = end;
    } else if (char === 't') {
      put(true);
      at += 4;
    } else if (char === 'f') {
      put(false);
      at += 5;
    } else if (char === 'n') {
      put(null);
      at += 4;
    } else {
      at += 1;
    }
  }
  return root;
}
