import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createFile, replaceFile } from '../clients/files/atomic-write.js';
import { readSnapshot, type Snapshot } from '../clients/files/read.js';
import { historyFolder, VERSIONS_KEPT } from '../config/policy-history.js';
import { PolicyWrapError } from '../errors.js';
import type { Problem } from '../policy/read/problem.js';
import { readDraft } from './findings.js';

/**
 * Writes a policy's text as one step, and keeps the version before beside it. Running wrappers read it at once.
 *
 * @param before what was read; a file that has changed since is not touched. Undefined makes the file
 * @param now UTC milliseconds
 * @returns the path of the version before; undefined where there was none
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
export function writePolicyText(
  file: string,
  before: Snapshot | undefined,
  text: string,
  now: number,
): string | undefined {
  if (before === undefined) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    createFile(file, text, 'It was made just now; try again.');
    return undefined;
  }
  const folder = historyFolder(before.real);
  return replaceFile(before, Buffer.from(text, 'utf8'), folder, new Date(now), VERSIONS_KEPT);
}

/** What became of a draft that was to be saved. */
export type Saved =
  | { readonly kind: 'saved'; readonly kept: string | undefined }
  /** The file says so already. */
  | { readonly kind: 'same' }
  /** Nothing was written: the draft has errors. */
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }
  /** Nothing was written: the file is not what the draft was made from. `text` is what it is now. */
  | { readonly kind: 'conflict'; readonly text: string };

/**
 * Saves a draft in the place of the text that it was made from, when the whole is a policy that can be used.
 *
 * @param base the text that the draft was made from; '' where there was no file
 * @param now UTC milliseconds
 * @throws PolicyWrapError CONFIG_CONFLICT where the file cannot be written, CONFIG_INVALID where it cannot be read
 */
export function saveDraft(file: string, base: string, text: string, now: number): Saved {
  const before = readSnapshot(file);
  const there = before?.text ?? '';
  if (there !== base) return there === text ? { kind: 'same' } : { kind: 'conflict', text: there };
  const found = readDraft(text, file);
  if (found.kind === 'problems') return { kind: 'invalid', problems: found.problems };
  if (before !== undefined && there === text) return { kind: 'same' };
  try {
    return { kind: 'saved', kept: writePolicyText(file, before, text, now) };
  } catch (error) {
    // Somebody wrote between our look and our write.
    const now = PolicyWrapError.is(error) && existsSync(file) ? readSnapshot(file)?.text : undefined;
    if (now === undefined || now === base) throw error;
    return { kind: 'conflict', text: now };
  }
}
