import { isRecord } from '../../json/value.js';
import { propertiesOf } from '../arguments.js';
import { type Classification, classify } from '../classify.js';
import type { ToolClass } from '../evidence.js';
import { type Flow, type Flows, flowsOf } from '../flows.js';
import type { ToolDefinition } from '../tool-definition.js';
import { wordsOf } from '../words.js';
import type { Attack, Fix, Opening, ServerTools, ToolAt } from './threat.js';

const classes = new WeakMap<ToolDefinition, Classification>();
const flows = new WeakMap<ToolDefinition, Flows>();

function classOf(tool: ToolDefinition): ToolClass {
  const known = classes.get(tool) ?? classify(tool);
  classes.set(tool, known);
  return known.class;
}

function flowsAt(tool: ToolDefinition): Flows {
  const known = flows.get(tool) ?? flowsOf(tool);
  flows.set(tool, known);
  return known;
}

export const everyTool = (servers: readonly ServerTools[]): ToolAt[] =>
  servers.flatMap(({ server, tools }) => tools.map((tool) => ({ server, tool })));

/** What any server opens, whatever its tools are. */
export const eachServer = (
  servers: readonly ServerTools[],
  openingOf: (server: string) => Pick<Opening, 'why' | 'attacks' | 'fix'>,
): Opening[] =>
  servers
    .filter(({ tools }) => tools.length > 0)
    .map((each) => ({ tools: everyTool([each]), ...openingOf(each.server) }));

export const isOf = ({ tool }: ToolAt, ...wanted: readonly ToolClass[]): boolean =>
  wanted.includes(classOf(tool));

/** The evidence for a flow. */
export const flowOf = ({ tool }: ToolAt, flow: Flow): string | undefined => flowsAt(tool)[flow];

export const has = ({ tool }: ToolAt, flow: Flow): boolean => flowsAt(tool)[flow] !== undefined;

/** The first argument whose name's last word is one of these, and whose type may be the wanted one. */
export function argumentOf(
  { inputSchema }: ToolDefinition,
  words: ReadonlySet<string>,
  type: 'string' | 'number' | 'array',
): string | undefined {
  const types = type === 'number' ? ['number', 'integer'] : [type];
  return propertiesOf(inputSchema).find(
    ([name, schema]) =>
      words.has(wordsOf(name.slice(0, 100)).at(-1) ?? '') &&
      [schema.type ?? 'string'].flat().some((each) => types.includes(String(each))),
  )?.[0];
}

export function isRequired({ inputSchema }: ToolDefinition, argument: string): boolean {
  return (
    isRecord(inputSchema) && Array.isArray(inputSchema.required) && inputSchema.required.includes(argument)
  );
}

/** A path of a policy to an argument. */
export const pathTo = (argument: string): string =>
  /^[A-Za-z_][\w-]*$/.test(argument) ? `args.${argument}` : `args[${JSON.stringify(argument)}]`;

/** No entry can stand for some names alone: what opens a pattern with such a tool has no fix. */
export const canStand = ({ tool: { name } }: ToolAt): boolean =>
  name !== '' && !name.includes('*') && name.length <= 200;

/** One opening for each tool for which there is something to say. */
export function perTool(
  servers: readonly ServerTools[],
  opening: (at: ToolAt) => Omit<Opening, 'tools'> | undefined,
): Opening[] {
  return everyTool(servers).flatMap((at) => {
    const found = opening(at);
    return found === undefined ? [] : [{ tools: [at], ...found, ...(!canStand(at) && { fix: {} }) }];
  });
}

/** An attack by its name and its steps. */
export const attack = (name: string, ...steps: Attack['steps']): Attack => ({ name, steps });

/** An entry for one tool. */
export const entry = ({ server, tool }: ToolAt, members: Readonly<Record<string, unknown>>): Fix => ({
  [server]: { tools: { [tool.name]: members } },
});

/** A predicate of one condition. */
export const when = (path: string, op: string, value: unknown, onDeny: string) => ({
  conditions: [{ path, op, value }],
  on_deny: onDeny,
});
