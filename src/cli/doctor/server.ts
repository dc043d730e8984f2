import { lintPolicy } from '../../advice/lint.js';
import { STRENGTH_NAMES } from '../../catalog/strengths.js';
import type { ToolDefinition } from '../../catalog/tool-definition.js';
import { readPreset } from '../../config/shipped-policies.js';
import { formatProblem, type Problem } from '../../policy/read/problem.js';
import { count } from '../../text/count.js';
import { findingText, suspiciousTools } from '../findings.js';
import { checkCommand, type UsablePolicy, usablePolicies } from './policy.js';
import { type Check, type Context, type Finding, fail, info, ok, warn } from './runner.js';

/** The server as it is now, and how the policies go with its tools. */
export const SERVER_CHECKS: readonly Check[] = [
  { id: 'server', run: starts },
  { id: 'tools', run: toolsOfPolicy },
  { id: 'definitions', run: definitions },
  { id: 'preset', run: stalePreset },
];

async function starts(context: Context): Promise<Finding[]> {
  if (context.source === undefined)
    return [info('no server was named; to look at one: policy-wrap doctor -- mcp-afip')];
  const { tools, about } = await context.live();
  const how = about === undefined ? 'starts and lists' : `speaks ${about}, and lists`;
  return [ok(`${context.server} ${how} ${count(tools.length, 'tool')}`)];
}

async function toolsOfPolicy(context: Context): Promise<Finding[]> {
  const tools = await context.tools();
  const [found] = usablePolicies(context);
  if (tools === undefined || found === undefined) return [];
  const { source } = found.policy;
  if (isForAnyServer(found)) return [ok(`${source} fits any server: it goes by names alone`)];
  const problems = misfits(found, tools);
  const findings = problems.slice(0, SHOWN).map((problem) => {
    const says = formatProblem({ ...problem, hint: '' }, source).trim();
    return problem.code === 'NOTHING_CALLABLE' ? fail(says, problem.hint) : warn(says, problem.hint);
  });
  if (problems.length > SHOWN) {
    findings.push(info(`${problems.length - SHOWN} more: ${checkCommand(found, context)} shows them all`));
  }
  return findings.length > 0 ? findings : [ok('policy and server name the same tools and arguments')];
}

async function definitions(context: Context): Promise<Finding[]> {
  const tools = await context.tools();
  if (tools === undefined) return [];
  const found = suspiciousTools(tools);
  const findings = found
    .slice(0, SHOWN)
    .map((suspicious) =>
      warn(
        findingText(suspicious),
        'read the whole definition; "on_suspicious": "hide" keeps such tools away',
      ),
    );
  if (found.length > SHOWN)
    findings.push(info(`${found.length - SHOWN} more: policy-wrap tools shows them all`));
  return findings.length > 0 ? findings : [ok('no definition has hidden text or speaks to the model')];
}

/** @returns what does not fit the tools; what is odd about the policy alone stands under its own check */
function problemsWith({ loaded }: UsablePolicy, tools: readonly ToolDefinition[]): readonly Problem[] {
  const known = new Set(lintPolicy(loaded).map(({ code, pointer }) => code + pointer));
  return lintPolicy(loaded, tools).filter(
    ({ code, pointer }) => code === 'NOTHING_CALLABLE' || !known.has(code + pointer),
  );
}

/** A strength that ships is written for every server: what this one does not have is no fault of it. */
function isForAnyServer({ policy }: UsablePolicy): boolean {
  return STRENGTH_NAMES.some((name) => policy.source === `preset ${name}`);
}

/** What was weighed when a shipped policy was written, and is no sign that the server is another by now. */
const WEIGHED = new Set(['ARGUMENT_OPTIONAL', 'SCHEMA_OPEN']);

/** As `problemsWith`; of a shipped policy only what shows that it was written for another version of the server. */
function misfits(found: UsablePolicy, tools: readonly ToolDefinition[]): readonly Problem[] {
  const problems = problemsWith(found, tools);
  return found.files.length > 0 ? problems : problems.filter(({ code }) => !WEIGHED.has(code));
}

/** Findings more than these are told by `check`. */
const SHOWN = 8;

/** A preset knows the tools of one version; the server may be another by now. */
async function stalePreset(context: Context): Promise<Finding[]> {
  const tools = await context.tools();
  if (tools === undefined || context.known === undefined) return [];
  const { command } = context.known;
  const preset = context.known.presets[0].name;
  const found = readPreset(preset);
  if (found.kind !== 'policy') return [];
  const problems = misfits(found, tools);
  if (problems.length === 0) return [ok(`the preset ${preset} fits this ${command}`)];
  const [first, ...others] = problems.map(({ message }) => message);
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return [
    warn(
      `the preset ${preset} does not fit this ${command}: ${first}${more}`,
      `update policy-wrap, or keep a policy of your own: policy-wrap init --no-preset -- ${command}`,
    ),
  ];
}
