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

/** By byte, 1 for what may follow a backslash alone; `u` needs four digits behind it. */
export const SHORT_ESCAPE = new Uint8Array(256);
for (const escaped of Buffer.from('"\\/bfnrt')) SHORT_ESCAPE[escaped] = 1;
