import { printable, printableJson } from '../text/escape.js';
import { classify } from './classify.js';
import { SEVERITY, type ToolClass } from './evidence.js';
import { spendingLimits } from './spending-limits.js';
import { type Effect, isSevere, type Listed, OTHERWISE, PARTS, type Part } from './strength-parts.js';
import { ASKS_BY_NAME, BRAKES, SAME_CHANGE, STRENGTH_TITLES, type Strength, TRUST } from './strengths.js';
import type { ToolDefinition } from './tool-definition.js';

export interface PlacedTool {
  readonly name: string;
  readonly class: ToolClass;
  readonly effect: Effect;
}

/** A first policy for a server that nobody has looked at yet. */
export interface Proposal {
  /** JSON with comments, as it would stand in a file. */
  readonly text: string;
  /** Each tool once, by name. */
  readonly placed: readonly PlacedTool[];
  /** Names that no entry can stand for alone; they are among `placed`. */
  readonly unlisted: readonly string[];
}

/** In characters. No tool has a longer name: the protocol asks for at most 128. */
const MAX_NAME = 512;
const MAX_REASON = 200;
/** A policy file may have 4 Mi characters; what is beyond this budget has no entry of its own. */
const MAX_TEXT = 3_000_000;
const MAX_ASKED_BY_NAME = 500_000;

/**
 * Writes a policy of a strength for the tools of a server. It has one entry a tool, and under `brake` one for the tools
 * that come later; so no name can speak for another. Whatever names and descriptions the server gives, the text loads
 * without a problem and its comments stay comments.
 *
 * @param server the name that the server is known under here
 * @param tools as the server lists them; of two with one name the worse counts
 * @param options.schema value of `$schema`; `date` is shown
 */
export function proposePolicy(
  strength: Strength,
  server: string,
  tools: readonly ToolDefinition[],
  options: { readonly schema: string; readonly date: string },
): Proposal {
  const { listed, unlistable } = sortOut(tools);
  const placed: PlacedTool[] = [];
  const unlisted = [...unlistable];
  const place = ({ tool, found }: Listed, effect: Effect) =>
    placed.push({ name: tool.name, class: found.class, effect });
  let size = 0;
  const blocks: string[] = [];
  let rest = listed;
  for (const part of PARTS[strength]) {
    const mine = rest.filter(part.takes);
    rest = rest.filter((each) => !part.takes(each));
    const written: string[] = [];
    for (const each of mine) {
      const entry = entryOf(each, part);
      size += entry.length;
      if (size > MAX_TEXT) {
        unlisted.push(each);
        continue;
      }
      written.push(entry);
      place(each, part.effect);
    }
    if (written.length > 0) blocks.push(`${comment(part.about, '    ')}${written.join('')}`);
  }
  const severe = new Set(strength === 'brake' ? unlisted.filter(isSevere) : []);
  const asked = printableJson([...severe].map(({ tool }) => tool.name));
  // No file could hold them all by name, and none of them may pass for that.
  if (asked.length > MAX_ASKED_BY_NAME) return proposePolicy('locked', server, tools, options);
  for (const each of [...unlisted, ...rest]) place(each, severe.has(each) ? 'asked' : OTHERWISE[strength]);
  const names = unlisted.map(({ tool }) => tool.name);
  const text = `${comment(headingOf(strength, server, options.date, tools.length), '')}{
  "$schema": ${printableJson(options.schema)},
  "version": "1",
${comment(unlistedText(names), '  ')}${bodyOf(strength, blocks, listed, severe.size > 0 ? asked : undefined)}}
`;
  return { text, placed: placed.sort((a, b) => (a.name < b.name ? -1 : 1)), unlisted: names };
}

function bodyOf(
  strength: Strength,
  blocks: readonly string[],
  listed: readonly Listed[],
  asked: string | undefined,
): string {
  const entries = blocks.join('\n');
  switch (strength) {
    case 'watch':
      return '  "default": "allow",\n';
    case 'brake':
      return `  "default": "allow",
${TRUST.brake}
${BRAKES}
  "tools": {
    // Tools added later: by their names.
    "*": {
      "limits": [
        ${SAME_CHANGE},
      ],
      ${ASKS_BY_NAME}${asked === undefined ? '' : `\n        { "conditions": [{ "path": "tool.name", "op": "in", "value": ${asked} }] },`}
      ],
    },

${entries}  },
`;
    case 'careful':
      return `
  // Tools that are not listed below, new ones among them, are refused.
  "default": "deny",
${TRUST.careful}
${BRAKES}
  "tools": {
${entries}  },
`;
    case 'locked':
      return `
  // Every tool is refused until it stands below: take off the "//" before it.
  "default": "deny",
${TRUST.locked}
  "tools": {
${lockedText(listed)}  },
`;
  }
}

