import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { run } from './commands/run.js';
import { EXIT, exitCodeOf, PolicyWrapError } from './errors.js';

const MIB = 1 << 20;

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

function megabytes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1024))
    throw new InvalidArgumentError('a number of megabytes up to 1024 is needed');
  return Math.round(value * MIB);
}

const policyOption = () =>
  new Option('-p, --policy <file>', 'the policy (else POLICY_WRAP_POLICY, the config folder, a preset)');
const presetOption = () => new Option('--preset <name>', 'a shipped policy by name');
const dbOption = () => new Option('--db <file>', 'the state database (else POLICY_WRAP_DB, the data folder)');
const serverOption = () =>
  new Option('--server <name>', 'the name that counters, log and approvals are kept under');
const grantOption = () =>
  new Option('--grant <name>', 'the identity that shares counters').default('default');

/**
 * All commands and their options.
 *
 * @param server what stood behind `--`
 * @param settle takes the exit code of the command that ran
 */
export function program(server: readonly string[], settle: (code: number) => void): Command {
  const policyWrap = new Command('policy-wrap')
    .description('A spending limit and an emergency brake for local MCP servers.')
    .version(packageJson.version)
    .addHelpText(
      'before',
      `  policy-wrap -- mcp-afip                         wrap a server (what an MCP client runs)
  policy-wrap demo                                see it work, with nothing installed or issued
  policy-wrap check my-policy.json -- mcp-afip    find mistakes in a policy
`,
    )
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showSuggestionAfterError();

  policyWrap
    .command('run')
    .description('wrap the server that stands behind "--"; "run" may be left out')
    .addOption(policyOption())
    .addOption(presetOption())
    .addOption(dbOption())
    .addOption(serverOption())
    .addOption(grantOption())
    .option('--observe', 'decide and log, refuse nothing')
    .option('--no-install', 'never fetch a known server from npm')
    .option('--max-client-line <MiB>', 'longest message from the client', megabytes, 16 * MIB)
    .option('--max-server-line <MiB>', 'longest message from the server', megabytes, 64 * MIB)
    // Standard output belongs to the protocol (G8).
    .configureOutput({ writeOut: (text) => process.stderr.write(text) })
    .action(async (options) => settle(await run(server, options)));

  policyWrap
    .command('demo')
    .description('see the pasted policy at work on a bundled stand-in server')
    .option('--json', 'print the result as JSON')
    .action(async (options) => settle(await (await import('./commands/demo.js')).demo(options)));

  policyWrap
    .command('explain')
    .description('say what would happen to a call, and why, without charging anything')
    .argument('<tool>')
    .option('--args <json>', "the call's arguments", '{}')
    .addOption(policyOption())
    .addOption(presetOption())
    .addOption(dbOption())
    .addOption(serverOption())
    .addOption(grantOption())
    .option('--json', 'print the result as JSON')
    .action(async (tool, options) =>
      settle(await (await import('./commands/explain.js')).explain(tool, server, options)),
    );

  policyWrap
    .command('test')
    .description('run cases, written as data, against policies')
    .argument('<cases...>', 'JSON files')
    .option('--json', 'print the result as JSON')
    .action(async (files, options) =>
      settle(await (await import('./commands/test.js')).test(files, options)),
    );

  policyWrap
    .command('recommend')
    .description('write a policy from what the decision log says was done, with its evidence')
    .addOption(dbOption())
    .addOption(serverOption())
    .option('--since <time>', 'only calls since then: 7d, 12h, or a date (else all that are kept)')
    .option('-o, --output <file>', 'a new file to write to (else standard output)')
    .option('--json', 'print the result as JSON')
    .action(async (options) => settle(await (await import('./commands/recommend.js')).recommend(options)));

  policyWrap
    .command('replay')
    .description('run a draft over the calls of the decision log, and show what it would change')
    .argument('<policy>', 'the draft')
    .addOption(dbOption())
    .addOption(serverOption())
    .option('--since <time>', 'only calls since then: 7d, 12h, or a date (else all that are kept)')
    .option('--json', 'print the result as JSON')
    .option('--check', 'exit with 4 when anything changes')
    .action(async (file, options) =>
      settle(await (await import('./commands/replay.js')).replay(file, options)),
    );

  policyWrap
    .command('import')
    .description("turn the predecessor's YAML policy into ours, on standard output")
    .argument('<file>')
    .action(async (file) => settle(await (await import('./commands/import.js')).importPolicy(file)));

  policyWrap
    .command('stand-in', { hidden: true })
    .addArgument(new Argument('<kind>').choices(['afip', 'legiti', 'demo']))
    .action(async (kind) => settle(await (await import('./commands/stand-in.js')).standIn(kind)));

  return policyWrap;
}

/** Runs one command line (without Node and script) and sets this process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  process.exitCode = await exitCode(argv);
}

async function exitCode(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  try {
    const { own, server } = takeApart(argv);
    const policyWrap = program(server, (result) => {
      code = result;
    });
    await policyWrap.parseAsync([...own], { from: 'user' });
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
