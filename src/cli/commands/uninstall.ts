import { type Change, carryOut, changeOf } from '../../clients/change/apply.js';
import { canUnwrap, unwrapEntries } from '../../clients/change/rewrite-entry.js';
import { isWrapped, type StdioEntry } from '../../clients/entries.js';
import { readSnapshot } from '../../clients/files/read.js';
import { takeInventory, wrappedEntries } from '../../clients/inventory.js';
import { CLIENTS } from '../../clients/known-clients.js';
import { type Machine, pathsOf } from '../../clients/machine.js';
import {
  type Choice,
  choicesIn,
  choose,
  filesMeant,
  openTarget,
  type Target,
} from '../../clients/selection.js';
import { findBackup } from '../../config/backups.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { inQuotes, printable } from '../../text/escape.js';
import { chosenEntries, type EntryOptions } from '../chosen-entries.js';
import { assertNoAgent } from '../person.js';
import { table } from '../table.js';
import type { ClientsTerminal } from '../this-installation.js';

export interface UninstallOptions extends EntryOptions {
  /** Name or path of a backup, put back whole in place of unwrapping. */
  readonly restore?: string | undefined;
}

/**
 * Takes the wrapper out of entries again. What they were is read from the entries themselves, so edits made since
 * stay as they are; `restore` puts a whole old file back instead. `all` without a client means those of every client.
 *
 * @returns an exit code
 * @throws PolicyWrapError USAGE, NOT_FOUND, CONFIG_INVALID, CONFIG_CONFLICT
 */
export async function uninstall(options: UninstallOptions, io: ClientsTerminal): Promise<number> {
  // Unwrapped calls are judged by nobody.
  if (options.dryRun !== true) assertNoAgent('uninstall', io.machine);
  if (options.restore !== undefined) return await restore(options, options.restore, io);
  const everywhere =
    options.client === undefined &&
    options.config === undefined &&
    options.all === true &&
    options.scope === undefined;
  const targets = everywhere ? await everyTarget(io) : [openTarget(options, io.machine)];
  const found: { readonly target: Target; readonly wrapped: readonly Wrapped[] }[] = [];
  for (const target of targets) {
    const wrapped = await chosen(options, target, io, everywhere);
    if (wrapped.length > 0) found.push({ target, wrapped });
  }
  if (found.length === 0) {
    if (everywhere) await io.err.write('No client has a wrapped server.\n');
    return EXIT.done;
  }
  const wrapped = found.flatMap((each) => each.wrapped);
  const clients = found.flatMap(({ target }) => target.client ?? []);
  const names = [...new Set(wrapped.map(({ entry }) => inQuotes(entry.name)))].join(', ');
  if (await carryOut(changesOf(wrapped), clients, `Unwrap ${names}?`, options, io)) {
    await io.out.write(`Unwrapped: ${names}\n`);
    for (const { restart } of clients) await io.out.write(`Next: ${restart}\n`);
    await io.out.write(keptText(io));
  }
  return EXIT.done;
}

/** What stays of ours, and how to be rid of it where nothing is wrapped any more. */
function keptText({ out, machine, wrapper, policyFolder, database, backups }: ClientsTerminal): string {
  const { dirname, join } = pathsOf(machine);
  const data = dirname(backups);
  const what = new Map<string, string[]>();
  for (const [folder, each] of [
    [policyFolder, 'policies'],
    [dirname(database()), 'counters, approvals, the log'],
    [data, machine.exists(join(data, 'logins')) ? 'logins' : ''],
    [data, 'backups'],
    [cacheFolder(machine), 'compiled code'],
  ] as const)
    if (each !== '' && machine.exists(folder)) what.set(folder, [...(what.get(folder) ?? []), each]);
  if (what.size === 0) return '';
  const kept = table(
    out,
    [...what].map(([folder, each]) => [printable(folder), each.join(', ')]),
    { indent: '  ' },
  );
  const left = wrappedEntries(takeInventory(machine, wrapper)).length;
  const end =
    left > 0
      ? ''
      : 'Nothing is wrapped any more. To be rid of it all, delete these folders, then\n  npm uninstall -g policy-wrap\n';
  return `Kept:\n${kept}${end}`;
}

