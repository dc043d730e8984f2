import { existsSync, renameSync } from 'node:fs';
import { PolicyWrapError, reasonOf } from '../../errors.js';
import { LOG_SUFFIXES } from './open.js';

/**
 * Renames a database that cannot be used, or is no longer wanted, and its log, to a name with the time in it. Nothing is
 * deleted; wrappers that have it open refuse every call from then on.
 *
 * @param now UTC milliseconds
 * @returns the new path
 * @throws PolicyWrapError NOT_FOUND, or STATE_UNAVAILABLE when it cannot be renamed
 */
export function setAside(path: string, now: number): string {
  if (!existsSync(path)) throw new PolicyWrapError('NOT_FOUND', `there is no state database at ${path}`);
  const stamp = new Date(now).toISOString().replace(/[:.]/g, '-');
  let aside = `${path}.${stamp}`;
  for (let n = 2; existsSync(aside); n += 1) aside = `${path}.${stamp}-${n}`;
  try {
    renameSync(path, aside);
    // SQLite finds the log of a database by its name; left behind, it would be replayed into the next one.
    for (const suffix of LOG_SUFFIXES)
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  } catch (error) {
    throw new PolicyWrapError('STATE_UNAVAILABLE', `cannot set ${path} aside: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return aside;
}
