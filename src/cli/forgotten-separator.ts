import type { Command } from 'commander';
import { quotedCommand, shownCommand } from '../text/masking.js';
import { COMMANDS } from './command-table.js';

const TAKES_SERVER = new Set([
  'run',
  ...COMMANDS.filter(({ takesServer }) => takesServer).map(({ name }) => name),
]);

const NEEDS_SERVER = new Set(COMMANDS.filter(({ needsServer }) => needsServer).map(({ name }) => name));

/**
 * Looks for the server in a command line without `--` that is no command line of ours.
 *
 * @param words the line, without Node and script
 * @returns the line as it was probably meant, for people, with its secrets masked; undefined when no server is seen
 */
export function withSeparator(words: readonly string[], program: Command): string | undefined {
  const named = program.commands.find((command) => command.name() === words[0]);
  const command = named ?? program.commands.find((each) => each.name() === 'run');
  if (!command || !TAKES_SERVER.has(command.name()) || words.includes('--')) return undefined;
  const begin = serverIn(words, named ? 1 : 0, command);
  if (begin === undefined) return undefined;
  return `policy-wrap ${quotedCommand([...words.slice(0, begin), '--'])} ${shownCommand(words.slice(begin))}`;
}

/** @returns the first word that is neither an option of the command, nor the value of one, nor an argument of it */
function serverIn(words: readonly string[], from: number, command: Command): number | undefined {
  const { registeredArguments } = command;
  let takes = registeredArguments.at(-1)?.variadic ? Number.POSITIVE_INFINITY : registeredArguments.length;
  if (NEEDS_SERVER.has(command.name())) takes = 0;
  for (let at = from; at < words.length; at++) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) {
      if (takes === 0) return at;
      takes -= 1;
      continue;
    }
    const [flag = ''] = word.split('=', 1);
    const option = command.options.find(({ short, long }) => flag === short || flag === long);
    if (!option) return undefined;
    if (option.required && flag === word) at += 1;
  }
  return undefined;
}
