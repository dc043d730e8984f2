import { CommanderError } from 'commander';
import { type CommandLine, wrapProgram } from './cli/options.js';
import { EXIT, exitCodeOf, PolicyWrapError } from './errors.js';
import { printableLines } from './text/escape.js';

/** `policy-wrap [options] -- server` means `run`: what stands behind `--` never names one of our commands. */
export function takeApart(argv: readonly string[]): CommandLine {
  const end = argv.indexOf('--');
  // A remote server has an address where others have a command.
  const isRemote = argv[0]?.startsWith('-') && argv.some((word) => /^--url(?:=|$)/.test(word));
  if (end === -1) return { own: isRemote ? ['run', ...argv] : argv, server: [] };
  const own = argv.slice(0, end);
  const named = own[0] !== undefined && !own[0].startsWith('-');
  return { own: named ? own : ['run', ...own], server: argv.slice(end + 1) };
}

/**
 * Runs one command line and sets this process's exit code.
 *
 * @param argv without Node and script
 */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    process.exitCode = await runLine(argv);
  } catch (error) {
    tell(error);
    process.exitCode = exitCodeOf(error);
  }
}

/** `policy-wrap` alone in a terminal offers to set itself up; elsewhere it shows its commands. */
function wordsForNone(): readonly string[] {
  return process.stdin.isTTY && process.stderr.isTTY ? ['welcome'] : [];
}

/** @returns the exit code; a wrong command line has been answered with what is wrong with it */
async function runLine(argv: readonly string[]): Promise<number> {
  const { own, server } = takeApart(argv.length === 0 ? wordsForNone() : argv);
  let code: number = EXIT.done;
  const settle = (result: number) => {
    code = result;
  };
  const program = wrapProgram(async (options, terminal) => {
    const { run } = await import('./cli/commands/run.js');
    settle(await run(server, options, terminal));
  });
  // A client waits for `run`, and needs none of the others; a person who asks for help does not wait.
  if (own[0] !== 'run' || own.includes('--help') || own.includes('-h')) {
    const { addCommands } = await import('./cli/program.js');
    addCommands(program, server, settle, { ui: async () => (await import('./page/ui.js')).ui });
  }
  try {
    await program.parseAsync([...own], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.done;
    // The help, where nothing was said at all.
    if (error.code === 'commander.help') return EXIT.usage;
    throw (await import('./cli/wrong-usage.js')).usageError(error, argv, program);
  }
}

function tell(error: unknown): void {
  if (PolicyWrapError.is(error)) {
    // A message may carry a name out of a file or from a client.
    const hint = error.hint ? `\n  ${error.hint}` : '';
    process.stderr.write(`policy-wrap: ${printableLines(`${error.message}${hint}`)}\n`);
  } else {
    const stack = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`policy-wrap: this is a bug, please report it\n${printableLines(stack ?? '')}\n`);
  }
}
