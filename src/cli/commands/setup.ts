import { assertWritable, type Change, warnOfRunning, writeChanges } from '../../clients/change/apply.js';
import { planInstall } from '../../clients/change/plan.js';
import type { ServerEntry } from '../../clients/entries.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { assertNoAgent } from '../person.js';
import { type Prompts, prompts } from '../prompts.js';
import { hasPolicy, type Protection, protect } from '../protection.js';
import {
  assertChosen,
  chosenClients,
  chosenServers,
  chosenStrengths,
  type SetupOptions,
} from '../setup/choices.js';
import { block, finalScreen } from '../setup/final-screen.js';
import {
  commandText,
  type FoundClient,
  type FoundServer,
  type LeftServer,
  lookAgain,
  lookAt,
  toolsText,
  UNKNOWN_TEXTS,
} from '../setup/found-servers.js';
import { apartByStore } from '../setup/team-stores.js';
import { showEveryLine, showKept, showWhat } from '../setup/what-is-written.js';
import type { ClientsTerminal } from '../this-installation.js';
import { wrappableOf } from '../wrappable.js';

/**
 * From a client's configuration to protected servers: finds the clients, shows what their servers can do, lets a person
 * choose servers and strengths, writes policies and entries, starts each server once through the wrapper, and says what
 * is active. A second run changes nothing.
 *
 * @param names of entries; none stands for those that are chosen
 * @returns an exit code: `failed` when a server was written but did not start
 * @throws PolicyWrapError USAGE, NOT_FOUND, REFUSED, POLICY_INVALID, CONFIG_INVALID, CONFIG_CONFLICT
 */
export async function setup(
  names: readonly string[],
  options: SetupOptions,
  io: ClientsTerminal,
): Promise<number> {
  assertNoAgent('setup', io.machine);
  if (!io.canAsk && options.yes !== true)
    throw new PolicyWrapError('USAGE', 'Nobody can be asked here.', {
      hint: 'With every answer on the line: policy-wrap setup --client claude-desktop --all --strength brake --yes',
    });
  const ask = await prompts(io);
  if (options.offer === true && !(await offered(ask, io))) return EXIT.done;
  const clients = await chosenClients(options, ask, io);
  await showFound(clients, io);
  const servers = clients.flatMap((client) => client.servers);
  for (const name of names)
    if (!servers.some(({ entry }) => entry.name === name))
      throw new PolicyWrapError(
        'NOT_FOUND',
        `There is no server called ${printable(name)} that can be wrapped.`,
        {
          hint: `There are: ${servers.map(({ entry }) => printable(entry.name)).join(', ')}`,
        },
      );
  const meant = names.length === 0 ? servers : servers.filter(({ entry }) => names.includes(entry.name));
  assertChosen(servers, names, options);
  await see(meant, options, ask, io);
  const { able, failed } = apart(meant);
  const wanted = await chosenServers(able, names, options, ask);
  const protections = await protectAll(wanted, options, ask, io);
  const { able: chosen, left: misfits } = await apartByStore(wanted, protections, io);
  await showKept(chosen, protections, options.strength, io);
  const plans = clients
    .map(({ target }) => ({ target, here: chosen.filter((found) => found.target === target) }))
    .filter(({ here }) => here.length > 0)
    .map(({ target, here }) => {
      const own = (entry: ServerEntry) => protections.get(entry) ?? { wanted: {}, about: [] };
      return {
        target,
        plan: planInstall(
          here.map(({ choice }) => choice),
          {},
          [],
          io,
          own,
        ),
      };
    });
  const files = [...new Set(chosen.flatMap(({ entry }) => protections.get(entry) ?? []))].flatMap(
    ({ file }) => file ?? [],
  );
  const changes: readonly Change[] = [...files, ...plans.flatMap(({ plan }) => plan.changes)];
  const left = [...failed, ...misfits, ...clients.flatMap((client) => client.left)];
  const screen = { chosen, left, plans, protections };
  if (changes.length === 0) {
    await io.out.write(
      chosen.length === 0
        ? 'Nothing was changed.\n'
        : `Nothing to change: ${left.length === 0 ? 'all of this' : 'all that can be wrapped'} is set up already.\n`,
    );
    return await finalScreen({ ...screen, changed: false }, io);
  }
  assertWritable(changes);
  await showWhat(plans, files, protections, io);
  if (options.dryRun === true) {
    await showEveryLine(changes, io);
    return EXIT.done;
  }
  for (const { target } of plans) await warnOfRunning(target.client, io);
  if (options.yes !== true && !(await agreed(changes, ask, io))) {
    await io.err.write('Nothing was changed.\n');
    return EXIT.done;
  }
  // The last screen says it all.
  await writeChanges(changes, { ...io, err: { write: async () => true } });
  return await finalScreen({ ...screen, changed: true }, io);
}

