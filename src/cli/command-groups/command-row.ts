import type { Argument, Command, Option } from 'commander';
import type { EXIT } from '../../errors.js';
import { SHARED } from '../shared-options.js';

/** One command. */
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
  /** Exit codes besides those of every command (done, failed, usage); with words of its own where `true` says too little. */
  readonly exits?: Readonly<Partial<Record<OwnExit, string | true>>>;
  /** @returns the command. It takes its arguments, the server's words, its options (where it has any) and the Terminal. */
  readonly load: (above: Above) => Promise<Loaded>;
}

/** A code that not every command ends with. */
export type OwnExit = Exclude<keyof typeof EXIT, 'done' | 'failed' | 'usage'>;

type Loaded = (...given: Given) => Promise<number>;

/** Commands of rooms above this one, which `main` knows. */
export interface Above {
  readonly ui: () => Promise<Loaded>;
}

/** As commander gives them: without types. */
type Given = Parameters<Parameters<Command['action']>[0]>;

/** Help and completions name the words; the command itself says what is wrong with another, and when one is needed. */
export function named(argument: Argument, words: readonly string[]): Argument {
  argument.argChoices = [...words];
  return argument;
}

/** Options of the commands that take a server by its address too. */
export const remote: readonly Option[] = [SHARED.url, SHARED.header, SHARED.headerEnv, SHARED.allowPrivate];

/** A command about clients: its Terminal knows this machine's. It takes what the command itself takes. */
export function withClients(load: () => Promise<Loaded>): CommandRow['load'] {
  return async () => {
    const [command, { clientsTerminal }] = await Promise.all([load(), import('../this-installation.js')]);
    const about: Loaded = (...given) => command(...given.slice(0, -1), clientsTerminal(given.at(-1)));
    return Object.defineProperty(about, 'length', { value: command.length });
  };
}
