import type { JsonObject } from '../json/value.js';
import { commentedJson, commentLines } from './commented-json.js';
import { HEADROOM_RULE, type ProposedTool, type Recommendation } from './recommend.js';

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
  const above = new Map<object, readonly string[]>();
  const tools = Object.fromEntries(listed.map((tool) => [tool.tool, entry(tool, classOf(tool.tool), above)]));
  // In the place where entries would be looked for.
  const below = new Map<object, readonly string[]>();
  if (unlisted.length > 0)
    below.set(tools, [
      'Not listed, and so refused:',
      ...unlisted.map(({ tool, why }) => `  ${tool}: ${why}`),
    ]);
  const policy = { version: '1', default: 'deny', tools };
  return `${[...commentLines(headText(head)), ...commentedJson(policy, { above, below })].join('\n')}\n`;
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

function entry(
  { asks, largest, limits, evidence }: ProposedTool,
  toolClass: string,
  above: Map<object, readonly string[]>,
): JsonObject {
  const noted = (rule: JsonObject, why: string): JsonObject => {
    above.set(rule, [why]);
    return rule;
  };
  const made = {
    ...(asks && { action: 'approve' }),
    ...(largest.length > 0 && {
      require: largest.map(({ rule, evidence }) => noted({ conditions: [rule] }, evidence)),
    }),
    ...(limits.length > 0 && { limits: limits.map(({ rule, evidence }) => noted(rule, evidence)) }),
  };
  above.set(made, [toolClass, ...evidence]);
  return made;
}
