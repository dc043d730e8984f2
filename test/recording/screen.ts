/** What is seen in a cell of a terminal. */
interface Cell {
  readonly text: string;
  readonly style: Style;
}

interface Style {
  readonly color: Color | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
}

const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
type Color = (typeof COLORS)[number];
const PLAIN: Style = { color: undefined, bold: false, dim: false };

/** A piece of a line in one style. */
export interface Run extends Style {
  readonly text: string;
  /** Columns before it. */
  readonly at: number;
}

const ESCAPE = String.raw`\u001b`;
/** A control sequence, an end of line, or a character. */
const PARTS = new RegExp(`${ESCAPE}\\[(\\??[\\d;]*)([A-Za-z])|(\\r)|(\\n)|([^${ESCAPE}\\r\\n])`, 'gu');

/** A terminal that remembers every line, with as much of its language as our commands and their prompts speak. */
export class Screen {
  readonly #columns: number;
  readonly #rows: (Cell | undefined)[][] = [[]];
  #row = 0;
  #column = 0;
  #style: Style = PLAIN;

  constructor(columns: number) {
    this.#columns = columns;
  }

  write(output: string): void {
    for (const [whole, given = '', control, carriage, feed, text] of output.matchAll(PARTS)) {
      if (text !== undefined) this.#put(text);
      else if (carriage !== undefined) this.#column = 0;
      else if (feed !== undefined) this.#row += 1;
      else if (control !== undefined) this.#obey(control, given, whole);
    }
  }

  #put(text: string): void {
    if (this.#column === this.#columns) {
      this.#column = 0;
      this.#row += 1;
    }
    this.#line()[this.#column] = { text, style: this.#style };
    this.#column += 1;
  }

  #line(): (Cell | undefined)[] {
    while (this.#rows.length <= this.#row) this.#rows.push([]);
    return this.#rows[this.#row] as (Cell | undefined)[];
  }

  #obey(control: string, given: string, whole: string): void {
    const n = given === '' ? 1 : Number(given);
    switch (control) {
      case 'A':
        this.#row = Math.max(0, this.#row - n);
        return;
      case 'B':
        this.#row += n;
        return;
      case 'C':
        this.#column = Math.min(this.#columns, this.#column + n);
        return;
      case 'D':
        this.#column = Math.max(0, this.#column - n);
        return;
      case 'G':
        this.#column = n - 1;
        return;
      case 'J':
        this.#line().length = Math.min(this.#line().length, this.#column);
        this.#rows.length = this.#row + 1;
        return;
      case 'K':
        if (given === '2') this.#line().length = 0;
        else this.#line().length = Math.min(this.#line().length, this.#column);
        return;
      case 'm':
        for (const code of given.split(';')) this.#style = restyled(this.#style, Number(code));
        return;
      // The cursor itself is not drawn.
      case 'h':
      case 'l':
        return;
      default:
        throw new Error(`the recording's terminal does not know ${JSON.stringify(whole)}`);
    }
  }

  /** Each line in pieces of one style; blanks at its end are nothing. */
  lines(): Run[][] {
    return this.#rows.map((row) => {
      const runs: Run[] = [];
      for (let at = 0; at < row.length; at++) {
        const { text, style } = row[at] ?? { text: ' ', style: PLAIN };
        const last = runs.at(-1);
        if (last && isSame(last, style)) runs[runs.length - 1] = { ...last, text: last.text + text };
        else runs.push({ ...style, text, at });
      }
      while (runs.at(-1)?.text.trim() === '') runs.pop();
      return runs;
    });
  }

  text(): string {
    const lines = this.lines().map((runs) =>
      runs
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    );
    return `${lines.join('\n').trimEnd()}\n`;
  }
}

const isSame = (a: Style, b: Style): boolean => a.color === b.color && a.bold === b.bold && a.dim === b.dim;

function restyled(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, color: undefined };
  const color = COLORS[code >= 90 ? code - 90 : code - 30];
  return color === undefined ? style : { ...style, color };
}
