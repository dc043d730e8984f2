import { readSnapshot } from '../clients/files/read.js';
import { isPacked, PACKED_HINT } from '../config/bundle.js';
import { loadWithLayers } from '../config/policy-files.js';
import { knownTools } from '../draft/known-tools.js';
import { PolicyWrapError } from '../errors.js';
import { stack } from '../policy/evaluate/layers.js';
import type { Policy } from '../policy/model.js';
import { counterOf, mendOf, remedyFor, type TeamStanding } from '../policy/remedy.js';
import { type Standing, standingOf } from '../policy/standing.js';
import type { ApprovalEntry, LogEntry } from '../store/store.js';
import { printable } from '../text/escape.js';
import { type AskedBy, askers } from './approving.js';
import type { StateOptions } from './open-state.js';
import { policyOfServer } from './policy-in-force.js';
import { type AnyStore, type StoreOptions, storeToName } from './team-store.js';

/** What would let through what was refused: a command, or what a person can do where none does. */
export interface Remedy {
  readonly command: string | undefined;
  /** In a few words, safe to show; where there is no command. */
  readonly advice: string | undefined;
  readonly server: string;
  readonly tool: string;
  readonly code: string | undefined;
  /** UTC milliseconds of the latest such call. */
  readonly at: number;
  readonly times: number;
}

type State = Pick<AnyStore, 'approval' | 'pauses' | 'events' | 'sessions'>;

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
 * What would let through what was refused, as things stand now.
 *
 * @param rows of the decision log, the newest last
 * @param store says what is still open: no command for an approval or a pause that is over, or a counter that was reset
 * @param policyNow the policy that holds for a server now: there is nothing to do for what passes by now
 * @param team how the login stands whose commands they would be
 * @returns each command, and each rule without one, once, the one whose call came last first
 */
export async function remediesOf(
  rows: readonly LogEntry[],
  store: State,
  policyNow: PolicyNow,
  team: TeamStanding | undefined,
): Promise<Remedy[]> {
  const found = new Map<string, Remedy>();
  const resets = rows.some(({ code }) => code === 'LIMIT')
    ? (await store.events({ since: rows[0]?.at, limit: RESETS_READ })).filter(
        ({ kind }) => kind === 'counter.reset',
      )
    : [];
  let asking: ReturnType<typeof askers> | undefined;
  const askedBy = async (approval: ApprovalEntry) => {
    asking ??= askers(await store.sessions());
    return asking(approval);
  };
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
    const { file, isPacked, standingOf } = policyNow(server) ?? {};
    const standing = standingOf?.(tool);
    const command = remedyFor({ code, rule, server, tool, approval, standing, isPacked, team });
    const shown = file && printable(file);
    const instead = isPacked ? PACKED_HINT : undefined;
    const advice = command === undefined ? mendOf({ code, rule, standing, file: shown, instead }) : undefined;
    if (command === undefined && advice === undefined) continue;
    const key = command ?? JSON.stringify([server, tool, code, rule]);
    const before = found.get(key);
    if (before === undefined && !(await isOpen(row, store, askedBy))) continue;
    found.set(
      key,
      before
        ? { ...before, times: before.times + 1 }
        : { command, advice: advice && printable(advice), server, tool, code, at, times: 1 },
    );
  }
  return [...found.values()];
}

/** What is known of the policy that holds for a server now; undefined where it cannot be found or read. */
export type PolicyNow = (server: string) =>
  | {
      readonly file: string;
      /** It came in a bundle. */
      readonly isPacked: boolean;
      readonly standingOf: (tool: string) => Standing | undefined;
    }
  | undefined;

/** Reads the policy of each server once. */
export function policiesNow(options: StateOptions, clock: { now(): number }): PolicyNow {
  const read = new Map<string, ReturnType<PolicyNow>>();
  return (server) => {
    if (!read.has(server)) read.set(server, policyNow(server, options, clock));
    return read.get(server);
  };
}

function policyNow(server: string, options: StateOptions, clock: { now(): number }): ReturnType<PolicyNow> {
  const layers = layersOf(server, options, clock);
  if (!layers) return undefined;
  const tools = knownTools(server, options.db);
  const { file, own } = layers;
  return {
    file,
    isPacked: isPacked(file),
    standingOf: (tool) =>
      // `allow` takes no name that the server does not have.
      tools.length > 0 && !tools.includes(tool) && !own.tools.has(tool)
        ? { kind: 'absent' }
        : standingOf(layers, tool),
  };
}

function layersOf(
  server: string,
  options: StateOptions,
  clock: { now(): number },
): { readonly file: string; readonly all: readonly Policy[]; readonly own: Policy } | undefined {
  try {
    const place = policyOfServer(server, options, clock);
    const text = place.kind === 'new' ? place.text : readSnapshot(place.file)?.text;
    if (text === undefined) return undefined;
    const found = loadWithLayers(text, place.file);
    if (found.kind !== 'policy') return undefined;
    return { file: place.file, all: stack(found.policy, found.extended).all, own: found.policy };
  } catch (error) {
    // A server that is gone, or several policies: what is refused is shown by what the log says of it.
    if (PolicyWrapError.is(error)) return undefined;
    throw error;
  }
}

async function isOpen(
  { code, approval, server }: LogEntry,
  store: State,
  askedBy: (approval: ApprovalEntry) => Promise<AskedBy>,
): Promise<boolean> {
  if (code === 'APPROVAL_REQUIRED') {
    const asked = approval === undefined ? undefined : await store.approval(approval);
    return asked?.state === 'pending' && (await askedBy(asked)) !== 'another policy';
  }
  if (code !== 'PAUSED') return true;
  return (await store.pauses()).some((pause) => pause.server === undefined || pause.server === server);
}
