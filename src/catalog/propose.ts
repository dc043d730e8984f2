import { printable, printableJson } from '../text/escape.js';
import { moneyArguments, propertiesOf } from './arguments.js';
import { type Classification, classify } from './classify.js';
import { SEVERITY, type ToolClass } from './evidence.js';
import type { ToolDefinition } from './tool-definition.js';

/** A first policy for a server that nobody has looked at yet. */
export interface Proposal {
  /** JSON with comments, as it would stand in a file. */
  readonly text: string;
  /** How many tools of each class it lists. */
  readonly counts: Readonly<Record<ToolClass, number>>;
  /** Names that it cannot list, and so refuses. */
  readonly unlisted: readonly string[];
}

/** How the tools of a class are treated. */
interface Treatment {
  readonly class: ToolClass;
  /** Heads the class's part of the file; each element is one line of comment. */
  readonly about: readonly string[];
  /** Members of an entry, as JSON. */
  readonly rule: string;
  /** Whether money may be spent through it. */
  readonly spends: boolean;
}

const asks = (reason: string) => `"action": "approve", "reason": ${JSON.stringify(reason)}`;

/** In the order of the file. */
const TREATMENTS: readonly Treatment[] = [
  { class: 'Read', about: ['Read: allowed.'], rule: '"action": "allow"', spends: false },
  {
    class: 'Write',
    about: ['Write: 30 calls in any minute.'],
    rule: '"rate_limit": "30/minute"',
    spends: true,
  },
  {
    class: 'Execute',
    about: ['Execute: 10 calls in any minute. What is run may do anything.'],
    rule: '"rate_limit": "10/minute"',
    spends: true,
  },
  {
    class: 'Financial',
    about: ['Financial: a person is asked for each call.'],
    rule: asks('This moves money or commits to it, so a person decides.'),
    spends: true,
  },
  {
    class: 'Other',
    about: [
      'Other: nothing that is known says what these do, and unknown is not harmless: a person is asked for each call.',
      'Once you know what one does, write "allow", a "rate_limit" or "hide" for it.',
    ],
    rule: asks('Nothing is known of what this does, so a person decides.'),
    spends: true,
  },
  {
    class: 'Destructive',
    about: ['Destructive: hidden. The client neither sees nor reaches them.'],
    rule: '"action": "hide"',
    spends: false,
  },
];

/** In characters. No tool has a longer name: the protocol asks for at most 128. */
const MAX_NAME = 512;
const MAX_REASON = 200;
const MAX_AMOUNTS = 3;
/** A policy file may have 4 Mi characters; what is beyond this budget is left out, and so refused. */
const MAX_TEXT = 3_000_000;

/**
 * Writes a policy by the class of each tool: Read allowed, Write and Execute limited, Financial and Other asked for,
 * Destructive hidden, what is not listed refused. It has one entry a tool and no pattern, so that no name can speak
 * for another; whatever names and descriptions the server gives, the text loads without a problem and its comments
 * stay comments.
 *
 * @param server the name that the server is known under here
 * @param tools as the server lists them; of two with one name the worse counts
 * @param options.schema value of `$schema`; `date` is shown
 */
export function proposePolicy(
  server: string,
  tools: readonly ToolDefinition[],
  { schema, date }: { readonly schema: string; readonly date: string },
): Proposal {
  const { listed, unlisted } = sortOut(tools);
  const counts = countsOfNothing();
  let size = 0;
  const parts: string[] = [];
  for (const { class: toolClass, about, rule, spends } of TREATMENTS) {
    const entries: string[] = [];
    for (const { tool, found } of listed.filter((each) => each.found.class === toolClass)) {
      const entry = entryOf(tool, found, rule, spends);
      size += entry.length;
      if (size > MAX_TEXT) {
        unlisted.push(tool.name);
        continue;
      }
      entries.push(entry);
      counts[toolClass] += 1;
    }
    if (entries.length > 0) parts.push(`${comment(about, '    ')}${entries.join('')}`);
  }
  const text = `${comment(headingOf(server, date, tools.length), '')}{
  "$schema": ${printableJson(schema)},
  "version": "1",

  // Tools that are not listed below, new ones among them, are refused.
  "default": "deny",
${comment(unlistedText(unlisted), '  ')}
  "tools": {
${parts.join('\n')}  }
}
`;
  return { text, counts, unlisted };
}

interface Listed {
  readonly tool: ToolDefinition;
  readonly found: Classification;
}