/** Where newer Nodes keep what they compiled: bin/policy-wrap.js, which nothing can be asked before it has done so. */
function cacheFolder(machine: Machine): string {
  const { isAbsolute, join } = pathsOf(machine);
  const { XDG_CACHE_HOME = '' } = machine.env;
  return join(isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(machine.home, '.cache'), 'policy-wrap');
}

/** Every client whose files can be read. */
async function everyTarget(io: ClientsTerminal): Promise<Target[]> {
  const targets: Target[] = [];
  for (const { id } of CLIENTS) {
    try {
      targets.push(openTarget({ client: id, entries: [] }, io.machine));
    } catch (error) {
      if (!PolicyWrapError.is(error)) throw error;
      await io.err.write(`Left alone: ${printable(error.message)}\n`);
    }
  }
  return targets;
}

function changesOf(wrapped: readonly Wrapped[]): readonly Change[] {
  const documents = [...new Set(wrapped.map(({ at }) => at.file.document))];
  return documents.flatMap((document): Change[] => {
    const here = wrapped.filter(({ at }) => at.file.document === document);
    const [first] = here;
    if (first === undefined) return [];
    const entries = here.map(({ entry }) => entry);
    const { file, shape, place } = first.at;
    return [changeOf(place.path, file.snapshot, unwrapEntries(document, shape, entries))];
  });
}

type Wrapped = Choice & { readonly entry: StdioEntry };

async function chosen(
  options: UninstallOptions,
  target: Target,
  io: ClientsTerminal,
  everywhere: boolean,
): Promise<Wrapped[]> {
  const all = choicesIn(target);
  const wrapped = all.filter(isOurs);
  if (target.entries.length > 0) {
    const named = choose(target, all, io.machine);
    for (const choice of named)
      if (!isOurs(choice)) await io.err.write(`${printable(choice.entry.name)}: ${whyNot(choice)}\n`);
    return named.filter(isOurs);
  }
  for (const choice of all)
    if (isByHand(choice)) await io.err.write(`${printable(choice.entry.name)}: ${whyNot(choice)}\n`);
  if (wrapped.length === 0) {
    if (!everywhere) await io.err.write(`${target.name} has no wrapped servers.\n`);
    return [];
  }
  return (await chosenEntries('Unwrap', options, target, wrapped, io)).filter(isOurs);
}

function isOurs(choice: Choice): choice is Wrapped {
  return isWrapped(choice.entry) && !isByHand(choice);
}

/** A wrapped remote server whose entry does not say what stood there before. */
function isByHand({ entry }: Choice): boolean {
  return entry.kind === 'stdio' && !canUnwrap(entry);
}

function whyNot(choice: Choice): string {
  return isByHand(choice)
    ? 'a remote server, whose entry was written by hand; change it there'
    : 'not wrapped';
}

async function restore(options: UninstallOptions, name: string, io: ClientsTerminal): Promise<number> {
  const { client, paths } = filesMeant(options, io.machine);
  const files = paths.map((path) => ({ path, snapshot: readSnapshot(path) }));
  const wanted = pathsOf(io.machine).resolve(io.machine.cwd, name);
  const real = files.map(({ path, snapshot }) => snapshot?.real ?? path);
  const backup = findBackup(wanted, io.backups, real);
  const file = files[real.indexOf(backup.file)];
  if (file === undefined) return EXIT.failed;
  const { path, snapshot } = file;
  if (snapshot?.bytes.equals(backup.bytes) === true) {
    await io.err.write(`${printable(path)} is the same as the backup.\n`);
    return EXIT.done;
  }
  // No diff here: secrets are masked by the structure of a file, and a file to be restored may have lost its own.
  const shown = `${printable(path)}: ${snapshot?.bytes.length ?? 0} bytes now, ${backup.bytes.length} in the backup\n`;
  const change = { path, snapshot, content: backup.bytes, shown };
  if (await carryOut([change], client, 'Put the backup back?', options, io))
    await io.out.write(`Restored: ${printable(path)}\n`);
  return EXIT.done;
}
