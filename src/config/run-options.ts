import type { PolicyOptions } from './policy-files.js';

/** What names a remote server in the place of a command, wherever a command takes a server. */
export interface RemoteOptions {
  /** Its address. */
  readonly url?: string;
  /** Headers for it, as `Name: value`. */
  readonly header?: readonly string[];
  /** The same, as `Name=VARIABLE`. */
  readonly headerEnv?: readonly string[];
  readonly allowPrivate?: boolean;
}

/** What `run` is told on its command line. */
export interface RunOptions extends PolicyOptions, RemoteOptions {
  readonly db?: string;
  /** The store that a team shares, by its address. */
  readonly store?: string;
  /** What becomes of calls while it cannot be reached. */
  readonly storeOffline: 'refuse' | 'uncounted';
  readonly server?: string;
  /** What stood in a client's entry before `install`; read by `uninstall` alone. */
  readonly entry?: string;
  readonly grant: string;
  readonly observe?: boolean;
  /** False with `--no-install`. */
  readonly install: boolean;
  /** Longest line in bytes. */
  readonly maxClientLine: number;
  readonly maxServerLine: number;
  /** What a recorded decision survives: the end of every process, or with `full` a loss of power too. */
  readonly synchronous: 'normal' | 'full';
}

/** One option. Recognising a wrapped entry of a client goes by this table too. */
export interface OptionRow {
  readonly key: keyof RunOptions;
  /** As commander writes them: `-s, --long <value>`. */
  readonly flags: string;
  readonly description: string;
  /** Its value without the option; a flag on the command line means the opposite. */
  readonly fallback?: string | number | boolean;
  /** How the help says it, where the option is typed in another unit. */
  readonly fallbackTyped?: string;
  /** The only values that it takes. */
  readonly choices?: readonly [string, string];
  /** Reads the value of an option that is no text. @throws RangeError which says what is needed */
  readonly parse?: (text: string) => string | number;
  /** It may stand several times, and its values are a list. */
  readonly isList?: boolean;
}

const MIB = 1 << 20;

export const RUN_OPTIONS: readonly OptionRow[] = [
  {
    key: 'policy',
    flags: '-p, --policy <file>',
    description: 'the policy (else POLICY_WRAP_POLICY, the config folder, a preset)',
  },
  { key: 'preset', flags: '--preset <name>', description: 'a shipped policy by name' },
  {
    key: 'db',
    flags: '--db <file>',
    description: 'the state database (else POLICY_WRAP_DB, the data folder)',
  },
  {
    key: 'store',
    flags: '--store <address>',
    description: 'the store that a team shares: postgres://user@host/db?team=name (else POLICY_WRAP_STORE)',
  },
  {
    key: 'storeOffline',
    flags: '--store-offline <mode>',
    description: '"uncounted": calls that count nothing and ask nobody pass while it cannot be reached',
    fallback: 'refuse',
    choices: ['refuse', 'uncounted'],
  },
  {
    key: 'server',
    flags: '--server <name>',
    description: 'the name that counters, log and approvals are kept under',
  },
  {
    key: 'grant',
    flags: '--grant <name>',
    description: 'the identity that shares counters',
    fallback: 'default',
  },
  {
    key: 'url',
    flags: '--url <address>',
    description: 'a remote server by its address, in the place of a command',
  },
  {
    key: 'header',
    flags: '--header <line>',
    description: `a header for it, with $\{NAME} for a variable, $\{file:/path} for a file`,
    isList: true,
  },
  {
    key: 'headerEnv',
    flags: '--header-env <name=variable>',
    description: 'the same, its value in a variable; no client takes it for a place that it has to fill in',
    isList: true,
  },
  {
    key: 'allowPrivate',
    flags: '--allow-private',
    description: 'a public name may lead to an address of a private network',
  },
  {
    key: 'entry',
    flags: '--entry <keys>',
    description: 'what an entry was before install, for uninstall; nothing else reads it',
  },
  { key: 'observe', flags: '--observe', description: 'decide and log, refuse nothing' },
  {
    key: 'install',
    flags: '--no-install',
    description: 'never fetch a known server from npm',
    fallback: true,
  },
  {
    key: 'maxClientLine',
    flags: '--max-client-line <MiB>',
    description: 'longest message from the client',
    fallback: 16 * MIB,
    fallbackTyped: '16',
    parse: megabytes,
  },
  {
    key: 'maxServerLine',
    flags: '--max-server-line <MiB>',
    description: 'longest message from the server',
    fallback: 64 * MIB,
    fallbackTyped: '64',
    parse: megabytes,
  },
  {
    key: 'synchronous',
    flags: '--synchronous <mode>',
    description: '"full": what was decided survives a loss of power, at the price of a disk flush a call',
    fallback: 'normal',
    choices: ['normal', 'full'],
  },
];

function megabytes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1024)) throw new RangeError('expected a number of megabytes up to 1024');
  return Math.round(value * MIB);
}

/** The spellings of the options that take a value in the next word, such as `-p` and `--policy`. */
export const VALUED: ReadonlySet<string> = new Set(
  RUN_OPTIONS.filter(({ flags }) => flags.endsWith('>')).flatMap(({ flags }) =>
    flags.split(', ').map((flag) => flag.replace(/ <.*/, '')),
  ),
);
