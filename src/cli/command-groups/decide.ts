import { Argument, Option } from 'commander';
import { NOTIFY_ACTIONS, ROLES, STORE_ACTIONS } from '../actions.js';
import { SHARED } from '../shared-options.js';
import { type CommandRow, named } from './command-row.js';

const GROUP = 'Decide yourself:';

const { json, noColor, db, store, mine, here, onlyServer, yes } = SHARED;

/** Commands by which a person decides. */
export const DECIDE: readonly CommandRow[] = [
  {
    name: 'approvals',
    group: GROUP,
    summary: 'list the calls that wait for a person',
    options: [
      ...[db, store, mine],
      new Option('--all', 'include those already decided or expired'),
      json,
      new Option('--watch', 'ask about one after the other, until Ctrl-C'),
      noColor,
    ],
    load: async () => (await import('../commands/approvals.js')).approvals,
    output: async () => (await import('../commands/approvals.js')).OUTPUT,
  },
  {
    name: 'approve',
    group: GROUP,
    summary: 'let a waiting call through, once',
    arguments: [new Argument('<id>')],
    options: [
      ...[db, store],
      new Option('--yes', 'do not ask; never enough for tools that cost money or destroy'),
      new Option('--also <calls>', 'further calls of this tool too: "next 10"'),
      new Option('--for <time>', 'how long that holds (default: 30m)'),
      new Option('--max-amount <number>', 'how large each of their amounts may be'),
      new Option('--amount <path>', 'which number that is, where it is not clear: args.total'),
      noColor,
    ],
    load: async () => (await import('../commands/approve.js')).approve,
  },
  {
    name: 'reject',
    group: GROUP,
    summary: 'refuse a waiting call, or take back an approval that was not used yet',
    arguments: [new Argument('<id>')],
    options: [db, store, new Option('--reason <text>', 'what the model is told')],
    load: async () => (await import('../commands/reject.js')).reject,
  },
  {
    name: 'trust',
    group: GROUP,
    summary: 'show what changed in the tools of a server, and accept it',
    arguments: [new Argument('<server>'), new Argument('[tool]')],
    options: [db, new Option('--dry-run', 'only show'), yes, json],
    load: async () => (await import('../commands/trust.js')).trust,
    output: async () => (await import('../commands/trust.js')).OUTPUT,
  },
  {
    name: 'pause',
    group: GROUP,
    summary: 'refuse every call of every wrapper on this machine, or in a team, at once',
    options: [onlyServer, db, store, here, new Option('--reason <text>', 'shown by status')],
    load: async () => (await import('../commands/pause.js')).pause,
  },
  {
    name: 'store',
    group: GROUP,
    summary: 'set up and look after the store that a team shares (docs/team.md)',
    arguments: [
      new Argument('<action>').choices(STORE_ACTIONS),
      new Argument('[login]', 'for grant and revoke'),
      named(new Argument('[role]', 'for grant and revoke'), ROLES),
    ],
    options: [
      ...[store, db],
      new Option('--as-team', 'with import: counts with "scope": "machine" become the team\'s'),
      ...[yes, json, noColor],
    ],
    load: async () => (await import('../commands/store.js')).store,
    output: async () => (await import('../commands/store.js')).OUTPUT,
  },
  {
    name: 'resume',
    group: GROUP,
    summary: 'lift a pause',
    options: [onlyServer, db, store, here],
    load: async () => (await import('../commands/pause.js')).resume,
  },
  {
    name: 'notify',
    group: GROUP,
    summary: 'be told what waits in another window: desktop, ntfy, webhook, slack, teams',
    arguments: [
      named(new Argument('[action]'), NOTIFY_ACTIONS),
      new Argument(
        '[words...]',
        'add <type> [address], test [name], remove <name>, quiet 22:00 07:00, telemetry <address>',
      ),
    ],
    options: [
      new Option('--name <name>', 'how the channel is called here'),
      new Option(
        '--events <list>',
        'only these, with commas between them: approval, limit, warn_at, changed, policy, paused, store',
      ),
      new Option('--arguments', 'the arguments of calls that wait are sent too'),
      new Option('--token', 'ask for an access token (ntfy)'),
      json,
    ],
    load: async () => (await import('../commands/notify.js')).notify,
    output: async () => (await import('../notify-list.js')).OUTPUT,
  },
];
