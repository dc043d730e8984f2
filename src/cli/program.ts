import type { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { PolicyWrapError } from '../errors.js';
import { printable } from '../text/escape.js';
import { didYouMean } from '../text/suggest.js';
import type { Above, CommandRow } from './command-groups/command-row.js';
import { COMMANDS } from './command-table.js';
import { commandExitsText, exitCodesText, wrapperExitText } from './exit-codes.js';
import { misplacedOptions } from './misplaced-options.js';
import { width } from './options.js';
import { table } from './table.js';
import { type Output, processTerminal, type Terminal } from './terminal.js';
import { TOPICS } from './topics.js';

const EXAMPLES = [
  ['policy-wrap -- mcp-afip', 'wrap a server (what an MCP client runs)'],
  ['policy-wrap demo', 'see it work, with nothing installed or issued'],
  ['policy-wrap check my-policy.json -- mcp-afip', 'find mistakes in a policy'],
] as const;

/**
 * Adds every command but `run`; each is loaded when it is asked for.
 *
 * @param server what stood behind `--`
 * @param settle takes the exit code of the command that ran
 * @param above loads what stands in rooms above this one
 */
export function addCommands(
  policyWrap: Command,
  server: readonly string[],
  settle: (code: number) => void,
  above: Above,
  rows: readonly CommandRow[] = COMMANDS,
): void {
  policyWrap.addHelpText('before', ({ error, command }) => {
    const { out, err } = processTerminal(command.opts());
    return table(error ? err : out, EXAMPLES, { indent: '  ', columns: ['whole', 'prose'] });
  });
  const terminal = processTerminal();
  /** Where help goes. */
  const helpOutput = (error: boolean): Pick<Output, 'columns' | 'hasColor'> => {
    const out = error ? terminal.err : terminal.out;
    return { columns: width(out), hasColor: out.hasColor };
  };
  policyWrap.commands
    .find((each) => each.name() === 'run')
    ?.addHelpText('after', ({ error }) => wrapperExitText(helpOutput(error)));
  for (const row of rows) {
    if (row.group !== undefined) policyWrap.commandsGroup(row.group);
    const command = policyWrap.command(row.name, { hidden: row.summary === undefined });
    command.description(row.summary ?? '');
    for (const argument of row.arguments ?? []) command.addArgument(argument);
    for (const option of row.options ?? []) command.addOption(option);
    command.addHelpText('after', ({ error }) => commandExitsText(helpOutput(error), row.exits));
    command.action(async (...typed) => {
      const given = typed.slice(0, command.registeredArguments.length);
      if (row.takesServer) given.push(server);
      const misplaced = misplacedOptions(row.takesServer ? server : []);
      if (misplaced !== undefined) await processTerminal().err.write(`policy-wrap: ${misplaced}\n`);
      if (row.options) given.push(command.opts());
      const [run, io] = await Promise.all([row.load(above, rows), terminalFor(row, command)]);
      settle(await run(...given, io));
    });
  }
  addHelp(policyWrap);
  // The build packs the page.
  policyWrap.command('__man', { hidden: true }).action(async () => {
    const { manPage } = await import('./man-page.js');
    await processTerminal().out.write(manPage(policyWrap, rows, packageJson.version));
  });
  policyWrap
    .command('__complete', { hidden: true })
    .argument('<shell>')
    .argument('[words...]')
    .action(async (shell: string, words: readonly string[]) => {
      const takesServer = (name: string) =>
        name === 'run' || rows.some((row) => row.name === name && row.takesServer === true);
      const { answer } = await import('./completion/answer.js');
      await answer(policyWrap, [shell, ...words, ...server], takesServer, processTerminal());
    });
}

/** What a command reads, prints and asks by. Of the clients of this machine only those know that are about them. */
async function terminalFor({ aboutClients }: CommandRow, command: Command): Promise<Terminal> {
  const terminal = processTerminal(command.opts());
  if (!aboutClients) return terminal;
  const { clientsTerminal } = await import('./this-installation.js');
  return clientsTerminal(terminal);
}

/** In the place of commander's own, which knows no topics and lets every misspelt word pass. */
function addHelp(policyWrap: Command): void {
  policyWrap
    .helpCommand(false)
    .command('help')
    .argument('[topic]', 'a command, or exit-codes')
    .description('show how a command is used, or what the exit codes say')
    .action(async (topic: string | undefined) => {
      if (topic === undefined) return policyWrap.outputHelp();
      const { out } = processTerminal();
      if (topic === 'exit-codes') {
        await out.write(exitCodesText(out));
        return;
      }
      const command = policyWrap.commands.find((each) => each.name() === topic);
      if (command !== undefined) return command.outputHelp();
      const names = policyWrap
        .createHelp()
        .visibleCommands(policyWrap)
        .map((each) => each.name());
      throw new PolicyWrapError('USAGE', `there is no help for ${printable(topic)}`, {
        hint: didYouMean(topic, [...names, ...TOPICS]) ?? 'policy-wrap help',
      });
    });
}
