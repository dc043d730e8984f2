import * as z from 'zod';
import { classify, type Risk } from '../../catalog/classify.js';
import { tokensOf } from '../../catalog/definition-cost.js';
import { findingsIn } from '../../catalog/definition-findings.js';
import { knownServerAmong } from '../../catalog/servers.js';
import { environmentOf } from '../../catalog/threats/environment.js';
import type { ServerTools } from '../../catalog/threats/threat.js';
import type { ToolDefinition } from '../../catalog/tool-definition.js';
import { type PolicyOptions, problemsError } from '../../config/policy-files.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { findPolicy } from '../../config/shipped-policies.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { isRecord } from '../../json/value.js';
import { type Layers, stack } from '../../policy/evaluate/layers.js';
import { count } from '../../text/count.js';
import { NAME_CAP, printable, printableJson } from '../../text/escape.js';
import { nameHint } from '../../text/suggest.js';
import { liveServer } from '../../upstream/list-tools.js';
import { effectOf } from '../effect-parts.js';
import { entryMeant, wrappedAt } from '../entry-meant.js';
import { tellFindings } from '../findings.js';
import { type Printed, printJson } from '../json-output.js';
import { namedServer } from '../named-server.js';
import * as parts from '../output-parts.js';
import { policyOfServer } from '../policy-in-force.js';
import { bold, type Cell, type Style, table } from '../table.js';
import type { Terminal } from '../terminal.js';
import { entryInForce } from '../threats/fragment.js';
import { TOOL_PAGE, toolPage, toolPageText } from '../tool-page.js';

export interface ToolsOptions extends PolicyOptions, RemoteOptions {
  readonly server?: string;
  /** False with `--no-install`. */
  readonly install: boolean;
  /** What the definitions cost, in tokens. */
  readonly cost?: boolean;
  readonly json?: boolean;
}

/** A tool as it stands in the list. */
const ROW = z.object({
  name: parts.tool,
  class: parts.toolClass,
  risk: parts.risk,
  reason: parts.text('the evidence for the class'),
  policy: parts.text('what the policy does with it, in words'),
  findings: z
    .array(
      z.object({
        kind: z.enum(['hidden', 'bidi', 'instruction', 'other_tool', 'secret', 'encoded', 'length']),
        where: parts.text('where in the definition it stands'),
        excerpt: parts.text('the text around it'),
      }),
    )
    .describe('what its definition says to a model'),
});

export type InventoryRow = Printed<typeof ROW>;

/** What `tools --json` prints. */
export const OUTPUT = z.union([
  parts.result({ server: parts.server, tools: z.array(ROW) }),
  parts.result({
    server: parts.server,
    tokens: z.object({
      visible: parts.count('what the client sees'),
      hidden: parts.count('what it does not'),
    }),
    tools: z
      .array(
        z.object({ name: parts.tool, tokens: parts.count('about, of its definition'), visible: z.boolean() }),
      )
      .describe('with --cost: the largest first'),
  }),
  parts.result({ server: parts.server, ...TOOL_PAGE.shape }),
]);

/** The most severe first. */
const RISKS: readonly Risk[] = ['critical', 'high', 'medium', 'low'];
const STYLE_OF: Readonly<Partial<Record<Risk, Style>>> = { critical: 'red', high: 'yellow' };

/**
 * Starts a server once and shows its tools: what each does, how bad a mistake with it is, on what evidence, and what
 * the policy that would hold now does with it.
 *
 * @param name of one tool, for all that can be said of it
 * @param argv the server's command and its arguments
 * @throws PolicyWrapError when there is no server or no such tool, it does not list its tools, or the policy is invalid
 */
