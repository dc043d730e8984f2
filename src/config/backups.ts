import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PolicyWrapError } from '../errors.js';
import { linkAs, writeWhole } from '../files/whole-file.js';
import { sha256 } from '../text/hash.js';

/** Backups kept of one file; the oldest go. */
export const BACKUPS_KEPT = 10;

/** Backups do not lie next to the files: in a project, one would soon be committed with its secrets. */
function backupStem(real: string): string {
  const name = basename(real);
  // With its hash and its time it must still be a name.
  const shown = Buffer.byteLength(name) > LONGEST_NAME ? [...name].slice(0, 40).join('') : name;
  return `${shown}.${sha256(real).slice(0, 12)}.`;
}

/** Longest name of a file that its copies have whole, in bytes. */
const LONGEST_NAME = 200;

/** `20261122T110512345Z`: sorts by time, and is a name on every file system. */
function stamp(now: Date): string {
  return now.toISOString().replace(/[-:.]/g, '');
}

export interface Backup {
  readonly name: string;
  readonly stamp: string;
  /** Tells backups of one instant apart. */
  readonly extra: number;
}

/** The backups of a file, newest first. */
export function listedBackups(real: string, folder: string): Backup[] {
  if (!existsSync(folder)) return [];
  const stem = backupStem(real);
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const { name } = entry;
      // A link or a pipe with such a name was not made by us.
      if (!entry.isFile()) return [];
      const [, at, extra = '0'] =
        (name.startsWith(stem) && /^(\d{8}T\d{9}Z)(?:-(\d{1,9}))?\.bak$/.exec(name.slice(stem.length))) || [];
      return at === undefined ? [] : [{ name, stamp: at, extra: Number(extra) }];
    })
    .sort((a, b) => (a.stamp === b.stamp ? b.extra - a.extra : a.stamp < b.stamp ? 1 : -1));
}

/** The paths of a file's backups, newest first. */
export function backupsOf(real: string, folder: string): string[] {
  return listedBackups(real, folder).map(({ name }) => join(folder, name));
}

/**
 * Keeps a copy under a name of its own. Mode 0600, because it may hold secrets.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
export function keepBackup(real: string, bytes: Buffer, folder: string, now: Date): string {
  try {
    const [newest] = listedBackups(real, folder);
    // Names only grow: otherwise, after the clock stepped back, the new copy would be the first to be pruned.
    const behind = newest !== undefined && newest.stamp >= stamp(now) ? newest : undefined;
    const suffix = behind === undefined ? '' : `-${behind.extra + 1}`;
    const path = join(folder, `${backupStem(real)}${behind?.stamp ?? stamp(now)}${suffix}.bak`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // A new name: when two installers run at one instant, the second fails and overwrites nothing. Whole: on a full disk
    // a part of it would be taken for what the file said.
    writeWhole(path, bytes, (draft) => linkAs(draft, path));
    return path;
  } catch (error) {
    throw new PolicyWrapError('CONFIG_CONFLICT', `${real}: no backup could be kept in ${folder}`, {
      hint: 'Nothing was written to the file itself.',
      cause: error,
    });
  }
}

/** Removes the oldest copies of a file beyond `BACKUPS_KEPT`. */
export function pruneBackups(real: string, folder: string, kept: number = BACKUPS_KEPT): void {
  for (const old of backupsOf(real, folder).slice(kept)) rmSync(old, { force: true });
}

/**
 * Finds a backup by its path, or by its name alone, and says which of the files it is a copy of.
 *
 * @param path absolute
 * @param files real paths
 * @throws PolicyWrapError NOT_FOUND
 */
export function findBackup(
  path: string,
  folder: string,
  files: readonly string[],
): { file: string; path: string; bytes: Buffer } {
  const found = existsSync(path) ? path : join(folder, basename(path));
  const file = files.find((real) => basename(found).startsWith(backupStem(real)));
  if (!existsSync(found) || file === undefined) {
    const known = files.flatMap((real) => backupsOf(real, folder)).map((backup) => basename(backup));
    throw new PolicyWrapError('NOT_FOUND', `no backup of these files: ${path}`, {
      hint: known.length === 0 ? `There are none in ${folder}.` : `There are: ${known.join(', ')}`,
    });
  }
  return { file, path: found, bytes: readFileSync(found) };
}
