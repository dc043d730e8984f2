import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.js';
import { EXIT_MEANINGS } from '../../src/cli/exit-codes.js';
import { wrapProgram } from '../../src/cli/options.js';
import { addCommands } from '../../src/cli/program.js';
import { EXIT } from '../../src/errors.js';
import { ABOVE } from '../support/above.js';
import { textOf } from '../support/documents.js';

/** In a cell of a table. */
const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '\\<').replaceAll('\n', ' ');

/** `docs/commands.md`, from the table by which the program takes command lines and writes its help. */
function commandsPage(): string {
  const program = wrapProgram(async () => {});
  addCommands(program, [], () => {}, ABOVE);
  const shown = program.createHelp().visibleCommands(program);
  const groups = new Map<string, (typeof shown)[number][]>();
  for (const command of shown) {
    const group = command.helpGroup().replace(/:$/, '') || 'Help';
    groups.set(group, [...(groups.get(group) ?? []), command]);
  }
  const lines = [
    '# Commands',
    '',
    'Every command with its options, as `policy-wrap help <command>` shows them. What they are good for, with examples, is in [clients and entries](clients.md), [writing a policy](writing.md) and [day by day](using.md). This page is made from the command table by `npm run docs:commands`.',
    '',
    ...[...groups].map(
      ([group, commands]) =>
        `- ${group}: ${commands.map((command) => `[${command.name()}](#${command.name()})`).join(', ')}`,
    ),
    '- [Exit codes](#exit-codes)',
    '',
  ];
  for (const [group, commands] of groups) {
    lines.push(`## ${group}`, '');
    for (const command of commands) {
      const row = COMMANDS.find(({ name }) => name === command.name());
      const server =
        command.name() === 'run' ? ' -- <command> [args]' : row?.takesServer ? ' [-- <command> [args]]' : '';
      const description = command.description();
      lines.push(
        `### ${command.name()}`,
        '',
        `\`policy-wrap ${command.name()} ${command.usage()}${server}\``,
        '',
        `${description[0]?.toUpperCase()}${description.slice(1)}.`,
        '',
      );
      const help = command.createHelp();
      const rows = [
        ...help
          .visibleArguments(command)
          .map((argument) => [help.argumentTerm(argument), help.argumentDescription(argument)]),
        ...help
          .visibleOptions(command)
          .filter(({ long }) => long !== '--help')
          .map((option) => [help.optionTerm(option), help.optionDescription(option)]),
      ];
      if (rows.length > 0)
        lines.push(
          '| | |',
          '| --- | --- |',
          ...rows.map(([term = '', text = '']) => `| \`${term.replaceAll('|', '\\|')}\` | ${cell(text)} |`),
          '',
        );
    }
  }
  const keys = Object.keys(EXIT) as (keyof typeof EXIT)[];
  lines.push(
    '## Exit codes',
    '',
    "A running wrapper passes on the server's own exit code, 128 plus the number of the signal that ended it, or 127 when it could not be started; 1 when its answers could not be written any more. Every other command:",
    '',
    '| code | meaning |',
    '| --- | --- |',
    ...keys.map((key) => `| ${EXIT[key]} | ${EXIT_MEANINGS[key]} |`),
    '',
    '`policy-wrap help exit-codes` lists them too.',
    '',
  );
  return lines.join('\n');
}

test('docs/commands.md is in step with the command table: `npm run docs:commands` writes it', async () => {
  await expect(commandsPage()).toMatchFileSnapshot('../../docs/commands.md');
});

test('every variable of ours is in the table of docs/clients.md', () => {
  const read = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => readFileSync(join('src', name), 'utf8').match(/\bPOLICY_WRAP_[A-Z_]+/g) ?? []);
  const [, table = ''] = textOf('docs/clients.md').split('\n## Variables\n');
  // What a script of a notification is given is not for people.
  const own = [...new Set(read)].filter((name) => !/_(?:TEXT|TITLE)$/.test(name));
  expect(own.length).toBeGreaterThan(5);
  expect(own.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
});
