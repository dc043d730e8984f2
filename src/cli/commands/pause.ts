import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { stateFile } from '../../config/policy-files.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import type { SharedStore } from '../../store/shared-store.js';
import type { Store } from '../../store/store.js';
import { printable } from '../../text/escape.js';
import { inTeam, storesLeftAlone } from '../named-stores.js';
import { openIfThere, openState, othersThan, unclearText, written } from '../open-state.js';
import { assertPerson } from '../person.js';
import { type Strange, serversSeen, serversSeenBy, strangeLine, strangeName } from '../seen-names.js';
import { openTeam, type StoreOptions, storeToName } from '../team-store.js';
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
  const { server, reason } = options;
  const team = options.here ? undefined : await openTeam(options, io);
  if (team) {
    try {
      return await stopTeam(team, options, io, who);
    } finally {
      await team.close();
    }
  }
  let strange: Strange | undefined;
  const code = await everywhere(options, true, io, (store) => {
    written(store.pause(server, reason, who));
    strange = strangeName('server', server, serversSeen(store));
    return `paused: every call of ${named(server)} is refused${options.here ? ' on this machine' : ''} until policy-wrap resume${options.here ? ' --here' : ''}`;
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
  const { server } = options;
  const team = options.here ? undefined : await openTeam(options, io);
  if (team) {
    try {
      return await liftTeam(team, options, io, who);
    } finally {
      await team.close();
    }
  }
  return everywhere(options, false, io, (store) => {
    const lifted = written(store.resume(server, who));
    const [rest] = store.pauses();
    if (rest) return `still paused: ${named(rest.server)}`;
    return lifted === 0 ? 'nothing was paused' : 'resumed';
  });
}

/** On every machine of the team, with the next call. @param who where it was said: `cli`, `page` */
export async function stopTeam(
  team: SharedStore,
  options: Omit<PauseOptions, 'here'>,
  io: Terminal,
  who: string,
): Promise<number> {
  const { server, reason } = options;
  try {
    await team.pause(server, reason, who);
    const resuming = inTeam('policy-wrap resume', { store: storeToName(team, options, io.env) });
    await io.out.write(
      `paused in the team ${team.team}: every call of ${named(server)} is refused on every machine until somebody with the role approver or owner says ${resuming}\n`,
    );
    await io.err.write(strangeLine(strangeName('server', server, await serversSeenBy(team))));
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
  options: Omit<PauseOptions, 'here'>,
  io: Terminal,
  who: string,
): Promise<number> {
  const lifted = await team.resume(options.server, who);
  const [rest] = await team.pauses();
  const says = rest ? `still paused: ${named(rest.server)}` : lifted === 0 ? 'nothing was paused' : 'resumed';
  await io.out.write(`${says} in the team ${team.team}\n`);
  await io.err.write(pausedHere(options, io));
  return EXIT.done;
}

/** This machine's own pause holds beside that of the team. @returns a line about it, '' without one */
function pausedHere(options: PauseOptions, io: Terminal): string {
  const own = openIfThere(options, io);
  try {
    const [pause] = own?.pauses() ?? [];
    return pause === undefined
      ? ''
      : `This machine is paused by itself (${named(pause.server)}): policy-wrap resume --here lifts that.\n`;
  } finally {
    own?.close();
  }
}

const named = (server: string | undefined) => (server === undefined ? 'every server' : printable(server));

/**
 * Acts on every database that wrappers may be using, or on the one that was named. One that cannot be used keeps no
 * other from its turn: this is the brake.
 *
 * @param options of stores that entries name it is told how to name them
 * @param makes also where a client's entry names a database that the next wrapper will make
 */
async function everywhere(
  { db, here }: PauseOptions,
  makes: boolean,
  io: Terminal,
  action: (store: Store) => string,
): Promise<number> {
  const usual = stateFile(db);
  const { databases, unclear, stores } = othersThan({ db });
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
  const leftAlone = [...unclear.map(unclearText), ...(here ? [] : storesLeftAlone(stores))];
  for (const line of leftAlone) await io.err.write(`policy-wrap: left alone: ${line}\n`);
  if (others.length === 0 && failures[0] !== undefined) throw failures[0];
  return failures.length > 0 ? EXIT.failed : EXIT.done;
}
