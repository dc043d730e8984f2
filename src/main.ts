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

const ofServerOption = () => new Option('--server <name>', 'only this server');
const noColorOption = () => new Option('--no-color', 'no colours');
const jsonOption = () => new Option('--json', 'print JSON');

function count(text: string): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a number of lines is needed');
  return value;
}

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
    .command('status')
    .description('show what runs, what is used up and who waits for a person')
    .addOption(dbOption())
    .addOption(ofServerOption())
    .addOption(jsonOption())
    .option('--watch', 'again every second, until Ctrl-C')
    .addOption(noColorOption())
    .action(async (options) => settle(await (await import('./commands/status.js')).status(options)));

  policyWrap
    .command('log')
    .description('show decisions, the newest last')
    .addOption(dbOption())
    .option('--denied', 'only what was not allowed')
    .option('--tool <name>', 'only this tool')
    .addOption(ofServerOption())
    .option('--since <when>', 'from 90s, 2h or 7d ago, or from an ISO date')
    .option('--limit <lines>', 'only the newest', count, 100)
    .option('--follow', 'go on with new ones, until Ctrl-C')
    .option('--arguments', 'with the arguments whole, where the policy has them recorded')
    .addOption(new Option('--json', 'print JSON lines'))
    .addOption(noColorOption())
    .action(async (options) => settle(await (await import('./commands/log.js')).log(options)));

  policyWrap
    .command('export')
    .description('write the whole log')
    .addOption(dbOption())
    .addOption(
      new Option('--format <format>', 'JSON lines or CSV').choices(['jsonl', 'csv']).default('jsonl'),
    )
    .option('-o, --output <file>', 'write to a file instead of standard output')
    .option('--since <when>', 'from 90s, 2h or 7d ago, or from an ISO date')
    .action(async (options) => settle(await (await import('./commands/export.js')).exportLog(options)));

  policyWrap
    .command('approvals')
    .description('list the calls that wait for a person')
    .addOption(dbOption())
    .option('--all', 'also those that were decided or have expired')
    .addOption(jsonOption())
    .option('--watch', 'ask about one after the other, until Ctrl-C')
    .addOption(noColorOption())
    .action(async (options) => settle(await (await import('./commands/approvals.js')).approvals(options)));

  policyWrap
    .command('approve')
    .description('let a waiting call through, once')
    .argument('<id>')
    .addOption(dbOption())
    .option('--yes', 'do not ask; never enough for tools that cost money or destroy')
    .option('--also <calls>', 'further calls of this tool too: "next 10"')
    .option('--for <time>', 'how long those may come (default: 30m)')
    .option('--max-amount <number>', 'how large their amount may be')
    .addOption(noColorOption())
    .action(async (id, options) =>
      settle(await (await import('./commands/approve.js')).approve(id, options)),
    );

  policyWrap
    .command('reject')
    .description('refuse a waiting call, or take back what was approved in advance')
    .argument('<id>')
    .addOption(dbOption())
    .option('--reason <text>', 'what the model is told')
    .action(async (id, options) => settle(await (await import('./commands/reject.js')).reject(id, options)));

  policyWrap
    .command('reset')
    .description('empty a counter, or set a damaged database aside')
    .argument('[counter]')
    .addOption(dbOption())
    .addOption(ofServerOption())
    .option('--grant <name>', 'only this grant')
    .option('--database', 'set the whole database aside')
    .option('--yes', 'do not ask')
    .addOption(noColorOption())
    .action(async (counter, options) =>
      settle(await (await import('./commands/reset.js')).reset(counter, options)),
    );

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
