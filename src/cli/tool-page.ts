import * as z from 'zod';
import { classify } from '../catalog/classify.js';
import { tokensOf } from '../catalog/definition-cost.js';
import { flowsOf } from '../catalog/flows.js';
import type { Opening, ServerTools, Threat } from '../catalog/threats/threat.js';
import { closes, joinedEntry, THREATS } from '../catalog/threats/threats.js';
import type { ToolDefinition } from '../catalog/tool-definition.js';
import { setOf, singular, wordsOf } from '../catalog/words.js';
import { printable, printableJson } from '../text/escape.js';
import type { Printed } from './json-output.js';
import * as parts from './output-parts.js';
import { wrapped } from './table.js';
import { fragmentText } from './threats/fragment-text.js';

/** All that can be said of one tool without calling it. */
export const TOOL_PAGE = z.object({
  name: parts.tool,
  description: parts.text("the beginning of the tool's own"),
  class: parts.toolClass,
  risk: parts.risk,
  evidence: parts.text('for the class'),
  flows: z.record(z.string(), z.string()).describe('what passes through it, each with the reason'),
  policy: parts.text('what the policy does with it, in words'),
  tokens: parts.count('about, of its definition'),
  patterns: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      why: parts.text('what of this tool opens it'),
      how: parts.text('how it works'),
      rule: parts.text('what counters it'),
      leaves: parts.text('what that leaves'),
    }),
  ),
  // What the policy in force says of the tool, and what counters the patterns that it opens by itself.
  rule: parts.members.describe('an entry of a policy under "tools"'),
  related: z.array(parts.tool),
  questions: z.array(z.object({ question: z.string(), answer: z.string() })),
});

export type ToolPage = Printed<typeof TOOL_PAGE>;

const MAX_RELATED = 6;
const MAX_DESCRIPTION = 500;
/** These are opened by any tool, or by the server: they say nothing of this one. */
const ANY_TOOL = setOf('spare-argument tool-poisoning rug-pull server-requests backdoored-server');
/** Their rules need a value of the person's before they let anything through: shown, not recommended. */
const NEEDS_YOU = setOf('wrong-environment');

/**
 * @param of the server with all its tools
 * @param policy what the policy does with the tool, in words
 * @param inForce the entry by which the policy judges it, as its file has it
 */
export function toolPage(
  of: ServerTools,
  tool: ToolDefinition,
  policy: string,
  inForce: Readonly<Record<string, unknown>> = {},
): ToolPage {
  const { server, tools } = of;
  const { class: toolClass, risk, reason } = classify(tool);
  const opened = openedBy(of, tool);
  const alone = opened.filter(({ needsYou, opening }) => opening.tools.length === 1 && !needsYou);
  const parts = alone.map(({ opening }) => closes([opening])[server]);
  const isHidden = parts.some((part) => part?.hide?.includes(tool.name));
  const rule = joinedEntry([
    inForce,
    ...parts.map((part) => part?.tools?.[tool.name] ?? {}),
    isHidden ? { action: 'hide' } : {},
  ]);
  return {
    name: tool.name,
    description: (tool.description ?? '').slice(0, MAX_DESCRIPTION),
    class: toolClass,
    risk,
    evidence: reason,
    flows: flowsOf(tool),
    policy,
    tokens: tokensOf(tool),
    patterns: opened.map(({ threat: { id, title, how, rule: closedBy, leaves }, opening }) => ({
      id,
      title,
      why: opening.why,
      how,
      rule: closedBy,
      leaves,
    })),
    rule: Object.keys(rule).length > 0 ? rule : { rate_limit: '30/minute' },
    related: relatedTo(tool, tools),
    questions: questionsOf(tool.name, toolClass, risk, reason),
  };
}

/** A pattern that a tool opens, and where. */
export interface Opened {
  readonly threat: Threat;
  readonly opening: Opening;
  /** Its rule needs a value of the person's before it lets anything through. */
  readonly needsYou: boolean;
}

/** The patterns that a tool opens, by itself or with others of its server. */
export function openedBy(of: ServerTools, tool: ToolDefinition): Opened[] {
  return THREATS.flatMap((threat) => {
    if (ANY_TOOL.has(threat.id)) return [];
    const opening = threat.openings([of]).find((each) => each.tools.some((at) => at.tool === tool));
    return opening === undefined ? [] : [{ threat, opening, needsYou: NEEDS_YOU.has(threat.id) }];
  });
}

