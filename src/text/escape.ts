/**
 * text/: what is safe to show, how names are compared, durations, suggestions, hashes.
 * Imports json/ alone.
 * Never enters: what a text is about; rules of the policy, of tools or of clients.
 */

/**
 * The one escaper of everything that a person reads: terminals, prompts, logs, refusals and the JSON of every command.
 *
 * Escaped is what changes how the text around it is read, or what nobody can see: control characters (ANSI sequences
 * begin with one), line and paragraph separators, bidirectional controls, characters without a width or without ink
 * (joiners, variation selectors, fillers, the blank Braille pattern, tags), spaces other than U+0020, lone surrogates,
 * and code points without a meaning here (private use, unassigned).
 *
 * Combining marks stay where they are part of writing: up to three on a letter or a digit, as Vietnamese, Hindi, Thai,
 * Hebrew and Arabic need them. What is stacked higher, or stands on something else, would run over what is around it.
 */
const UNSAFE = String.raw`[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]--[\u0020]]`;
const MARK = String.raw`[[\p{Mn}\p{Me}]--\p{Default_Ignorable_Code_Point}]`;
const LETTER = String.raw`[[\p{L}\p{N}\p{Mc}]--\p{Default_Ignorable_Code_Point}]`;

/** Made when it is needed: as a literal, its sets of characters would be gathered at every start. */
let special: RegExp | undefined;

/** Matches, with the group `kept`, marks that stay as they are, and else one character to escape. */
function specialCharacters(): RegExp {
  special ??= new RegExp(`(?<kept>(?<=${LETTER})${MARK}{1,3})|${UNSAFE}|${MARK}`, 'gv');
  return special;
}

/** Most texts need no look at their characters. */
const PLAIN = /^[\x20-\x7e\n]*$/;

function escaped(text: string, written: (character: string) => string): string {
  return text.replace(specialCharacters(), (match, kept?: string) => kept ?? written(match));
}

/** Longest name that is shown whole, in characters: twice what the protocol lets the name of a tool have. */
export const NAME_CAP = 256;

const codePoint = (character: string) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/**
 * Makes text from a client, server, policy or file safe to show.
 *
 * @param cap longest text in characters before it is cut, with an ellipsis; no limit when absent
 * @returns the text with each unsafe character written as `\u{...}`
 */
export function printable(text: string, cap = Number.POSITIVE_INFINITY): string {
  const cut = text.length > cap ? `${whole(text, cap)}…` : text;
  return PLAIN.test(cut) && !cut.includes('\n') ? cut : escaped(cut, codePoint);
}

/** A name in a sentence, where without quotes it could read as a word of it. */
export const inQuotes = (name: string): string => `"${printable(name)}"`;

/** The first characters of a text, without half of one at the end. */
function whole(text: string, length: number): string {
  const cut = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** As `printable`, line by line: the line feeds stay. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n');
}

/** As `printable`, with everything beyond ASCII as an escape too: for names that only look the same. */
export function ascii(text: string, cap?: number): string {
  return printable(text, cap).replace(/[^\x20-\x7e…]/gu, codePoint);
}

/**
 * JSON for people and programs: of the same value as `JSON.stringify` gives, with each unsafe character as an escape.
 *
 * @param indent spaces a level; one line when absent
 */
export function printableJson(value: unknown, indent?: number): string {
  return safeJson(JSON.stringify(value, null, indent));
}

/** JSON text with each unsafe character as an escape of JSON's own, which changes no value. */
export function safeJson(text: string): string {
  // Line feeds stand between members only: JSON writes those inside of text as escapes.
  return PLAIN.test(text)
    ? text
    : escaped(text, (character) => (character === '\n' ? character : unitsOf(character)));
}

function unitsOf(character: string): string {
  let units = '';
  for (let at = 0; at < character.length; at += 1)
    units += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return units;
}

/**
 * JSON spread over lines, token by token: parsed and written anew it could lose digits.
 *
 * @param text valid JSON
 */
export function spreadJson(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  let depth = 0;
  const breakLine = () => {
    lines.push(line);
    line = '  '.repeat(depth);
  };
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === '}' || token === ']') {
      depth -= 1;
      breakLine();
    }
    line += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth += 1;
    if (token === '{' || token === '[' || token === ',') breakLine();
  }
  lines.push(line);
  return lines;
}
