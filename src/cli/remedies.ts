import { readSnapshot } from '../clients/files/read.js';
import { loadWithLayers } from '../config/policy-files.js';
import { knownTools } from '../draft/known-tools.js';
import { PolicyWrapError } from '../errors.js';
import { stack } from '../policy/evaluate/layers.js';
import type { Policy } from '../policy/model.js';
import { counterOf, remedyFor, type TeamStanding } from '../policy/remedy.js';
import { type Standing, standingOf } from '../policy/standing.js';
import type { LogEntry } from '../store/store.js';
import type { StateOptions } from './open-state.js';
import { policyOfServer } from './policy-in-force.js';
import { type AnyStore, type StoreOptions, storeToName } from './team-store.js';

/** A command that would let through what was refused. */
export interface Remedy {
  readonly command: string;
  readonly server: string;
  readonly tool: string;
  readonly code: string | undefined;
  /** UTC milliseconds of the latest such call. */
  readonly at: number;
  readonly times: number;
}

type State = Pick<AnyStore, 'approval' | 'pauses' | 'events'>;

/** How the login that asks stands in the team whose store it is; undefined for this machine's own. */
export async function standingIn(
  store: AnyStore,
  options: StoreOptions,
  env: NodeJS.ProcessEnv,
): Promise<TeamStanding | undefined> {
  if (!('shown' in store)) return undefined;
  return { store: storeToName(store, options, env), roles: (await store.hello()).roles };
}

/** Resets that are looked at for what has been done already. */
const RESETS_READ = 1000;

/**
 * Commands that would let through what was refused, as things stand now.
 *
 * @param rows of the decision log, the newest last
 * @param store says what is still open: no command for an approval or a pause that is over, or a counter that was reset
 * @param standing how a tool stands under the policy that holds now: none for what passes by now
 * @param team how the login stands whose commands they would be
 * @returns each command once, the one whose call came last first
 */
export async function remediesOf(
  rows: readonly LogEntry[],
  store: State,
  standing: (server: string, tool: string) => Standing | undefined,
  team: TeamStanding | undefined,
): Promise<Remedy[]> {
  const found = new Map<string, Remedy>();
  const resets = rows.some(({ code }) => code === 'LIMIT')
    ? (await store.events({ since: rows[0]?.at, limit: RESETS_READ })).filter(
        ({ kind }) => kind === 'counter.reset',
      )
    : [];
  for (const row of rows.toReversed()) {
    const { code, rule, server, tool, approval, at } = row;
    if (row.decision === 'allow') continue;
    const isReset = resets.some(
      ({ at: then, detail }) =>
        then >= at &&
        code === 'LIMIT' &&
        detail.name === counterOf(rule ?? '') &&
        (detail.server === undefined || detail.server === server),
    );
    if (isReset) continue;
    const command = remedyFor({ code, rule, server, tool, approval, standing: standing(server, tool), team });
    if (command === undefined) continue;
    const before = found.get(command);
    if (before === undefined && !(await isOpen(row, store))) continue;
    found.set(
      command,
      before ? { ...before, times: before.times + 1 } : { command, server, tool, code, at, times: 1 },
    );
  }
  return [...found.values()];
}

/** @returns how tools stand under the policies that hold for their servers, each of which is read once */
export function standings(
  options: StateOptions,
  clock: { now(): number },
): (server: string, tool: string) => Standing | undefined {
  const read = new Map<string, (tool: string) => Standing | undefined>();
  return (server, tool) => {
    const known = read.get(server) ?? standingsUnder(server, options, clock);
    read.set(server, known);
    return known(tool);
  };
}

function standingsUnder(
  server: string,
  options: StateOptions,
  clock: { now(): number },
): (tool: string) => Standing | undefined {
  const layers = layersOf(server, options, clock);
  if (!layers) return () => undefined;
  const tools = knownTools(server, options.db);
  return (tool) =>
    // `allow` takes no name that the server does not have.
    tools.length > 0 && !tools.includes(tool) && !layers.own.tools.has(tool)
      ? { kind: 'elsewhere' }
      : standingOf(layers, tool);
}

function layersOf(
  server: string,
  options: StateOptions,
  clock: { now(): number },
): { readonly all: readonly Policy[]; readonly own: Policy } | undefined {
  try {
    const place = policyOfServer(server, options, clock);
    const text = place.kind === 'new' ? place.text : readSnapshot(place.file)?.text;
    if (text === undefined) return undefined;
    const found = loadWithLayers(text, place.file);
    if (found.kind !== 'policy') return undefined;
    return { all: stack(found.policy, found.extended).all, own: found.policy };
  } catch (error) {
    // A server that is gone, or several policies: what is refused is shown by what the log says of it.
    if (PolicyWrapError.is(error)) return undefined;
    throw error;
  }
}

async function isOpen({ code, approval, server }: LogEntry, store: State): Promise<boolean> {
  if (code === 'APPROVAL_REQUIRED')
    return approval !== undefined && (await store.approval(approval))?.state === 'pending';
  if (code !== 'PAUSED') return true;
  return (await store.pauses()).some((pause) => pause.server === undefined || pause.server === server);
}
