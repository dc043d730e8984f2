import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { stateFile } from '../../config/policy-files.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import type { SharedStore } from '../../store/shared-store.js';
import type { Store } from '../../store/store.js';
import { printable } from '../../text/escape.js';
import { openState, othersThan, unclearText, written } from '../open-state.js';
import { assertPerson } from '../person.js';
import { type Strange, serversSeen, serversSeenBy, strangeLine, strangeName } from '../seen-names.js';
import { openTeam, type StoreOptions } from '../team-store.js';
import type { Terminal } from '../terminal.js';

/** The brake waits longer for others than any other command, in milliseconds. */
const BRAKE_WAIT_MS = 15_000;

export interface PauseOptions extends StoreOptions {
  readonly db?: string | undefined;
  /** This machine alone, also where a store of a team is named: the brake needs no network. */
  readonly here?: boolean | undefined;
  /** All servers when absent. */
  readonly server?: string | undefined;
  readonly reason?: string | undefined;
}

/** Stops every call of every wrapper on this machine, at once: each looks before each call. Needs no person. */
export async function pause(options: PauseOptions, io: Terminal): Promise<number> {
  return stop(options, io, 'cli');
}

/** As `pause`. @param who where it was said: `cli`, `page` */
export async function stop(options: PauseOptions, io: Terminal, who: string): Promise<number> {
  const { db, server, reason } = options;
  const team = options.here ? undefined : await openTeam(options, io);
  if (team) {
    try {
      return await stopTeam(team, options, io, who);
    } finally {
      await team.close();
    }
  }
  let strange: Strange | undefined;
  const code = await everywhere(db, true, io, (store) => {
    written(store.pause(server, reason, who));
    strange = strangeName('server', server, serversSeen(store));
    return `paused: every call of ${named(server)} is refused until policy-wrap resume${options.here ? ' --here' : ''}`;
  });
  // The pause holds all the same: the server may be started later.
  await io.err.write(strangeLine(strange));
  return code;
}

/**
 * Lifts a pause: one server's, or all there are.
 *
 * @throws PolicyWrapError REFUSED where no person sits, STATE_UNAVAILABLE
 */
export async function resume(options: PauseOptions, io: Terminal): Promise<number> {
  assertPerson('resume', io);
  return lift(options, io, 'cli');
}

/** As `resume`, where a person was made sure of already. @param who where it was said: `cli`, `page` */
export async function lift(options: PauseOptions, io: Terminal, who: string): Promise<number> {
  const { db, server } = options;
  const team = options.here ? undefined : await openTeam(options, io);
  if (team) {
    try {
      return await liftTeam(team, options, io, who);
    } finally {
      await team.close();
    }
  }
  return everywhere(db, false, io, (store) => {
    const lifted = written(store.resume(server, who));
    const [rest] = store.pauses();
    if (rest) return `still paused: ${named(rest.server)}`;
    return lifted === 0 ? 'nothing was paused' : 'resumed';
  });
}

/** On every machine of the team, with the next call. @param who where it was said: `cli`, `page` */
export async function stopTeam(
  team: SharedStore,
  { server, reason }: Pick<PauseOptions, 'server' | 'reason'>,
  io: Terminal,
  who: string,
): Promise<number> {
  try {
    await team.pause(server, reason, who);
    const seen = await serversSeenBy(team);
    await io.out.write(
      `paused in the team ${team.team}: every call of ${named(server)} is refused on every machine until policy-wrap resume\n`,
    );
    await io.err.write(strangeLine(strangeName('server', server, seen)));
    return EXIT.done;
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    const hint = `policy-wrap pause --here stops this machine, without the store. ${error.hint ?? ''}`.trim();
    throw new PolicyWrapError(error.code, error.message, { hint, cause: error });
  }
}

/** As `stopTeam`, the other way: one server's pause, or all there are. */
export async function liftTeam(
  team: SharedStore,
  { server }: Pick<PauseOptions, 'server'>,
  io: Terminal,
  who: string,
): Promise<number> {
  const lifted = await team.resume(server, who);
  const [rest] = await team.pauses();
  const says = rest ? `still paused: ${named(rest.server)}` : lifted === 0 ? 'nothing was paused' : 'resumed';
  await io.out.write(`${says} in the team ${team.team}\n`);
  return EXIT.done;
}

const named = (server: string | undefined) => (server === undefined ? 'every server' : printable(server));

/**
 * Acts on every database that wrappers may be using, or on the one that was named. One that cannot be used keeps no
 * other from its turn: this is the brake.
 *
 * @param makes also where a client's entry names a database that the next wrapper will make
 */
async function everywhere(
  db: string | undefined,
  makes: boolean,
  io: Terminal,
  action: (store: Store) => string,
): Promise<number> {
  const usual = stateFile(db);
  const { databases, unclear } = othersThan({ db });
  const others = databases.filter(
    ({ path, isNamed }) => existsSync(path) || (makes && isNamed && existsSync(dirname(path))),
  );
  const failures: PolicyWrapError[] = [];
  for (const path of [usual, ...others.map((other) => other.path)]) {
    try {
      const store = openState({ db: path }, io, { mustExist: false, waitMs: BRAKE_WAIT_MS });
      try {
        const where = others.length === 0 ? '' : ` (${printable(path)})`;
        await io.out.write(`${action(store)}${where}\n`);
      } finally {
        store.close();
      }
    } catch (error) {
      if (!PolicyWrapError.is(error)) throw error;
      failures.push(error);
      if (others.length > 0)
        await io.err.write(`policy-wrap: not in ${printable(path)}: ${printable(error.message)}\n`);
    }
  }
  for (const each of unclear) await io.err.write(`policy-wrap: left alone: ${unclearText(each)}\n`);
  if (others.length === 0 && failures[0] !== undefined) throw failures[0];
  return failures.length > 0 ? EXIT.failed : EXIT.done;
}
