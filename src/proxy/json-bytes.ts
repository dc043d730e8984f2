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
