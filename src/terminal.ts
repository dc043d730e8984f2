import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** What a stream that is written to can show. */
export interface Look {
  readonly colour: boolean;
  /** In columns; undefined where nothing needs to fit, as in a file or a pipe. */
  readonly width: number | undefined;
}

/**
 * Colour only for a terminal that nobody has asked to stay plain (`NO_COLOR`, `TERM=dumb`, `--no-color`).
 *
 * @param options.color false with `--no-color`
 */
export function lookOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  { color = true }: { readonly color?: boolean } = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Look {
  const terminal = stream.isTTY === true;
  return {
    colour: terminal && color && !env.NO_COLOR && env.TERM !== 'dumb',
    width: terminal ? stream.columns : undefined,
  };
}

const TINTS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Tint = keyof typeof TINTS;

/** @returns the text in a tint, where there is colour; a tint never says what the text does not */
export function tinted(text: string, tint: Tint, { colour }: Look): string {
  return colour ? `\x1b[${TINTS[tint]}m${text}\x1b[0m` : text;
}

export type Cell = string | { readonly text: string; readonly tint: Tint };

const GAP = '  ';
const LEAST_FLEX = 12;

/**
 * Lines up cells in columns.
 *
 * @param rows their text must be safe to show already (printable.ts)
 * @param flex the column that is cut where the table is wider than the terminal
 * @returns lines, each with its line end
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  look: Look,
  flex: number,
): string {
  const texts = [
    head,
    ...rows.map((row) => row.map((cell) => (typeof cell === 'string' ? cell : cell.text))),
  ];
  const widths = head.map((_, at) => texts.reduce((most, row) => Math.max(most, widthOf(row[at] ?? '')), 0));
  const whole = widths.reduce((sum, width) => sum + width, GAP.length * (head.length - 1));
  const excess = look.width === undefined ? 0 : Math.max(0, whole - look.width);
  widths[flex] = Math.max(Math.min(LEAST_FLEX, widths[flex] ?? 0), (widths[flex] ?? 0) - excess);
  const line = (row: readonly Cell[]): string => {
    const cells = row.map((cell, at) => {
      const width = widths[at] ?? 0;
      const text = cut(typeof cell === 'string' ? cell : cell.text, width);
      const padding = at === row.length - 1 ? '' : ' '.repeat(width - widthOf(text));
      return (typeof cell === 'string' ? text : tinted(text, cell.tint, look)) + padding;
    });
    return `${cells.join(GAP).trimEnd()}\n`;
  };
  const heading = head.map((text): Cell => ({ text, tint: 'bold' }));
  return [heading, ...rows].map(line).join('');
}

/** Letters of two columns: East Asian ones and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

const ASCII = /^[\x20-\x7e]*$/;

function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  return [...text].reduce((sum, char) => sum + columnsOf(char), 0);
}

const columnsOf = (char: string): number => (/\p{M}/u.test(char) ? 0 : WIDE.test(char) ? 2 : 1);

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const char of text) {
    used += columnsOf(char);
    if (used > width) break;
    kept += char;
  }
  return `${kept}…`;
}

/** The streams of a prompt; tests give their own. */
export interface PromptStreams {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable & { readonly isTTY?: boolean };
}

/**
 * Asks a person for yes or no.
 *
 * @param fallback what an empty line means
 * @returns undefined when there is no person to ask: standard input or standard error is no terminal
 */
export async function confirm(
  question: string,
  fallback: boolean,
  { input, output }: PromptStreams = { input: process.stdin, output: process.stderr },
): Promise<boolean | undefined> {
  if (input.isTTY !== true || output.isTTY !== true) return undefined;
  const lines = createInterface({ input, output });
  try {
    const answer = await new Promise<string>((resolve) => {
      // End of input is no consent, whatever an empty line would mean.
      lines.once('close', () => resolve('n'));
      lines.question(`${question} ${fallback ? '[Y/n]' : '[y/N]'} `, resolve);
    });
    const word = answer.trim().toLowerCase();
    return word === '' ? fallback : word === 'y' || word === 'yes';
  } finally {
    lines.close();
  }
}
