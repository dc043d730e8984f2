import { Argument, InvalidArgumentError, Option } from 'commander';
import { SHARED } from '../shared-options.js';
import type { CommandRow } from './command-row.js';

const GROUP = 'See what happened:';

const { json, noColor, db, store, mine, server, onlyServer, since, yes } = SHARED;

/** Commands that show what happened, and what follows from it. */
export const SEE: readonly CommandRow[] = [
  {
    name: 'ui',
    group: GROUP,
    summary: 'open a page in the browser: see it all, build the policy, answer what waits',
    options: [
      ...[db, store],
      new Option('--port <n>', 'where it listens, on this machine alone (default: any)').argParser(port),
      new Option('--no-open', 'only print the address'),
      new Option('--idle <time>', 'end when nobody has had it open for this time').default('1h'),
    ],
    load: ({ ui }) => ui(),
  },
  {
    name: 'status',
    group: GROUP,
    summary: 'show what runs, what is used up and who waits for a person',
    options: [
      ...[db, store, mine, onlyServer],
      new Option('--counter <name>', 'only the counters of this name'),
      json,
      new Option('--watch', 'refresh every second until Ctrl-C'),
      noColor,
    ],
    load: async () => (await import('../commands/status.js')).status,
    output: async () => (await import('../status/json.js')).OUTPUT,
  },
  {
    name: 'log',
    group: GROUP,
    summary: 'show decisions, the newest last',
    options: [
      ...[db, store, mine],
      new Option('--denied', 'only what was not allowed'),
      new Option('--tool <name>', 'only this tool'),
      ...[onlyServer, since],
      new Option('--limit <lines>', 'only the newest').default(100).argParser(lines),
      new Option('--follow', 'keep showing new ones until Ctrl-C'),
      new Option('--arguments', 'with the whole arguments, where the policy records them'),
      new Option('--json', 'print JSON lines'),
      noColor,
    ],
    load: async () => (await import('../commands/log.js')).log,
    output: async () => (await import('../log-json.js')).LOG_LINE,
  },
  {
    name: 'export',
    group: GROUP,
    summary: 'write the whole log',
    options: [
      ...[db, store, mine],
      new Option('--format <format>', 'JSON lines, CSV, or events of OCSF 1.6')
        .choices(['jsonl', 'csv', 'ocsf'])
        .default('jsonl'),
      new Option('-f, --follow', 'go on with what is decided from now on'),
      new Option('-o, --output <file>', 'write to a file instead of standard output'),
      since,
    ],
    load: async () => (await import('../commands/export.js')).exportLog,
    output: async () => (await import('../log-json.js')).LOG_LINE,
  },
  {
    name: 'reset',
    group: GROUP,
    summary: 'empty a counter, repair counters after a wrong clock, or set a damaged database aside',
    arguments: [new Argument('[counter]')],
    options: [
      ...[db, store, onlyServer],
      new Option('--grant <name>', 'only this grant'),
      new Option('--split <values>', 'only the count of these values, as status --json has them'),
      new Option('--clock', 'count what was charged while the clock was ahead as charged now'),
      new Option('--database', 'set the whole database aside'),
      ...[yes, noColor],
    ],
    load: async () => (await import('../commands/reset.js')).reset,
  },
  {
    name: 'recommend',
    group: GROUP,
    summary: 'write a policy from what the decision log says was done, with its evidence',
    options: [
      ...[db, store, mine, server, since],
      new Option('-o, --output <file>', 'a new file to write to (else standard output)'),
      json,
    ],
    load: async () => (await import('../commands/recommend.js')).recommend,
    output: async () => (await import('../commands/recommend.js')).OUTPUT,
  },
  {
    name: 'replay',
    group: GROUP,
    summary: 'run a draft over the calls of the decision log, and show what it would change',
    exits: { policyInvalid: true, denied: 'with --check: something changes' },
    arguments: [new Argument('<policy>', 'the draft')],
    options: [
      ...[db, store, mine, server, since, json],
      new Option('--check', 'exit with 4 when anything changes'),
    ],
    load: async () => (await import('../commands/replay.js')).replay,
    output: async () => (await import('../commands/replay.js')).OUTPUT,
  },
];

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('expected a port, 1 to 65535');
  return Number(text);
}

function lines(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a number of lines');
  return Number(text);
}
