import { stateFile } from '../../config/policy-files.js';
import { EXIT } from '../../errors.js';
import { lossText } from '../../store/postgres/history.js';
import type { SharedStore } from '../../store/shared-store.js';
import { askers } from '../approving.js';
import type { OtherDatabases } from '../databases.js';
import { printJson } from '../json-output.js';
import { openIfThere, openStates, othersThan, type StateOptions } from '../open-state.js';
import { policiesNow, remediesOf, standingIn } from '../remedies.js';
import { serversSeenBy, strangeLine, strangeName } from '../seen-names.js';
import { OUTPUT, statusJson } from '../status/json.js';
import { byName, COUNTERS_IN_JSON, COUNTERS_SHOWN, LATELY_MS, type Snapshot } from '../status/snapshot.js';
import { statusText } from '../status/text.js';
import { type AnyStore, openTeam, type StoreOptions } from '../team-store.js';
import type { Terminal } from '../terminal.js';

export interface StatusOptions extends StateOptions, StoreOptions {
  /** In a team's store, only what this login has on this machine. */
  readonly mine?: boolean | undefined;
  readonly server?: string | undefined;
  /** Only counters of this name. */
  readonly counter?: string | undefined;
  readonly json?: boolean | undefined;
  readonly watch?: boolean | undefined;
}

const WATCH_MS = 1000;
/** Names that a misspelt one is compared with. */
const MOST_NAMES = 1000;
/** Refusals that are looked at for what would let them through. */
const REFUSED_READ = 200;

/** Shows what runs, what is used up and who waits for a person; with `watch` again every second until Ctrl-C. */
export async function status(options: StatusOptions, io: Terminal): Promise<number> {
  const others = othersThan(options);
  const team = await openTeam(options, io);
  try {
    return await show(team, others, options, io);
  } finally {
    await team?.close();
  }
}

async function show(
  team: SharedStore | undefined,
  others: OtherDatabases,
  options: StatusOptions,
  io: Terminal,
): Promise<number> {
  for (let isFirst = true; ; isFirst = false) {
    const { seen, leftAlone, strange } = team
      ? await lookIntoTeam(team, options, io)
      : await look(options, others, io);
    if (isFirst) await io.err.write(strange);
    const isRead = options.json
      ? await printJson(io, OUTPUT, statusJson(seen, leftAlone), options.watch ? 0 : 2)
      : await draw(statusText(seen, leftAlone, io.out), options, io);
    if (!isRead || !options.watch || !(await io.pause(WATCH_MS))) return EXIT.done;
  }
}

function draw(text: string, { watch }: StatusOptions, { out }: Terminal): Promise<boolean> {
  if (!watch || !out.isTerminal) return out.write(text);
  // Home, the picture, and what is left of the last one below it: no flicker.
  return out.write(`\u001b[H${text.replaceAll('\n', '\u001b[K\n')}\u001b[J`);
}

/** Every database; the usual one first, also where it is not there. */
async function look(options: StatusOptions, others: OtherDatabases, io: Terminal): Promise<Seen> {
  const now = io.now();
  const path = stateFile(options.db);
  const { states, leftAlone } = openStates(options, io, others);
  try {
    const stores = states.map(({ store }) => store);
    const strange = await strangeNames(stores, options);
    const seen: Snapshot[] = [];
    for (const each of states) seen.push(await lookInto(each, options, io, now));
    const [usual] = seen;
    return usual?.path === path
      ? { seen: [usual, ...seen.slice(1)], leftAlone, strange }
      : { seen: [{ now, path, state: undefined }, ...seen], leftAlone, strange };
  } finally {
    for (const { store } of states) store.close();
  }
}

interface Seen {
  readonly seen: [Snapshot, ...Snapshot[]];
  readonly leftAlone: readonly string[];
  readonly strange: string;
}

/** What the team has, and what only this machine knows beside it: its own pause, and definitions that have changed. */
async function lookIntoTeam(store: SharedStore, options: StatusOptions, io: Terminal): Promise<Seen> {
  const own = openIfThere(options, io);
  try {
    const { state } = await lookInto({ path: store.shown, store }, options, io, io.now());
    const pauses = own?.pauses().map((pause) => ({ ...pause, isHere: true })) ?? [];
    const changed = own?.changedTools(options.server) ?? [];
    const loss = lossText(await store.history());
    const whole = state && { ...state, pauses: [...state.pauses, ...pauses], changed, loss };
    const seen: Snapshot = { now: store.now() ?? io.now(), path: store.shown, state: whole };
    return { seen: [seen], leftAlone: [], strange: await strangeNames([store], options) };
  } finally {
    own?.close();
  }
}

/** Lines about a server or a counter that no database knows. */
async function strangeNames(
  stores: readonly AnyStore[],
  { server, counter }: StatusOptions,
): Promise<string> {
  if (stores.length === 0) return '';
  const servers: string[] = [];
  const counters: string[] = [];
  for (const store of stores) {
    if (server !== undefined) servers.push(...(await serversSeenBy(store)));
    if (counter !== undefined) counters.push(...(await store.counterNames(MOST_NAMES)));
  }
  return [strangeName('server', server, servers), strangeName('counter', counter, counters)]
    .map(strangeLine)
    .join('');
}

async function lookInto(
  { path, store }: { readonly path: string; readonly store: AnyStore },
  options: StatusOptions,
  { env }: Pick<Terminal, 'env'>,
  now: number,
): Promise<Snapshot> {
  const { server, counter: name, mine } = options;
  const limit = options.json ? COUNTERS_IN_JSON : COUNTERS_SHOWN;
  const { counters: fullest, total } = await store.fullestCounters({ name, ofServer: server }, limit);
  const ofServer = <T extends { readonly server: string | undefined }>(all: readonly T[]) =>
    server === undefined ? all : all.filter((one) => one.server === server || one.server === undefined);
  const isOwn = 'pins' in store;
  const team = await standingIn(store, options, env);
  const refused = { denied: true, server, since: now - LATELY_MS, limit: REFUSED_READ, mine };
  const sessions = await store.sessions();
  const approvals = ofServer(await store.approvals(false, { mine }));
  const askedBy = askers(sessions);
  const state = {
    sessions: ofServer(mine ? await store.sessions({ mine }) : sessions),
    counters: total > fullest.length ? fullest : byName(fullest),
    countersTotal: total,
    // A counter of a team goes by its engine's clock, and never ahead of it.
    ahead: isOwn ? store.countersAhead() : NEVER_AHEAD,
    approvals,
    overtaken: new Set(approvals.filter((each) => askedBy(each) === 'another policy').map(({ id }) => id)),
    budgets: ofServer(await store.budgets()),
    pauses: ofServer(await store.pauses()),
    changed: isOwn ? store.changedTools(server) : [],
    remedies: await remediesOf(
      await store.log(refused),
      store,
      policiesNow({ db: isOwn ? path : options.db }, { now: () => now }),
      team,
    ),
    team,
  };
  return { now, path, state };
}

const NEVER_AHEAD = { count: 0, until: 0 };
