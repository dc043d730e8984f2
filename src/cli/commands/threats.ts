import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import packageJson from '../../../package.json' with { type: 'json' };
import type { ToolAt } from '../../catalog/threats/threat.js';
import { THREATS } from '../../catalog/threats/threats.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { count } from '../../text/count.js';
import { printable, printableJson } from '../../text/escape.js';
import { nameHint } from '../../text/suggest.js';
import { type Printed, printJson } from '../json-output.js';
import * as parts from '../output-parts.js';
import { sarif } from '../sarif.js';
import type { ClientsTerminal } from '../this-installation.js';
import { type Coverage, coverageOf, type OpeningCoverage } from '../threats/coverage.js';
import { fragmentsFor } from '../threats/fragment.js';
import type { Held } from '../threats/held.js';
import { heldServers, type ServersOptions } from '../threats/servers.js';
import { isLeft, isOpen, leftIn, threatsText, toolsOf } from '../threats/text.js';
import type { Stop } from '../threats/trials.js';

export interface ThreatsOptions extends ServersOptions {
  readonly json?: boolean;
  readonly sarif?: boolean;
  /** An open pattern is a failure. */
  readonly check?: boolean;
  /** Ids of patterns that may stay open. */
  readonly accept?: string;
}

const toolAt = z.object({ server: parts.server, tool: parts.tool });

const STOP = z.object({
  server: parts.server,
  tool: parts.tool,
  rule: parts.rule.optional(),
  code: parts.code.optional(),
  decision: parts.decision,
  call: parts.count('of the attack, from 1'),
});

const closes = z
  .record(
    z.string(),
    z.object({
      pin: z.enum(['hold', 'deny']).optional(),
      new_tools: z.literal('hide').optional(),
      hide: z.array(z.string()).optional(),
      server_requests: parts.members.optional(),
      all_tools: parts.members.optional(),
      tools: z.record(z.string(), parts.members).optional(),
    }),
  )
  .describe('by server, the part of a policy that closes it');

const state = z.enum(['countered', 'partly', 'open', 'not opened', 'not seen']);

/** What `threats --json` prints. */
export const OUTPUT = parts.result({
  servers: z.array(
    z.object({ server: parts.server, tools: parts.count('how many'), policy: parts.text('its source') }),
  ),
  closes,
  patterns: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      state,
      accepted: z.boolean().describe('named by --accept'),
      openings: z.array(
        z.object({
          tools: z.array(toolAt).describe('that it takes, together'),
          why: z.string(),
          state,
          countered: z.boolean(),
          by: STOP.optional().describe('what stops it'),
          places: z.array(z.object({ does: z.string(), tools: z.array(toolAt) })).optional(),
          attacks: z.array(
            z.object({
              name: z.string(),
              route: z.array(z.array(toolAt)).optional(),
              passes: z.boolean(),
              by: STOP.optional(),
            }),
          ),
          closes: closes.optional(),
        }),
      ),
      closes: closes.optional(),
    }),
  ),
});

/**
 * Which attack patterns the tools of a server open, or those of all wrapped servers together, which of them the policy
 * counters, and what closes the others.
 *
 * @param argv the server's command and its arguments; without it every wrapped server of this machine
 * @returns 4 under `--check` where a pattern is open that nobody accepted, 1 where a server could not be asked
 */
export async function threats(
  argv: readonly string[],
  options: ThreatsOptions,
  io: ClientsTerminal,
): Promise<number> {
  const accepted = acceptedIds(options.accept);
  const { held, failed } = await heldServers(argv, options, io);
  const rows = coverageOf(held);
  if (options.sarif) await io.out.write(`${printableJson(asSarif(rows, held, accepted), 2)}\n`);
  else if (options.json) await printJson(io, OUTPUT, asJson(rows, held, accepted));
  else {
    await io.out.write(threatsText(rows, held, io));
    const tools = held.reduce((sum, { tools: each }) => sum + each.length, 0);
    const policies = held.map(({ server, policy }) => `${printable(server)}: ${printable(sourceOf(policy))}`);
    await io.out.write(`\n${count(tools, 'tool')}; policy of ${policies.join('; ')}\n`);
  }
  if (options.check && rows.some((row) => isOpen(row) && !accepted.has(row.threat.id))) return EXIT.denied;
  return failed > 0 ? EXIT.failed : EXIT.done;
}

