import { Decimal } from '../json/decimal.js';
import { isArray, isObject, type Json } from '../json/value.js';
import { printable, printableJson } from '../text/escape.js';
import { HEADROOM_RULE, type Proposed, type ProposedTool, type Recommendation } from './recommend.js';

/** What the head of the file says. */
export interface RecommendationHead {
  readonly server: string;
  readonly calls: number;
  readonly passed: number;
  /** UTC milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Further sentences. */
  readonly notes: readonly string[];
}

/** A line or block of JSON with the comments that stand above it. */
interface Commented {
  readonly comments: readonly string[];
  readonly lines: readonly string[];
}

const COMMENT_CAP = 400;

/**
 * Writes a recommendation as a policy file: JSON with comments. Names of tools and arguments come from clients and
 * servers; none can end a comment or a text, and none can make a line look like another to a reader.
 *
 * @param classOf the class of a tool with its reason, for a comment
 */
export function recommendationText(
  recommendation: Recommendation,
  head: RecommendationHead,
  classOf: (tool: string) => string,
): string {
  const { listed, unlisted } = recommendation;
  const tools = braces('"tools": {', '}', [
    ...listed.map((tool) => entry(tool, classOf(tool.tool))),
    // Comments alone, in the place where entries would be looked for.
    ...(unlisted.length > 0
      ? [
          {
            comments: [
              'Not listed, and so refused:',
              ...unlisted.map(({ tool, why }) => `  ${tool}: ${why}`),
            ],
            lines: [],
          },
        ]
      : []),
  ]);
  const members = [plain('"version": "1"'), plain('"default": "deny"'), { comments: [], lines: tools }];
  return `${[...comments(headText(head)), ...braces('{', '}', members)].join('\n')}\n`;
}

function headText({ server, calls, passed, from, to, notes }: RecommendationHead): string[] {
  const day = (at: number) => new Date(at).toISOString().replace(/:\d\d\.\d+Z$/, 'Z');
  const period = calls > 0 ? `, ${day(from)} to ${day(to)}` : '';
  return [
    `A policy for ${server}, from ${passed} calls that passed of ${calls} in the decision log${period}.`,
    ...HEADROOM_RULE,
    'Tools that were never used are not listed, and so refused.',
    ...notes,
  ];
}

function entry(tool: ProposedTool, toolClass: string): Commented {
  const members: Commented[] = [];
  if (tool.asks) members.push(plain('"action": "approve"'));
  if (tool.largest.length > 0)
    members.push(list('require', tool.largest, (rule) => ({ conditions: [rule] })));
  if (tool.limits.length > 0) members.push(list('limits', tool.limits, (rule) => rule));
  const name = `${printableJson(tool.tool)}: `;
  return {
    comments: [toolClass, ...tool.evidence],
    lines: members.length === 0 ? [`${name}{}`] : braces(`${name}{`, '}', members),
  };
}

function list(name: string, rules: readonly Proposed[], wrap: (rule: Json) => Json): Commented {
  const items = rules.map(({ rule, evidence }) => ({ comments: [evidence], lines: [inline(wrap(rule))] }));
  return { comments: [], lines: braces(`"${name}": [`, ']', items) };
}

function plain(line: string): Commented {
  return { comments: [], lines: [line] };
}

/** Members between brackets, indented, with commas between those that are more than comments. */
function braces(open: string, close: string, members: readonly Commented[]): string[] {
  const last = members.findLastIndex(({ lines }) => lines.length > 0);
  const body = members.flatMap(({ comments: above, lines }, i) => [
    ...comments(above),
    ...lines.map((line, n) => (n === lines.length - 1 && i < last ? `${line},` : line)),
  ]);
  return [open, ...body.map((line) => `  ${line}`), close];
}

function comments(texts: readonly string[]): string[] {
  return texts.map((text) => `// ${printable(text, COMMENT_CAP)}`);
}

/** JSON on one line, with the numbers exact. */
function inline(value: Json): string {
  if (value instanceof Decimal) return value.toString();
  if (typeof value === 'string') return printableJson(value);
  if (isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${printableJson(key)}: ${inline(member)}`);
  return `{ ${members.join(', ')} }`;
}
