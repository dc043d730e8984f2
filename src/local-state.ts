import { PolicyWrapError } from './errors.js';
import { parseDuration } from './policy/window.js';
import { stateFile } from './settings.js';
import { BUSY, LOCKED_HINT, Store } from './state/store.js';

/** A person who typed a command waits so long for other processes, in milliseconds. */
const WAIT_MS = 2000;

export interface StateOptions {
  readonly db?: string | undefined;
}

/** Whose time is looked at; UTC milliseconds. */
interface Clock {
  now(): number;
}

/**
 * Opens the state database for a command; never makes one.
 *
 * @throws PolicyWrapError NOT_FOUND where there is none, and what Store.open throws
 */
export function openState({ db }: StateOptions, clock: Clock): Store {
  return Store.open(stateFile(db), { mustExist: true, waitMs: WAIT_MS, now: () => clock.now() });
}

/** As `openState`. @returns undefined where there is no database yet: nothing was ever wrapped */
export function openIfThere(options: StateOptions, clock: Clock): Store | undefined {
  try {
    return openState(options, clock);
  } catch (error) {
    if (PolicyWrapError.is(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** What was written. @throws PolicyWrapError STATE_UNAVAILABLE when another process held the database all the time */
export function written<T>(result: T | typeof BUSY): T {
  if (result !== BUSY) return result;
  throw new PolicyWrapError('STATE_UNAVAILABLE', 'the state database is locked by another process', {
    hint: `Nothing was changed; try again in a moment. ${LOCKED_HINT}`,
  });
}

/**
 * Reads `--since`.
 *
 * @param text a length of time before `now` (`90s`, `2h`, `7d`), or an ISO date with or without time, which without a
 *   zone is local
 * @param now UTC milliseconds
 * @returns UTC milliseconds
 * @throws PolicyWrapError USAGE
 */
export function sinceOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ago = parseDuration(text);
  if (ago !== undefined) return now - ago;
  const dateOnly = /^\d{4}-\d\d-\d\d$/.test(text);
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(dateOnly ? `${text}T00:00:00` : text) : Number.NaN;
  if (Number.isNaN(at)) {
    throw new PolicyWrapError('USAGE', `--since ${text}: neither a length of time nor a date`, {
      hint: 'Write 90s, 2h, 7d, 2026-11-22 or 2026-11-22T14:00:00-03:00.',
    });
  }
  return at;
}
