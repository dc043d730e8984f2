import { STRENGTH_TITLES, type Strength } from '../../catalog/strengths.js';
import { typed } from '../../clients/change/masking.js';
import { PolicyWrapError } from '../../errors.js';
import { printable } from '../../text/escape.js';
import type { Prompts } from '../prompts.js';
import type { ClientsTerminal } from '../this-installation.js';
import { type FoundClient, type FoundServer, findClients, toolsText } from './found-servers.js';
import { noServers } from './no-servers.js';

/** What the command line says of a set-up; what it leaves out a person is asked. */
export interface SetupOptions {
  readonly client?: readonly string[] | undefined;
  readonly all?: boolean | undefined;
  readonly strength?: Strength | undefined;
  /** False with `--no-start`. */
  readonly start?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly yes?: boolean | undefined;
  /** Asks first whether this is what is wanted. */
  readonly offer?: boolean | undefined;
}

/** @returns the clients whose servers are set up: one that was named, the only one there is, or those that a person picks */
export async function chosenClients(
  { client, yes }: SetupOptions,
  ask: Prompts,
  io: ClientsTerminal,
): Promise<readonly FoundClient[]> {
  const problems: string[] = [];
  const found = findClients(client, problems, io);
  for (const problem of problems) await io.err.write(`Left alone: ${printable(problem)}\n`);
  if (found.length === 0) throw noServers(client, io);
  if (found.length === 1 || client !== undefined || yes === true) return found;
  return await ask.some(
    'Which clients?',
    found.map((value) => {
      const names = [...value.servers.map(({ entry }) => entry.name), ...value.left.map(({ name }) => name)];
      return { value, label: value.target.name, hint: printable(names.join(', '), 60) };
    }),
  );
}

/** Before anything is started. @throws PolicyWrapError USAGE where nobody is asked and nothing says which servers */
export function assertChosen(
  servers: readonly FoundServer[],
  names: readonly string[],
  { all, yes }: SetupOptions,
): void {
  const fresh = servers.filter(({ isWrapped }) => !isWrapped).map(({ entry }) => entry.name);
  const [first] = fresh;
  if (first === undefined || yes !== true || all === true || names.length > 0) return;
  throw new PolicyWrapError('USAGE', 'Which servers?', {
    hint: `Name them, as in policy-wrap setup ${typed(first)} --yes, or say --all. There are: ${fresh.map((name) => printable(name)).join(', ')}`,
  });
}

/** @returns those of them that are to be protected; what is wrapped already stays so */
export async function chosenServers(
  able: readonly FoundServer[],
  names: readonly string[],
  { all }: SetupOptions,
  ask: Prompts,
): Promise<readonly FoundServer[]> {
  const fresh = able.filter(({ isWrapped }) => !isWrapped);
  if (all === true || names.length > 0 || fresh.length === 0) return able;
  const chosen = await ask.some(
    'Which servers shall be protected?',
    fresh.map((value) => ({ value, label: labelOf(value, fresh), hint: toolsText(value) })),
  );
  return able.filter((found) => found.isWrapped || chosen.includes(found));
}

/** Says the client where two servers have one name. */
function labelOf({ entry, target }: FoundServer, all: readonly FoundServer[]): string {
  const name = printable(entry.name);
  return all.filter((other) => other.entry.name === entry.name).length > 1
    ? `${name} (${target.name})`
    : name;
}

/** In the order in which they are offered: what suits most comes first. */
const OFFERED: readonly Strength[] = ['brake', 'careful', 'watch', 'locked'];

/** @returns how strict each shall be; empty where nobody says, which is `brake` */
export async function chosenStrengths(
  servers: readonly FoundServer[],
  { strength, yes }: SetupOptions,
  ask: Prompts,
): Promise<ReadonlyMap<FoundServer, Strength>> {
  if (servers.length === 0 || strength !== undefined || yes === true)
    return new Map(servers.flatMap((found) => (strength === undefined ? [] : [[found, strength] as const])));
  const answers = OFFERED.map((value) => ({ value, label: `${value.padEnd(8)} ${STRENGTH_TITLES[value]}` }));
  const [first] = servers;
  if (first === undefined) return new Map();
  if (servers.length === 1)
    return new Map([[first, await ask.one(`How strict for ${printable(first.entry.name)}?`, answers)]]);
  const each = { value: undefined, label: `${'each'.padEnd(8)} choose for each server` };
  const same = await ask.one<Strength | undefined>('How strict?', [...answers, each]);
  const chosen = new Map<FoundServer, Strength>();
  for (const found of servers)
    chosen.set(found, same ?? (await ask.one(`How strict for ${labelOf(found, servers)}?`, answers)));
  return chosen;
}