/** Those that share a word of the name other than the server's own, the nearest first. */
function relatedTo({ name }: ToolDefinition, tools: readonly ToolDefinition[]): string[] {
  const wordsIn = (text: string) => new Set(wordsOf(text.slice(0, 200)).map(singular));
  const all = tools.map((tool) => ({ name: tool.name, words: wordsIn(tool.name) }));
  const common = (word: string) =>
    all.filter(({ words }) => words.has(word)).length > Math.max(3, tools.length / 2);
  const mine = [...wordsIn(name)].filter((word) => !common(word));
  return all
    .filter((each) => each.name !== name)
    .map((each) => ({ name: each.name, shared: mine.filter((word) => each.words.has(word)).length }))
    .filter(({ shared }) => shared > 0)
    .sort((a, b) => b.shared - a.shared || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_RELATED)
    .map((each) => each.name);
}

function questionsOf(name: string, toolClass: string, risk: string, reason: string): ToolPage['questions'] {
  const entry = (members: object) => printableJson({ [name]: members });
  return [
    {
      question: `Can I rate-limit ${name}?`,
      answer: `Yes, under "tools": ${entry({ rate_limit: '10/minute' })}. It holds over all sessions and restarts.`,
    },
    {
      question: `How do I block ${name}?`,
      answer: `"hide": [${printableJson(name)}] takes it out of the list, and a call is answered like one of an unknown tool. ${entry({ action: 'deny' })} under "tools" refuses it with a reason.`,
    },
    {
      question: `Can a person be asked before ${name}?`,
      answer: `Yes, under "tools": ${entry({ action: 'approve' })}.`,
    },
    {
      question: `What risk level is ${name}?`,
      answer: `${risk}: it is classed as ${toolClass} (${reason}).`,
    },
  ];
}

/** Where nobody says how wide a line may be: in a pipe. */
const WIDEST = 100;

const FLOW_WORDS: Readonly<Record<string, string>> = {
  untrusted: 'text of strangers comes in',
  private: 'it reads what is private',
  secrets: 'it gives out secrets',
  sends: 'something leaves for others',
};

/** The page for people. @param columns of a line */
export function toolPageText(page: ToolPage, server: string, columns: number): string {
  const width = Math.min(columns, WIDEST);
  const prose = (text: string, indent: string) =>
    wrapped(printable(text), width - indent.length).map((line) => `${indent}${line}`);
  const lines = [
    `${page.name}, a tool of ${server}`,
    page.description.split('\n')[0] ?? '',
    '',
    `class     ${page.class}, risk ${page.risk}`,
    `evidence  ${page.evidence}`,
    `policy    ${page.policy}`,
    `cost      about ${page.tokens} tokens for its definition, in every conversation that has it`,
    ...Object.entries(page.flows).map(
      ([flow, reason]) => `flow      ${FLOW_WORDS[flow] ?? flow} (${reason})`,
    ),
    '',
    'Why it needs a policy',
    ...(page.patterns.length === 0
      ? ['  No pattern needs this tool in particular; what any tool opens still holds.']
      : page.patterns.flatMap(({ title, why, how, rule, leaves }) => [
          `  ${title}: ${why}`,
          ...[how, `Rule: ${rule}`, `It leaves: ${leaves}`].flatMap((text) => prose(text, '    ')),
        ])),
    '',
    'Recommended, under "tools" in the place of what stands there; put your own values in',
    ...(page.policy === 'not listed'
      ? ['The policy refuses this tool by not listing it: with this entry it passes, under these rules.']
      : []),
  ].map((line) => printable(line).trimEnd());
  const rule = fragmentText({ [page.name]: page.rule })
    .split('\n')
    .slice(0, -1);
  const more = [
    ...(page.related.length > 0 ? ['', printable(`Related tools: ${page.related.join(', ')}`)] : []),
    '',
    ...page.questions.flatMap(({ question, answer }) => [printable(question), ...prose(answer, '  ')]),
  ];
  return `${[...lines, ...rule, ...more].join('\n')}\n`;
}
