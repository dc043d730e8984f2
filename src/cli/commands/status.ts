import { stateFile } from '../../config/policy-files.js';
import { EXIT } from '../../errors.js';
import type { OtherDatabases } from '../databases.js';
import { printJson } from '../json-output.js';
import { type OpenState, openStates, othersThan, type StateOptions } from '../open-state.js';
import { remediesOf, standings } from '../remedies.js';
import { serversSeen, strangeLine, strangeName } from '../seen-names.js';
import { statusJson } from '../status/json.js';
import { byName, COUNTERS_IN_JSON, COUNTERS_SHOWN, LATELY_MS, type Snapshot } from '../status/snapshot.js';
import { statusText } from '../status/text.js';
import type { Terminal } from '../terminal.js';

export interface StatusOptions extends StateOptions {
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
  for (let isFirst = true; ; isFirst = false) {
    const { seen, leftAlone, strange } = look(options, others, io);
    if (isFirst) await io.err.write(strange);
    const isRead = options.json
      ? await printJson(io, statusJson(seen, leftAlone), options.watch ? 0 : 2)
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
function look(
  options: StatusOptions,
  others: OtherDatabases,
  io: Terminal,
): { seen: [Snapshot, ...Snapshot[]]; leftAlone: readonly string[]; strange: string } {
  const now = io.now();
  const path = stateFile(options.db);
  const { states, leftAlone } = openStates(options, io, others);
  try {
    const strange = strangeNames(states, options);
    const seen = states.map((each) => lookInto(each, options, now));
    const [usual] = seen;
    return usual?.path === path
      ? { seen: [usual, ...seen.slice(1)], leftAlone, strange }
      : { seen: [{ now, path, state: undefined }, ...seen], leftAlone, strange };
  } finally {
    for (const { store } of states) store.close();
  }
}

/** Lines about a server or a counter that no database knows. */
function strangeNames(states: readonly OpenState[], { server, counter }: StatusOptions): string {
  if (states.length === 0) return '';
  const servers = server === undefined ? [] : states.flatMap(({ store }) => serversSeen(store));
  const counters = counter === undefined ? [] : states.flatMap(({ store }) => store.counterNames(MOST_NAMES));
  return [strangeName('server', server, servers), strangeName('counter', counter, counters)]
    .map(strangeLine)
    .join('');
}

function lookInto({ path, store }: OpenState, options: StatusOptions, now: number): Snapshot {
  const { server, counter: name } = options;
  const limit = options.json ? COUNTERS_IN_JSON : COUNTERS_SHOWN;
  const { counters: fullest, total } = store.fullestCounters({ name, ofServer: server }, limit);
  const ofServer = <T extends { readonly server: string | undefined }>(all: readonly T[]) =>
    server === undefined ? all : all.filter((one) => one.server === server || one.server === undefined);
  const state = {
    sessions: ofServer(store.sessions()),
    counters: total > fullest.length ? fullest : byName(fullest),
    countersTotal: total,
    ahead: store.countersAhead(),
    approvals: ofServer(store.approvals()),
    budgets: ofServer(store.budgets()),
    pauses: ofServer(store.pauses()),
    changed: store.changedTools(server),
    remedies: remediesOf(
      store.log({ denied: true, server, since: now - LATELY_MS, limit: REFUSED_READ }),
      store,
      standings({ db: path }, { now: () => now }),
    ),
  };
  return { now, path, state };
}
