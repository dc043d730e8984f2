import type { Strength } from '../../catalog/strengths.js';
import type { NewEntry } from '../../clients/change/add-entry.js';
import type { Choice } from '../../clients/selection.js';
import { PolicyWrapError } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { isMasked, MASK, maskWords } from '../../text/masking.js';
import { entryServerName, SERVER_NAME } from '../../upstream/server-name.js';
import type { EntryOptions } from '../chosen-entries.js';
import type { ClientsTerminal } from '../this-installation.js';
import type { StoreChoice } from './team-store.js';

/** What is typed of `install`. */
export interface InstallOptions extends EntryOptions, StoreChoice {
  readonly policy?: string | undefined;
  /** A shipped policy in the place of a file. */
  readonly preset?: string | undefined;
  /** How strict the policy is that is written for a server without one. */
  readonly strength?: Strength | undefined;
  /** Everything passes and is only logged; false takes that back. */
  readonly observe?: boolean | undefined;
  /** The state database that the entries are to name; else the one that wrappers share. */
  readonly db?: string | undefined;
  /** The name that one entry's counters, log and policy are kept under; else it is named after the entry. */
  readonly server?: string | undefined;
  readonly print?: boolean | undefined;
  /** Name of a new entry; its command line is `command`. */
  readonly add?: string | undefined;
  readonly command?: readonly string[] | undefined;
  /** Variables of a new entry: `NAME=VALUE`, or `NAME` to copy the value from the current environment. */
  readonly env?: readonly string[] | undefined;
}

/** @throws PolicyWrapError USAGE for a name that is no file name, or for servers that would share it */
export function assertOneName(server: string, choices: readonly Choice[]): void {
  if (!SERVER_NAME.test(server))
    throw new PolicyWrapError('USAGE', `--server ${printable(server)}: not a name for a server`, {
      hint: `Small letters, digits, dots and dashes: ${entryServerName(server)}`,
    });
  const names = new Set(choices.map(({ entry }) => entry.name));
  if (names.size > 1)
    throw new PolicyWrapError('USAGE', '--server names one server, and several entries were chosen', {
      hint: 'Wrap them one by one; without --server each is named after its entry.',
    });
}

/** What is printed ends up in scrollback and logs. */
export async function shownEntry(entry: NewEntry, io: ClientsTerminal): Promise<NewEntry> {
  if (!isMasked(entry.words)) return entry;
  await io.err.write(`${MASK} stands for what is not shown: fill it in again.\n`);
  return { ...entry, words: maskWords(entry.words) };
}
