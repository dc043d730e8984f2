import { EXIT, PolicyWrapError } from '../errors.js';
import { assertPerson } from '../person.js';
import { printable } from '../printable.js';
import { stateFile } from '../settings.js';
import { BUSY, Store } from '../state/store.js';
import { processTerminal, type Terminal } from '../terminal.js';

export interface PauseOptions {
  readonly db?: string;
  /** All servers when absent. */
  readonly server?: string;
  readonly reason?: string;
}

/** Stops every call of every wrapper on this machine, at once: each looks before each call. Needs no person. */
export async function pause(
  { db, server, reason }: PauseOptions,
  io: Terminal = processTerminal(),
): Promise<number> {
  return withStore(db, io, (store) => {
    if (store.pause(server, reason, 'cli') === BUSY) throw locked();
    return `paused: every call of ${server === undefined ? 'every server' : printable(server)} is refused until policy-wrap resume`;
  });
}

/**
 * Lifts a pause: one server's, or all there are.
 *
 * @throws PolicyWrapError REFUSED where no person sits, STATE_UNAVAILABLE
 */
export async function resume(
  { db, server }: PauseOptions,
  io: Terminal = processTerminal(),
): Promise<number> {
  assertPerson('resume', io);
  return withStore(db, io, (store) => {
    const lifted = store.resume(server, 'cli');
    if (lifted === BUSY) throw locked();
    const [rest] = store.pauses();
    if (rest) return `still paused: ${rest.server === undefined ? 'every server' : printable(rest.server)}`;
    return lifted === 0 ? 'nothing was paused' : 'resumed';
  });
}

async function withStore(
  db: string | undefined,
  io: Terminal,
  action: (store: Store) => string,
): Promise<number> {
  const store = Store.open(stateFile(db), { waitMs: 5000 });
  try {
    await io.out.write(`${action(store)}\n`);
    return EXIT.done;
  } finally {
    store.close();
  }
}

function locked(): PolicyWrapError {
  return new PolicyWrapError('STATE_UNAVAILABLE', 'the state database is locked', { hint: 'try again' });
}
