import { setTimeout as sleep } from 'node:timers/promises';
import { stateFile } from '../../config/policy-files.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { setAside } from '../../store/sqlite/set-aside.js';
import type { CounterEntry, CounterFilter } from '../../store/store.js';
import { count } from '../../text/count.js';
import { NAME_CAP, printable } from '../../text/escape.js';
import { nameHint } from '../../text/suggest.js';
import { openOne, openState, type StateOptions, written } from '../open-state.js';
import { assertPerson, confirm } from '../person.js';
import { table } from '../table.js';
import type { AnyStore, StoreOptions } from '../team-store.js';
import type { Terminal } from '../terminal.js';
import { localTime } from '../time.js';

export interface ResetOptions extends StateOptions, StoreOptions {
  readonly server?: string | undefined;
  readonly grant?: string | undefined;
  /** The values of a limit that is split, as `status` shows them. */
  readonly split?: string | undefined;
  readonly database?: boolean | undefined;
  readonly clock?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

/** Counters that are shown of a limit that is split; the rest is counted. */
const SHOWN = 20;
/** Names that a misspelt one is compared with. */
const MOST_NAMES = 1000;
/** Counters that are changed in one transaction: wrappers have their turn after each. */
const AT_ONCE = 100;

/**
 * Empties a counter, lets counters go by today's clock, or sets the whole database aside, after a person said yes.
 *
 * @throws PolicyWrapError USAGE, NOT_FOUND, REFUSED, STATE_UNAVAILABLE
 */
export async function reset(
  counter: string | undefined,
  options: ResetOptions,
  io: Terminal,
): Promise<number> {
  if ([counter !== undefined, options.database, options.clock].filter(Boolean).length !== 1) {
    throw new PolicyWrapError('USAGE', 'name either a counter, --clock or --database', {
      hint: 'policy-wrap status lists the counters.',
    });
  }
  assertPerson('reset', io);
  if (options.clock) return resetClock(options, io);
  return counter === undefined ? resetDatabase(options, io) : resetCounter(counter, options, io);
}

async function resetCounter(name: string, options: ResetOptions, io: Terminal): Promise<number> {
  const { server, grant, split } = options;
  const store = await openOne(options, io);
  try {
    if ('shown' in store) await store.needRole('owner');
    let filter: Omit<CounterFilter, 'name'> = { server, grant, split };
    let found = await store.fullestCounters({ name, ...filter }, SHOWN);
    if (found.total === 0 && server !== undefined) {
      // A refusal names the server of its call, and a count over all servers has none.
      filter = { ofServer: server, grant, split };
      found = await store.fullestCounters({ name, ...filter }, SHOWN);
    }
    if (found.total === 0) throw await notFound(name, store);
    await io.err.write(
      `This gives back everything charged to:\n${shown(found.counters, found.total, io, usedOf)}`,
    );
    if (!(await confirm('Empty it?', options, io))) return EXIT.failed;
    const emptied = await emptyCounters(store, name, filter, 'cli');
    await io.out.write(`Emptied:\n${shown(emptied.slice(0, SHOWN), emptied.length, io, emptiedOf)}`);
    return EXIT.done;
  } finally {
    await store.close();
  }
}

async function resetClock(options: ResetOptions, io: Terminal): Promise<number> {
  const store = openState(options, io);
  try {
    const { count: ahead, until: chargedAt } = store.countersAhead();
    const calls = store.callsAhead();
    const until = Math.max(ahead > 0 ? chargedAt : 0, calls.until);
    const now = localTime(io.now());
    if (ahead + calls.count === 0) {
      await io.out.write(`Nothing was charged later than now (${now}).\n`);
      return EXIT.done;
    }
    await io.err.write(
      `${ahead > 0 ? `${count(ahead, 'counter')} ${ahead === 1 ? 'was' : 'were'} charged` : `${count(calls.count, 'call')} ${calls.count === 1 ? 'was' : 'were'} made`} when the clock of this machine said ` +
        `${localTime(until)}. It says ${now} now. What was charged and called then will count as of now; what expired by that time no longer counts.\n`,
    );
    if (!(await confirm('Is the clock right now?', options, io))) return EXIT.failed;
    const mended = await inSteps(async () => written(store.resetClock('cli', AT_ONCE)));
    const called = calls.count > 0 ? ` and ${count(calls.count, 'call')}` : '';
    await io.out.write(`Mended ${count(mended.length, 'counter')}${called}.\n`);
    return EXIT.done;
  } finally {
    store.close();
  }
}

/**
 * Empties counters, and says so in the events; a person was made sure of before.
 *
 * @param who where it was said: `cli`, `page`
 * @returns what they held
 * @throws PolicyWrapError STATE_UNAVAILABLE; REFUSED by a team's store without the owner's role
 */
export function emptyCounters(
  store: AnyStore,
  name: string,
  filter: Omit<CounterFilter, 'name'>,
  who: string,
): Promise<CounterEntry[]> {
  return inSteps(async () => written(await store.resetCounter(name, filter, who, AT_ONCE)));
}

/** Repeats a step until nothing is left for it. */
async function inSteps(step: () => Promise<CounterEntry[]>): Promise<CounterEntry[]> {
  const all: CounterEntry[] = [];
  for (;;) {
    const some = await step();
    all.push(...some);
    if (some.length < AT_ONCE) return all;
    await sleep(1);
  }
}

async function resetDatabase(options: ResetOptions, io: Terminal): Promise<number> {
  const path = stateFile(options.db);
  await io.err.write(
    `This sets ${printable(path)} aside under another name. All counts, approvals and the log start afresh; ` +
      `running wrappers refuse every call until they are restarted.\n`,
  );
  if (!(await confirm('Set it aside?', options, io))) return EXIT.failed;
  const aside = setAside(path, io.now());
  await io.out.write(`Set aside as ${printable(aside)}\n`);
  return EXIT.done;
}

async function notFound(name: string, store: AnyStore): Promise<PolicyWrapError> {
  return new PolicyWrapError('NOT_FOUND', `there is no counter ${printable(name, NAME_CAP)} here`, {
    hint: nameHint(name, await store.counterNames(MOST_NAMES)) ?? 'Nothing was counted yet.',
  });
}

const usedOf = ({ used, max }: CounterEntry): string => `${used} / ${max}`;
const emptiedOf = ({ used, max }: CounterEntry): string => `was ${used} of ${max}, now 0`;

function shown(
  entries: readonly CounterEntry[],
  total: number,
  io: Terminal,
  countOf: (entry: CounterEntry) => string,
): string {
  const rows = entries.map((entry) => {
    const { name, scope, server, grant, split, observe } = entry;
    return [
      printable(server ?? `(${scope})`, NAME_CAP),
      printable(name, NAME_CAP),
      countOf(entry),
      [
        split === '' ? '' : `for ${printable(split, NAME_CAP)}`,
        grant === undefined || grant === 'default' ? '' : `grant ${printable(grant, NAME_CAP)}`,
        observe ? 'observed only' : '',
      ]
        .filter(Boolean)
        .join(', '),
    ];
  });
  const more = total > entries.length ? `  and ${total - entries.length} more\n` : '';
  return table(io.err, rows, { indent: '  ' }) + more;
}
