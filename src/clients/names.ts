import { printable } from '../text/escape.js';
import type { Finding } from './finding.js';
import { installCommand } from './install-command.js';
import { type EntryPair, type NamedEntry, type PlaceReport, sharedNames, splitNames } from './inventory.js';

/**
 * Entries of one name for two servers (what one does counts for the other, and each finds the other's tools changed),
 * and one server under two names (its limits count twice).
 */
export function findNames(reports: readonly PlaceReport[]): Finding[] {
  return pairsOfNames(reports).map(({ code, pair, text }) => {
    const { client, place, entry } = pair.entry;
    const again = installCommand(client.id, entry.name, place.scope);
    const server = code === 'SPLIT_NAME' ? pair.other.server : '<other name>';
    const fix = `${again} --server ${server}`;
    return { code, client: client.id, path: place.path, entry: entry.name, message: text, fix };
  });
}

/** The same as sentences, about entries of these names alone. */
export function namesText(reports: readonly PlaceReport[], entries: ReadonlySet<string>): string[] {
  return pairsOfNames(reports)
    .filter(({ pair }) => entries.has(pair.entry.entry.name) || entries.has(pair.other.entry.name))
    .map(({ code, pair, text }) => {
      const server = code === 'SPLIT_NAME' ? printable(pair.other.server) : '<other name>';
      return `${text} To change that, install ${called(pair.entry)} again with --server ${server}.`;
    });
}

interface Told {
  readonly code: 'SHARED_NAME' | 'SPLIT_NAME';
  readonly pair: EntryPair;
  readonly text: string;
}

function pairsOfNames(reports: readonly PlaceReport[]): Told[] {
  return [
    ...sharedNames(reports).map((pair): Told => {
      const text = `${called(pair.entry)} and ${called(pair.other)} start different servers under one name, ${printable(pair.entry.server)}: they share one policy, one count and one set of pins.`;
      return { code: 'SHARED_NAME', pair, text };
    }),
    ...splitNames(reports).map((pair): Told => {
      const { entry, other } = pair;
      const text = `${called(entry)} and ${called(other)} start one server under two names, ${printable(entry.server)} and ${printable(other.server)}: each has counters, and so limits, of its own.`;
      return { code: 'SPLIT_NAME', pair, text };
    }),
  ];
}

const called = ({ entry, client }: NamedEntry): string => `${printable(entry.name)} in ${client.name}`;
