import { originalOf, urlOf } from '../clients/entries.js';
import { type NamedEntry, takeInventory, wrappedEntries } from '../clients/inventory.js';
import { thisMachine } from '../clients/machine.js';
import { PolicyWrapError } from '../errors.js';
import { printable } from '../text/escape.js';
import { shownCommand } from '../text/masking.js';
import { thisWrapper } from './this-installation.js';

/**
 * The wrapped entry whose server a command line starts: what holds for the entry is what the person asks about.
 *
 * @param command of ours, for what is to be typed instead
 * @throws PolicyWrapError USAGE for no server, and for the name of an entry in place of its command
 */
export function entryMeant(command: string, argv: readonly string[]): NamedEntry | undefined {
  const entries = wrappedEntries(takeInventory(thisMachine(), thisWrapper()));
  const typed = ({ entry, server }: NamedEntry) => {
    const url = urlOf(entry);
    const behind = url === undefined ? ['--', ...originalOf(entry)] : ['--url', url];
    return shownCommand(['policy-wrap', command, '--server', server, ...behind]);
  };
  if (argv.length === 0) {
    const [first] = entries;
    const hint = first === undefined ? `policy-wrap ${command} -- mcp-afip` : typed(first);
    throw new PolicyWrapError('USAGE', 'no server to look at', { hint });
  }
  const same = entries.find(({ entry }) => JSON.stringify(originalOf(entry)) === JSON.stringify(argv));
  if (same !== undefined) return same;
  const called = argv.length === 1 ? entries.find(({ server }) => server === argv[0]) : undefined;
  if (called === undefined) return undefined;
  throw new PolicyWrapError(
    'USAGE',
    `${printable(called.server)} is an entry of ${called.client.name}, not a command`,
    { hint: typed(called) },
  );
}

/** The wrapped entry of a remote server: its name and policy hold where a person names the address alone. */
export function wrappedAt(url: string): NamedEntry | undefined {
  const entries = wrappedEntries(takeInventory(thisMachine(), thisWrapper()));
  return entries.find(({ entry }) => urlOf(entry) === url);
}
