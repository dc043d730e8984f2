import { knownServer } from '../../catalog/servers.js';
import { environmentOf } from '../../catalog/threats/environment.js';
import { remoteOptionsOf } from '../../clients/entries.js';
import { takeInventory } from '../../clients/inventory.js';
import { optionValue, POLICY_FLAGS } from '../../clients/wrapper-options.js';
import {
  type FoundPolicy,
  type PolicyOptions,
  problemsError,
  readPolicy,
} from '../../config/policy-files.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { findPolicy } from '../../config/shipped-policies.js';
import { PolicyWrapError } from '../../errors.js';
import { isRecord } from '../../json/value.js';
import { stack } from '../../policy/evaluate/layers.js';
import { printable } from '../../text/escape.js';
import { liveServer } from '../../upstream/list-tools.js';
import { tellLeftOut } from '../left-out.js';
import { type NamedServer, namedServer } from '../named-server.js';
import type { ClientsTerminal } from '../this-installation.js';
import type { Held } from './held.js';

/** How a server is started, and under which policy. */
interface Start {
  readonly server: NamedServer;
  readonly options: PolicyOptions;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
}

export interface ServersOptions extends PolicyOptions, RemoteOptions {
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
  const server = namedServer(argv, options, io.machine.cwd);
  if (server.source !== undefined)
    return { held: [await start({ server, options }, options, io)], failed: 0 };
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
        `policy-wrap: ${printable(each.server.names[0])}: ${printable(error.message)}; it is left out\n`,
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
      const server = namedServer(
        original,
        {
          server: optionValue(options, ['--server']),
          ...remoteOptionsOf(entry),
        },
        entry.cwd ?? io.machine.cwd,
      );
      const own = optionValue(options, POLICY_FLAGS);
      const shipped = optionValue(options, ['--preset']);
      starts.set(server.names[0], {
        server,
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
  { server: { source = [], names, words }, options, env, cwd }: Start,
  { install }: ServersOptions,
  io: ClientsTerminal,
): Promise<Held> {
  const found: FoundPolicy =
    options.policy === undefined || options.preset !== undefined
      ? findPolicy(options, names, words)
      : readPolicy(options.policy);
  if (found.kind === 'problems') throw problemsError(found);
  const live = await liveServer(source, { install, cwd, ...(env !== undefined && { env }) });
  await tellLeftOut(live, io);
  const known = names.map(knownServer).find((each) => each !== undefined);
  const about = {
    server: names[0],
    tools: live.tools,
    environment: environmentOf(known?.environment ?? [], Object.keys(env ?? {})),
  };
  if (found.kind !== 'policy') return { ...about, policy: 'none' };
  const document = found.loaded.locations.source.doubles([]);
  return {
    ...about,
    policy: stack(found.policy, found.extended),
    ...(isRecord(document) && { document }),
  };
}
