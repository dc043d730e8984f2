import type { Run } from './screen.js';

const CHARACTER = 8.4;
const LINE = 19;
const MARGIN = 16;

type Theme = 'light' | 'dark';

/** A page says which of the two is shown: GitHub's theme need not be the system's, which a picture would follow. */
const STYLES: Readonly<Record<Theme, string>> = {
  light: `
    .back { fill: #ffffff; stroke: #d0d7de } text { fill: #1f2328 }
    .red { fill: #cf222e } .green { fill: #1a7f37 } .yellow { fill: #9a6700 } .cyan { fill: #1b7c83 }
    .blue { fill: #0969da } .magenta { fill: #8250df } .dim { fill: #656d76 } .bold { font-weight: bold }`,
  dark: `
    .back { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 }
    .red { fill: #ff7b72 } .green { fill: #3fb950 } .yellow { fill: #d29922 } .cyan { fill: #39c5cf }
    .blue { fill: #58a6ff } .magenta { fill: #bc8cff } .dim { fill: #8b949e } .bold { font-weight: bold }`,
};

/** A picture of a terminal, whose text can be selected and searched. */
export function svgOf(
  lines: readonly (readonly Run[])[],
  columns: number,
  title: string,
  theme: Theme,
): string {
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const height = lines.length * LINE + 2 * MARGIN;
  const texts = lines.flatMap((runs, row) => runs.map((run) => textOf(run, MARGIN + (row + 0.75) * LINE)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" xml:space="preserve" role="img" aria-label="${escaped(title)}">
  <style>
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }${STYLES[theme]}
  </style>
  <rect class="back" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${texts.join('\n')}
</svg>
`;
}

function textOf({ text, at, color, bold, dim }: Run, y: number): string {
  const kept = text.trimEnd();
  const leading = kept.length - kept.trimStart().length;
  const classes = [color, bold ? 'bold' : undefined, dim ? 'dim' : undefined].filter(Boolean).join(' ');
  const x = round(MARGIN + (at + leading) * CHARACTER);
  // Whatever font is there, a column is a column.
  const length = round((kept.length - leading) * CHARACTER);
  return `  <text x="${x}" y="${round(y)}" textLength="${length}"${classes === '' ? '' : ` class="${classes}"`}>${escaped(kept.trimStart())}</text>`;
}

const round = (value: number): number => Math.round(value * 100) / 100;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
