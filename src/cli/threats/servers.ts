import { takeInventory } from '../../clients/inventory.js';
import { optionValue, POLICY_FLAGS } from '../../clients/wrapped-command.js';
import {
  type FoundPolicy,
  findPolicy,
  type PolicyOptions,
  problemsError,
  readPolicy,
} from '../../config/policy-files.js';
import { PolicyWrapError } from '../../errors.js';
import { stack } from '../../policy/evaluate/layers.js';
import { printable } from '../../text/escape.js';
import { liveServer } from '../../upstream/list-tools.js';
import { policyNames, serverName } from '../../upstream/server-name.js';
import { tellLeftOut } from '../left-out.js';
import type { ClientsTerminal } from '../this-installation.js';
import type { Held } from './coverage.js';

/** How a server is started, and under which policy. */
interface Start {
  readonly server: string;
  /** The name that somebody gave it, where one did. */
  readonly named: string | undefined;
  readonly argv: readonly string[];
  readonly options: PolicyOptions;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
}

export interface ServersOptions extends PolicyOptions {
  readonly server?: string;
  readonly install: boolean;
}

/**
 * The server that stands behind `--`, or every wrapped server of this machine's clients, each started once.
 *
 * @returns those that listed their tools; the others are named on standard error, and counted
 * @throws PolicyWrapError when there is none, or a policy is invalid
 */
export async function heldServers(
  argv: readonly string[],
  options: ServersOptions,
  io: ClientsTerminal,
): Promise<{ readonly held: readonly Held[]; readonly failed: number }> {
  if (argv.length > 0)
    return {
      held: [
        await start(
          { server: options.server ?? serverName(argv), named: options.server, argv, options },
          options,
          io,
        ),
      ],
      failed: 0,
    };
  const starts = wrappedServers(options, io);
  if (starts.length === 0)
    throw new PolicyWrapError(
      'USAGE',
      'no server: none stands behind "--", and no client here has a wrapped one',
      {
        hint: 'policy-wrap threats -- mcp-afip',
      },
    );
  const held: Held[] = [];
  let failed = 0;
  for (const each of starts) {
    try {
      held.push(await start(each, options, io));
    } catch (error) {
      if (!PolicyWrapError.is(error)) throw error;
      failed += 1;
      await io.err.write(
        `policy-wrap: ${printable(each.server)}: ${printable(error.message)}; it is left out\n`,
      );
    }
  }
  return { held, failed };
}

/** Each once, by the name that counters and log are kept under. */
function wrappedServers({ policy, preset }: PolicyOptions, io: ClientsTerminal): Start[] {
  const starts = new Map<string, Start>();
  for (const { state } of takeInventory(io.machine, io.wrapper)) {
    if (state.kind !== 'read') continue;
    for (const { entry } of state.entries) {
      if (entry.kind !== 'stdio' || entry.state.kind !== 'wrapped' || entry.disabled) continue;
      const { original, options } = entry.state.wrapped;
      const named = optionValue(options, ['--server']);
      const server = named ?? serverName(original);
      const own = optionValue(options, POLICY_FLAGS);
      const shipped = optionValue(options, ['--preset']);
      starts.set(server, {
        server,
        named,
        argv: original,
        options:
          policy !== undefined || preset !== undefined
            ? { ...(policy !== undefined && { policy }), ...(preset !== undefined && { preset }) }
            : {
                ...(own !== undefined && { policy: own }),
                ...(shipped !== undefined && { preset: shipped }),
              },
        env: Object.fromEntries(entry.env),
        cwd: entry.cwd,
      });
    }
  }
  return [...starts.values()];
}

async function start(
  { server, named, argv, options, env, cwd }: Start,
  { install }: ServersOptions,
  io: ClientsTerminal,
): Promise<Held> {
  const found: FoundPolicy =
    options.policy === undefined || options.preset !== undefined
      ? findPolicy(options, policyNames(argv, named, cwd ?? process.cwd()), argv)
      : readPolicy(options.policy);
  if (found.kind === 'problems') throw problemsError(found);
  const live = await liveServer(argv, { install, cwd, ...(env !== undefined && { env }) });
  await tellLeftOut(live, io);
  const policy = found.kind === 'policy' ? stack(found.policy, found.extended) : 'none';
  return { server, tools: live.tools, policy };
}