export async function tools(
  name: string | undefined,
  argv: readonly string[],
  asked: ToolsOptions,
  io: Terminal,
): Promise<number> {
  const entry = asked.server === undefined ? meant(argv, asked.url) : undefined;
  const options = entry === undefined ? asked : { ...asked, ...heldBy(entry.server, asked, io) };
  const named = namedServer(argv, options, io.cwd);
  if (named.source === undefined) {
    throw new PolicyWrapError('USAGE', 'no server to look at', { hint: 'policy-wrap tools -- mcp-afip' });
  }
  const [server] = named.names;
  const found = findPolicy(options, named.names, named.words);
  if (found.kind === 'problems') throw problemsError(found);
  const policy = found.kind === 'policy' ? stack(found.policy, found.extended) : undefined;
  const live = await liveServer(named.source, { install: options.install });
  await tellFindings(live, io);
  if (name !== undefined) {
    const variables = knownServerAmong(named.names)?.environment ?? [];
    const of = { server, tools: live.tools, environment: environmentOf(variables, []) };
    const document = found.kind === 'policy' ? found.loaded.locations.source.doubles([]) : undefined;
    const inForce =
      found.kind === 'policy' && isRecord(document) ? entryInForce(document, found.policy, name) : undefined;
    return onePage(name, of, policy, inForce, options, io);
  }
  if (options.cost) return cost(server, live.tools, policy, options, io);
  const rows = inventory(live.tools, policy);
  if (options.json) {
    await printJson(io, OUTPUT, { server, tools: rows });
    return EXIT.done;
  }
  const head = ['tool', 'class', 'risk', 'policy', 'reason'].map(bold);
  const lines = rows.map(({ name, class: toolClass, risk, policy: effect, reason }): Cell[] => {
    const style = STYLE_OF[risk];
    const shownRisk = style === undefined ? risk : { text: risk, style };
    return [printable(name, NAME_CAP), toolClass, shownRisk, printable(effect), printable(reason)];
  });
  await io.out.write(
    table(io.out, [head, ...lines], { columns: ['whole', 'whole', 'whole', 'prose', 'prose'] }),
  );
  const source = policy?.source ?? 'none, so every call is refused (policy-wrap setup makes one)';
  await io.out.write(
    `\n${count(rows.length, 'tool')} of ${printable(server)}; policy: ${printable(source)}\n`,
  );
  return EXIT.done;
}

const meant = (argv: readonly string[], url: string | undefined) =>
  url === undefined ? entryMeant('tools', argv) : wrappedAt(url);

/** What holds for a wrapped entry of this name, where the person names no other policy. */
function heldBy(server: string, { policy, preset }: ToolsOptions, io: Terminal): Partial<ToolsOptions> {
  if (policy !== undefined || preset !== undefined) return { server };
  try {
    const place = policyOfServer(server, {}, io);
    return place.kind === 'file' ? { server, policy: place.file } : { server };
  } catch (error) {
    // Under several policies, or one that is gone: that of its name is shown.
    if (PolicyWrapError.is(error)) return { server };
    throw error;
  }
}

async function onePage(
  name: string,
  of: ServerTools,
  policy: Layers | undefined,
  inForce: Readonly<Record<string, unknown>> | undefined,
  { json }: ToolsOptions,
  io: Terminal,
): Promise<number> {
  const { server, tools: all } = of;
  const tool = all.find((each) => each.name === name);
  if (tool === undefined) {
    const names = all.map((each) => each.name);
    throw new PolicyWrapError('USAGE', `${server} has no tool ${printableJson(name)}`, {
      hint: nameHint(name, names),
    });
  }
  const page = toolPage(of, tool, effectOf(policy, name), inForce);
  if (json) await printJson(io, OUTPUT, { server, ...page });
  else await io.out.write(toolPageText(page, server, io.out.columns));
  return EXIT.done;
}

/** Definitions stand in every conversation: what the client sees is paid for each time. */
async function cost(
  server: string,
  all: readonly ToolDefinition[],
  policy: Layers | undefined,
  { json }: ToolsOptions,
  io: Terminal,
): Promise<number> {
  const rows = all
    .map((tool) => ({
      name: tool.name,
      tokens: tokensOf(tool),
      visible: effectOf(policy, tool.name) !== 'hide',
    }))
    .sort((a, b) => b.tokens - a.tokens);
  const sum = (isVisible: boolean) =>
    rows.filter(({ visible }) => visible === isVisible).reduce((total, { tokens }) => total + tokens, 0);
  const [visible, hidden] = [sum(true), sum(false)];
  if (json) await printJson(io, OUTPUT, { server, tokens: { visible, hidden }, tools: rows });
  else {
    const lines = rows.map((row): Cell[] => [
      printable(row.name, NAME_CAP),
      String(row.tokens),
      row.visible ? '' : 'hidden',
    ]);
    await io.out.write(table(io.out, [['tool', 'tokens', ''].map(bold), ...lines]));
    await io.out.write(
      `\nabout ${visible} tokens visible, ${hidden} hidden; counted as 4.5 characters a token, within 7 % for most servers\n`,
    );
  }
  return EXIT.done;
}

/** @returns a row a tool, the most severe first */
export function inventory(
  definitions: readonly ToolDefinition[],
  policy: Layers | undefined,
): readonly InventoryRow[] {
  const rank = ({ risk }: InventoryRow) => RISKS.indexOf(risk);
  return definitions
    .map((tool) => ({
      name: tool.name,
      ...classify(tool),
      policy: effectOf(policy, tool.name),
      findings: findingsIn(tool),
    }))
    .sort((a, b) => rank(a) - rank(b) || compareText(a.class, b.class) || compareText(a.name, b.name));
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
