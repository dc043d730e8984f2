import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { PolicyWrapError } from '../errors.js';

/** Backups kept of one file; the oldest go. */
export const BACKUPS_KEPT = 10;

/** Backups lie apart from the files: next to a project's file, one would soon be committed with its secrets. */
function backupStem(real: string): string {
  const hash = createHash('sha256').update(real).digest('hex').slice(0, 12);
  return `${basename(real)}.${hash}.`;
}

/** `20261122T110512345Z`: sorts by time, and is a name on every file system. */
function stamp(now: Date): string {
  return now.toISOString().replace(/[-:.]/g, '');
}

/**
 * Keeps a copy under a name of its own, mode 0600 for it may hold secrets.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
export function keepBackup(real: string, bytes: Buffer, folder: string, now: Date): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (let extra = 0; ; extra++) {
    const path = join(folder, `${backupStem(real)}${stamp(now)}${extra === 0 ? '' : `-${extra}`}.bak`);
    let file: number;
    try {
      file = openSync(path, 'wx', 0o600);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue;
      throw new PolicyWrapError('CONFIG_CONFLICT', `${real}: no backup could be kept in ${folder}`, {
        hint: 'Nothing was written.',
        cause: error,
      });
    }
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return path;
  }
}

/** The backups of a file, newest first. */
export function backupsOf(real: string, folder: string): string[] {
  if (!existsSync(folder)) return [];
  const stem = backupStem(real);
  const order = (name: string): string =>
    name.slice(stem.length, -'.bak'.length).replace(/-(\d+)$/, (_, n) => `-${String(n).padStart(4, '0')}`);
  return readdirSync(folder)
    .filter((name) => name.startsWith(stem) && name.endsWith('.bak'))
    .sort((a, b) => (order(a) < order(b) ? 1 : -1))
    .map((name) => join(folder, name));
}

/** Removes the oldest copies of a file beyond `BACKUPS_KEPT`. */
export function pruneBackups(real: string, folder: string): void {
  for (const old of backupsOf(real, folder).slice(BACKUPS_KEPT)) rmSync(old, { force: true });
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
