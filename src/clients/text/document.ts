import { PolicyWrapError } from '../../errors.js';
import { type Format, LENIENT, type Tolerance } from '../file-shapes.js';
import { parseJson } from './json.js';
import { Malformed, type Member, type ParsedText, type Span, type TableNode } from './nodes.js';
import { parseToml } from './toml.js';
import { parseYaml } from './yaml.js';

export interface ConfigDocument extends ParsedText {
  readonly format: Format;
  /** As it appears in messages. */
  readonly file: string;
  /** A byte order mark, kept in front of whatever is written. */
  readonly bom: string;
  /** Without the mark; all spans refer to this. */
  readonly text: string;
  /** The line end that the file uses, by its first line. */
  readonly eol: '\n' | '\r\n';
}

/** Line and column of an offset, both from 1, the column in UTF-16 units as editors count. */
function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

export const MEND = 'Nothing was written. Mend the file, then try again.';

/** An error of the file with its place in front, in the form that editors and terminals turn into a link. */
export function errorAt(
  document: Pick<ConfigDocument, 'file' | 'text'>,
  offset: number,
  message: string,
  hint?: string,
): PolicyWrapError {
  const { line, column } = lineAndColumn(document.text, offset);
  return new PolicyWrapError('CONFIG_INVALID', `${document.file}:${line}:${column}: ${message}`, {
    hint: hint ?? MEND,
  });
}

/**
 * Parses strictly: a file that is not exactly what its client can read is an error with line and column, never an
 * empty document. Installers that go on with an empty one destroy the file.
 *
 * @param file name for messages
 * @param content the whole text, with its byte order mark if it has one
 * @throws PolicyWrapError CONFIG_INVALID
 */
export function parseDocument(
  file: string,
  content: string,
  format: Format,
  tolerance: Tolerance = LENIENT,
): ConfigDocument {
  const bom = content.startsWith('\uFEFF') ? '\uFEFF' : '';
  const text = content.slice(bom.length);
  const eol = /^[^\n]*\r\n/.test(text) ? '\r\n' : '\n';
  if (bom !== '' && !tolerance.byteOrderMark) {
    throw errorAt(
      { file, text },
      0,
      'begins with a byte order mark, with which this client refuses or empties the file',
      'Save it as UTF-8 without a byte order mark (BOM), then try again.',
    );
  }
  try {
    return { ...parsed(text, format, tolerance), format, file, bom, text, eol };
  } catch (error) {
    if (error instanceof Malformed) throw errorAt({ file, text }, error.offset, error.message);
    // The parsers recurse, and a file may be nested thousands deep.
    if (error instanceof RangeError) throw errorAt({ file, text }, 0, 'nested too deeply to be read');
    throw error;
  }
}

function parsed(text: string, format: Format, tolerance: Tolerance): ParsedText {
  switch (format) {
    case 'json':
      return parseJson(text, tolerance);
    case 'toml':
      return parseToml(text);
    case 'yaml':
      return parseYaml(text);
  }
}

/** What a client's file holds before anything is in it. */
export function emptyDocument(file: string, format: Format): ConfigDocument {
  return parseDocument(file, format === 'json' ? '{}\n' : '', format);
}

/** The member of that name; a table with two of them is refused by `duplicateIn` before anything is edited. */
export function memberOf(table: TableNode, key: string): Member | undefined {
  return table.members.find((member) => member.key === key);
}

/** The second of two members with the same name: parsers differ in which of them counts. */
export function duplicateIn(table: TableNode): Member | undefined {
  const seen = new Set<string>();
  return table.members.find(({ key }) => seen.size === seen.add(key).size);
}

/** What stands in the file for a node, quotes and all. */
export function rawOf(document: Pick<ConfigDocument, 'text'>, span: Span): string {
  return document.text.slice(span.start, span.end);
}

/** A string in the notation of every format. JSON's escapes are TOML's and YAML's too, DEL aside, which TOML wants escaped. */
export function quote(value: string): string {
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
}
