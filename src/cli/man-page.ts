import type { Command } from 'commander';
import { EXIT } from '../errors.js';
import type { CommandRow } from './command-groups/command-row.js';
import { commandExits, EXIT_MEANINGS, WRAPPER_EXIT } from './exit-codes.js';

/** Variables that a person sets, and what they say. */
export const VARIABLES: readonly (readonly [name: string, what: string])[] = [
  ['POLICY_WRAP_POLICY', 'the policy, where no option names one'],
  ['POLICY_WRAP_DB', 'the state database'],
  ['POLICY_WRAP_STORE', 'the store that a team shares'],
  [
    'POLICY_WRAP_STORE_PASSWORD',
    'its password; POLICY_WRAP_STORE_PASSWORD_FILE names a file that holds it, POLICY_WRAP_STORE_PASSWORD_COMMAND a command that prints it',
  ],
  ['POLICY_WRAP_START_TIMEOUT', 'seconds that a server may take to list its tools'],
  ['POLICY_WRAP_SQLITE', 'which SQLite is used: better-sqlite3 or node:sqlite'],
  ['NO_COLOR', 'set and not empty: no colours'],
  ['FORCE_COLOR', 'colours where output is no terminal; 0: none'],
  ['COLUMNS', 'characters in a line'],
];

/**
 * The manual page, from the table of commands, in the macros that every man(1) knows (man(7)).
 *
 * @param program with every command
 */
export function manPage(program: Command, rows: readonly CommandRow[], version: string): string {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).filter((command) => command.name() !== 'help');
  const exits = Object.keys(EXIT) as (keyof typeof EXIT)[];
  return [
    `.TH POLICY\\-WRAP 1 "" ${quoted(`policy-wrap ${version}`)} ${quoted('User Commands')}`,
    '.SH NAME',
    `policy\\-wrap \\- a spending limit and an emergency brake for MCP servers`,
    '.SH SYNOPSIS',
    '.B policy\\-wrap',
    '[options] \\-\\- command [arguments]',
    '.br',
    '.B policy\\-wrap',
    'command [options]',
    '.SH DESCRIPTION',
    plain(
      'It starts an MCP server in the place of a client, and judges every call of a tool by a policy file: allow, deny, hide, limit, or ask a person. Counters, approvals and the log of decisions lie in one SQLite file of this machine.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap((command) => commandPart(command, rows)),
    '.SH "EXIT STATUS"',
    ...exits.flatMap((key) => ['.TP', `.B ${EXIT[key]}`, plain(EXIT_MEANINGS[key])]),
    '.PP',
    plain(WRAPPER_EXIT),
    '.SH ENVIRONMENT',
    ...VARIABLES.flatMap(([name, what]) => ['.TP', `.B ${escaped(name)}`, plain(what)]),
    '.SH "SEE ALSO"',
    plain('policy-wrap help <command>; policy-wrap schema'),
    '',
  ].join('\n');
}

function commandPart(command: Command, rows: readonly CommandRow[]): string[] {
  const help = command.createHelp();
  const name = command.name();
  const row = rows.find((each) => each.name === name);
  const words = command.registeredArguments.map((argument) => {
    const shown = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${shown}>` : `[${shown}]`;
  });
  const server = name === 'run' || row?.takesServer ? ['[-- command ...]'] : [];
  const options = help
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help')
    .flatMap((option) => ['.TP', `.B ${quoted(option.flags)}`, plain(help.optionDescription(option))]);
  const codes = name === 'run' ? [] : commandExits(row?.exits).map(([code, what]) => `${code} ${what}`);
  return [
    `.SS ${quoted(['policy-wrap', name, ...words, ...server].join(' '))}`,
    plain(sentence(command.description())),
    ...command.registeredArguments.flatMap((argument) => {
      const what = help.argumentDescription(argument);
      return what === '' ? [] : ['.TP', `.I ${quoted(argument.name())}`, plain(what)];
    }),
    ...options,
    ...(codes.length === 0 ? [] : ['.PP', plain(`Ends with ${codes.join('; ')}.`)]),
  ];
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Characters that mean something to roff. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('"', '\\(dq');
}

/** A line of text: one that began with a dot would be a command of roff. */
const plain = (text: string) => escaped(text.replace(/\s+/g, ' ').trim()).replace(/^\./, '\\&.');

/** An argument of a macro. */
const quoted = (text: string) => `"${escaped(text)}"`;
