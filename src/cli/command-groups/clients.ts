import { Argument, InvalidArgumentError, Option } from 'commander';
import { SHARED } from '../shared-options.js';
import { type CommandRow, remote } from './command-row.js';

const GROUP = 'Into a client and out again:';

const {
  json,
  policy,
  preset,
  server,
  observe,
  db,
  store,
  storeOffline,
  yes,
  dryRun,
  config,
  scope,
  strength,
  allowPrivate,
} = SHARED;

/** Commands that put policy-wrap into clients and take it out again, and log in to remote servers. */
export const CLIENTS: readonly CommandRow[] = [
  {
    name: 'setup',
    group: GROUP,
    summary: "from a client's configuration to protected servers: asks, or takes every answer as an option",
    exits: { policyInvalid: true },
    arguments: [new Argument('[entry...]')],
    options: [
      new Option('--client <id...>', 'only these clients (else all that are here)'),
      new Option('--all', 'every server that can be wrapped'),
      strength,
      new Option('--no-start', 'start no server to see its tools'),
      ...[dryRun, yes],
    ],
    aboutClients: true,
    load: async () => (await import('../commands/setup.js')).setup,
  },
  {
    name: 'install',
    group: GROUP,
    summary: "put policy-wrap in front of servers in a client's configuration",
    exits: { policyInvalid: true },
    arguments: [new Argument('[client]'), new Argument('[entry...]')],
    options: [
      new Option('--all', 'every entry that can be wrapped'),
      ...[policy, preset, strength, observe],
      new Option('--no-observe', 'decide again where an entry only watched'),
      new Option('--server <name>', "name of the server, for one entry (else the entry's own name)"),
      ...[db, store],
      // Without it, what stands in the entry stays.
      new Option('--store-offline <mode>', storeOffline.description).choices(['refuse', 'uncounted']),
      new Option('--no-store-check', 'write the entry also where the store does not let it in'),
      ...[config, scope],
      new Option('--add <name>', 'a new entry for the server that stands behind "--"'),
      new Option('--env <variable...>', 'variables of the new entry: NAME=value, or NAME as it is set here'),
      new Option('--print', 'print the entry instead of writing it'),
      ...[dryRun, yes],
    ],
    takesServer: true,
    aboutClients: true,
    load: async () => {
      const { install } = await import('../commands/install.js');
      return (client, entries, command, options, io) => install({ ...options, client, entries, command }, io);
    },
  },
  {
    name: 'uninstall',
    group: GROUP,
    summary: "take policy-wrap out of a client's configuration again",
    arguments: [new Argument('[client]'), new Argument('[entry...]')],
    options: [
      new Option('--all', 'every wrapped entry'),
      ...[config, scope],
      new Option('--restore <backup>', 'restore a backup instead'),
      ...[dryRun, yes],
    ],
    aboutClients: true,
    load: async () => {
      const { uninstall } = await import('../commands/uninstall.js');
      return (client, entries, options, io) => uninstall({ ...options, client, entries }, io);
    },
  },
  {
    name: 'clients',
    group: GROUP,
    summary: 'every client found here, and which of its servers are wrapped',
    options: [json],
    aboutClients: true,
    load: async () => (await import('../commands/clients.js')).clients,
    output: async () => (await import('../commands/clients.js')).OUTPUT,
  },
  {
    name: 'pack',
    group: GROUP,
    summary: 'make one file for desktop clients (MCPB) of a server, its policy and this wrapper',
    exits: { policyInvalid: true },
    takesServer: true,
    options: [
      ...[policy, preset, server, ...remote],
      new Option('-o, --output <file>', 'a new file to write to (else <name>.mcpb)'),
      new Option('--files <folder>', "the server's own files, packed along"),
      new Option('--env <variable...>', 'variables of the server: NAME=value, or NAME to be asked for'),
      new Option('--name <name>', "the bundle's (else the server's)"),
      new Option('--bundle-version <version>', "the bundle's").default('1.0.0').argParser(version),
      new Option('--author <name>', "the bundle's").default('policy-wrap'),
    ],
    load: async () => (await import('../commands/pack.js')).pack,
  },
  {
    name: 'login',
    group: GROUP,
    summary: 'log in to a remote server in your browser',
    arguments: [new Argument('<address>', 'as it stands behind --url')],
    options: [
      new Option('--client-id <id>', 'a client that the authorization server knows (else one is registered)'),
      new Option('--client-secret-env <variable>', 'the variable that holds its secret, where it has one'),
      new Option('--oauth-scope <scopes>', 'what to ask for (else what the server says)'),
      new Option('--port <number>', 'the port of this machine that the browser comes back to').argParser(
        port,
      ),
      new Option('--no-browser', 'only print the address'),
      allowPrivate,
    ],
    load: async () => (await import('../commands/login.js')).login,
  },
  {
    name: 'logout',
    group: GROUP,
    summary: 'forget a login',
    arguments: [new Argument('<address>')],
    options: [allowPrivate],
    load: async () => (await import('../commands/login.js')).logout,
  },
];

function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65535) throw new InvalidArgumentError('a port is needed, up to 65535');
  return number;
}

/** https://semver.org, as the manifest of a bundle wants it. */
function version(text: string): string {
  if (!/^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[\w.-]{1,64})?$/.test(text))
    throw new InvalidArgumentError('a version like 1.0.0 is needed');
  return text;
}