function sortOut(tools: readonly ToolDefinition[]): { listed: readonly Listed[]; unlisted: string[] } {
  const byName = new Map<string, Listed>();
  const unlisted = new Set<string>();
  const rank = ({ found }: Listed) => SEVERITY.indexOf(found.class);
  for (const tool of tools) {
    // A name with a `*` would be a pattern and allow, limit or hide other tools too.
    if (tool.name === '' || tool.name.includes('*') || tool.name.length > MAX_NAME) {
      unlisted.add(tool.name);
      continue;
    }
    const each = { tool, found: classify(tool) };
    const other = byName.get(tool.name);
    if (other === undefined || rank(each) > rank(other)) byName.set(tool.name, each);
  }
  const listed = [...byName.values()].sort((a, b) => (a.tool.name < b.tool.name ? -1 : 1));
  return { listed, unlisted: [...unlisted] };
}

function entryOf(
  tool: ToolDefinition,
  { risk, reason }: Classification,
  rule: string,
  spends: boolean,
): string {
  const why = comment([`${risk}: ${printable(reason, MAX_REASON)}`], '      ');
  const money = spends ? limitsOf(tool) : '';
  return `    ${printableJson(tool.name)}: {\n${why}      ${rule}${money === '' ? '' : ','}\n${money}    },\n`;
}

/** Spending limits as comments: which amount is right, and in which currency, only a person knows. */
function limitsOf({ name, inputSchema }: ToolDefinition): string {
  const lines = amountsOf(inputSchema).map(
    ({ argument, amount }) =>
      `{ "counter": ${printableJson(`${name} ${argument}`)}, "window": "day", "max": 1000, "amount": ${amount} },`,
  );
  if (lines.length === 0) return '';
  return comment(
    [
      'A limit for each day: take off the "//" of these lines and write your own amount for 1000.',
      '"limits": [',
      ...lines.map((line) => `  ${line}`),
      '],',
    ],
    '      ',
  );
}

/** What a call charges by an amount among its arguments: at the top level, or in each element of a list. */
function amountsOf(inputSchema: unknown): { readonly argument: string; readonly amount: string }[] {
  const required = requiredOf(inputSchema);
  const single = moneyArguments(inputSchema);
  const certain = single.filter((argument) => required.has(argument));
  // A call that leaves out what is charged is refused, so an optional argument is proposed only where there is no other.
  const proposed = (certain.length > 0 ? certain : single.slice(0, 1)).map((argument) => ({
    argument,
    path: `args${step(argument)}`,
    sum: false,
  }));
  for (const [list, { items }] of propertiesOf(inputSchema))
    for (const argument of moneyArguments(items))
      if (requiredOf(items).has(argument))
        proposed.push({ argument, path: `args${step(list)}[*]${step(argument)}`, sum: true });
  return proposed
    .filter(({ path }) => path.length <= MAX_NAME)
    .slice(0, MAX_AMOUNTS)
    .map(({ argument, path, sum }) => ({
      argument,
      amount: sum ? `{ "sum": ${printableJson(path)} }` : printableJson(path),
    }));
}

const step = (name: string): string =>
  /^[A-Za-z_][\w-]*$/.test(name) ? `.${name}` : `[${printableJson(name)}]`;

function requiredOf(schema: unknown): ReadonlySet<unknown> {
  const required = (schema as { readonly required?: unknown } | null | undefined)?.required;
  return new Set(Array.isArray(required) ? required : []);
}

function headingOf(server: string, date: string, count: number): readonly string[] {
  return [
    `Policy for ${printable(server)}, proposed on ${date} by policy-wrap init from the ${count} tools that the server listed.`,
    '',
    "What a tool does was judged by its name, description and arguments, which are the server's word and no proof.",
    'The evidence stands with each tool: read it, and change what is wrong.',
  ];
}

function unlistedText(unlisted: readonly string[]): readonly string[] {
  if (unlisted.length === 0) return [];
  const shown = unlisted.slice(0, 20).map((name) => `  "${printable(name, 60)}"`);
  if (unlisted.length > shown.length) shown.push(`  and ${unlisted.length - shown.length} more`);
  return [
    'Not listed, because no entry can stand for such a name alone ("*" makes it a pattern) or the file would be too long:',
    ...shown,
  ];
}

/** Line comments only: a name could hold the two characters that end a block comment. */
function comment(lines: readonly string[], indent: string): string {
  return lines.map((line) => `${`${indent}// ${line}`.trimEnd()}\n`).join('');
}

const countsOfNothing = (): Record<ToolClass, number> => ({
  Read: 0,
  Write: 0,
  Execute: 0,
  Financial: 0,
  Other: 0,
  Destructive: 0,
});
