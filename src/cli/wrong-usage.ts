import type { Command, CommanderError } from 'commander';
import { PolicyWrapError } from '../errors.js';
import { didYouMean, type Synonyms } from '../text/suggest.js';
import { withSeparator } from './forgotten-separator.js';

/** What other tools, and people, call our commands. */
const COMMAND_WORDS: Synonyms = new Map([
  ['approvals', ['pending', 'requests']],
  ['check', ['validate', 'lint', 'verify']],
  ['doctor', ['diagnose', 'health']],
  ['install', ['wrap', 'add', 'protect']],
  ['log', ['history', 'audit']],
  ['reject', ['decline']],
  ['status', ['ps', 'ls', 'list', 'usage', 'counters', 'top']],
  ['uninstall', ['unwrap', 'remove']],
]);

/**
 * What is wrong with a command line that commander has refused, in our own words.
 *
 * @param argv the line, without Node and script
 */
export function usageError(
  error: CommanderError,
  argv: readonly string[],
  program: Command,
): PolicyWrapError {
  const separated = withSeparator(argv, program);
  // An option of `run` is unknown only because nothing says that it is `run`.
  if (separated !== undefined && argv[0]?.startsWith('-'))
    return new PolicyWrapError('USAGE', `put -- before the server: ${separated}`);
  const command = commandOf(argv, program);
  const likely = likelyMeant(error, command, program);
  const help = command === undefined ? 'policy-wrap help' : `policy-wrap help ${command.name()}`;
  const hints =
    separated === undefined
      ? [likely ?? help]
      : [likely, `${likely === undefined ? 'Put -- before the server' : 'If it is a server'}: ${separated}`];
  return new PolicyWrapError('USAGE', inOurWords(error.message), { hint: hints.filter(Boolean).join(' ') });
}

/** The command that a line is meant for; undefined where it names none of ours. */
function commandOf(argv: readonly string[], program: Command): Command | undefined {
  const name = argv[0]?.startsWith('-') ? 'run' : argv[0];
  return program.commands.find((each) => each.name() === name);
}

function inOurWords(complaint: string): string {
  const [first = ''] = complaint.replace(/^error: /, '').split('\n');
  const said = /^option '(.*?)' argument '(.*)' is invalid\. ?(.*)$/s.exec(first);
  const choices = /^Allowed choices are (.*)$/s.exec(said?.[3] ?? '')?.[1];
  const why =
    choices === undefined ? `not ${said?.[2]}: ${said?.[3]}` : `"${said?.[2]}" is none of ${choices}`;
  const words = said ? `${said[1]}: ${why}` : first;
  return words.replace(/'([^']*)'/g, '$1').replace(/\.$/, '');
}

/** The word of ours that was probably meant. */
function likelyMeant(
  { code, message }: CommanderError,
  command: Command | undefined,
  program: Command,
): string | undefined {
  const [, named = ''] = /'([^']*)'/.exec(message) ?? [];
  switch (code) {
    case 'commander.unknownCommand': {
      const commands = program.createHelp().visibleCommands(program);
      return didYouMean(
        named,
        commands.map((each) => each.name()),
        COMMAND_WORDS,
      );
    }
    case 'commander.unknownOption': {
      const options = [...(command?.options ?? []), ...program.options];
      return didYouMean(
        named.replace(/=.*/s, ''),
        options.flatMap(({ long }) => long ?? []),
      );
    }
    case 'commander.invalidArgument': {
      const [, value = '', choices = ''] =
        /argument '([^']*)' is invalid\. Allowed choices are (.*)\.$/.exec(message) ?? [];
      return didYouMean(value, choices.split(', '));
    }
    default:
      return undefined;
  }
}
