import { knownServerAmong } from '../../catalog/servers.js';
import { environmentOf } from '../../catalog/threats/environment.js';
import { optionsOf, originalOf, remoteOptionsOf } from '../../clients/entries.js';
import { takeInventory, wrappedEntries } from '../../clients/inventory.js';
import { optionValue, POLICY_FLAGS, PRESET_FLAGS } from '../../clients/wrapper-options.js';
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
import { tellLeftOut } from '../findings.js';
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
  const asked = { ...(policy !== undefined && { policy }), ...(preset !== undefined && { preset }) };
  const isAsked = policy !== undefined || preset !== undefined;
  for (const { entry } of wrappedEntries(takeInventory(io.machine, io.wrapper))) {
    if (entry.disabled) continue;
    const options = optionsOf(entry);
    const named = { server: optionValue(options, ['--server']), ...remoteOptionsOf(entry) };
    const server = namedServer(originalOf(entry), named, entry.cwd ?? io.machine.cwd);
    const own = optionValue(options, POLICY_FLAGS);
    const shipped = optionValue(options, PRESET_FLAGS);
    const held = {
      ...(own !== undefined && { policy: own }),
      ...(shipped !== undefined && { preset: shipped }),
    };
    starts.set(server.names[0], {
      server,
      options: isAsked ? asked : held,
      env: Object.fromEntries(entry.env),
      cwd: entry.cwd,
    });
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
  const variables = knownServerAmong(names)?.environment ?? [];
  const about = {
    server: names[0],
    tools: live.tools,
    environment: environmentOf(variables, Object.keys(env ?? {})),
  };
  if (found.kind !== 'policy') return { ...about, policy: 'none' };
  const document = found.loaded.locations.source.doubles([]);
  return {
    ...about,
    policy: stack(found.policy, found.extended),
    ...(isRecord(document) && { document }),
  };
}
