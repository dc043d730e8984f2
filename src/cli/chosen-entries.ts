import { canBeWrapped } from '../clients/change/plan.js';
import { type Choice, choose, type Target, type TargetOptions } from '../clients/selection.js';
import { PolicyWrapError } from '../errors.js';
import { inQuotes } from '../text/escape.js';
import { askLine } from './person.js';
import type { ClientsTerminal } from './this-installation.js';

/** What the commands that change entries have in common. */
export interface EntryOptions extends TargetOptions {
  readonly all?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly yes?: boolean | undefined;
}

/**
 * The entries that are meant where none was named: all of them, or those that a person names.
 *
 * @param verb begins the question: `Wrap`
 * @throws PolicyWrapError USAGE where nobody can be asked; NOT_FOUND for a name that is nowhere
 */
export async function chosenEntries(
  verb: string,
  { all }: EntryOptions,
  target: Target,
  choices: readonly Choice[],
  io: ClientsTerminal,
): Promise<readonly Choice[]> {
  if (all === true) return choices;
  const names = choices.filter(({ entry }) => canBeWrapped(entry)).map(({ entry }) => entry.name);
  const list = [...new Set(names)].map(inQuotes).join(', ');
  if (!io.canAsk)
    throw new PolicyWrapError('USAGE', 'which entries?', {
      hint: `Name them, or say --all. There are: ${list}.`,
    });
  const answer = await askLine(`${verb} which of ${list}? (names, or all) `, io);
  if (answer === 'all') return choices;
  return choose({ ...target, entries: answer.split(/[\s,]+/).filter(Boolean) }, choices, io.machine);
}
