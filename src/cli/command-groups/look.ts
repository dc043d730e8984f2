import { Argument, Option } from 'commander';
import { SHARED } from '../shared-options.js';
import { type CommandRow, remote } from './command-row.js';

const GROUP = 'Look at a server and write a policy:';

const { json, noColor, policy, preset, db, store, server, install, strength } = SHARED;

/** Commands that look at a server, and write a policy for it. */
export const LOOK: readonly CommandRow[] = [
  {
    name: 'init',
    group: GROUP,
    summary: 'write a first policy for the server that stands behind "--"',
    exits: { policyInvalid: true, notStarted: true },
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
    load: async () => (await import('../commands/init.js')).init,
  },
  {
    name: 'presets',
    group: GROUP,
    summary: 'list the shipped policies, or print one',
    arguments: [new Argument('[preset]')],
    options: [json, noColor],
    load: async () => (await import('../commands/presets.js')).presets,
    output: async () => (await import('../commands/presets.js')).OUTPUT,
  },
  {
    name: 'tools',
    group: GROUP,
    summary: 'what a server can do: class and risk of each tool, and what the policy does with it',
    exits: { policyInvalid: true, notStarted: true },
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
    load: async () => (await import('../commands/tools.js')).tools,
    output: async () => (await import('../commands/tools.js')).OUTPUT,
  },
  {
    name: 'threats',
    group: GROUP,
    summary: 'which attack patterns the tools open, what the policy counters, and what closes the rest',
    exits: { policyInvalid: true, denied: 'with --check: a pattern is open', notStarted: true },
    takesServer: true,
    options: [
      ...[policy, preset, server, install, ...remote],
      new Option('--check', 'exit with 4 where a pattern is open'),
      new Option('--accept <ids>', 'patterns that may be open, with commas between'),
      new Option('--sarif', 'print what is open as SARIF').conflicts('json'),
      ...[json, noColor],
    ],
    aboutClients: true,
    load: async () => (await import('../commands/threats.js')).threats,
    output: async () => (await import('../commands/threats.js')).OUTPUT,
  },
  {
    name: 'doctor',
    group: GROUP,
    summary: 'look for everything that is wrong, and say how to mend it',
    exits: { policyInvalid: true },
    takesServer: true,
    options: [policy, preset, db, store, server, ...remote, json, noColor],
    load: async () => (await import('../commands/doctor.js')).doctor,
    output: async () => (await import('../commands/doctor.js')).OUTPUT,
  },
  {
    name: 'demo',
    group: GROUP,
    summary: 'see the pasted policy at work on a bundled stand-in server',
    options: [new Option('--approve', 'a call that waits for you, in this terminal'), json],
    load: async () => (await import('../commands/demo.js')).demo,
    output: async () => (await import('../commands/demo.js')).OUTPUT,
  },
];
