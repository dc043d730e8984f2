import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { SHARED } from './options.js';

/** One command; the only table of them. */
export interface CommandRow {
  readonly name: string;
  readonly group?: string;
  /** Without one it is not listed. */
  readonly summary?: string;
  readonly arguments?: readonly Argument[];
  /** A server may stand behind `--`; a person who forgot the `--` is told. */
  readonly takesServer?: boolean;
  /** Its arguments mean nothing without a server: words without `--` are the server. */
  readonly needsServer?: boolean;
  readonly options?: readonly Option[];
  /** @returns the command. It takes its arguments, the server's words, its options (where it has any) and the Terminal. */
  readonly load: () => Promise<(...given: Given) => Promise<number>>;
}

/** As commander gives them: without types. */
type Given = Parameters<Parameters<Command['action']>[0]>;

const LOOK = 'Look at a server and write a policy:';
const TRUST = 'Trust a policy:';
const SEE = 'See what happened:';
const DECIDE = 'Decide yourself:';
const CLIENTS = 'Into a client and out again:';

const { json, noColor, policy, preset, observe, db, server, onlyServer, grant, install, since } = SHARED;
const { yes, dryRun, config, scope, strength, url, header, allowPrivate } = SHARED;
/** A remote server in the place of one behind `--`. */
const remote = [url, header, allowPrivate];

const SETUP = async (more: { readonly offer?: boolean }) => {
  const [{ setup }, { clientsTerminal }] = await Promise.all([import('./commands/setup.js'), INSTALLATION()]);
  return (entries: Given[0], options: Given[0], terminal: Given[0]) =>
    setup(entries, { ...options, ...more }, clientsTerminal(terminal));
};

/** What the commands that edit a policy have in common. */
function edit(name: 'allow' | 'ask' | 'deny' | 'hide' | 'limit', summary: string): CommandRow {
  const hasReason = name === 'ask' || name === 'deny';
  return {
    name,
    group: TRUST,
    summary,
    arguments: [
      new Argument('<server>'),
      new Argument('<tool>', 'a tool, or a pattern with *'),
      ...(name === 'limit' ? [new Argument('<rate>', '10/hour')] : []),
    ],
    options: [
      new Option('-p, --policy <file>', 'the policy to edit (else the one that holds for the server)'),
      ...(hasReason ? [new Option('--reason <text>', 'what the model is told')] : []),
      ...[db, new Option('--dry-run', 'show the change without making it'), noColor],
    ],
    load: async () => (await import('./commands/edit-policy.js'))[name],
  };
}

const EDITS: readonly CommandRow[] = [
  edit('allow', 'let a tool through: takes away what refuses or asks, and keeps limits and conditions'),
  edit('ask', 'have a person asked about every call of a tool'),
  edit('deny', 'refuse every call of a tool'),
  edit('hide', "leave a tool out of the server's list"),
  edit('limit', 'set how often a tool may be called, such as 10/hour'),
];

/** Loaded for the commands about clients alone. */
const INSTALLATION = () => import('./this-installation.js');

