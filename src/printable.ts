/**
 * Characters that change how a terminal, a chat window or a log reads the text around them: control characters (ANSI
 * sequences begin with one), line and paragraph separators, bidirectional controls, and what takes no room at all.
 * Made when it is needed: as a literal, its sets of characters would be gathered at every start.
 */
const UNSAFE = String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]`;
let unsafe: RegExp | undefined;

function unsafeCharacters(): RegExp {
  unsafe ??= new RegExp(UNSAFE, 'gu');
  return unsafe;
}

/**
 * Makes text from a client, server or policy safe to show.
 *
 * @param cap longest result in characters before it is cut with an ellipsis; no limit when absent
 * @returns the text with each unsafe character written as `\u{...}`
 */
export function printable(text: string, cap = Number.POSITIVE_INFINITY): string {
  const cut = text.length > cap ? `${text.slice(0, cap)}…` : text;
  return cut.replace(unsafeCharacters(), (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/**
 * JSON for people and programs: of the same value as `JSON.stringify` gives, with each unsafe character as an escape.
 *
 * @param indent spaces a level; one line when absent
 */
export function printableJson(value: unknown, indent?: number): string {
  // Line feeds stand between members only: JSON writes those inside of text as escapes.
  return JSON.stringify(value, null, indent).replace(unsafeCharacters(), (c) =>
    c === '\n'
      ? c
      : [...Array(c.length).keys()]
          .map((at) => `\\u${c.charCodeAt(at).toString(16).padStart(4, '0')}`)
          .join(''),
  );
}
