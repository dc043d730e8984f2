import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { PolicyWrapError } from '../errors.js';
import type { Machine } from './machine.js';
import type { Wrapper } from './wrapped-command.js';

/** An environment variable that a known server reads. */
export interface KnownVariable {
  readonly name: string;
  readonly description: string;
  readonly secret: boolean;
  readonly required: boolean;
}

/** What the commands about clients need from outside, so that tests give them all of it. */
export interface ClientsIo {
  /** Writes to stdout, line ends included in the text. */
  out(text: string): void;
  /** Writes to stderr. */
  err(text: string): void;
  /** Both stdin and stderr are terminals: a question reaches a person. */
  readonly interactive: boolean;
  /** Asks on stderr; the answer is trimmed. A secret is not echoed. */
  ask(question: string, options?: { readonly secret?: boolean }): Promise<string>;
  readonly machine: Machine;
  /** The Node and the script that wrapped entries start; both absolute. */
  readonly wrapper: Wrapper;
  /** Folder of the backups; made when needed, mode 0700. */
  readonly backups: string;
  now(): Date;
  /** Command lines of the running processes; undefined where it cannot be told. */
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
  /** The policy file that a wrapper would find for a server of that name; absolute, undefined where there is none. */
  policyOf(server: string): string | undefined;
  /** The name that a server's counters are kept under; undefined where the entry's own name is to serve. */
  serverName(words: readonly string[], entry: string): string | undefined;
}

/** The part of `ClientsIo` that a process with its standard streams gives. */
export function terminalIo(): Pick<ClientsIo, 'out' | 'err' | 'interactive' | 'ask'> {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    ask: (question, options) => ask(question, options?.secret === true),
  };
}

/**
 * Asks one question and reads one line.
 *
 * @param secret what is typed does not appear
 * @throws PolicyWrapError REFUSED when the input ends, or is interrupted, before there is an answer
 */
export function ask(
  question: string,
  secret: boolean,
  input: NodeJS.ReadableStream = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Promise<string> {
  output.write(question);
  // The line editor echoes through its output; a secret is typed into one that shows nothing.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: secret ? silent : output, terminal: true, historySize: 0 });
  return new Promise((resolve, reject) => {
    const unanswered = (): void => reject(new PolicyWrapError('REFUSED', 'no answer was given'));
    lines.once('close', unanswered);
    lines.once('SIGINT', () => lines.close());
    lines.once('line', (line) => {
      // This listener alone: another one, the editor's own, is what makes a closed editor stop echoing.
      lines.off('close', unanswered);
      lines.close();
      if (secret) output.write('\n');
      resolve(line.trim());
    });
  });
}