export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'init',
    group: LOOK,
    summary: 'write a first policy for the server that stands behind "--"',
    takesServer: true,
    options: [
      new Option('-o, --output <file>', 'where to (else the config folder, where a wrapper looks for it)'),
      new Option('--force', 'overwrite an existing file'),
      new Option('-y, --yes', 'agree to everything, including starting the server'),
      strength,
      new Option('--preset <name>', 'write a shipped policy'),
      new Option('--no-preset', "go by the server's tools, also for a server that has a preset"),
      ...[server, install],
      ...remote,
    ],
    load: async () => (await import('./commands/init.js')).init,
  },
  {
    name: 'presets',
    group: LOOK,
    summary: 'list the shipped policies, or print one',
    arguments: [new Argument('[name]')],
    options: [json, noColor],
    load: async () => (await import('./commands/presets.js')).presets,
  },
  {
    name: 'tools',
    group: LOOK,
    summary: 'what a server can do: class and risk of each tool, and what the policy does with it',
    takesServer: true,
    needsServer: true,
    arguments: [new Argument('[tool]', 'all that can be said of this one')],
    options: [
      policy,
      preset,
      server,
      install,
      ...remote,
      new Option('--cost', 'about how many tokens the definitions take'),
      json,
      noColor,
    ],
    load: async () => (await import('./commands/tools.js')).tools,
  },
  {
    name: 'threats',
    group: LOOK,
    summary: 'which attack patterns the tools open, what the policy counters, and what closes the rest',
    takesServer: true,
    options: [
      ...[policy, preset, server, install, ...remote],
      new Option('--check', 'exit with 4 where a pattern is open'),
      new Option('--accept <ids>', 'patterns that may be open, with commas between'),
      new Option('--sarif', 'print what is open as SARIF').conflicts('json'),
      ...[json, noColor],
    ],
    load: async () => {
      const [{ threats }, { clientsTerminal }] = await Promise.all([
        import('./commands/threats.js'),
        INSTALLATION(),
      ]);
      return (argv, options, terminal) => threats(argv, options, clientsTerminal(terminal));
    },
  },
  {
    name: 'doctor',
    group: LOOK,
    summary: 'look for everything that is wrong, and say how to mend it',
    takesServer: true,
    options: [policy, preset, db, server, ...remote, json, noColor],
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
  {
    name: 'demo',
    group: LOOK,
    summary: 'see the pasted policy at work on a bundled stand-in server',
    options: [new Option('--approve', 'a call that waits for you, in this terminal'), json],
    load: async () => (await import('./commands/demo.js')).demo,
  },
  {
    name: 'check',
    group: TRUST,
    summary: 'find every mistake in a policy; with a server behind "--", also what does not fit its tools',
    takesServer: true,
    arguments: [new Argument('[policy]')],
    options: [preset, server, new Option('--strict', 'warnings count as errors'), install, ...remote, json],
    load: async () => (await import('./commands/check.js')).check,
  },
  {
    name: 'explain',
    group: TRUST,
    summary: 'say what would happen to a call, and why, without charging anything',
    takesServer: true,
    arguments: [new Argument('<tool>')],
    options: [
      new Option('--args <json>', "the call's arguments").default('{}'),
      ...[policy, preset, db, server, grant, ...remote, json],
    ],
    load: async () => (await import('./commands/explain.js')).explain,
  },
  {
    name: 'test',
    group: TRUST,
    summary: 'run cases, written as data, against policies',
    arguments: [new Argument('<cases...>', 'JSON files')],
    options: [json],
    load: async () => (await import('./commands/test.js')).test,
  },
  {
    name: 'schema',
    group: TRUST,
    summary: 'print the JSON Schema of the policy file; with a server, with its tools and arguments',
    takesServer: true,
    options: [install, ...remote],
    load: async () => (await import('./commands/schema.js')).schema,
  },
  {
    name: 'import',
    group: TRUST,
    summary:
      "turn the predecessor's YAML policy into ours, on standard output; what has no counterpart refuses",
    arguments: [new Argument('<file>')],
    load: async () => (await import('./commands/import.js')).importPolicy,
  },
  ...EDITS,
  {
    name: 'status',
    group: SEE,
    summary: 'show what runs, what is used up and who waits for a person',
    options: [
      ...[db, onlyServer],
      new Option('--counter <name>', 'only the counters of this name'),
      json,
      new Option('--watch', 'refresh every second until Ctrl-C'),
      noColor,
    ],
    load: async () => (await import('./commands/status.js')).status,
  },
  {
    name: 'log',
    group: SEE,
    summary: 'show decisions, the newest last',
    options: [
      db,
      new Option('--denied', 'only what was not allowed'),
      new Option('--tool <name>', 'only this tool'),
      ...[onlyServer, since],
      new Option('--limit <lines>', 'only the newest').default(100).argParser(lines),
      new Option('--follow', 'keep showing new ones until Ctrl-C'),
      new Option('--arguments', 'with the whole arguments, where the policy records them'),
      new Option('--json', 'print JSON lines'),
      noColor,
    ],
    load: async () => (await import('./commands/log.js')).log,
  },
  {
    name: 'export',
    group: SEE,
    summary: 'write the whole log',
    options: [
      db,
      new Option('--format <format>', 'JSON lines or CSV').choices(['jsonl', 'csv']).default('jsonl'),
      new Option('-o, --output <file>', 'write to a file instead of standard output'),
      since,
    ],
    load: async () => (await import('./commands/export.js')).exportLog,
  },
  {
    name: 'reset',
    group: SEE,
    summary: 'empty a counter, repair counters after a wrong clock, or set a damaged database aside',
    arguments: [new Argument('[counter]')],
    options: [
      ...[db, onlyServer],
      new Option('--grant <name>', 'only this grant'),
      new Option('--clock', 'count what was charged while the clock was ahead as charged now'),
      new Option('--database', 'set the whole database aside'),
      ...[yes, noColor],
    ],
    load: async () => (await import('./commands/reset.js')).reset,
  },
  {
    name: 'recommend',
    group: SEE,
    summary: 'write a policy from what the decision log says was done, with its evidence',
    options: [
      ...[db, server, since],
      new Option('-o, --output <file>', 'a new file to write to (else standard output)'),
      json,
    ],
    load: async () => (await import('./commands/recommend.js')).recommend,
  },
  {
    name: 'replay',
    group: SEE,
    summary: 'run a draft over the calls of the decision log, and show what it would change',
    arguments: [new Argument('<policy>', 'the draft')],
    options: [...[db, server, since, json], new Option('--check', 'exit with 4 when anything changes')],
    load: async () => (await import('./commands/replay.js')).replay,
  },
  {
    name: 'approvals',
    group: DECIDE,
    summary: 'list the calls that wait for a person',
    options: [
      db,
      new Option('--all', 'include those already decided or expired'),
      json,
      new Option('--watch', 'ask about one after the other, until Ctrl-C'),
      noColor,
    ],
    load: async () => (await import('./commands/approvals.js')).approvals,
  },
  {
    name: 'approve',
    group: DECIDE,
    summary: 'let a waiting call through, once',
    arguments: [new Argument('<id>')],
    options: [
      db,
      new Option('--yes', 'do not ask; never enough for tools that cost money or destroy'),
      new Option('--also <calls>', 'further calls of this tool too: "next 10"'),
      new Option('--for <time>', 'how long that holds (default: 30m)'),
      new Option('--max-amount <number>', 'how large each of their amounts may be'),
      new Option('--amount <path>', 'which number that is, where it is not clear: args.total'),
      noColor,
    ],
    load: async () => (await import('./commands/approve.js')).approve,
  },
  {
    name: 'reject',
    group: DECIDE,
    summary: 'refuse a waiting call, or take back an approval that was not used yet',
    arguments: [new Argument('<id>')],
    options: [db, new Option('--reason <text>', 'what the model is told')],
    load: async () => (await import('./commands/reject.js')).reject,
  },
  {
    name: 'trust',
    group: DECIDE,
    summary: 'show what changed in the tools of a server, and accept it',
    arguments: [new Argument('<server>'), new Argument('[tool]')],
    options: [db, new Option('--dry-run', 'only show'), yes, json],
    load: async () => (await import('./commands/trust.js')).trust,
  },
  {
    name: 'pause',
    group: DECIDE,
    summary: 'refuse every call of every wrapper on this machine, at once',
    options: [onlyServer, db, new Option('--reason <text>', 'shown by status')],
    load: async () => (await import('./commands/pause.js')).pause,
  },
  {
    name: 'resume',
    group: DECIDE,
    summary: 'lift a pause',
    options: [onlyServer, db],
    load: async () => (await import('./commands/pause.js')).resume,
  },
  {
    name: 'setup',
    group: CLIENTS,
    summary: "from a client's configuration to protected servers: asks, or takes every answer as an option",
    arguments: [new Argument('[entry...]')],
    options: [
      new Option('--client <id...>', 'only these clients (else all that are here)'),
      new Option('--all', 'every server that can be wrapped'),
      strength,
      new Option('--no-start', 'start no server to see its tools'),
      ...[dryRun, yes],
    ],
    load: () => SETUP({}),
  },
  {
    name: 'install',
    group: CLIENTS,
    summary: "put policy-wrap in front of servers in a client's configuration",
    arguments: [new Argument('[client]'), new Argument('[entry...]')],
    options: [
      new Option('--all', 'every entry that can be wrapped'),
      ...[policy, preset, strength, observe],
      new Option('--no-observe', 'decide again where an entry only watched'),
      new Option('--server <name>', "name of the server, for one entry (else the entry's own name)"),
      ...[db, config, scope],
      new Option('--add <name>', 'a new entry for the server that stands behind "--"'),
      new Option('--env <name[=value]...>', 'variables of the new entry'),
      new Option('--print', 'print the entry instead of writing it'),
      ...[dryRun, yes],
    ],
    takesServer: true,
    load: async () => {
      const [{ install }, { clientsTerminal }] = await Promise.all([
        import('./commands/install.js'),
        INSTALLATION(),
      ]);
      return (client, entries, command, options, terminal) =>
        install({ ...options, client, entries, command }, clientsTerminal(terminal));
    },
  },
  {
    name: 'uninstall',
    group: CLIENTS,
    summary: "take policy-wrap out of a client's configuration again",
    arguments: [new Argument('[client]'), new Argument('[entry...]')],
    options: [
      new Option('--all', 'every wrapped entry'),
      ...[config, scope],
      new Option('--restore <backup>', 'restore a backup instead'),
      ...[dryRun, yes],
    ],
    load: async () => {
      const [{ uninstall }, { clientsTerminal }] = await Promise.all([
        import('./commands/uninstall.js'),
        INSTALLATION(),
      ]);
      return (client, entries, options, terminal) =>
        uninstall({ ...options, client, entries }, clientsTerminal(terminal));
    },
  },
  {
    name: 'clients',
    group: CLIENTS,
    summary: 'every client found here, and which of its servers are wrapped',
    options: [json],
    load: async () => {
      const [{ clients }, { clientsTerminal }] = await Promise.all([
        import('./commands/clients.js'),
        INSTALLATION(),
      ]);
      return (options, terminal) => clients(options, clientsTerminal(terminal));
    },
  },
  {
    name: 'login',
    group: CLIENTS,
    summary: 'log in to a remote server in your browser',
    arguments: [new Argument('<address>', 'as it stands behind --url')],
    options: [
      new Option('--client-id <id>', 'a client that the authorization server knows (else one is registered)'),
      new Option('--oauth-scope <scopes>', 'what to ask for (else what the server says)'),
      new Option('--port <number>', 'the port of this machine that the browser comes back to').argParser(
        port,
      ),
      new Option('--no-browser', 'only print the address'),
      allowPrivate,
    ],
    load: async () => (await import('./commands/login.js')).login,
  },
  {
    name: 'logout',
    group: CLIENTS,
    summary: 'forget a login',
    arguments: [new Argument('<address>')],
    options: [allowPrivate],
    load: async () => (await import('./commands/login.js')).logout,
  },
  {
    // What is meant by no word at all in a terminal.
    name: 'welcome',
    options: [],
    load: async () => {
      const set = await SETUP({ offer: true });
      return (options, terminal) => set([], options, terminal);
    },
  },
  {
    name: 'stand-in',
    arguments: [new Argument('<kind>')],
    load: async () => (await import('./commands/stand-in.js')).standIn,
  },
];

function lines(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a number of lines');
  return Number(text);
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65535) throw new InvalidArgumentError('a port is needed, up to 65535');
  return number;
}