function acceptedIds(list: string | undefined): ReadonlySet<string> {
  const ids = (list ?? '').split(',').map((id) => id.trim());
  const known = THREATS.map(({ id }) => id);
  for (const id of ids.filter(Boolean)) {
    if (known.includes(id)) continue;
    throw new PolicyWrapError('USAGE', `--accept: there is no pattern ${printableJson(id)}`, {
      hint: nameHint(id, known) ?? `There are: ${known.join(', ')}.`,
    });
  }
  return new Set(ids);
}

const sourceOf = (policy: Held['policy']): string =>
  policy === 'none' ? 'none, so every call is refused' : policy === 'unwrapped' ? 'unwrapped' : policy.source;

function asJson(
  rows: readonly Coverage[],
  held: readonly Held[],
  accepted: ReadonlySet<string>,
): Printed<typeof OUTPUT> {
  return {
    servers: held.map(({ server, tools, policy }) => ({
      server,
      tools: tools.length,
      policy: sourceOf(policy),
    })),
    /** What closes all of them together. */
    closes: fragmentsFor(held, leftIn(rows)),
    patterns: rows.map((row) => ({
      id: row.threat.id,
      title: row.threat.title,
      state: row.state,
      accepted: accepted.has(row.threat.id),
      openings: row.openings.map((each) => ({
        tools: each.opening.tools.map(named),
        why: each.opening.why,
        state: each.state,
        countered: each.state === 'countered',
        by: each.state === 'countered' ? stopped(firstStop(each)) : undefined,
        places: each.opening.places?.map(({ does, tools }) => ({ does, tools: tools.map(named) })),
        attacks: each.tried.map(({ attack, way, stop }) => ({
          name: attack.name,
          ...(way.some((group) => group.length > 0) && { route: way.map((group) => group.map(named)) }),
          passes: stop === undefined,
          by: stopped(stop),
        })),
        ...(isLeft(each) && { closes: fragmentsFor(held, [each.opening]) }),
      })),
      ...(isOpen(row) && { closes: fragmentsFor(held, leftIn([row])) }),
    })),
  };
}

const firstStop = ({ tried }: OpeningCoverage) => tried.find(({ stop }) => stop !== undefined)?.stop;

const named = ({ server, tool }: ToolAt) => ({ server, tool: tool.name });

function stopped(stop: Stop | undefined): Printed<typeof STOP> | undefined {
  if (stop === undefined) return undefined;
  const { server, tool, rule, code, decision, call } = stop;
  return { server, tool, rule, code, decision, call };
}

/** A result for each pattern that is open, at the policy of the server whose tool comes last. */
function asSarif(rows: readonly Coverage[], held: readonly Held[], accepted: ReadonlySet<string>): object {
  const results = rows.filter(isOpen).flatMap(({ threat, openings }) =>
    openings.filter(isLeft).map((each) => {
      const { opening, tried } = each;
      const last = toolsOf(each).at(-1);
      const policy = held.find(({ server }) => server === last?.server)?.policy;
      const names = toolsOf(each)
        .slice(0, 3)
        .map(({ server, tool }) => `${server}/${tool.name}`);
      const passes = new Set(tried.flatMap(({ attack, stop }) => (stop === undefined ? [attack.name] : [])));
      return {
        rule: threat.id,
        level: accepted.has(threat.id) ? ('note' as const) : ('warning' as const),
        message: `${threat.title}: ${names.join(' + ')}: ${opening.why}. Passes: ${[...passes].slice(0, 5).join(', ')}. ${threat.rule}`,
        file: fileOf(sourceOf(policy ?? 'none')),
      };
    }),
  );
  const rules = THREATS.map(({ id, title, how }) => ({ id, title, text: how }));
  return sarif(packageJson.version, rules, results);
}

const fileOf = (source: string): string => (/[/\\]/.test(source) ? pathToFileURL(source).href : source);
