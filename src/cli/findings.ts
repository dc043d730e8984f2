import { type Finding, findingsIn, findingWords } from '../catalog/definition-findings.js';
import type { ToolDefinition } from '../catalog/tool-definition.js';
import { NAME_CAP, printable } from '../text/escape.js';
import type { LiveServer } from '../upstream/live-server.js';
import type { Terminal } from './terminal.js';

/** Longest excerpt that is shown, in characters. */
const EXCERPT = 120;
/** Findings of one tool that are shown. */
const SHOWN = 5;

/** A tool whose definition says what an honest one hardly does. */
export interface SuspiciousTool {
  readonly tool: string;
  readonly findings: readonly Finding[];
}

export function suspiciousTools(tools: readonly ToolDefinition[]): readonly SuspiciousTool[] {
  return tools
    .map((tool) => ({ tool: tool.name, findings: findingsIn(tool) }))
    .filter(({ findings }) => findings.length > 0);
}

/** What is to be read of it, on one line that is safe to show. */
export function findingText({ tool, findings }: SuspiciousTool): string {
  const places = findings.slice(0, SHOWN).map(({ where, excerpt }) => {
    return `${printable(where, NAME_CAP)} "${printable(excerpt.trim(), EXCERPT)}"`;
  });
  return `${printable(tool, NAME_CAP)} ${findingWords(findings).join(', ')}: ${places.join('; ')}`;
}

/** Names on standard error the listed tools that no client of a wrapper gets. */
export async function tellLeftOut({ leftOut }: LiveServer, io: Terminal): Promise<void> {
  for (const { name, reason } of leftOut) {
    const what = printable(name ?? 'a tool without a name');
    await io.err.write(`policy-wrap: left out: ${what}: ${printable(reason)}\n`);
  }
}

/** As `tellLeftOut`, and what the definitions of the others say to a model: evidence to read, no verdict. */
export async function tellFindings(live: LiveServer, io: Terminal): Promise<void> {
  await tellLeftOut(live, io);
  for (const suspicious of suspiciousTools(live.tools))
    await io.err.write(`policy-wrap: worth a look: ${findingText(suspicious)}\n`);
}
