import { styleText } from 'node:util';
import type { Output } from './terminal.js';
import { textWidth } from './width.js';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Colours never carry meaning alone: the words say the same. */
export function paint({ hasColor }: Pick<Output, 'hasColor'>, style: Style, text: string): string {
  return hasColor ? styleText(style, text, { validateStream: false }) : text;
}

/** A cell of a table; `text` must be printable already. */
export type Cell = string | { readonly text: string; readonly style: Style };

export const bold = (text: string): Cell => ({ text, style: 'bold' });

/**
 * What becomes of a column where a row does not fit in a line. None is ever cut: a name, a time or an id of which a part
 * is missing cannot be used.
 *
 * - `whole`: goes to the next line as it is
 * - `prose`: is broken between words
 * - `spare`: is left out of the table
 */
export type Column = 'whole' | 'prose' | 'spare';

export interface TableOptions {
  readonly indent?: string;
  /** By column; `whole` where nothing is said. */
  readonly columns?: readonly Column[];
  /** Least widths of the columns; holds the widths that were used afterwards, for tables that go on. */
  readonly widths?: number[];
}

const GAP = '  ';
/** Further indent of the lines with which a row goes on. */
const FURTHER = '    ';
/** Prose is not squeezed into less room than this, or half a line, beside other cells. */
const LEAST_PROSE = 30;

/**
 * Rows in columns, each as wide as its widest cell. A row that is wider than the terminal goes on in further lines,
 * with an indent; nothing is cut. A row of one cell is a heading.
 */
export function table(
  out: Pick<Output, 'columns' | 'hasColor'>,
  rows: readonly (readonly Cell[])[],
  { indent = '', columns = [], widths = [] }: TableOptions = {},
): string {
  const room = out.columns - indent.length;
  // A cell that takes more than half of a line moves the others of its own row, not those of all rows.
  const widest = fitsWhole(rows, room) ? room : Math.floor(room / 2);
  const natural: number[] = [];
  for (const row of rows) {
    // A row of one cell is a heading, and may be wider than what stands below it.
    for (const [at, cell] of row.length === 1 ? [] : row.entries()) {
      const width = textWidth(textOf(cell));
      natural[at] = Math.max(
        natural[at] ?? 0,
        columns[at] === 'prose' ? Math.min(width, LEAST_PROSE) : width,
      );
      if (columns[at] !== 'prose' || width <= LEAST_PROSE)
        widths[at] = Math.max(widths[at] ?? 0, width <= widest ? width : 0);
    }
  }
  const left = leftOut(natural, columns, room);
  return rows
    .map((row) => layOut(out, row, { indent, columns, widths, left }))
    .filter((text) => text !== '')
    .map((text) => `${text}\n`)
    .join('');
}

/** Whether each row fits in a line, with every column as wide as its widest cell. */
function fitsWhole(rows: readonly (readonly Cell[])[], room: number): boolean {
  const widths: number[] = [];
  for (const row of rows.filter(({ length }) => length > 1))
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, textWidth(textOf(cell)));
  return widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) <= room;
}

/** The columns that are left out, so that a row fits in a line; the last ones go first. */
function leftOut(natural: readonly number[], columns: readonly Column[], room: number): ReadonlySet<number> {
  const left = new Set<number>();
  const length = () => {
    const kept = natural.filter((width, at) => width > 0 && !left.has(at));
    return kept.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, kept.length - 1);
  };
  for (let at = natural.length - 1; at >= 0 && length() > room; at -= 1)
    if (columns[at] === 'spare') left.add(at);
  return left;
}

type Layout = Required<TableOptions> & { readonly left: ReadonlySet<number> };

function layOut(
  out: Pick<Output, 'columns' | 'hasColor'>,
  row: readonly Cell[],
  { indent, columns, widths, left }: Layout,
): string {
  const lines: string[] = [];
  let line = indent;
  /** Width of the line; `pending` are the blanks that are due before its next cell. */
  let used = indent.length;
  let pending = '';
  const breakLine = () => {
    if (line.trim() !== '') lines.push(line);
    line = indent + FURTHER;
    used = line.length;
    pending = '';
  };
  for (const [at, cell] of row.entries()) {
    const text = textOf(cell);
    const width = textWidth(text);
    if (left.has(at) || (widths[at] === 0 && text === '')) continue;
    // On further lines nothing stands below anything, so that an empty cell needs no room.
    if (text === '' && lines.length > 0) continue;
    const style = (part: string) => (typeof cell === 'string' ? part : paint(out, cell.style, part));
    const fits = used + pending.length + width <= out.columns;
    if (!fits && text !== '' && columns[at] === 'prose') {
      const least = Math.max(LEAST_PROSE, out.columns / 2);
      if (out.columns - used - pending.length < least && used > indent.length) breakLine();
      const hang = ' '.repeat(used + pending.length);
      const [first = '', ...more] = wrapped(text, out.columns - hang.length);
      lines.push(line + pending + style(first), ...more.slice(0, -1).map((each) => hang + style(each)));
      const last = more.at(-1);
      if (last !== undefined) lines.push(hang + style(last));
      line = '';
      breakLine();
      continue;
    }
    if (!fits && text !== '' && used > indent.length) breakLine();
    line += pending + (text === '' ? '' : style(text));
    used += pending.length + width;
    pending = (lines.length > 0 ? '' : ' '.repeat(Math.max(0, (widths[at] ?? 0) - width))) + GAP;
  }
  if (line.trim() !== '') lines.push(line);
  return lines.map((each) => each.trimEnd()).join('\n');
}

const textOf = (cell: Cell) => (typeof cell === 'string' ? cell : cell.text);

/**
 * Breaks a text between words. A word that is wider than a line has one for itself, whole.
 *
 * @param width of a line, in characters of a terminal
 */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

const BAR_WIDTH = 20;

/** @param share 0 to 1; more is shown as full. What is not empty shows at least one mark, what is not full one gap. */
export function bar(share: number): string {
  const marks = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  const shown = share <= 0 ? 0 : share >= 1 ? BAR_WIDTH : Math.min(BAR_WIDTH - 1, Math.max(1, marks));
  return '█'.repeat(shown) + '░'.repeat(BAR_WIDTH - shown);
}
