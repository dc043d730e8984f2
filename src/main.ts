import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { run } from './commands/run.js';
import { EXIT, exitCodeOf, PolicyWrapError } from './errors.js';

const MIB = 1 << 20;

/** `policy-wrap [options] -- server`: what stands before `--` names no command, so the server's own name cannot. */
function withRun(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  const [first] = argv;
  return end !== -1 && (first === '--' || first?.startsWith('-')) ? ['run', ...argv] : argv;
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

/** @param settle takes the exit code of the command that ran */
function program(settle: (code: number) => void): Command {
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
    .command('run', { isDefault: true })
    .description('wrap a server; "run" may be left out')
    .argument('[command...]', 'the server and its arguments, after --')
    .addOption(policyOption())
    .addOption(presetOption())
    .addOption(dbOption())
    .addOption(serverOption())
    .addOption(grantOption())
    .option('--observe', 'decide and log, refuse nothing')
    .option('--no-install', 'never fetch a known server from npm')
    .option('--max-client-line <MiB>', 'longest message from the client', megabytes, 16 * MIB)
    .option('--max-server-line <MiB>', 'longest message from the server', megabytes, 64 * MIB)
    .passThroughOptions()
    // Standard output belongs to the protocol (G8).
    .configureOutput({ writeOut: (text) => process.stderr.write(text) })
    .action(async (argv: string[], options) => settle(await run(argv, options)));

  policyWrap
    .command('demo')
    .description('see the pasted policy at work on a bundled stand-in server')
    .option('--json', 'print the result as JSON')
    .action(async (options) => settle(await (await import('./commands/demo.js')).demo(options)));

  policyWrap
    .command('stand-in', { hidden: true })
    .addArgument(new Argument('<kind>').choices(['afip', 'legiti', 'demo']))
    .action(async (kind) => settle(await (await import('./commands/stand-in.js')).standIn(kind)));

  return policyWrap;
}

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  try {
    await program((result) => {
      code = result;
    }).parseAsync(withRun(argv) as string[], { from: 'user' });
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

process.exitCode = await main(process.argv.slice(2));
