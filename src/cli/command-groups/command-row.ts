import type { Argument, Command, Option } from 'commander';
import type { ZodType } from 'zod';
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
  /** It is about clients: its Terminal knows those of this machine. */
  readonly aboutClients?: boolean;
  /**
   * @param rows every command, for one that is about commands
   * @returns the command. It takes its arguments, the server's words, its options (where it has any) and the Terminal.
   */
  readonly load: (above: Above, rows: readonly CommandRow[]) => Promise<Loaded>;
  /** @returns the schema of what it prints for programs */
  readonly output?: () => Promise<ZodType>;
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
