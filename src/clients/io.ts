import type { Machine } from './machine.js';
import type { Wrapper } from './wrapped-command.js';

/** An environment variable that a known server reads. */
export interface KnownVariable {
  readonly name: string;
  readonly description: string;
  readonly secret: boolean;
  readonly required: boolean;
}

interface Printer {
  /** Line ends included in the text. */
  write(text: string): Promise<unknown>;
}

/** What changes to clients' files need from outside, so that tests give them all of it. */
export interface ClientsIo {
  readonly out: Printer & { readonly isTerminal: boolean };
  readonly err: Printer;
  /** A question reaches a person. */
  readonly canAsk: boolean;
  /** @returns what was typed; undefined when there is no answer */
  ask(question: string): Promise<string | undefined>;
  /** Says what is being waited for while it lasts. @param what safe to show */
  busy<T>(what: string, work: () => Promise<T>): Promise<T>;
  readonly machine: Machine;
  /** The Node and the script that wrapped entries start; both absolute. */
  readonly wrapper: Wrapper;
  /** Folder of the backups; made when needed, mode 0700. */
  readonly backups: string;
  /** UTC milliseconds. */
  now(): number;
  /** Command lines of the running processes; undefined where it cannot be determined. */
  processes(): Promise<readonly string[] | undefined>;
  /** Starts a server as a client would, with `env` on top of the usual environment, and counts its tools. */
  probe(
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    cwd: string | undefined,
  ): Promise<number>;
  /** What a known server reads from its environment. */
  variablesOf(words: readonly string[]): readonly KnownVariable[];
  /** The state database that wrappers are to share; absolute. */
  database(): string;
  /**
   * The policy file that a wrapper would find for a server.
   *
   * @param names the server's, the one that counts first
   * @returns an absolute path; undefined where there is none
   */
  policyOf(names: readonly string[]): string | undefined;
  /** Names of servers that a state database has counters or a log of; none where it is not there or cannot be read. */
  namesIn(database: string): ReadonlySet<string>;
}