async function agreed(changes: readonly Change[], ask: Prompts, io: ClientsTerminal): Promise<boolean> {
  const answer = await ask.one('Write this?', [
    { value: 'yes', label: 'Yes' },
    { value: 'show', label: 'Show every line of it first' },
    { value: 'no', label: 'No' },
  ]);
  if (answer !== 'show') return answer === 'yes';
  await showEveryLine(changes, io);
  return await ask.yes('Write it?');
}

async function offered(ask: Prompts, io: ClientsTerminal): Promise<boolean> {
  await io.err.write('policy-wrap puts a policy between your MCP client and its servers.\n');
  if (await ask.yes('Set it up now?')) return true;
  await io.err.write('policy-wrap --help lists the commands; policy-wrap demo shows one at work.\n');
  return false;
}

async function showFound(clients: readonly FoundClient[], io: ClientsTerminal): Promise<void> {
  for (const { target, servers, left } of clients) {
    const rows = [
      ...servers.map(({ entry, isWrapped, team }) => [
        printable(entry.name),
        isWrapped ? `wrapped already${team === undefined ? '' : `, with ${team}`}` : commandText(entry),
      ]),
      ...left.map(({ name, reason }) => [name, reason]),
    ];
    await io.out.write(`${target.name}\n${block(rows, io)}`);
  }
}

/** What does not start is left alone: wrapped it would not start either. */
function apart(servers: readonly FoundServer[]): {
  able: readonly FoundServer[];
  failed: readonly LeftServer[];
} {
  const failed = servers.flatMap(({ entry, failure, login }) => {
    if (failure === undefined) return [];
    const name = printable(entry.name);
    if (login === undefined)
      return [{ name, reason: `does not start: ${failure}. Once it does: policy-wrap setup` }];
    const [first, then] = [`policy-wrap login ${printable(login)}`, 'policy-wrap setup'];
    return [{ name, reason: `wants to know who you are:\n${first}\n${then}` }];
  });
  return { able: servers.filter(({ failure }) => failure === undefined), failed };
}

async function protectAll(
  chosen: readonly FoundServer[],
  options: SetupOptions,
  ask: Prompts,
  io: ClientsTerminal,
): Promise<ReadonlyMap<ServerEntry, Protection>> {
  const wrappable = (found: FoundServer) => ({
    ...wrappableOf(found.entry, found.server),
    live: found.live ?? (found.unknown && UNKNOWN_TEXTS[found.unknown]),
  });
  const without = chosen.filter((found) => !hasPolicy(wrappable(found), io));
  const strengths = await chosenStrengths(without, options, ask);
  // Two clients may start one server, which has one policy.
  const byServer = new Map<string, Protection>();
  const protections = new Map<ServerEntry, Protection>();
  for (const found of chosen) {
    const known = byServer.get(found.server);
    const strength = strengths.get(found) ?? options.strength;
    const protection = known ?? (await protect(wrappable(found), { strength, yes: options.yes }, io));
    byServer.set(found.server, protection);
    protections.set(found.entry, protection);
  }
  return protections;
}

/** Takes the place of the login that the client had; one that fails leaves the server as it is. */
async function logInWhere(servers: readonly FoundServer[], ask: Prompts, io: ClientsTerminal): Promise<void> {
  for (const found of servers) {
    const name = printable(found.entry.name);
    if (found.login === undefined) continue;
    if (!(await ask.yes(`${name} wants to know who you are. Open your browser to log in?`))) continue;
    try {
      const { logInTo } = await import('../log-in.js');
      await logInTo(found.login, { browser: true }, io);
      await lookAgain(found, io);
    } catch (error) {
      if (!PolicyWrapError.is(error)) throw error;
      found.failure = printable(error.message, 200);
    }
  }
}

/** Starts what is new, after asking. */
async function see(
  servers: readonly FoundServer[],
  { start, yes }: SetupOptions,
  ask: Prompts,
  io: ClientsTerminal,
): Promise<void> {
  // Neither is what was wrapped before, which is else tried after a change.
  if (start === false) for (const found of servers) found.unknown = 'unwanted';
  const fresh = servers.filter(({ isWrapped }) => !isWrapped);
  const names = fresh.map(({ entry }) => printable(entry.name)).join(', ');
  if (fresh.length === 0) return;
  if (
    start === false ||
    (yes !== true && !(await ask.yes(`Start ${names} once, to see what they can do?`)))
  ) {
    for (const found of fresh) found.unknown = 'unwanted';
    return;
  }
  await lookAt(fresh, io);
  if (yes !== true) await logInWhere(fresh, ask, io);
  await io.out.write(
    block(
      fresh.map((found) => [printable(found.entry.name), toolsText(found)]),
      io,
    ),
  );
}
