import { printParseErrorCode, visit } from 'jsonc-parser';
import type { Tolerance } from '../file-shapes.js';
import { type ListNode, Malformed, type Member, type Node, type ParsedText, type Span } from './nodes.js';

const PROBLEMS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'a word that is not JSON',
  InvalidNumberFormat: 'a number that is not JSON',
  PropertyNameExpected: 'a key in double quotes was expected',
  ValueExpected: 'a value was expected',
  ColonExpected: 'a colon was expected',
  CommaExpected: 'a comma was expected',
  CloseBraceExpected: 'a closing brace was expected',
  CloseBracketExpected: 'a closing bracket was expected',
  EndOfFileExpected: 'more text after the end of the document',
  UnexpectedEndOfComment: 'a comment that does not end',
  UnexpectedEndOfString: 'a string that does not end',
  UnexpectedEndOfNumber: 'a number that does not end',
  InvalidUnicode: 'a broken \\u escape',
  InvalidEscapeCharacter: 'an escape that JSON does not know',
  InvalidCharacter: 'a character that may not stand there',
};

type Open = { start: number; members: Member[]; key: { name: string; span: Span } | undefined } | ListNode;

/**
 * Parses JSON, or JSON with comments and trailing commas, and keeps the place of everything.
 *
 * @throws Malformed at the first offence
 */
export function parseJson(text: string, tolerance: Tolerance): ParsedText {
  if (/^\s*$/.test(text)) throw new Malformed('the file is empty', 0);
  const comments: Span[] = [];
  const trailing: number[] = [];
  const open: Open[] = [];
  let root: Node | undefined;
  let comma: number | undefined;
  let first: Malformed | undefined;

  const note = (message: string, offset: number): void => {
    if (first === undefined || offset < first.offset) first = new Malformed(message, offset);
  };
  const add = (node: Node): void => {
    comma = undefined;
    const parent = open.at(-1);
    if (parent === undefined) root ??= node;
    else if ('items' in parent) parent.items.push(node);
    else if (parent.key !== undefined) {
      parent.members.push({ key: parent.key.name, keySpan: parent.key.span, prefix: '', value: node });
      parent.key = undefined;
    }
  };
  const close = (offset: number, length: number): void => {
    const done = open.pop();
    if (comma !== undefined) trailing.push(comma);
    if (done === undefined) return;
    const end = offset + length;
    add(
      'items' in done
        ? { kind: 'list', start: done.start, end, items: done.items }
        : { kind: 'table', start: done.start, end, members: done.members },
    );
  };

  visit(
    text,
    {
      onObjectBegin: (start) => {
        comma = undefined;
        open.push({ start, members: [], key: undefined });
      },
      onArrayBegin: (start) => {
        comma = undefined;
        open.push({ kind: 'list', start, end: -1, items: [] });
      },
      onObjectProperty: (name, start, length) => {
        comma = undefined;
        const parent = open.at(-1);
        if (parent !== undefined && 'key' in parent)
          parent.key = { name, span: { start, end: start + length } };
      },
      onLiteralValue: (value: unknown, start, length) => {
        const end = start + length;
        add(
          typeof value === 'string' ? { kind: 'string', start, end, value } : { kind: 'scalar', start, end },
        );
      },
      onObjectEnd: close,
      onArrayEnd: close,
      onSeparator: (character, offset) => {
        if (character === ',') comma = offset;
      },
      onComment: (start, length) => {
        comments.push({ start, end: start + length });
      },
      onError: (code, offset) => note(PROBLEMS[printParseErrorCode(code)] ?? 'not JSON', offset),
    },
    { disallowComments: false, allowTrailingComma: true },
  );

  if (!tolerance.comments)
    for (const { start } of comments) note('a comment, which this client does not accept', start);
  if (!tolerance.trailingCommas)
    for (const offset of trailing)
      note('a comma before the closing bracket, which this client does not accept', offset);
  if (first !== undefined) throw first;
  if (root?.kind !== 'table') throw new Malformed('an object was expected', root?.start ?? 0);
  return { root, comments, plain: parsePlain(text, comments, trailing) };
}

/** The same text read by the platform's own parser, which is independent of ours, and stricter in places. */
function parsePlain(text: string, comments: Span[], trailing: number[]): unknown {
  const blanks = [...comments, ...trailing.map((offset) => ({ start: offset, end: offset + 1 }))];
  blanks.sort((a, b) => a.start - b.start);
  const parts: string[] = [];
  let at = 0;
  for (const { start, end } of blanks) {
    parts.push(text.slice(at, start), text.slice(start, end).replace(/[^\r\n]/g, ' '));
    at = end;
  }
  parts.push(text.slice(at));
  try {
    return JSON.parse(parts.join(''));
  } catch (error) {
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    throw new Malformed('not JSON', Number(position ?? 0));
  }
}
