import { printable, printableJson } from './escape.js';

/**
 * Masks secrets in command lines, texts and comments: the value of a flag that sounds secret, or of a short one that
 * often takes a password; values of headers and variables; `NAME=value` pairs of such names; passwords and tokens in
 * addresses; tokens known by their first letters. A secret in any other form is shown: secrets belong in the environment.
 */

export const MASK = '***';
const SECRET =
  /token|secret|passw|passphrase|passcode|pwd|api[-_]?key|access[-_]?key|private[-_]?key|connection[-_]?string|(?:^|[-_.])(?:key|pass|pat|pin|jwt|otp|sas|dsn|sig|signature)$|auth|credential|cookie|bearer/i;
/** `signingKey`, but not `monkey`. */
const SECRET_CAMEL = /[a-z](?:Key|Pass|Pat|Pin|Jwt|Otp|Dsn)$/;

const TOKENS =
  /\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{8,}|\bgh[pousr]_\w{10,}|\bgithub_pat_\w{10,}|\bglpat-[\w-]{10,}|\bxox[abeprs]-[\w-]{8,}|\bA(?:KIA|SIA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\bya29\.[\w-]{10,}|\b(?:npm|hf)_\w{10,}|\beyJ[\w-]{8,}\.[\w.-]+|-----BEGIN [^-]+-----[^"']*/g;
/** Lengths are bounded, for each start of an address looks ahead. `://user:password@`, the password with `@` and, where it is no port, `/` in it; `://token@`. */
const USERINFO =
  /(:\/\/[^\s/:@"']{0,256}:)(?!\d{1,5}(?:[/?#"'\s]|$))[^\s"']{1,512}(?=@)|(:\/\/)[^\s/:@"']{16,512}(?=@)/g;
const QUERY =
  /([?&#;][\w.-]{0,64}(?:token|secret|passw|pwd|key|auth|sig|code|session)[\w.-]{0,64}=)[^&\s"'#]+/gi;
const BEARER = /\b((?:Bearer|Basic)\s+)[\w.~+/=-]{6,}/gi;
/** `"apiKey": "value"` in JSON, also in JSON that is itself a text. */
const MEMBER = /(\\?["'])([\w.-]{1,128})\1(\s{0,8}:\s{0,8})(\\?["']).*?\4/g;

/** Whether a name sounds like that of a secret. */
export function soundsSecret(name: string): boolean {
  return SECRET.test(name) || SECRET_CAMEL.test(name);
}

/** Masks what is a secret by its own look. Keeps line ends. */
export function maskText(text: string): string {
  return text
    .replace(USERINFO, `$1$2${MASK}`)
    .replace(QUERY, `$1${MASK}`)
    .replace(BEARER, `$1${MASK}`)
    .replace(MEMBER, (whole, quote: string, name: string, colon: string, other: string) =>
      soundsSecret(name) ? `${quote}${name}${quote}${colon}${other}${MASK}${other}` : whole,
    )
    .replace(TOKENS, MASK);
}

/** The words of a command line with their secrets masked. */
export function maskWords(words: readonly string[]): string[] {
  return words.map((word, i) => maskWord(word, words[i - 1]));
}

/** A command line for messages, its secrets masked and words quoted where a shell would split them. */
export function shownCommand(words: readonly string[]): string {
  return quotedCommand(maskWords(words));
}

/** A command line for messages, words quoted where a shell would split them. */
export function quotedCommand(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  if (/^[\w@%+=:,./*-]+$/.test(word)) return word;
  // Between double quotes a shell would fill in, or run, what is to stay as it is.
  const isFilledIn = /[$`!]/.test(word) && printable(word) === word;
  return isFilledIn ? `'${word.replaceAll("'", String.raw`'\''`)}'` : printableJson(word);
}

/** Whether `maskWords` hides anything of it. */
export function isMasked(words: readonly string[]): boolean {
  return maskWords(words).some((word, i) => word !== words[i]);
}

/** Whether a command line holds a secret. The value of `-p`, which is masked in case it is one, may be a port. */
export function holdsSecret(words: readonly string[]): boolean {
  return isMasked(words.map((word, i) => (/^-p/.test(word) || words[i - 1] === '-p' ? '' : word)));
}

const PLACEHOLDER = /^[\w-]+:\s*(?:[A-Za-z]+ +)?\$\{(?:file:)?[^{}]*\}$/;
const HEADER_FLAG = /^(?:-H|--headers?)$/;
/** Values of our own options: a name and a variable, and neither is a secret. */
const HEADER_VARIABLE = /^[\w-]+=[A-Za-z_]\w*$/;
const VARIABLE_FLAG = /^(?:-e|--env)$/;
const USER_FLAG = /^(?:-u|-U|--user|--proxy-user)$/;

/** Flags within flags (`--env=--token=...`) that are read; a long word must not exhaust the stack. */
const MOST_NESTED = 3;

/** @param flag the word in front of it */
function maskWord(word: string, flag: string | undefined, depth = 0): string {
  const value = flag === undefined ? undefined : maskValue(word, flag);
  if (value !== undefined) return value;
  const [, short = '', attached = ''] = /^(-[eHuU])([^-].*)$/s.exec(word) ?? [];
  const behind = short === '' ? undefined : maskValue(attached, short);
  if (behind !== undefined) return short + behind;
  // `-pSECRET`, as some clients of databases want it.
  if (/^-p./.test(word) && !ORDINARY_FLAG.test(word)) return `-p${MASK}`;
  const [, name = '', mark = '', rest = ''] = /^((?:-{0,2}|\/)[\w.-]+)(\s*[=:]\s*)(.+)$/s.exec(word) ?? [];
  if (mark !== '' && isSecretName(name, mark)) return `${name}${mark}${MASK}`;
  if (name.startsWith('-') && depth < MOST_NESTED) return `${name}${mark}${maskWord(rest, name, depth + 1)}`;
  // A word with blanks in it is a command line itself: `sh -c "KEY=... server --token ..."`.
  if (/\s/.test(word)) return maskText(maskPieces(word));
  return maskText(word);
}

function maskPieces(text: string): string {
  const pieces = text.split(/(\s+)/);
  return pieces
    .map((piece, i) => (i % 2 === 1 || piece === '' ? piece : maskWord(piece, pieces[i - 2])))
    .join('');
}

/** @returns undefined where the flag says nothing about the word behind it */
function maskValue(word: string, flag: string): string | undefined {
  // A value may begin with a dash; `--` and a word in small letters is the next flag.
  if (/^--(?:[a-z][a-z-]*)?$/.test(word)) return undefined;
  // A placeholder of ours is no secret; a shell that fills it in leaves none.
  if (HEADER_FLAG.test(flag) && PLACEHOLDER.test(word)) return word;
  if (flag === '--header-env' && HEADER_VARIABLE.test(word)) return word;
  if (HEADER_FLAG.test(flag))
    return word.replace(/^([^:=]*[:=]\s*)?[\s\S]+$/, (_all, name = '') => name + MASK);
  if (VARIABLE_FLAG.test(flag)) return word.includes('=') ? word.replace(/=[\s\S]*$/, `=${MASK}`) : undefined;
  if (USER_FLAG.test(flag)) return word.includes(':') ? word.replace(/:[\s\S]*$/, `:${MASK}`) : undefined;
  if (flag === '-p') return isPath(word) ? undefined : MASK;
  return takesSecret(flag) ? MASK : undefined;
}

/** A flag whose value is the next word. One that switches off takes none. */
function takesSecret(flag: string): boolean {
  return /^-{1,2}[A-Za-z][\w.-]*$/.test(flag) && soundsSecret(flag) && !/^--(?:no|disable|skip)-/.test(flag);
}

const ORDINARY_FLAG =
  /^-p(?:ort|ath|id|ipe|ackage|arallel|rint|rod|roduction|rofile|roject|refix|review|rovider|roxy|lugin|ython|ool)s?(?:[-=:][\s\S]*)?$/;

function isPath(word: string): boolean {
  return /^(?:~|\.{1,2}|[A-Za-z]:)?[\\/]/.test(word);
}

/** `NAME=value` in capitals is environment, whatever it is called. */
function isSecretName(name: string, mark: string): boolean {
  return soundsSecret(name) || (mark.trim() === '=' && /^[A-Z][A-Z0-9_]*$/.test(name));
}

/**
 * A comment in a configuration, secrets masked: commented-out settings are the likeliest content, in any notation. Keeps
 * line ends.
 */
export function maskComment(text: string): string {
  return text
    .split(/(\r?\n)/)
    .map((line, i) => (i % 2 === 1 ? line : maskCommentLine(line)))
    .join('');
}

function maskCommentLine(line: string): string {
  // The words of a commented-out list, then every quoted value.
  const quoted = [...line.matchAll(/(["'])((?:(?!\1)[^\\]|\\.)*)\1/g)];
  const masked = maskWords(quoted.map(([, , inner = '']) => inner));
  let index = -1;
  const shown = line
    .replace(/(["'])((?:(?!\1)[^\\]|\\.)*)\1/g, (_all, quote: string) => `${quote}${masked[++index]}${quote}`)
    .replace(/([:=]\s*)(["'])(?:(?!\2)[^\\]|\\.)*\2/g, `$1$2${MASK}$2`);
  const at = valuesIn(shown).find((from) => isOpen(shown.slice(from)));
  return maskText(at === undefined ? maskPieces(shown) : maskBehind(shown, at));
}

/** Where values stand: behind `=`, and behind words that sound secret. */
function valuesIn(line: string): number[] {
  return [...line.matchAll(/([\w.-]+)["']?[\s:=]*/g)]
    .filter(([all, word = '']) => all.includes('=') || soundsSecret(word))
    .map((found) => found.index + found[0].length);
}

/** Whether something is left to be masked. */
function isOpen(rest: string): boolean {
  return /[\p{L}\p{N}]/u.test(rest) && !/^["'\s,:=]*\*{3}/.test(rest);
}

/** Masks the rest of a line; the end of a comment stays. */
function maskBehind(line: string, from: number): string {
  return `${line.slice(0, from)}${MASK}${/\s*\*\/\s*$/.exec(line.slice(from))?.[0] ?? ''}`;
}
