import { accessSync, chownSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { BACKUPS_KEPT, keepBackup, pruneBackups } from '../../config/backups.js';
import { PolicyWrapError } from '../../errors.js';
import { linkAs, renameOver, writeWhole } from '../../files/whole-file.js';
import type { Snapshot } from './read.js';

function conflict(path: string, message: string, hint: string, cause?: unknown): PolicyWrapError {
  return new PolicyWrapError('CONFIG_CONFLICT', `${path}: ${message}`, { hint, cause });
}

/**
 * Refuses a file that must not or cannot be replaced, before the first of several files is written. The permission
 * bits count even where the system would let us write, as it lets root: read-only is somebody's wish.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
export function preflight(snapshot: Snapshot): void {
  const { path, real, mode, links, uid } = snapshot;
  const folder = dirname(real);
  if ((mode & 0o222) === 0)
    throw conflict(path, 'the file is read-only', `Make it writable: chmod u+w ${real}`);
  if (process.platform !== 'win32' && (statSync(folder).mode & 0o222) === 0)
    throw conflict(path, `the folder ${folder} is read-only`, 'Make it writable, or edit the file by hand.');
  for (const place of [real, folder]) {
    try {
      accessSync(place, constants.W_OK);
    } catch (cause) {
      throw conflict(path, `${place} cannot be written`, 'Check who owns it.', cause);
    }
  }
  // Replacing one name would silently leave the others with the old content.
  if (links > 1)
    throw conflict(path, 'the file has several hard links', 'Edit it by hand, or make it a symbolic link.');
  const self = process.getuid?.();
  if (self !== undefined && self !== 0 && self !== uid)
    throw conflict(path, 'the file belongs to another user', 'Run this as its owner.');
}

/**
 * Replaces a file as one step: a temporary file in the same folder, flushed, with the old mode and owner, then a
 * rename. A crash leaves the old file or the new one, whole.
 *
 * @param snapshot what was read; a file that has changed since is not touched
 * @param backups folder for the copy of the old content
 * @param now the time that the copy is named by
 * @param kept how many copies stay
 * @returns the path of the copy
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
export function replaceFile(
  snapshot: Snapshot,
  content: Buffer,
  backups: string,
  now: Date,
  kept: number = BACKUPS_KEPT,
): string {
  preflight(snapshot);
  refuseChanged(snapshot);
  const backup = keepBackup(snapshot.real, snapshot.bytes, backups, now);
  const { real, mode, uid, gid } = snapshot;
  write(real, content, mode, (draft) => {
    keepOwner(draft, { uid, gid });
    refuseChanged(snapshot);
    renameOver(draft, real);
  });
  confirm(snapshot.path, real, content);
  pruneBackups(real, backups, kept);
  return backup;
}

/**
 * Creates a file, whole or not at all, and never in the place of another. Mode 0600, for it may hold secrets.
 *
 * @param hint what to do when there is one already
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
export function createFile(path: string, content: Buffer | string, hint = 'Try again.'): void {
  write(path, content, 0o600, (draft) => {
    try {
      linkAs(draft, path);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw conflict(path, 'the file already exists', hint, error);
      throw error;
    }
  });
}

/**
 * Writes a file of our own, whole or not at all, over whatever has its name; a symbolic link is replaced, not followed.
 * Mode 0600.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
export function overwriteFile(path: string, content: Buffer | string): void {
  write(path, content, 0o600, (draft) => renameOver(draft, path));
}

/** As `writeWhole`, with what a person is told. @throws PolicyWrapError CONFIG_CONFLICT */
function write(path: string, content: Buffer | string, mode: number, place: (draft: string) => void): void {
  try {
    writeWhole(path, content, place, { mode });
  } catch (error) {
    if (PolicyWrapError.is(error)) throw error;
    const reason = codeOf(error) ?? 'unknown reason';
    const hint = 'Check the space left, that the folder is there, and who owns it.';
    throw conflict(path, `could not be written (${reason}); it is as it was`, hint, error);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function keepOwner(path: string, owner: { uid: number; gid: number }): void {
  const { uid, gid } = statSync(path);
  if (process.platform === 'win32' || (uid === owner.uid && gid === owner.gid)) return;
  chownSync(path, owner.uid, owner.gid);
}

function refuseChanged({ path, real, bytes }: Snapshot): void {
  if (existsSync(real) && readFileSync(real).equals(bytes)) return;
  throw conflict(
    path,
    'the file changed while we worked on it',
    'Quit the app that writes it, then try again.',
  );
}

function confirm(path: string, real: string, content: Buffer): void {
  if (readFileSync(real).equals(content)) return;
  throw conflict(
    path,
    'another program wrote over the change',
    'Quit the app that writes it, then try again.',
  );
}
