import { Argument } from 'commander';
import { SHELLS } from '../completion/shells.js';
import type { CommandRow } from './command-row.js';

/** What makes the command itself easier to use. */
export const SHELL: readonly CommandRow[] = [
  {
    name: 'completions',
    group: 'In your shell:',
    summary: 'print the script that completes commands, options, and names of tools, servers and counters',
    arguments: [new Argument('<shell>').choices(Object.keys(SHELLS))],
    load: async () => (await import('../commands/completions.js')).completions,
  },
];
