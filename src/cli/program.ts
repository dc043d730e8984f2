import type { Command } from 'commander';
import { COMMANDS, type CommandRow } from './command-table.js';
import { processTerminal } from './terminal.js';

const EXAMPLES = `  policy-wrap -- mcp-afip                         wrap a server (what an MCP client runs)
  policy-wrap demo                                see it work, with nothing installed or issued
  policy-wrap check my-policy.json -- mcp-afip    find mistakes in a policy
`;

/**
 * Adds every command but `run`; each is loaded when it is asked for.
 *
 * @param server what stood behind `--`
 * @param settle takes the exit code of the command that ran
 */
export function addCommands(
  policyWrap: Command,
  server: readonly string[],
  settle: (code: number) => void,
  rows: readonly CommandRow[] = COMMANDS,
): void {
  policyWrap.addHelpText('before', EXAMPLES);
  for (const row of rows) {
    if (row.group !== undefined) policyWrap.commandsGroup(row.group);
    const command = policyWrap.command(row.name, { hidden: row.summary === undefined });
    command.description(row.summary ?? '');
    for (const argument of row.arguments ?? []) command.addArgument(argument);
    for (const option of row.options ?? []) command.addOption(option);
    command.action(async (...typed) => {
      const given = typed.slice(0, command.registeredArguments.length);
      if (row.takesServer) given.push(server);
      if (row.options) given.push(command.opts());
      settle(await (await row.load())(...given, processTerminal(command.opts())));
    });
  }
}
