import { Command, InvalidArgumentError, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { type OptionRow, RUN_OPTIONS, type RunOptions } from '../config/run-options.js';
import { printableLines } from '../text/escape.js';

/** A command line taken apart at the first `--`. */
export interface CommandLine {
  /** Ours: command and options. */
  readonly own: readonly string[];
  /** The server's command and its arguments, whatever they look like; empty without `--`. */
  readonly server: readonly string[];
}

export const policyOption = () => named('policy');
export const presetOption = () => named('preset');
export const dbOption = () => named('db');
export const serverOption = () => named('server');
export const grantOption = () => named('grant');
export const noInstallOption = () => named('install');

/** The program with the one command that clients start; the others are added when they are asked for. */
export function wrapProgram(run: (options: RunOptions) => Promise<void>): Command {
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
    .configureOutput({ writeOut: (text) => process.stderr.write(text) })
    .action(run);
  for (const row of RUN_OPTIONS) command.addOption(optionOf(row));
  return policyWrap;
}

function named(key: OptionRow['key']): Option {
  const row = RUN_OPTIONS.find((each) => each.key === key);
  if (!row) throw new Error(`no option ${key}`);
  return optionOf(row);
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
