import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PolicyWrapError } from '../../errors.js';
import { keepBackup, pruneBackups } from '../change/backups.js';

/** Above this a file is no client configuration, and reading it whole would be a mistake. Bytes. */
const MAX_SIZE = 64 * 1024 * 1024;

/** A file as it was when it was read. */
export interface Snapshot {
  /** As named in messages. */
  readonly path: string;
  /** Where it really lies: symbolic links resolved, so that a link stays a link. */
  readonly real: string;
  readonly bytes: Buffer;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
}

function invalid(path: string, message: string, hint?: string, cause?: unknown): PolicyWrapError {
  return new PolicyWrapError('CONFIG_INVALID', `${path}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}

function conflict(path: string, message: string, hint: string, cause?: unknown): PolicyWrapError {
  return new PolicyWrapError('CONFIG_CONFLICT', `${path}: ${message}`, { hint, cause });
}

/**
 * Reads a configuration file.
 *
 * @returns undefined when there is no such file
 * @throws PolicyWrapError CONFIG_INVALID for what is no text in UTF-8, or cannot be read
 */
export function readSnapshot(path: string): Snapshot | undefined {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  let real: string;
  try {
    real = realpathSync(path);
  } catch (cause) {
    throw invalid(
      path,
      'a symbolic link that leads nowhere',
      'Remove the link or restore its target.',
      cause,
    );
  }
  const stat = statSync(real);
  if (!stat.isFile()) throw invalid(path, 'not a file');
  if (stat.size > MAX_SIZE) throw invalid(path, `larger than ${MAX_SIZE / 1024 / 1024} MB`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(real);
  } catch (cause) {
    throw invalid(path, 'cannot be read', 'Check who owns the file.', cause);
  }
  return {
    path,
    real,
    bytes,
    text: decode(path, bytes),
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    links: stat.nlink,
  };
}

function decode(path: string, bytes: Buffer): string {
  if (
    bytes.length >= 2 &&
    ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
  )
    throw invalid(path, 'written in UTF-16, not UTF-8', 'Save it as UTF-8, then try again.');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalid(path, 'not valid UTF-8', 'Save it as UTF-8, then try again.', cause);
  }
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
  // Replacing one name would leave the others with the old content, and silently so.
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
 * @returns the path of the copy
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
export function replaceFile(snapshot: Snapshot, content: Buffer, backups: string, now: Date): string {
  preflight(snapshot);
  refuseChanged(snapshot);
  const backup = keepBackup(snapshot.real, snapshot.bytes, backups, now);
  const { real, mode, uid, gid } = snapshot;
  writeAtomically(real, content, mode, { uid, gid }, () => refuseChanged(snapshot));
  confirm(snapshot.path, real, content);
  pruneBackups(real, backups);
  return backup;
}

/**
 * Creates a file that is not there yet, with mode 0600, for it may hold secrets.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT when there is one by now
 */
export function createFile(path: string, content: Buffer): void {
  const refuse = (): void => {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
      throw conflict(path, 'the file has appeared meanwhile', 'Try again.');
  };
  refuse();
  writeAtomically(path, content, 0o600, undefined, refuse);
  confirm(path, path, content);
}

function writeAtomically(
  path: string,
  content: Buffer,
  mode: number,
  owner: { uid: number; gid: number } | undefined,
  lastLook: () => void,
): void {
  const temporary = join(
    dirname(path),
    `.${basename(path)}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`,
  );
  try {
    // 0600 until its mode is known to be right: the content may be secret from the first byte on.
    writeFileSync(temporary, content, { flag: 'wx', mode: 0o600, flush: true });
    if (process.platform !== 'win32') chmodSync(temporary, mode);
    if (owner !== undefined) keepOwner(temporary, owner);
    lastLook();
    rename(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (PolicyWrapError.is(error)) throw error;
    throw conflict(
      path,
      'could not be written; it is as it was',
      'Check the space left and who owns the folder.',
      error,
    );
  }
  flushFolder(dirname(path));
}

function keepOwner(path: string, owner: { uid: number; gid: number }): void {
  const { uid, gid } = statSync(path);
  if (process.platform === 'win32' || (uid === owner.uid && gid === owner.gid)) return;
  chownSync(path, owner.uid, owner.gid);
}

/** On Windows a virus scanner or the app itself may hold the file for a moment. */
function rename(from: string, to: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      const busy = code === 'EPERM' || code === 'EACCES' || code === 'EBUSY';
      if (process.platform !== 'win32' || !busy || attempt >= 9) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
}

function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Some file systems cannot; the rename has happened all the same.
  }
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
