import type { Command } from 'commander';
import { allEntries, takeInventory } from '../../clients/inventory.js';
import { thisMachine } from '../../clients/machine.js';
import { stateFile } from '../../config/policy-files.js';
import { knownNames } from '../../store/sqlite/known-names.js';
import type { Terminal } from '../terminal.js';
import { thisWrapper } from '../this-installation.js';
import { complete } from './candidates.js';
import type { NameSources } from './name-sources.js';
import { SHELLS } from './shells.js';

/** How long is waited for a database that another process has locked, in milliseconds: somebody holds a key down. */
const WAIT_MS = 100;

/**
 * Answers the script of a shell. It reads only, asks nobody, and says nothing of what goes wrong: between the words of a
 * command line there is no place for a message.
 *
 * @param given the name of the shell, and what its script hands over
 */
export async function answer(
  program: Command,
  [name = '', ...given]: readonly string[],
  takesServer: (command: string) => boolean,
  io: Terminal,
): Promise<void> {
  try {
    if (!isShell(name)) return;
    const { words, answer } = SHELLS[name].read(given);
    await io.out.write(answer(complete(program, words, sourcesOf(io), takesServer)));
  } catch {
    // No candidates, then.
  }
}

const isShell = (name: string): name is keyof typeof SHELLS => Object.hasOwn(SHELLS, name);

function sourcesOf(io: Terminal): NameSources {
  return {
    known: (db, wanted) => knownNames(stateFile(db), io.now(), WAIT_MS, wanted),
    entries: (wanted) =>
      allEntries(takeInventory(thisMachine(), thisWrapper()))
        .filter(({ client }) => wanted === undefined || wanted === client.id)
        .map(({ entry }) => entry.name),
  };
}
