import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { PolicyWrapError } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { yesOrNo } from '../../text/yes-or-no.js';
import { createFile, preflight, replaceFile } from '../files/atomic-write.js';
import type { Snapshot } from '../files/read.js';
import type { ClientsIo } from '../io.js';
import type { Client } from '../known-clients.js';
import { isRunning } from '../running-apps.js';
import { renderDiff } from './diff.js';
import type { Edited } from './rewrite-entry.js';

/** A change to one file, ready to be written. */
export interface Change {
  readonly path: string;
  /** Undefined for a file that is to be created. */
  readonly snapshot: Snapshot | undefined;
  readonly content: Buffer;
  /** What is shown of it; no secret in it. */
  readonly shown: string;
  /** Writes it, where that takes more than a file of a client does. */
  readonly write?: () => void;
}

/** The change that an edit makes. */
export function changeOf(path: string, snapshot: Snapshot | undefined, edited: Edited): Change {
  const { bom, text } = edited.after;
  return { path, snapshot, content: Buffer.from(bom + text, 'utf8'), shown: renderDiff(edited) };
}

/**
 * Shows what would change, warns of an app that would undo it, asks, and writes. All files are looked at before the
 * first is written.
 *
 * @param question asked unless `yes`
 * @returns whether it was written
 * @throws PolicyWrapError CONFIG_CONFLICT; USAGE where nobody can be asked and nothing says yes
 */
export async function carryOut(
  changes: readonly Change[],
  client: Client | undefined | readonly Client[],
  question: string,
  options: { readonly dryRun?: boolean | undefined; readonly yes?: boolean | undefined },
  io: ClientsIo,
): Promise<boolean> {
  await showChanges(changes, io);
  if (options.dryRun === true) return false;
  if (options.yes !== true && !io.canAsk)
    throw new PolicyWrapError('USAGE', 'nobody can be asked here', {
      hint: 'Add --yes to write the change shown, or --dry-run to see it only.',
    });
  for (const each of [client].flat()) await warnOfRunning(each, io);
  // Whoever is asked sees what about, wherever standard output goes.
  if (options.yes !== true && !io.out.isTerminal) for (const { shown } of changes) await io.err.write(shown);
  if (options.yes !== true && !(await agreed(question, io))) {
    await io.err.write('Nothing was written.\n');
    return false;
  }
  await writeChanges(changes, io);
  return true;
}

/**
 * Shows what would change, and makes sure that it could be written.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
async function showChanges(changes: readonly Change[], io: ClientsIo): Promise<void> {
  for (const { shown } of changes) await io.out.write(shown);
  assertWritable(changes);
}

/** @throws PolicyWrapError CONFIG_CONFLICT where a file could not be replaced */
export function assertWritable(changes: readonly Change[]): void {
  for (const { snapshot } of changes) if (snapshot !== undefined) preflight(snapshot);
}

/**
 * Writes, and says where and what is kept of it.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT
 */
export async function writeChanges(
  changes: readonly Change[],
  io: Pick<ClientsIo, 'err' | 'backups' | 'now'>,
): Promise<void> {
  for (const { path, snapshot, content, write } of changes) {
    if (write !== undefined) {
      write();
      await io.err.write(`Written: ${printable(path)}\n`);
    } else if (snapshot === undefined) {
      mkdirSync(dirname(path), { recursive: true });
      createFile(path, content);
      await io.err.write(`Written: ${printable(path)}\n`);
    } else {
      const backup = replaceFile(snapshot, content, io.backups, new Date(io.now()));
      await io.err.write(`Written: ${printable(path)}\nBackup:  ${printable(backup)}\n`);
    }
  }
}

async function agreed(question: string, io: ClientsIo): Promise<boolean> {
  const said = await yesOrNo(question, false, io);
  if (said === undefined) throw new PolicyWrapError('REFUSED', 'no answer was given');
  return said;
}

export async function warnOfRunning(client: Client | undefined, io: ClientsIo): Promise<void> {
  if (client === undefined || !client.rewrites) return;
  const commands = await io.processes();
  if (commands === undefined || !isRunning(client, commands)) return;
  await io.err.write(
    `${client.name} seems to be running. It writes this file itself and may undo the change: quit it first, or look again afterwards with \`policy-wrap clients\`.\n`,
  );
}
