import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { run } from './commands/run.js';
import { EXIT, exitCodeOf, PolicyWrapError } from './errors.js';
import { runCommand, type Settle } from './options.js';

/** A command line taken apart at the first `--`. */
export interface CommandLine {
  /** Ours: command and options. */
  readonly own: readonly string[];
  /** The server's command and its arguments, whatever they look like; empty without `--`. */
  readonly server: readonly string[];
}

/** `policy-wrap [options] -- server` means `run`: what stands behind `--` never names one of our commands. */
export function takeApart(argv: readonly string[]): CommandLine {
  const end = argv.indexOf('--');
  if (end === -1) return { own: argv, server: [] };
  const own = argv.slice(0, end);
  const named = own[0] !== undefined && !own[0].startsWith('-');
  return { own: named ? own : ['run', ...own], server: argv.slice(end + 1) };
}

/**
 * The whole program, or for `run` only that command: a client waits for it, and the others are not looked at.
 *
 * @param settle takes the exit code of the command that ran
 */
export async function program({ own, server }: CommandLine, settle: Settle): Promise<Command> {
  const policyWrap = new Command('policy-wrap')
    .description('A spending limit and an emergency brake for local MCP servers.')
    .version(packageJson.version)
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showSuggestionAfterError();
  policyWrap.commandsGroup('Wrap:');
  policyWrap.addCommand(
    runCommand()
      .copyInheritedSettings(policyWrap)
      // Standard output belongs to the protocol (G8).
      .configureOutput({ writeOut: (text) => process.stderr.write(text) })
      .action(async (options) => settle(await run(server, options))),
  );
  if (own[0] === 'run') return policyWrap;
  const { addCommands } = await import('./program.js');
  addCommands(policyWrap, server, settle);
  return policyWrap.addHelpText(
    'before',
    `  policy-wrap -- mcp-afip                         wrap a server (what an MCP client runs)
  policy-wrap demo                                see it work, with nothing installed or issued
  policy-wrap check my-policy.json -- mcp-afip    find mistakes in a policy
`,
  );
}

/** Runs one command line (without Node and script) and sets this process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await exitCode(argv);
}

async function exitCode(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  try {
    const line = takeApart(argv);
    const policyWrap = await program(line, (result) => {
      code = result;
    });
    await policyWrap.parseAsync([...line.own], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    tell(error);
    return exitCodeOf(error);
  }
}

function tell(error: unknown): void {
  if (PolicyWrapError.is(error)) {
    process.stderr.write(`policy-wrap: ${error.message}\n${error.hint ? `  ${error.hint}\n` : ''}`);
  } else {
    const stack = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`policy-wrap: this is a bug, please report it\n${stack}\n`);
  }
}
