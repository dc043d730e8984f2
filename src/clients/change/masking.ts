import { printable } from '../../text/escape.js';
import { MASK, maskComment, maskText, maskWords, soundsSecret } from '../../text/masking.js';
import { SHAPES } from '../file-shapes.js';
import { HEADER_KEYS, URL_KEYS } from '../remote-entry.js';
import type { ConfigDocument } from '../text/document.js';
import type { Node, Splice } from '../text/nodes.js';
import { splice } from './rewrite-entry.js';

/** Keys whose every value is hidden: environments and headers. */
const TABLES = new Set([...Object.values(SHAPES).map(({ env }) => env), ...HEADER_KEYS]);
/** Keys by which an entry is told from a secret. */
const ENTRY_KEYS = new Set([
  ...Object.values(SHAPES).map(({ command }) => command),
  ...URL_KEYS,
  'args',
  'type',
]);

/**
 * The text of a document as it is shown: its lines where they were, and its secrets masked. Those are every value of an
 * environment or of headers, every value under a key that sounds secret, and what looks like a secret in command lines,
 * texts and comments.
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
        if (TABLES.has(member.key) || (soundsSecret(member.key) && !holdsMore(member.value)))
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
    if (node.kind !== 'string') return;
    const raw = document.text.slice(node.start, node.end);
    const [masked = ''] = maskWords([node.value]);
    put(node, masked === node.value ? maskText(raw) : JSON.stringify(masked) + raw.replace(/[^\r\n]/g, ''));
  };
  walk(document.root, '');
  for (const comment of document.comments)
    put(comment, maskComment(document.text.slice(comment.start, comment.end)));
  return splice(document.text, splices);
}

/** A server or a project may be called after what it keeps: `token-vault`. */
function holdsMore(node: Node): boolean {
  return (
    node.kind === 'table' &&
    node.members.some(({ key, value }) => value.kind === 'table' || ENTRY_KEYS.has(key))
  );
}

/** A name as it is typed at a shell, for the commands that messages propose. */
export function typed(name: string): string {
  const shown = printable(name);
  return /^[\w@%+:,./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
}
