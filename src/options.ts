import { Command, InvalidArgumentError, Option } from 'commander';
import { type OptionRow, RUN_OPTIONS } from './run-options.js';

export const policyOption = () => named('policy');
export const presetOption = () => named('preset');
export const dbOption = () => named('db');
export const serverOption = () => named('server');
export const grantOption = () => named('grant');
export const noInstallOption = () => named('install');

/** The command that wraps a server; its action is the caller's. */
export function runCommand(): Command {
  const command = new Command('run').description(
    'wrap the server that stands behind "--"; "run" may be left out',
  );
  for (const row of RUN_OPTIONS) command.addOption(optionOf(row));
  return command;
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
