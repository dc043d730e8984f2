import { lstatSync, realpathSync } from 'node:fs';
import { decodeText, readRegularFile } from '../../config/text-file.js';
import { PolicyWrapError } from '../../errors.js';
import type { Client } from '../known-clients.js';
import { type ConfigDocument, emptyDocument, parseDocument } from '../text/document.js';

/** Largest client configuration that is read, in bytes. */
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

/**
 * Reads a configuration file.
 *
 * @returns undefined when there is no such file
 * @throws PolicyWrapError CONFIG_INVALID for what is not text in UTF-8, or cannot be read
 */
export function readSnapshot(path: string): Snapshot | undefined {
  if (!isThere(path)) return undefined;
  let real: string;
  try {
    real = realpathSync(path);
  } catch (cause) {
    throw new PolicyWrapError('CONFIG_INVALID', `${path}: a symbolic link that leads nowhere`, {
      hint: 'Remove the link or restore its target.',
      cause,
    });
  }
  const named = [path, 'the configuration', 'CONFIG_INVALID'] as const;
  const found = readRegularFile(real, 'the configuration', 'CONFIG_INVALID', MAX_SIZE);
  if (found === undefined) return undefined;
  const { bytes, stats } = found;
  return {
    path,
    real,
    bytes,
    text: decodeText(bytes, ...named),
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    links: stats.nlink,
  };
}

/** @throws PolicyWrapError CONFIG_INVALID where a folder on the way may not be entered: nobody knows what is behind it */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    throw new PolicyWrapError('CONFIG_INVALID', `${path}: the configuration could not be read`, {
      hint: `Whether it is there cannot be seen either (${(cause as NodeJS.ErrnoException).code}): look at the folders on the way to it.`,
      cause,
    });
  }
}

/** A file that was read and understood. */
export interface OpenFile {
  readonly snapshot: Snapshot;
  readonly document: ConfigDocument;
}

/**
 * Reads and parses a client's file.
 *
 * @returns undefined when it is absent
 * @throws PolicyWrapError CONFIG_INVALID
 */
export function openFile(path: string, client: Pick<Client, 'format' | 'tolerance'>): OpenFile | undefined {
  const snapshot = readSnapshot(path);
  if (snapshot === undefined) return undefined;
  // A file of white space alone holds nothing that could be lost.
  const document = /^\s*$/.test(snapshot.text)
    ? emptyDocument(path, client.format)
    : parseDocument(path, snapshot.text, client.format, client.tolerance);
  return { snapshot, document };
}
