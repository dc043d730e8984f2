import type { Fix, Opening, PolicyPart, ToolAt } from '../../catalog/threats/threat.js';
import { count, shortList } from '../../text/count.js';
import { printable } from '../../text/escape.js';
import { bold, type Cell, paint, type Style, table, wrapped } from '../table.js';
import type { Terminal } from '../terminal.js';
import type { Coverage, OpeningCoverage, State } from './coverage.js';
import { fragmentsFor, withFragments } from './fragment.js';
import { fragmentText } from './fragment-text.js';
import type { Held } from './held.js';
import type { Stop } from './trials.js';

const STYLE_OF: Readonly<Record<State, Style>> = {
  open: 'red',
  partly: 'yellow',
  countered: 'green',
  'not opened': 'dim',
  'not seen': 'dim',
};
/** Lines of a fragment that are shown, in whole entries; `--json` has all. */
const MAX_LINES = 2000;
/** Openings of a pattern of which it is told what passes. */
const MAX_PASSING = 6;
const MAX_NAMED = 3;
const MAX_NAMES = 4;
/** Where nobody says how wide a line may be: in a pipe. */
const WIDEST = 100;

export const isOpen = ({ state }: Coverage): boolean => state === 'open' || state === 'partly';

/** The patterns, what opens them and what counters them; and for the open ones the members of a policy that close them. */
export function threatsText(rows: readonly Coverage[], held: readonly Held[], { out }: Terminal): string {
  const several = held.length > 1;
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
    table({ columns: Math.min(out.columns, WIDEST), hasColor: out.hasColor }, [head, ...lines], {
      columns: ['whole', 'whole', 'prose', 'prose'],
    }),
    `\n${sum}`,
    ...openTexts(rows.filter(isOpen), held, out),
  ].join('');
}

/** Where many tools could take each place, the one that comes last names an opening. */
export const toolsOf = ({ opening }: Pick<OpeningCoverage, 'opening'>): readonly ToolAt[] =>
  opening.places?.at(-1)?.tools ?? opening.tools;

const nameOf = ({ server, tool }: ToolAt, several: boolean): string =>
  printable(several ? `${server}/${tool.name}` : tool.name, 80);

function openedBy(openings: readonly OpeningCoverage[], state: State, several: boolean): string {
  const wanted = state === 'partly' ? openings.filter(isLeft) : openings;
  const whole = wanted.filter((each) => toolsOf(each).length > 3);
  if (whole.length > 0)
    return whole.map(({ opening }) => printable(opening.tools[0]?.server ?? '')).join(', ');
  const names = wanted.map((each) =>
    toolsOf(each)
      .map((at) => nameOf(at, several))
      .join(' + '),
  );
  return shortList(names, MAX_NAMED);
}

/** Whether something of an opening passes. */
export const isLeft = ({ state }: OpeningCoverage): boolean => state === 'open' || state === 'partly';

/** What is left to be closed. */
export const leftIn = (rows: readonly Pick<Coverage, 'openings'>[]): Opening[] =>
  rows.flatMap(({ openings }) => openings.filter(isLeft).map(({ opening }) => opening));

function counteredBy(openings: readonly OpeningCoverage[], state: State, several: boolean): string {
  if (state === 'open' || state === 'not seen') return '';
  const rules = openings.flatMap(({ tried }) =>
    tried.flatMap(({ stop }) => (stop ? [ruleOf(stop, several)] : [])),
  );
  return shortList([...new Set(rules)], 2);
}

const ruleOf = ({ rule = '', server, decision }: Stop, several: boolean): string =>
  printable(`${several ? `${server}: ` : ''}${rule}${decision === 'ask' ? ' (asks)' : ''}`);

/** Each fragment has what those above it say of the same entries, so that the next does not take the one before back. */
function openTexts(rows: readonly Coverage[], held: readonly Held[], out: Terminal['out']): string[] {
  let now = held;
  return rows.map((row) => {
    const fix = fragmentsFor(now, leftIn([row]));
    now = withFragments(now, fix);
    return openText(row, fix, held.length > 1, out);
  });
}

