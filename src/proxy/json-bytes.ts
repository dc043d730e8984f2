/** The bytes of JSON's grammar, which are its characters too (RFC 8259). */
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const PLUS = 0x2b;
export const POINT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const LOWER_E = 0x65;
export const UPPER_E = 0x45;
export const SPACE = 0x20;
export const NEWLINE = 0x0a;
const LOWER_U = 0x75;

/** By byte, 1 for what may follow a backslash alone; `u` needs four digits behind it. */
export const SHORT_ESCAPE = new Uint8Array(256);
for (const escaped of Buffer.from('"\\/bfnrt')) SHORT_ESCAPE[escaped] = 1;
/** By byte, 1 for what needs no look in a text. */
export const PLAIN = new Uint8Array(256).fill(1);
PLAIN.fill(0, 0, SPACE);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;
/** By byte, 1 for what may stand between values. */
export const BLANK = new Uint8Array(256);
for (const blank of Buffer.from(' \t\r\n')) BLANK[blank] = 1;
const HEX = new Uint8Array(256);
for (const digit of Buffer.from('0123456789abcdefABCDEF')) HEX[digit] = 1;

/** From so many characters on, as with an exponent, a number may need its text (see scan.ts). */
const EXACT_FROM = 16;

/** @returns the offset behind the escape whose backslash is at `at`, or -1 */
function afterEscape(bytes: Uint8Array, at: number): number {
  const escaped = bytes[at + 1] as number;
  if (SHORT_ESCAPE[escaped] === 1) return at + 2;
  return escaped === LOWER_U && isHex(bytes, at + 2) ? at + 6 : -1;
}

/** Texts that go on for longer than this are passed over by `plainEnd`: most are so short that it would not pay. */
const NEAR = 24;

/**
 * @param plainEnd of the bytes' workspace, where they are in one
 * @returns the offset behind the string of which the text begins at `from`, or -1
 */
export function afterText(
  bytes: Uint8Array,
  from: number,
  plainEnd: ((from: number) => number) | undefined,
): number {
  let i = from;
  for (;;) {
    if (plainEnd === undefined) while (PLAIN[bytes[i] as number] === 1) i++;
    else {
      const near = i + NEAR;
      while (i < near && PLAIN[bytes[i] as number] === 1) i++;
      if (i === near) i = plainEnd(i);
    }
    if (bytes[i] === QUOTE) return i + 1;
    i = bytes[i] === BACKSLASH ? afterEscape(bytes, i) : -1;
    if (i === -1) return -1;
  }
}

function isHex(bytes: Uint8Array, from: number): boolean {
  for (let i = from; i < from + 4; i++) if (HEX[bytes[i] as number] !== 1) return false;
  return true;
}

/** @returns the offset behind the number at `from`, or -1; also, where `strict`, for one that may need its text */
export function afterNumber(b: Uint8Array, from: number, strict: boolean): number {
  let i = b[from] === MINUS ? from + 1 : from;
  i = b[i] === ZERO ? i + 1 : afterDigits(b, i);
  if (i !== -1 && b[i] === POINT) i = afterDigits(b, i + 1);
  // In lower or upper case.
  if (i !== -1 && ((b[i] as number) | 0x20) === LOWER_E) {
    if (strict) return -1;
    i++;
    i = afterDigits(b, b[i] === MINUS || b[i] === PLUS ? i + 1 : i);
  }
  return strict && i - from >= EXACT_FROM ? -1 : i;
}

function afterDigits(bytes: Uint8Array, from: number): number {
  let i = from;
  while ((bytes[i] as number) >= ZERO && (bytes[i] as number) <= NINE) i++;
  return i === from ? -1 : i;
}

const WORDS: ReadonlyMap<number, readonly number[]> = new Map(
  ['true', 'false', 'null'].map((word) => [word.charCodeAt(0), [...Buffer.from(word)]]),
);

export function afterWord(bytes: Uint8Array, from: number, first: number): number {
  const word = WORDS.get(first);
  if (!word?.every((c, i) => bytes[from + i] === c)) return -1;
  return from + word.length;
}

/** The line's end is none: what follows it in the chunk is another line. */
export function afterBlanks(b: Uint8Array, from: number): number {
  let i = from;
  while (BLANK[b[i] as number] === 1 && b[i] !== NEWLINE) i++;
  return i;
}

