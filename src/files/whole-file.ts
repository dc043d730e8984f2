/**
 * Files on the disk, replaced whole or not at all, and private from their first byte on.
 * Imports nothing.
 * Never here: what stands in a file, where it is, or what a person is told when it cannot be written.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
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
  const random = randomBytes(6).toString('hex');
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}-${random}.tmp`);
  try {
    // 0600 until its mode is known to be right: the content may be secret from the first byte on.
    writeFileSync(draft, content, { flag: 'wx', mode: 0o600, flush });
    if (process.platform !== 'win32') chmodSync(draft, mode);
    place(draft);
  } finally {
    rmSync(draft, { force: true });
  }
  if (flush) flushFolder(dirname(path));
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