function openText({ threat, openings }: Coverage, fix: Fix, several: boolean, out: Terminal['out']): string {
  const left = openings.filter(isLeft);
  const width = Math.min(out.columns, WIDEST) - 2;
  const prose = (text: string) => wrapped(text, width).map((line) => `  ${line}\n`);
  const told = new Map<string, string[]>();
  for (const each of left) {
    const text = passingText(each, several);
    told.set(text, [...(told.get(text) ?? []), openingName(each, several)]);
  }
  const passing = [...told]
    .slice(0, MAX_PASSING)
    .flatMap(([text, names]) => prose(`${shortList(names, MAX_NAMED)}: ${text}`));
  const more = [...told.values()].slice(MAX_PASSING).flat().length;
  const parts = Object.entries(fix).map(([server, part]) => {
    const { shown, left: untold } = within(part);
    const where = several ? `in the policy of ${printable(server)}` : 'in the policy';
    const rest = untold === 0 ? '' : ` (without ${count(untold, 'more tool')}: --json has it whole)`;
    return `  To put ${where}, for what stands there under these names${rest}:\n${fragmentText(shown)}`;
  });
  return [
    `\n${paint(out, 'bold', `${threat.title} (${threat.id})`)}\n`,
    ...prose(threat.rule),
    ...passing,
    more > 0 ? `  and so for ${count(more, 'more opening')}: --json has them\n` : '',
    ...parts,
  ].join('');
}

const openingName = ({ opening }: OpeningCoverage, several: boolean): string => {
  const tools = toolsOf({ opening });
  return tools.length > 3
    ? printable(opening.tools[0]?.server ?? '')
    : tools.map((at) => nameOf(at, several)).join(' + ');
};

/** `4 routes open: fetch_page -> read_file and 3 more -> it`. */
function passingText({ opening, state, tried }: OpeningCoverage, several: boolean): string {
  const passes = tried.filter(({ stop }) => stop === undefined);
  if (opening.places === undefined) {
    const names = passes.map(({ attack }) => printable(attack.name));
    const all = state === 'open' && names.length > 1 ? `all ${names.length} ways: ` : '';
    return `${opening.why}. Passes: ${all}${shortList(names, MAX_NAMES, '; ')}`;
  }
  const ways = new Map<string, readonly (readonly ToolAt[])[]>();
  for (const { way } of passes) {
    const groups = way.filter((group) => group.length > 0);
    ways.set(JSON.stringify(groups.map((group) => group.map((at) => [at.server, at.tool.name]))), groups);
  }
  const routes = [...ways.values()].map((groups) =>
    [
      ...groups.map((group) =>
        shortList(
          group.map((at) => nameOf(at, several)),
          2,
        ),
      ),
      'it',
    ].join(' -> '),
  );
  return `${count(routesIn([...ways.values()]), 'route')} open: ${shortList(routes, 3, '; ')}`;
}

/** How many ways the groups come to. */
export const routesIn = (ways: readonly (readonly (readonly unknown[])[])[]): number =>
  ways.reduce((sum, groups) => sum + groups.reduce((product, group) => product * group.length, 1), 0);

/** As many entries of a fragment as a person may want to look through. */
function within(part: PolicyPart): { readonly shown: PolicyPart; readonly left: number } {
  const { tools, ...others } = part;
  const entries = Object.entries(tools ?? {});
  let lines = 0;
  const shown = entries.filter(([name, entry], at) => {
    lines += fragmentText({ [name]: entry }).split('\n').length;
    return at === 0 || lines <= MAX_LINES;
  });
  return {
    shown: { ...others, ...(tools && { tools: Object.fromEntries(shown) }) },
    left: entries.length - shown.length,
  };
}