/** Each tool as a comment, ready to be allowed. */
function lockedText(listed: readonly Listed[]): string {
  let size = 0;
  return listed
    .map(({ tool, found }) => {
      const head = `${found.class}: ${printable(found.reason, MAX_REASON)}`;
      const entry = `    // ${head}\n    // ${printableJson(tool.name)}: {},\n`;
      size += entry.length;
      return size > MAX_TEXT ? '' : entry;
    })
    .join('');
}

function sortOut(tools: readonly ToolDefinition[]): {
  listed: readonly Listed[];
  unlistable: readonly Listed[];
} {
  const byName = new Map<string, Listed>();
  const rank = ({ found }: Listed) => SEVERITY.indexOf(found.class);
  for (const tool of tools) {
    const each = { tool, found: classify(tool) };
    const other = byName.get(tool.name);
    if (other === undefined || rank(each) > rank(other)) byName.set(tool.name, each);
  }
  const all = [...byName.values()].sort((a, b) => (a.tool.name < b.tool.name ? -1 : 1));
  // A name with a `*` would be a pattern and allow, limit or hide other tools too.
  const canStand = ({ tool: { name } }: Listed) =>
    name !== '' && !name.includes('*') && name.length <= MAX_NAME;
  return { listed: all.filter(canStand), unlistable: all.filter((each) => !canStand(each)) };
}

function entryOf({ tool, found: { risk, reason } }: Listed, part: Part): string {
  const why = comment([`${risk}: ${printable(reason, MAX_REASON)}`], '      ');
  const spending = part.spends === true ? spendingLimits(tool) : [];
  const members = part.members === '' ? '' : `      ${part.members},\n`;
  return `    ${printableJson(tool.name)}: {\n${why}${members}${limitsText(part.limits, spending)}    },\n`;
}

/** Limits on amounts are comments: which amount is right, and in which currency, only a person knows. */
function limitsText(limit: string | undefined, spending: readonly string[]): string {
  if (limit === undefined && spending.length === 0) return '';
  const note = 'A limit for each day: take off the "//" of these lines and write your own amount for 1000.';
  if (limit === undefined)
    return comment([note, '"limits": [', ...spending.map((line) => `  ${line}`), '],'], '      ');
  const more = spending.length === 0 ? '' : comment([note, ...spending], '        ');
  return `      "limits": [\n        ${limit},\n${more}      ],\n`;
}

function headingOf(strength: Strength, server: string, date: string, count: number): readonly string[] {
  return [
    `${strength}: ${STRENGTH_TITLES[strength]}.`,
    `Policy for ${printable(server)}, proposed on ${date} by policy-wrap from the ${count === 1 ? 'one tool' : `${count} tools`} that the server listed.`,
    ...(strength === 'watch'
      ? ['', 'policy-wrap recommend then writes a policy from what was done.']
      : [
          '',
          "What a tool does was judged by its name, description and arguments, which are the server's word and no proof.",
          'The evidence stands with each tool: read it, and change what is wrong.',
        ]),
  ];
}

function unlistedText(unlisted: readonly string[]): readonly string[] {
  if (unlisted.length === 0) return [];
  const shown = unlisted.slice(0, 20).map((name) => `  "${printable(name, 60)}"`);
  if (unlisted.length > shown.length) shown.push(`  and ${unlisted.length - shown.length} more`);
  return [
    'Without an entry of their own, because none can stand for such a name alone ("*" makes it a pattern) or the file',
    'would be too long:',
    ...shown,
  ];
}

/** Line comments only: a name could hold the two characters that end a block comment. */
function comment(lines: readonly string[], indent: string): string {
  return lines.map((line) => `${`${indent}// ${line}`.trimEnd()}\n`).join('');
}
