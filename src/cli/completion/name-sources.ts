import { type Argument, type Command, Option } from 'commander';
import { PRESETS } from '../../catalog/servers.js';
import { THREATS } from '../../catalog/threats/threats.js';
import { CLIENTS } from '../../clients/known-clients.js';
import { EVENT_WORDS, EVENTS } from '../../notify/notice.js';
import type { KnownNames, WantedNames } from '../../store/sqlite/known-names.js';
import { TOPICS } from '../topics.js';
import type { Candidate, Line } from './candidate.js';

/** What is looked up when a name is asked for, and not before. */
export interface NameSources {
  /** @param db as `--db` names it */
  known(db: string | undefined, wanted: WantedNames): KnownNames;
  /** Servers in the configuration of a client, of all clients where none is named. */
  entries(client: string | undefined): readonly string[];
}

interface Source {
  /** Several, with commas between them. */
  readonly isList?: boolean;
  names(sources: NameSources, line: Line, program: Command): readonly Candidate[];
}

const plain = (names: readonly string[]): Candidate[] => names.map((text) => ({ text, about: '' }));
const known = (sources: NameSources, line: Line) =>
  sources.known(line.value('db'), { typed: line.typed, server: line.value('server') });

const SERVERS: Source = { names: (sources, line) => plain(known(sources, line).servers) };
const COUNTERS: Source = { names: (sources, line) => plain(known(sources, line).counters) };

/** By the name of an argument, or of an option, what its values are. */
const SOURCES: Readonly<Record<string, Source | 'files'>> = {
  server: SERVERS,
  counter: COUNTERS,
  grant: { names: (sources, line) => plain(known(sources, line).grants) },
  tool: {
    names: (sources, line) => {
      const server = line.value('server');
      return known(sources, line)
        .tools.filter((each) => server === undefined || each.server === server)
        .map(({ tool, server: of }) => ({ text: tool, about: of }));
    },
  },
  id: {
    names: (sources, line) =>
      known(sources, line).approvals.map(({ id, server, tool }) => ({
        text: id,
        about: `${tool} of ${server}`,
      })),
  },
  preset: { names: () => PRESETS.map(({ name, title }) => ({ text: name, about: title })) },
  client: { names: () => CLIENTS.map(({ id, name }) => ({ text: id, about: name })) },
  entry: { names: (sources, line) => plain(sources.entries(line.value('client'))) },
  accept: { isList: true, names: () => THREATS.map(({ id, title }) => ({ text: id, about: title })) },
  events: { isList: true, names: () => EVENTS.map((text) => ({ text, about: EVENT_WORDS[text] })) },
  of: {
    names: (_, __, program) =>
      plain(
        program.commands
          .filter(({ options }) =>
            options.some(({ long, argChoices }) => long === '--json' || argChoices?.includes('jsonl')),
          )
          .map((each) => each.name()),
      ),
  },
  topic: {
    names: (_, __, program) => [
      ...program
        .createHelp()
        .visibleCommands(program)
        .map((each) => ({ text: each.name(), about: each.description() })),
      ...plain(TOPICS),
    ],
  },
  policy: 'files',
  file: 'files',
  cases: 'files',
  db: 'files',
  files: 'files',
  output: 'files',
  config: 'files',
  restore: 'files',
};

/** @returns where the values of an option or argument come from; undefined for free text */
export function namedSource(of: Option | Argument): Source | 'files' | undefined {
  const name = of instanceof Option ? of.attributeName() : of.name();
  if (Object.hasOwn(SOURCES, name)) return SOURCES[name];
  return undefined;
}
