import { closes } from '../../catalog/threats/threats.js';
import { count } from '../../text/count.js';
import { printable, printableJson } from '../../text/escape.js';
import { bold, type Cell, paint, type Style, table } from '../table.js';
import type { Terminal } from '../terminal.js';
import type { Coverage, OpeningCoverage, State, Stop } from './coverage.js';

const STYLE_OF: Readonly<Record<State, Style>> = {
  open: 'red',
  partly: 'yellow',
  countered: 'green',
  'not opened': 'dim',
  'not seen': 'dim',
};
/** Lines of a fragment that are shown; `--json` has all. */
const MAX_LINES = 60;
/** Openings whose fix is shown together. */
const MAX_FIXED = 4;
const MAX_NAMED = 3;

export const isOpen = ({ state }: Coverage): boolean => state === 'open' || state === 'partly';

/** The patterns, what opens them and what counters them; and for the open ones the members of a policy that close them. */
export function threatsText(rows: readonly Coverage[], several: boolean, { out }: Terminal): string {
  const shown = rows.filter(({ state }) => state !== 'not opened');
  const lines = shown.map(({ threat, state, openings }): Cell[] => [
    threat.id,
    { text: state, style: STYLE_OF[state] },
    openedBy(openings, state, several),
    counteredBy(openings, state, several),
  ]);
  const head = ['pattern', 'state', 'opened by', 'countered by'].map(bold);
  const of = (state: State) => rows.filter((row) => row.state === state).length;
  const sum = `${count(rows.length, 'pattern')}: ${of('countered')} countered, ${of('partly')} partly, ${of('open')} open, ${of('not opened')} not opened by these tools, ${of('not seen')} not to be seen from here\n`;
  return [
    table(out, [head, ...lines], { columns: ['whole', 'whole', 'prose', 'prose'] }),
    `\n${sum}`,
    ...rows.filter(isOpen).map((row) => openText(row, several, out)),
  ].join('');
}

const toolsOf = ({ opening }: OpeningCoverage, several: boolean): string =>
  opening.tools
    .map(({ server, tool }) => printable(several ? `${server}/${tool.name}` : tool.name, 80))
    .join(' + ');

function openedBy(openings: readonly OpeningCoverage[], state: State, several: boolean): string {
  const wanted =
    state === 'countered' || state === 'not seen'
      ? openings
      : openings.filter(({ stop }) => stop === undefined);
  const whole = wanted.filter(({ opening }) => opening.tools.length > 3);
  if (whole.length > 0)
    return whole.map(({ opening }) => printable(opening.tools[0]?.server ?? '')).join(', ');
  const names = wanted.slice(0, MAX_NAMED).map((each) => toolsOf(each, several));
  const more = wanted.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function counteredBy(openings: readonly OpeningCoverage[], state: State, several: boolean): string {
  if (state === 'open' || state === 'not seen') return '';
  const rules = openings.flatMap(({ stop }) => (stop ? [ruleOf(stop, several)] : []));
  const each = [...new Set(rules)];
  const more = each.length - 2;
  return `${each.slice(0, 2).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const ruleOf = ({ rule = '', server, decision }: Stop, several: boolean): string =>
  printable(`${several ? `${server}: ` : ''}${rule}${decision === 'ask' ? ' (asks)' : ''}`);

function openText({ threat, openings }: Coverage, several: boolean, out: Terminal['out']): string {
  const open = openings.filter(({ stop }) => stop === undefined);
  const fixed = open.slice(0, MAX_FIXED);
  const fix = closes(fixed.map(({ opening }) => opening));
  const more = open.length - fixed.length;
  const head = `\n${paint(out, 'bold', `${threat.title} (${threat.id})`)}\n  ${threat.rule}\n`;
  const parts = Object.entries(fix).map(([server, part]) => {
    const json = printableJson(part, 2).split('\n').slice(1, -1);
    const lines = json.length > MAX_LINES ? [...json.slice(0, MAX_LINES), '  ...'] : json;
    const title = several ? `  In the policy of ${printable(server)}:\n` : '';
    return `${title}${lines.map((line) => `  ${line}\n`).join('')}`;
  });
  return `${head}${parts.join('')}${more > 0 ? `  And likewise for ${count(more, 'more opening')}: --json has them.\n` : ''}`;
}
