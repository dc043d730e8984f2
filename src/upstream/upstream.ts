import type { Readable } from 'node:stream';
import type { Id } from '../wire/message.js';

/** How the server ended, in the shell's terms: its own exit code, or 128 plus the signal's number. */
export type ExitCode = number;

/**
 * Called if the server provably gets no byte of what was to be sent; never before `send` returns.
 *
 * @param ids the requests concerned, each once; all of them when absent
 * @param reason for people; that the server has closed its input when absent
 */
export type NotSentListener = (ids?: readonly Id[], reason?: string) => void;

/** The real MCP server behind us, wherever it runs. Lines of the protocol go in and out as bytes. */
export interface Upstream {
  /** What the server says to the client. */
  readonly stdout: Readable;
  /** What it says to people. */
  readonly stderr: Readable;
  /** Settles when the server is gone and all it wrote was read. */
  readonly closed: Promise<ExitCode>;
  /** How a remote server speaks with us, for people, once it has answered. */
  readonly about?: string;
  /** Settles at the first signal for us. */
  readonly signalled: Promise<void>;
  /** Bytes given to `send` that have not left this process. */
  readonly unsent: number;
  /** Calls back each time that more can be sent after too much was. */
  onDrain(listener: () => void): void;
  /**
   * Writes to the server.
   *
   * @param parts one after the other, at least one
   * @param notSent told what did not reach the server
   */
  send(parts: readonly Buffer[], notSent: NotSentListener): void;
  /** Calls back with a request whose answer will not come, though the server may have run it. */
  onLost(listener: (id: Id, reason: string) => void): void;
  /** The client's input has ended: the server's ends too, and a server that does not go by itself is ended. */
  end(): void;
  /**
   * We are to end: the server's input ends, and where that is not enough, it gets the signal, then SIGKILL. A second
   * signal is passed on at once, and SIGKILL follows sooner.
   */
  terminate(signal: NodeJS.Signals): void;
}

/** A server that was found and can be started. */
export interface StartableServer {
  /** What the person should know about it; for stderr. */
  readonly note: string | undefined;
  /** @throws PolicyWrapError UPSTREAM_NOT_STARTED */
  start(): Promise<Upstream>;
}

/** A remote server as a person names it. */
export interface RemoteSource {
  readonly url: string;
  /** As `Name: value`; `${NAME}` stands for a variable, `${file:/path}` for a file. */
  readonly headers: readonly string[];
  readonly allowPrivate: boolean;
  /** The folder of the logins; absolute. */
  readonly logins: string;
}

/** A server: its command and the arguments, or its address. */
export type ServerSource = readonly string[] | RemoteSource;

export interface StartOptions {
  /** False forbids npm. */
  readonly install: boolean;
  /** Exactly what the server gets; of a remote one, what its headers and proxies are taken from. */
  readonly env: NodeJS.ProcessEnv;
  /** Where it is started; this process's working directory when absent. */
  readonly cwd?: string | undefined;
  /** Longest message of a remote server's, in bytes. */
  readonly longest: number;
}
