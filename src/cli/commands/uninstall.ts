import { type Change, carryOut, changeOf } from '../../clients/change/apply.js';
import { findBackup } from '../../clients/change/backups.js';
import { unwrapEntries } from '../../clients/change/rewrite-entry.js';
import type { StdioEntry } from '../../clients/entries.js';
import { readSnapshot } from '../../clients/files/read.js';
import { pathsOf } from '../../clients/machine.js';
import {
  type Choice,
  choicesIn,
  choose,
  filesMeant,
  openTarget,
  type Target,
} from '../../clients/selection.js';
import { EXIT } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { chosenEntries, type EntryOptions } from '../chosen-entries.js';
import { assertNoAgent } from '../person.js';
import type { ClientsTerminal } from '../this-installation.js';

export interface UninstallOptions extends EntryOptions {
  /** Name or path of a backup, put back whole in place of unwrapping. */
  readonly restore?: string | undefined;
}

/**
 * Takes the wrapper out of entries again. What they were is read from the entries themselves, so edits made since
 * stay as they are; `restore` puts a whole old file back instead.
 *
 * @returns an exit code
 * @throws PolicyWrapError USAGE, NOT_FOUND, CONFIG_INVALID, CONFIG_CONFLICT
 */
export async function uninstall(options: UninstallOptions, io: ClientsTerminal): Promise<number> {
  // Unwrapped calls are judged by nobody.
  if (options.dryRun !== true) assertNoAgent('uninstall', io.machine);
  if (options.restore !== undefined) return await restore(options, options.restore, io);
  const target = openTarget(options, io.machine);
  const wrapped = await chosen(options, target, io);
  if (wrapped.length === 0) return EXIT.done;
  const documents = [...new Set(wrapped.map(({ at }) => at.file.document))];
  const changes = documents.flatMap((document): Change[] => {
    const here = wrapped.filter(({ at }) => at.file.document === document);
    const [first] = here;
    if (first === undefined) return [];
    const entries = here.map(({ entry }) => entry);
    const { file, shape, place } = first.at;
    return [changeOf(place.path, file.snapshot, unwrapEntries(document, shape, entries))];
  });
  const names = [...new Set(wrapped.map(({ entry }) => printable(entry.name)))].join(', ');
  if (await carryOut(changes, target.client, `Unwrap ${names}?`, options, io)) {
    await io.out.write(`Unwrapped: ${names}\n`);
    if (target.client !== undefined) await io.out.write(`Next: ${target.client.restart}\n`);
  }
  return EXIT.done;
}

type Wrapped = Choice & { readonly entry: StdioEntry };

async function chosen(options: UninstallOptions, target: Target, io: ClientsTerminal): Promise<Wrapped[]> {
  const all = choicesIn(target);
  const wrapped = all.filter(isWrapped);
  if (target.entries.length > 0) {
    const named = choose(target, all, io.machine);
    for (const choice of named)
      if (!isWrapped(choice)) await io.err.write(`${printable(choice.entry.name)}: not wrapped\n`);
    return named.filter(isWrapped);
  }
  if (wrapped.length === 0) {
    await io.err.write(`${target.name} has no wrapped servers.\n`);
    return [];
  }
  return (await chosenEntries('Unwrap', options, target, wrapped, io)).filter(isWrapped);
}

function isWrapped(choice: Choice): choice is Wrapped {
  return choice.entry.kind === 'stdio' && choice.entry.state.kind === 'wrapped';
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
