import { Argument } from 'commander';
import { CLIENTS } from './command-groups/clients.js';
import type { CommandRow } from './command-groups/command-row.js';
import { DECIDE } from './command-groups/decide.js';
import { LOOK } from './command-groups/look.js';
import { SEE } from './command-groups/see.js';
import { SHELL } from './command-groups/shell.js';
import { TRUST } from './command-groups/trust.js';

/** Every command, in the order of the help: the only table of them. */
export const COMMANDS: readonly CommandRow[] = [
  ...LOOK,
  ...TRUST,
  ...SEE,
  ...DECIDE,
  ...CLIENTS,
  ...SHELL,
  {
    // What is meant by no word at all in a terminal.
    name: 'welcome',
    options: [],
    aboutClients: true,
    load: async () => {
      const { setup } = await import('./commands/setup.js');
      return (options, io) => setup([], { ...options, offer: true }, io);
    },
  },
  {
    name: 'stand-in',
    arguments: [new Argument('<kind>')],
    load: async () => (await import('./commands/stand-in.js')).standIn,
  },
];
