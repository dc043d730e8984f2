import { Command, InvalidArgumentError, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { STRENGTH_NAMES } from '../catalog/strengths.js';
import { type OptionRow, RUN_OPTIONS, type RunOptions } from '../config/run-options.js';
import { printableLines } from '../text/escape.js';
import { processTerminal, type Terminal } from './terminal.js';

/** A command line taken apart at the first `--`. */
export interface CommandLine {
  /** Ours: command and options. */
  readonly own: readonly string[];
  /** The server's command and its arguments, whatever they look like; empty without `--`. */
  readonly server: readonly string[];
}

/** The options that several commands have. */
export const SHARED = {
  ...Object.fromEntries(RUN_OPTIONS.map((row) => [row.key, optionOf(row)])),
  json: new Option('--json', 'print the result as JSON'),
  noColor: new Option('--no-color', 'plain text, also in a terminal'),
  onlyServer: new Option('--server <name>', 'only this server'),
  since: new Option(
    '--since <when>',
    'from 90s, 2h or 7d ago, or from an ISO date (default: all that is kept)',
  ),
  yes: new Option('--yes', 'do not ask'),
  dryRun: new Option('--dry-run', 'show the change without making it'),
  config: new Option('--config <file>', 'a configuration file of a known shape'),
  strength: new Option('--strength <name>', 'how strict').choices(STRENGTH_NAMES),
  scope: new Option('--scope <scope>', "which of a client's files").choices(['user', 'local', 'project']),
} as Readonly<
  Record<
    | OptionRow['key']
    | ('json' | 'noColor' | 'onlyServer' | 'since' | 'yes' | 'dryRun' | 'config' | 'scope' | 'strength'),
    Option
  >
>;

/** The program with the one command that clients start; the others are added when they are asked for. */
export function wrapProgram(run: (options: RunOptions, terminal: Terminal) => Promise<void>): Command {
  const terminal = processTerminal();
  const policyWrap = new Command('policy-wrap')
    .description('A spending limit and an emergency brake for local MCP servers.')
    .version(packageJson.version)
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showSuggestionAfterError()
    // It repeats what was typed, or pasted.
    .configureOutput({ outputError: (text, write) => write(printableLines(text)) });
  policyWrap.commandsGroup('Wrap:');
  const command = policyWrap
    .command('run')
    .description('wrap the server that stands behind "--"; "run" may be left out')
    // Standard output belongs to the protocol (G8).
    .configureOutput({ writeOut: (text) => void terminal.err.write(text) })
    .action((options) => run(options, terminal));
  for (const row of RUN_OPTIONS) command.addOption(SHARED[row.key]);
  return policyWrap;
}

function optionOf({ flags, description, fallback, parse }: OptionRow): Option {
  const option = new Option(flags, description);
  // What can be switched off is on without being told, and need not be shown as such.
  if (fallback !== undefined && fallback !== true) option.default(fallback);
  if (parse) {
    option.argParser((text) => {
      try {
        return parse(text);
      } catch (error) {
        throw new InvalidArgumentError(error instanceof Error ? error.message : '');
      }
    });
  }
  return option;
}