/** @returns where the value of the member begins whose key is at `from`; -1 where there is none, or one with an escape */
export function afterKey(b: Uint8Array, from: number): number {
  const end = afterPlainText(b, from);
  return end === -1 ? -1 : afterColon(b, end);
}

/** @returns where the value of the member begins whose key ends at `from`; -1 where there is none */
export function afterColon(b: Uint8Array, from: number): number {
  const colon = afterBlanks(b, from);
  return b[colon] === COLON ? afterBlanks(b, colon + 1) : -1;
}

/** @returns the offset behind the string at `from`; -1 where there is none, or one with an escape */
export function afterPlainText(b: Uint8Array, from: number): number {
  if (b[from] !== QUOTE) return -1;
  let i = from + 1;
  while (PLAIN[b[i] as number] === 1) i++;
  return b[i] === QUOTE ? i + 1 : -1;
}

/** Deeper values are not walked over. One bit each says whether a container is an array. */
const DEEPEST = 30;
/** Nor are, where `strict`, those with so many keys in the objects that are open at once: each is held against all. */
const MOST_KEYS = 32;
/** Nor are those with longer keys, in bytes with the quotes: of keys that are nearly the same all bytes are compared. */
export const LONGEST_KEY = 64;
/** Where the keys of the open objects are, and how many of them were there before each container. */
const keyStart = new Int32Array(MOST_KEYS);
const keyEnd = new Int32Array(MOST_KEYS);
const keysBefore = new Int32Array(DEEPEST + 1);

/**
 * Has no recursion, so that no depth overflows it.
 *
 * @param plainEnd as for `afterText`
 * @param strict only what all parsers read alike: no key twice, no number that may need its text (see scan.ts)
 * @returns the offset behind the value at `from`, or -1; also where a key has an escape
 */
export function afterValue(
  b: Uint8Array,
  from: number,
  plainEnd: ((from: number) => number) | undefined,
  strict: boolean,
): number {
  let i = from;
  let depth = 0;
  let arrays = 0;
  let keys = 0;
  for (;;) {
    const c = b[i] as number;
    if (c === QUOTE) {
      i = afterText(b, i + 1, plainEnd);
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      const isArray = c === OPEN_BRACKET;
      i = afterBlanks(b, i + 1);
      if (b[i] === (isArray ? CLOSE_BRACKET : CLOSE_BRACE)) i++;
      else {
        if (++depth > DEEPEST) return -1;
        arrays = (arrays << 1) | (isArray ? 1 : 0);
        keysBefore[depth] = keys;
        if (!isArray) i = strict ? afterNewKey(b, i, keys, keys++) : afterKey(b, i);
        if (i === -1) return -1;
        continue;
      }
    } else if (c === MINUS || (c >= ZERO && c <= NINE)) i = afterNumber(b, i, strict);
    else i = afterWord(b, i, c);
    if (i === -1) return -1;

    while (depth > 0) {
      i = afterBlanks(b, i);
      const isArray = (arrays & 1) === 1;
      if (b[i] === COMMA) {
        i = afterBlanks(b, i + 1);
        if (!isArray) i = strict ? afterNewKey(b, i, keysBefore[depth] as number, keys++) : afterKey(b, i);
        if (i === -1) return -1;
        break;
      }
      if (b[i] !== (isArray ? CLOSE_BRACKET : CLOSE_BRACE)) return -1;
      i++;
      keys = keysBefore[depth] as number;
      depth--;
      arrays >>>= 1;
    }
    if (depth === 0) return i;
  }
}

/** As `afterKey`, and keeps where the key is. @returns also -1 for one that is among those from `first` on */
function afterNewKey(b: Uint8Array, from: number, first: number, count: number): number {
  const end = afterPlainText(b, from);
  if (end === -1 || end - from > LONGEST_KEY || count === MOST_KEYS) return -1;
  for (let key = first; key < count; key++) {
    const start = keyStart[key] as number;
    if ((keyEnd[key] as number) - start === end - from && isSame(b, start, from, end - from)) return -1;
  }
  keyStart[count] = from;
  keyEnd[count] = end;
  return afterColon(b, end);
}

function isSame(b: Uint8Array, one: number, other: number, size: number): boolean {
  for (let i = 0; i < size; i++) if (b[one + i] !== b[other + i]) return false;
  return true;
}

export function isAt(b: Uint8Array, from: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (b[from + i] !== text[i]) return false;
  return true;
}
