import { printable } from '../printable.js';
import type { ConfigDocument } from './document.js';
import type { Splice } from './edit.js';
import { splice } from './edit.js';
import type { Node } from './nodes.js';

/**
 * What is not shown of a configuration: every value of an environment or of headers, every value under a key that
 * sounds secret, and of arguments what follows a flag that sounds secret, `NAME=value` and header pairs of such names,
 * passwords in addresses, and tokens known by their first letters. A secret in any other guise is shown; environment
 * is where secrets belong.
 */

const MASK = '***';
const SECRET =
  /token|secret|passw|pwd|api[-_]?key|access[-_]?key|private[-_]?key|(?:^|[-_])key$|auth|credential|cookie|bearer/i;
const TABLES = new Set(['env', 'environment', 'envs', 'headers', 'http_headers']);

const TOKENS =
  /\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{8,}|\bgh[pousr]_\w{10,}|\bgithub_pat_\w{10,}|\bglpat-[\w-]{10,}|\bxox[abeprs]-[\w-]{8,}|\bA(?:KIA|SIA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\bya29\.[\w-]{10,}|\b(?:npm|hf)_\w{10,}|\beyJ[\w-]{8,}\.[\w.-]+|-----BEGIN [^-]+-----[^"']*/g;
const USERINFO = /(:\/\/[^\s/:@"']*:)[^\s/@"']+(?=@)/g;
const QUERY = /([?&][\w-]*(?:token|secret|passw|key|auth|sig)[\w-]*=)[^&\s"'#]+/gi;
const BEARER = /\b((?:Bearer|Basic)\s+)[\w.~+/=-]{6,}/gi;

/** Masks what is a secret by its own look. Keeps line ends. */
function maskText(text: string): string {
  return text
    .replace(USERINFO, `$1${MASK}`)
    .replace(QUERY, `$1${MASK}`)
    .replace(BEARER, `$1${MASK}`)
    .replace(TOKENS, MASK);
}

/** The words of a command line with their secrets masked. */
export function maskWords(words: readonly string[]): string[] {
  return words.map((word, i) => {
    const flag = words[i - 1];
    if (flag !== undefined && takesSecret(flag) && !word.startsWith('-')) return MASK;
    return maskText(
      word.replace(/^(-{0,2}[\w.-]+)(\s*[=:]\s*)(.+)$/s, (whole, name: string, mark: string) =>
        isSecretName(name, mark) ? `${name}${mark}${MASK}` : whole,
      ),
    );
  });
}

/** A flag whose value is the next word. */
function takesSecret(flag: string): boolean {
  return /^-{1,2}[A-Za-z][\w-]*$/.test(flag) && SECRET.test(flag);
}

/** `NAME=value` in capitals is environment, whatever it is called. */
function isSecretName(name: string, mark: string): boolean {
  return SECRET.test(name) || (mark === '=' && /^[A-Z][A-Z0-9_]*$/.test(name));
}

/**
 * The text of a document with its secrets masked and its lines where they were. For showing only.
 */
export function maskDocument(document: ConfigDocument): string {
  const splices: Splice[] = [];
  const put = (node: { start: number; end: number }, text: string): void => {
    const raw = document.text.slice(node.start, node.end);
    // Line by line, so that a diff of masked texts has the line numbers of the real ones.
    if (text !== raw) splices.push({ start: node.start, end: node.end, text });
  };
  const hide = (node: Node): void => {
    if (node.kind === 'list') node.items.forEach(hide);
    else if (node.kind === 'table') for (const { value } of node.members) hide(value);
    else {
      const raw = document.text.slice(node.start, node.end);
      put(node, `"${MASK}"${raw.replace(/[^\r\n]/g, '')}`);
    }
  };
  const walk = (node: Node, key: string): void => {
    if (node.kind === 'table') {
      for (const member of node.members) {
        if (TABLES.has(member.key) || (SECRET.test(member.key) && member.value.kind !== 'table'))
          hide(member.value);
        else walk(member.value, member.key);
      }
      return;
    }
    if (node.kind === 'list') {
      const words = node.items.map((item) => (item.kind === 'string' ? item.value : ''));
      const masked = maskWords(words);
      node.items.forEach((item, i) => {
        if (item.kind !== 'string' || masked[i] === words[i]) walk(item, key);
        else
          put(
            item,
            `${JSON.stringify(masked[i])}${document.text.slice(item.start, item.end).replace(/[^\r\n]/g, '')}`,
          );
      });
      return;
    }
    if (node.kind === 'string') put(node, maskText(document.text.slice(node.start, node.end)));
  };
  walk(document.root, '');
  for (const comment of document.comments)
    put(comment, maskComment(document.text.slice(comment.start, comment.end)));
  return splice(document.text, splices);
}

/** Commented-out settings are the likeliest content; every quoted value in one may be an environment value. */
function maskComment(text: string): string {
  return maskText(text).replace(/([:=]\s*)(["'])(?:(?!\2)[^\r\n])*\2/g, `$1$2${MASK}$2`);
}

/** Whether an argument list carries something that `maskWords` hides. */
export function holdsSecret(words: readonly string[]): boolean {
  return maskWords(words).some((word, i) => word !== words[i]);
}

/** Whether a name sounds like that of a secret. */
export function soundsSecret(name: string): boolean {
  return SECRET.test(name);
}

/**
 * Control characters, direction marks and invisible characters as escapes: a name out of a file must not move the
 * cursor, recolour the terminal or turn the reading order.
 */
export function visible(text: string): string {
  return printable(text);
}

/** A name as it is typed at a shell, for the commands that messages propose. */
export function typed(name: string): string {
  const shown = visible(name);
  return /^[\w@%+:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
}
