import { Argument, Option } from 'commander';
import { SHARED } from '../shared-options.js';
import { type CommandRow, remote } from './command-row.js';

const GROUP = 'Trust a policy:';

const { json, noColor, policy, preset, db, server, grant, install, dryRun, yes } = SHARED;

/** What the commands that edit a policy have in common. */
function edit(name: 'allow' | 'ask' | 'deny' | 'hide' | 'limit', summary: string): CommandRow {
  const hasReason = name === 'ask' || name === 'deny';
  return {
    name,
    group: GROUP,
    summary,
    exits: { policyInvalid: true },
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
    load: async () => (await import('../commands/edit-policy.js'))[name],
  };
}

const EDITS: readonly CommandRow[] = [
  edit('allow', 'let a tool through: takes away what refuses or asks, and keeps limits and conditions'),
  edit('ask', 'have a person asked about every call of a tool'),
  edit('deny', 'refuse every call of a tool'),
  edit('hide', "leave a tool out of the server's list"),
  edit('limit', 'set how often a tool may be called, such as 10/hour'),
];

/** Commands that say what a policy does, and change it. */
export const TRUST: readonly CommandRow[] = [
  {
    name: 'check',
    group: GROUP,
    summary: 'find every mistake in a policy; with a server behind "--", also what does not fit its tools',
    exits: { policyInvalid: true, notStarted: true },
    takesServer: true,
    arguments: [new Argument('[policy]')],
    options: [preset, server, new Option('--strict', 'warnings count as errors'), install, ...remote, json],
    load: async () => (await import('../commands/check.js')).check,
    output: async () => (await import('../commands/check.js')).OUTPUT,
  },
  {
    name: 'explain',
    group: GROUP,
    summary: 'say what would happen to a call, and why, without charging anything',
    exits: { policyInvalid: true, denied: 'the call is denied, or its tool hidden', needsApproval: true },
    takesServer: true,
    arguments: [new Argument('<tool>')],
    options: [
      new Option('--args <json>', "the call's arguments").default('{}'),
      ...[policy, preset, db, server, grant, ...remote, json],
    ],
    load: async () => (await import('../commands/explain.js')).explain,
    output: async () => (await import('../commands/explain.js')).OUTPUT,
  },
  {
    name: 'test',
    group: GROUP,
    summary: 'run cases, written as data, against policies',
    exits: { denied: 'a case did not come out as it says' },
    arguments: [new Argument('<cases...>', 'JSON files')],
    options: [json],
    load: async () => (await import('../commands/test.js')).test,
    output: async () => (await import('../commands/test.js')).OUTPUT,
  },
  {
    name: 'schema',
    group: GROUP,
    summary: 'print the JSON Schema of the policy file; with a server, with its tools and arguments',
    exits: { notStarted: true },
    takesServer: true,
    options: [
      new Option(
        '--of <command>',
        'of what this command prints under --json, in the place of the policy file',
      ),
      ...[install, ...remote],
    ],
    load: async (_, rows) => {
      const { schema } = await import('../commands/schema.js');
      return (argv, options, io) => schema(argv, options, rows, io);
    },
  },
  {
    name: 'import',
    group: GROUP,
    summary:
      "turn the predecessor's YAML policy into ours, on standard output; what has no counterpart refuses",
    exits: { policyInvalid: true },
    arguments: [new Argument('<file>')],
    load: async () => (await import('../commands/import.js')).importPolicy,
  },
  ...EDITS,
  {
    name: 'history',
    group: GROUP,
    summary: 'list the earlier versions of a policy, or show one',
    exits: { policyInvalid: true },
    arguments: [new Argument('[policy]', 'a server, or a file; without one, every policy that was changed')],
    options: [new Option('--show <version>', 'print this one'), db, json, noColor],
    load: async () => (await import('../commands/history.js')).history,
    output: async () => (await import('../commands/history.js')).OUTPUT,
  },
  {
    name: 'rollback',
    group: GROUP,
    summary: 'put an earlier version of a policy back, to the byte',
    exits: { policyInvalid: true },
    arguments: [
      new Argument('<policy>', 'a server, or a file'),
      new Argument('[version]', 'as history lists it (default: the one before)'),
    ],
    options: [db, dryRun, yes, noColor],
    load: async () => (await import('../commands/history.js')).rollback,
  },
];
