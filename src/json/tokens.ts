export const QUOTE = 0x22;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const BACKSLASH = 0x5c;

/** @returns the index of the quote that ends the string which begins at `from`, or -1 */
export function closingQuote(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1))
    if (!isEscaped(text, quote, from)) return quote;
  return -1;
}

/** Whether an odd number of backslashes stands before `at`, from `from` on. */
export function isEscaped(text: string, at: number, from = 0): boolean {
  let first = at;
  while (first > from && text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

/** @returns the index after the closing quote of the string that starts at `start`; the text's length without one */
export function endOfString(text: string, start: number): number {
  const quote = closingQuote(text, start + 1);
  return quote === -1 ? text.length : quote + 1;
}

/** Whether a number begins with this character, a minus or a digit. */
export function isNumberStart(code: number): boolean {
  return code === 0x2d || (code >= 0x30 && code <= 0x39);
}

/** Whether it may stand in a number after its first character: a digit, `+`, `-`, `.`, `e` or `E`. */
export function isNumberPart(code: number): boolean {
  return isNumberStart(code) || code === 0x2b || code === 0x2e || code === 0x65 || code === 0x45;
}

/** @returns the index after the number that starts at `start` */
export function endOfNumber(text: string, start: number): number {
  let at = start;
  while (isNumberPart(text.charCodeAt(at))) at += 1;
  return at;
}
