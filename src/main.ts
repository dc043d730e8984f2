import { run } from './commands/run.js';
import { exitCodeOf, PolicyWrapError } from './errors.js';
import { printableLines } from './printable.js';
import type { CommandLine, runProgram } from './program.js';
import { readRunOptions } from './run-options.js';

/** `policy-wrap [options] -- server` means `run`: what stands behind `--` never names one of our commands. */
export function takeApart(argv: readonly string[]): CommandLine {
  const end = argv.indexOf('--');
  if (end === -1) return { own: argv, server: [] };
  const own = argv.slice(0, end);
  const named = own[0] !== undefined && !own[0].startsWith('-');
  return { own: named ? own : ['run', ...own], server: argv.slice(end + 1) };
}

/** The commands but for `run`. A client waits for that one, and all that it does not need lies in another bundle. */
type LoadProgram = () => Promise<{ readonly runProgram: typeof runProgram }>;

/**
 * Runs one command line and sets this process's exit code.
 *
 * @param argv without Node and script
 */
export async function main(argv: readonly string[], loadProgram: LoadProgram): Promise<void> {
  process.exitCode = await exitCode(takeApart(argv), loadProgram);
}

async function exitCode(line: CommandLine, loadProgram: LoadProgram): Promise<number> {
  try {
    const [command, ...words] = line.own;
    const options = command === 'run' ? readRunOptions(words) : undefined;
    if (options) return await run(line.server, options);
    return await (await loadProgram()).runProgram(line, run);
  } catch (error) {
    tell(error);
    return exitCodeOf(error);
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
