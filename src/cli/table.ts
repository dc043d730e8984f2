import { styleText } from 'node:util';
import stringWidth from 'string-width';
import type { Output } from './terminal.js';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Colours never carry meaning alone: the words say the same. */
export function paint({ hasColor }: Output, style: Style, text: string): string {
  return hasColor ? styleText(style, text, { validateStream: false }) : text;
}

/** A cell of a table; `text` must be printable already. */
export type Cell = string | { readonly text: string; readonly style: Style };

export const bold = (text: string): Cell => ({ text, style: 'bold' });

const GAP = '  ';
/** A column is never made narrower than this to fit the terminal. */
const NARROWEST = 8;

/**
 * Rows in columns, each as wide as its widest cell. Where that does not fit in a line the widest column is cut, and
 * cut cells end in an ellipsis.
 *
 * @param widths least widths of the columns; holds the widths that were used afterwards, for tables that go on
 */
export function table(
  out: Output,
  rows: readonly (readonly Cell[])[],
  { indent = '', widths = [] }: { readonly indent?: string; readonly widths?: number[] } = {},
): string {
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, stringWidth(textOf(cell)));
  const room = out.columns - indent.length - GAP.length * (widths.length - 1);
  for (let excess = sum(widths) - room; excess > 0; excess = sum(widths) - room) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= NARROWEST) break;
    const next = Math.max(NARROWEST, ...widths.filter((each) => each < width));
    widths[widest] = Math.max(next === width ? width - 1 : next, width - excess);
  }
  const lines = rows.map((row) => {
    const cells = row.map((cell, i) => {
      const width = widths[i] ?? 0;
      const text = cutTo(textOf(cell), width);
      const padded = i === row.length - 1 ? text : text + ' '.repeat(width - stringWidth(text));
      return typeof cell === 'string' ? padded : paint(out, cell.style, padded);
    });
    return `${indent}${cells.join(GAP)}`.trimEnd();
  });
  return lines.map((line) => `${line}\n`).join('');
}

const textOf = (cell: Cell) => (typeof cell === 'string' ? cell : cell.text);
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

function cutTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (stringWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

const BAR_WIDTH = 20;

/** @param share 0 to 1; more is shown as full. What is not empty shows at least one mark, what is not full one gap. */
export function bar(share: number): string {
  const marks = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  const shown = share <= 0 ? 0 : share >= 1 ? BAR_WIDTH : Math.min(BAR_WIDTH - 1, Math.max(1, marks));
  return '█'.repeat(shown) + '░'.repeat(BAR_WIDTH - shown);
}
