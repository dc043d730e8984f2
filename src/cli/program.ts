import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  dbOption,
  grantOption,
  noInstallOption,
  policyOption,
  presetOption,
  serverOption,
} from './options.js';

/** Takes the exit code of the command that ran. */
type Settle = (code: number) => void;

const jsonOption = () => new Option('--json', 'print the result as JSON');
const noColorOption = () => new Option('--no-color', 'plain text, also in a terminal');
const ofServerOption = () => new Option('--server <name>', 'only this server');
const scopeOption = () =>
  new Option('--scope <scope>', "which of a client's files").choices(['user', 'local', 'project']);
const configOption = () => new Option('--config <file>', 'a configuration file of a known shape');

function count(text: string): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a number of lines is needed');
  return value;
}

/**
 * Adds every command but `run`; each is loaded when it is asked for.
 *
 * @param server what stood behind `--`
 * @param settle takes the exit code of the command that ran
 */
export function addCommands(policyWrap: Command, server: readonly string[], settle: Settle): void {
  policyWrap.addHelpText(
    'before',
    `  policy-wrap -- mcp-afip                         wrap a server (what an MCP client runs)
  policy-wrap demo                                see it work, with nothing installed or issued
  policy-wrap check my-policy.json -- mcp-afip    find mistakes in a policy
`,
  );
  policyWrap.commandsGroup('Look at a server and write a policy:');

  policyWrap
    .command('init')
    .description('write a first policy for the server that stands behind "--"')
    .option('-o, --output <file>', 'where to (else the config folder, where a wrapper looks for it)')
    .option('--force', 'write over an existing file')
    .option('-y, --yes', 'agree to everything, starting the server included')
    .option('--preset <name>', 'write a shipped policy')
    .option('--no-preset', "go by the server's tools, also for a server that has a preset")
    .addOption(serverOption())
    .addOption(noInstallOption())
    .action(async (options) => settle(await (await import('./commands/init.js')).init(server, options)));

  policyWrap
    .command('presets')
    .description('list the shipped policies, or print one')
    .argument('[name]')
    .addOption(jsonOption())
    .action(async (name, options) => settle((await import('./commands/presets.js')).presets(name, options)));

  policyWrap
    .command('tools')
    .description('what a server can do: class and risk of each tool, and what the policy does with it')
    .addOption(policyOption())
    .addOption(presetOption())
    .addOption(serverOption())
    .addOption(noInstallOption())
    .addOption(jsonOption())
    .addOption(noColorOption())
    .action(async (options) => settle(await (await import('./commands/tools.js')).tools(server, options)));

  policyWrap
    .command('doctor')
    .description('look for everything that is wrong, and say how to mend it')
    .addOption(policyOption())
    .addOption(presetOption())
    .addOption(dbOption())
    .addOption(serverOption())
    .addOption(jsonOption())
    .addOption(noColorOption())
    .action(async (options) => settle(await (await import('./commands/doctor.js')).doctor(server, options)));

  policyWrap
    .command('demo')
    .description('see the pasted policy at work on a bundled stand-in server')
    .addOption(jsonOption())
    .action(async (options) => settle(await (await import('./commands/demo.js')).demo(options)));

  policyWrap.commandsGroup('Trust a policy:');

  policyWrap
    .command('check')
    .description(
      'find every mistake in a policy; with a server behind "--", also what does not fit its tools',
    )
    .argument('[policy]')
    .addOption(presetOption())
    .addOption(serverOption())
    .option('--strict', 'warnings count as errors')
    .addOption(noInstallOption())
    .addOption(jsonOption())
    .action(async (file, options) =>
      settle(await (await import('./commands/check.js')).check(file, server, options)),
    );

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
    .addOption(jsonOption())
    .action(async (tool, options) =>
      settle(await (await import('./commands/explain.js')).explain(tool, server, options)),
    );

  policyWrap
    .command('test')
    .description('run cases, written as data, against policies')
    .argument('<cases...>', 'JSON files')
    .addOption(jsonOption())
    .action(async (files, options) =>
      settle(await (await import('./commands/test.js')).test(files, options)),
    );

  policyWrap
    .command('schema')
    .description('print the JSON Schema of the policy file; with a server, with its tools and arguments')
    .addOption(noInstallOption())
    .action(async (options) => settle(await (await import('./commands/schema.js')).schema(server, options)));

  policyWrap
    .command('import')
    .description(
      "turn the predecessor's YAML policy into ours, on standard output; what has no counterpart refuses",
    )
    .argument('<file>')
    .action(async (file) => settle(await (await import('./commands/import.js')).importPolicy(file)));

  policyWrap.commandsGroup('See what happened:');

  policyWrap
    .command('status')
    .description('show what runs, what is used up and who waits for a person')
    .addOption(dbOption())
    .addOption(ofServerOption())
    .option('--counter <name>', 'only the counters of this name')
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
    .command('reset')
    .description('empty a counter, mend counters after a wrong clock, or set a damaged database aside')
    .argument('[counter]')
    .addOption(dbOption())
    .addOption(ofServerOption())
    .option('--grant <name>', 'only this grant')
    .option('--clock', 'count as charged now what was charged when the clock was ahead of today')
    .option('--database', 'set the whole database aside')
    .option('--yes', 'do not ask')
    .addOption(noColorOption())
    .action(async (counter, options) =>
      settle(await (await import('./commands/reset.js')).reset(counter, options)),
    );

  policyWrap
    .command('recommend')
    .description('write a policy from what the decision log says was done, with its evidence')
    .addOption(dbOption())
    .addOption(serverOption())
    .option('--since <time>', 'only calls since then: 7d, 12h, or a date (else all that are kept)')
    .option('-o, --output <file>', 'a new file to write to (else standard output)')
    .addOption(jsonOption())
    .action(async (options) => settle(await (await import('./commands/recommend.js')).recommend(options)));

  policyWrap
    .command('replay')
    .description('run a draft over the calls of the decision log, and show what it would change')
    .argument('<policy>', 'the draft')
    .addOption(dbOption())
    .addOption(serverOption())
    .option('--since <time>', 'only calls since then: 7d, 12h, or a date (else all that are kept)')
    .addOption(jsonOption())
    .option('--check', 'exit with 4 when anything changes')
    .action(async (file, options) =>
      settle(await (await import('./commands/replay.js')).replay(file, options)),
    );

  policyWrap.commandsGroup('Decide yourself:');

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
    .option('--max-amount <number>', 'how large each of their amounts may be')
    .option('--amount <path>', 'the number that is meant, where it cannot be told: args.total')
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
    .command('trust')
    .description('show what changed in the tools of a server, and accept it')
    .argument('<server>')
    .argument('[tool]')
    .addOption(dbOption())
    .option('--dry-run', 'only show')
    .option('--yes', 'do not ask')
    .addOption(jsonOption())
    .action(async (name, tool, options) =>
      settle(await (await import('./commands/trust.js')).trust(name, tool, options)),
    );

  policyWrap
    .command('pause')
    .description('refuse every call of every wrapper on this machine, at once')
    .addOption(serverOption())
    .addOption(dbOption())
    .option('--reason <text>')
    .action(async (options) => settle(await (await import('./commands/pause.js')).pause(options)));

  policyWrap
    .command('resume')
    .description('lift a pause')
    .addOption(serverOption())
    .addOption(dbOption())
    .action(async (options) => settle(await (await import('./commands/pause.js')).resume(options)));

  policyWrap.commandsGroup('Into a client and out again:');

  policyWrap
    .command('install')
    .description("put policy-wrap in front of servers in a client's configuration")
    .argument('[client]')
    .argument('[entry...]')
    .option('--all', 'every entry that can be wrapped')
    .addOption(policyOption())
    .addOption(dbOption())
    .addOption(configOption())
    .addOption(scopeOption())
    .option('--add <name>', 'a new entry for the server that stands behind "--"')
    .option('--env <name[=value]...>', 'variables of the new entry')
    .option('--print', 'print the entry instead of writing it')
    .option('--dry-run', 'show the change without making it')
    .option('--yes', 'ask nothing')
    .action(async (client, entries, options) =>
      settle(
        await (await import('./commands/install.js')).install({
          ...options,
          client,
          entries,
          command: server,
        }),
      ),
    );

  policyWrap
    .command('uninstall')
    .description("take policy-wrap out of a client's configuration again")
    .argument('[client]')
    .argument('[entry...]')
    .option('--all', 'every wrapped entry')
    .addOption(configOption())
    .addOption(scopeOption())
    .option('--restore <backup>', 'put a backup back instead')
    .option('--dry-run', 'show the change without making it')
    .option('--yes', 'ask nothing')
    .action(async (client, entries, options) =>
      settle(await (await import('./commands/uninstall.js')).uninstall({ ...options, client, entries })),
    );

  policyWrap
    .command('clients')
    .description('every client found here, and which of its servers are wrapped')
    .addOption(jsonOption())
    .action(async (options) => settle(await (await import('./commands/clients.js')).clients(options)));

  policyWrap
    .command('stand-in', { hidden: true })
    .argument('<kind>')
    .action(async (kind) => settle(await (await import('./commands/stand-in.js')).standIn(kind)));
}
