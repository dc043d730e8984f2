import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { PolicyWrapError } from '../errors.js';

/** Where a command writes. */
export interface Output {
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
  /** Characters that fit in a line; without end where nobody looks. */
  readonly columns: number;
  /** @returns whether anybody still reads; resolves when more can be taken, so that memory stays bounded */
  write(text: string): Promise<boolean>;
}

/** What a command sees of the person and the machine it runs for; tests give their own. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A person can be asked: standard input and standard error are both terminals. */
  readonly canAsk: boolean;
  /** Asks on standard error. @returns what was typed; undefined at the end of input and at Ctrl-C */
  ask(question: string): Promise<string | undefined>;
  /** UTC milliseconds. */
  now(): number;
  /** Waits. @returns false when Ctrl-C or SIGTERM came instead, now or earlier */
  pause(ms: number): Promise<boolean>;
}

/** The terminal of this process. @param color false under `--no-color` */
export function processTerminal({ color }: { readonly color?: boolean | undefined } = {}): Terminal {
  const { stdin, stdout, stderr, env } = process;
  let stop: AbortController | undefined;
  return {
    out: output(stdout, color, env),
    err: output(stderr, color, env),
    env,
    canAsk: stdin.isTTY === true && stderr.isTTY === true,
    ask: (question) =>
      new Promise((resolve) => {
        const lines = createInterface({ input: stdin, output: stderr });
        let answer: string | undefined;
        lines.once('close', () => resolve(answer)).once('SIGINT', () => lines.close());
        lines.question(question, (typed) => {
          answer = typed;
          lines.close();
        });
      }),
    now: Date.now,
    pause: async (ms) => {
      stop ??= stopAt(['SIGINT', 'SIGTERM']);
      const { signal } = stop;
      if (signal.aborted) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        const stopped = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', stopped, { once: true });
      });
      return !signal.aborted;
    },
  };
}

function stopAt(signals: readonly NodeJS.Signals[]): AbortController {
  const stop = new AbortController();
  for (const signal of signals) process.once(signal, () => stop.abort());
  return stop;
}

function output(stream: WriteStream, color: boolean | undefined, env: NodeJS.ProcessEnv): Output {
  let failure: NodeJS.ErrnoException | undefined;
  stream.on('error', (error) => {
    failure ??= error;
  });
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    hasColor: color !== false && wantsColor(isTerminal, env),
    get columns() {
      return isTerminal ? stream.columns || 80 : Number.POSITIVE_INFINITY;
    },
    async write(text) {
      if (!failure && !stream.write(text) && !stream.destroyed) await drained(stream);
      // `| head` has read enough; anything else, a full disk say, must not pass for success.
      if (failure && failure.code !== 'EPIPE') {
        const message = `the output could not be written: ${failure.message}`;
        throw new PolicyWrapError('REFUSED', message, { cause: failure });
      }
      return failure === undefined;
    },
  };
}

/** Resolves when a stream takes more, or never will again. */
export function drained(stream: Writable): Promise<void> {
  const events = ['drain', 'error', 'close'];
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

/** no-color.org; `--no-color` is looked at before. */
function wantsColor(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0';
  return isTerminal && env.TERM !== 'dumb';
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Style = keyof typeof STYLES;

/** Colours never carry meaning alone: the words say the same. */
export function paint({ hasColor }: Output, style: Style, text: string): string {
  return hasColor ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
}

/** A cell of a table; `text` must be printable already. */
export type Cell = string | { readonly text: string; readonly style: Style };

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
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(textOf(cell)));
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
      const text = cutTo(textOf(cell), widths[i] ?? 0);
      const padded = i === row.length - 1 ? text : text + ' '.repeat((widths[i] ?? 0) - widthOf(text));
      return typeof cell === 'string' ? padded : paint(out, cell.style, padded);
    });
    return `${indent}${cells.join(GAP)}`.trimEnd();
  });
  return lines.map((line) => `${line}\n`).join('');
}

const textOf = (cell: Cell) => (typeof cell === 'string' ? cell : cell.text);
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

/** Ideographs, kana, Hangul and emoji take two columns of a terminal. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;
const PLAIN = /^[\x20-\x7e]*$/;

function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += /\p{Mn}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept + character) > width - 1) break;
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

/** @param ms UTC milliseconds @returns `2026-11-22 14:05:12 -03:00`, in this machine's zone */
export function localTime(ms: number): string {
  const date = new Date(ms);
  const offset = -date.getTimezoneOffset();
  const local = new Date(ms + offset * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  const zone = Math.abs(offset);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${local} ${offset < 0 ? '-' : '+'}${two(Math.floor(zone / 60))}:${two(zone % 60)}`;
}
