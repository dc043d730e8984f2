import { Command, Help, InvalidArgumentError, Option } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { type OptionRow, RUN_OPTIONS, type RunOptions } from '../config/run-options.js';
import { type Output, processTerminal, type Terminal } from './terminal.js';

/** A command line taken apart at the first `--`. */
export interface CommandLine {
  /** Ours: command and options. */
  readonly own: readonly string[];
  /** The server's command and its arguments, whatever they look like; empty without `--`. */
  readonly server: readonly string[];
}

/** The program with the one command that clients start; the others are added when they are asked for. */
export function wrapProgram(run: (options: RunOptions, terminal: Terminal) => Promise<void>): Command {
  const terminal = processTerminal();
  const policyWrap = new Command('policy-wrap')
    .description('A spending limit and an emergency brake for MCP servers.')
    .version(packageJson.version, '-v, --version')
    .exitOverride()
    .configureHelp({ sortSubcommands: false, minWidthToWrap: 1, formatItem })
    // What is wrong with a command line is told in our own words (wrong-usage.ts).
    .configureOutput({
      outputError: () => {},
      getOutHelpWidth: () => width(terminal.out),
      getErrHelpWidth: () => width(terminal.err),
    });
  policyWrap.commandsGroup('Wrap:');
  const command = policyWrap
    .command('run')
    .description('wrap the server that stands behind "--"; "run" may be left out')
    // Standard output belongs to the protocol (G8).
    .configureOutput({ writeOut: (text) => void terminal.err.write(text) })
    .action((options) => run(options, terminal));
  for (const row of RUN_OPTIONS) command.addOption(optionOf(row));
  return policyWrap;
}

/** Where nobody looks, help is as wide as a terminal usually is. */
export const width = ({ columns }: Output) => (Number.isFinite(columns) ? columns : 80);

/** Below this width, in characters, what a command or an option does goes below its name. */
const LEAST_BESIDE = 30;

/** One line of the help, broken between words at every width. */
function formatItem(this: Help, term: string, termWidth: number, description: string, helper: Help): string {
  const columns = this.helpWidth ?? 80;
  if (description === '' || columns - termWidth - 4 >= LEAST_BESIDE)
    return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
  const indent = ' '.repeat(6);
  const lines = helper.boxWrap(description, columns - indent.length).replace(/^/gm, indent);
  return `  ${term}\n${lines}`;
}

export function optionOf(row: OptionRow): Option {
  const { flags, description, fallback, fallbackTyped, choices, parse, isList } = row;
  const option = new Option(flags, description);
  // What can be switched off is on without being told, and need not be shown as such.
  if (fallback !== undefined && fallback !== true) option.default(fallback, fallbackTyped);
  if (choices) option.choices(choices);
  if (isList) option.argParser((text, before: readonly string[] | undefined) => [...(before ?? []), text]);
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
