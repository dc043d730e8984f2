/**
 * Files on the disk, replaced whole or not at all, and private from their first byte on.
 * Imports nothing.
 * Never here: what stands in a file, where it is, or what a person is told when it cannot be written.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file as one step: a draft beside it, flushed, which then gets its name. A crash leaves what was there or the
 * new file, whole; a failure leaves what was there, and no draft.
 *
 * @param place gives the draft the name of the file, once it is as it shall be
 * @throws what the system says
 */
export function writeWhole(
  path: string,
  content: Buffer | string,
  place: (draft: string) => void,
  { mode = 0o600, flush = true }: { readonly mode?: number; readonly flush?: boolean } = {},
): void {
  const folder = dirname(path);
  const stem = draftStem(path);
  const draft = join(folder, `${stem}${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
  if (flush) removeLeftovers(folder, stem);
  try {
    // 0600 until its mode is known to be right: the content may be secret from the first byte on.
    writeFileSync(draft, content, { flag: 'wx', mode: 0o600, flush });
    if (process.platform !== 'win32') chmodSync(draft, mode);
    place(draft);
  } finally {
    rmSync(draft, { force: true });
  }
  if (flush) flushFolder(folder);
}

/** Names have at most 255 bytes on most file systems, and a draft's is longer than the file's. */
const LONGEST_STEM = 200;

function draftStem(path: string): string {
  const name = basename(path);
  return Buffer.byteLength(name) > LONGEST_STEM ? '.policy-wrap.' : `.${name}.`;
}

/** Age after which nobody writes a draft any more, in milliseconds. */
const LEFT_BEHIND_MS = 10 * 60_000;

/** Drafts of a process that was killed: they may hold secrets, and a project's folder is soon committed. */
function removeLeftovers(folder: string, stem: string): void {
  try {
    for (const name of readdirSync(folder)) {
      if (!name.startsWith(stem) || !/^\d+-[0-9a-f]{12}\.tmp$/.test(name.slice(stem.length))) continue;
      const left = join(folder, name);
      if (lstatSync(left).mtimeMs < Date.now() - LEFT_BEHIND_MS) rmSync(left, { force: true });
    }
  } catch {
    // Somebody else's, or gone meanwhile.
  }
}

/** Gives a draft a name that nothing has yet, unlike a rename. Some file systems have no links. @throws EEXIST */
export function linkAs(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    copyFileSync(draft, path, constants.COPYFILE_EXCL);
  }
}

/**
 * Writes a file of our own, mode 0600, in a folder that only its owner can look into, which is made where it is missing.
 * Whatever has its name is replaced: a symbolic link too, which is not followed.
 *
 * @param flush false for what the next write mends: it takes the disk milliseconds
 * @throws what the system says
 */
export function writePrivate(
  path: string,
  content: Buffer | string,
  { flush = true }: { readonly flush?: boolean } = {},
): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeWhole(path, content, (draft) => renameOver(draft, path), { flush });
}

/** On Windows a virus scanner, or the app that reads the file, may hold it for a moment. */
export function renameOver(from: string, to: string): void {
  for (let attempt = 0; ; attempt++) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (process.platform !== 'win32' || !['EPERM', 'EACCES', 'EBUSY'].includes(code) || attempt >= 9)
        throw error;
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
    // Some file systems cannot; the file is in its place all the same.
  }
}
