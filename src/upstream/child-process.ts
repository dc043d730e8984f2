/**
 * upstream: the server behind us. How it is found, started, ended and named, and what it says it can do.
 * May import catalog, text and errors.
 * Never enters: policies and decisions, the database, what lines mean.
 */

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import { EXIT, EXIT_SIGNAL_BASE, PolicyWrapError } from '../errors.js';
import { type EndWatch, watchEnd } from './end-watch.js';
import type { ExitCode, NotSentListener, Upstream } from './upstream.js';
import { writeAll } from './write-all.js';

/** Milliseconds from the end of input to SIGTERM. SDK clients send us theirs after 2 s. */
const EOF_GRACE = 1500;
/** The same where a signal ends us, so that a server which flushes at the end of its input has time for it. */
const SIGNAL_GRACE = 1000;
/** Milliseconds from the end of input to SIGKILL. SDK clients send us theirs after 4 s. */
const KILL_GRACE = 3500;
/** Milliseconds from a second signal to SIGKILL. */
const HURRY_GRACE = 500;
/** Milliseconds from the server's exit to the end of any process that still holds its output open. */
const STRAGGLER_GRACE = 1000;
/** More than any pipe holds, in bytes: what comes beyond that after the server's exit is not the server's. */
const PIPE_MAX = 1 << 20;

const POSIX = process.platform !== 'win32';

/**
 * An MCP server as a child in a process group of its own, so that what `npx` or a shell started ends with it. All of
 * its endings are here: end of input, then SIGTERM, then SIGKILL; a second signal brings the next step at once. Where
 * this process is killed itself, `watchEnd` goes on.
 */
export class ChildProcess implements Upstream {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly closed: Promise<ExitCode>;
  readonly signalled: Promise<void>;
  readonly #stdin: Writable;
  #tellSignalled: () => void = () => {};
  readonly #pid: number;
  #ended = false;
  #signalled = false;
  /** When the server's input ended, by the monotonic clock. */
  #endedAt: number | undefined;
  #kill: NodeJS.Timeout | undefined;
  #killAt = 0;
  /** A second signal has brought SIGKILL nearer; further ones do not put it off. */
  #hurried = false;
  /** The next signal before SIGKILL. */
  #term: NodeJS.Timeout | undefined;
  readonly #watch: EndWatch;
  /** Writes to the server that left this process whole. */
  #writesDone = 0;

  /**
   * Starts `file args` with exactly the environment `env`.
   *
   * @param cwd this process's working directory when absent
   * @throws PolicyWrapError UPSTREAM_NOT_STARTED
   */
  static async start(
    file: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    cwd?: string,
  ): Promise<ChildProcess> {
    // A client's file in JSON can hold one; the system could not, and would be given the part before it.
    if ([...args, ...Object.values(env), cwd].some((text) => text?.includes('\0')))
      throw new PolicyWrapError(
        'UPSTREAM_NOT_STARTED',
        `${file} could not be started: an argument or a variable has a zero byte in it`,
        { hint: 'Mend it where the server is set up.' },
      );
    const child = spawned(file, args, env, cwd);
    if (child.pid === undefined) throw await notStarted(file, child);
    // Its end is watched through events; this only keeps a rejection from counting as unhandled.
    child.catch(() => {});
    return new ChildProcess(child as unknown as ChildLike);
  }

  private constructor(child: ChildLike) {
    this.#pid = child.pid;
    this.#watch = watchEnd(child.pid);
    this.#stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    // EPIPE: the server closed its input. Its exit tells the rest.
    this.#stdin.on('error', () => {});
    this.stdout.on('error', () => {});
    this.stderr.on('error', () => {});
    this.signalled = new Promise((resolve) => {
      this.#tellSignalled = resolve;
    });
    this.closed = new Promise((resolve) => {
      let code: ExitCode = EXIT.failed;
      let straggler: NodeJS.Timeout | undefined;
      let exited = false;
      let afterExit = 0;
      holdUntilRead(this.stderr);
      holdUntilRead(this.stdout, () =>
        this.stdout.on('data', (chunk: Buffer) => {
          if (exited) afterExit += chunk.length;
        }),
      );
      const waitForStragglers = () => {
        straggler = setTimeout(() => {
          // A slow client has not read all yet; what is in the pipe is for it, unless it asked us to go.
          const unread = this.stdout.isPaused() || this.stdout.readableLength > 0;
          if (unread && !this.#signalled && afterExit < PIPE_MAX) return waitForStragglers();
          // A grandchild inherited the output. Its group is ours to end; one that left the group is not waited for.
          this.#signalGroup('SIGKILL');
          straggler = setTimeout(finish, STRAGGLER_GRACE);
        }, STRAGGLER_GRACE);
      };
      const finish = () => {
        clearTimeout(straggler);
        clearTimeout(this.#term);
        clearTimeout(this.#kill);
        this.#signalGroup('SIGKILL');
        this.#ended = true;
        this.#watch.over();
        this.#stdin.destroy();
        this.stdout.destroy();
        this.stderr.destroy();
        resolve(code);
      };
      child.once('exit', (exitCode, signal) => {
        code = exitCode ?? (signal ? EXIT_SIGNAL_BASE + constants.signals[signal] : EXIT.failed);
        exited = true;
        waitForStragglers();
      });
      // `close`, not `exit`: the last answers are still in the pipe at `exit`.
      child.once('close', finish);
    });
  }

  get unsent(): number {
    return this.#stdin.writableLength;
  }

  onDrain(listener: () => void): void {
    this.#stdin.on('drain', listener);
  }

  send(parts: readonly Buffer[], notSent: NotSentListener): void {
    if (!this.#stdin.writable) {
      queueMicrotask(() => notSent());
      return;
    }
    // Behind another write, it leaves this process when that one is done and not before.
    const behind = this.#stdin.writableLength > 0 ? this.#writesDone : undefined;
    writeAll(this.#stdin, parts, (error) => {
      if (!error) this.#writesDone++;
      else if (failedAtOnce || behind === this.#writesDone) notSent();
    });
    const failedAtOnce = this.#stdin.errored !== null;
  }

  /** Answers come over one pipe: none is lost but by the server's end, which `closed` tells. */
  onLost(): void {}

  end(): void {
    this.#stdin.end();
    if (this.#ended || this.#endedAt !== undefined) return;
    this.#endedAt = performance.now();
    this.#termAfter(EOF_GRACE, 'SIGTERM');
    this.#killAfter(KILL_GRACE);
  }

  terminate(signal: NodeJS.Signals): void {
    const again = this.#signalled;
    this.#signalled = true;
    this.#tellSignalled();
    this.end();
    if (this.#ended) return;
    if (!again) {
      const since = performance.now() - (this.#endedAt ?? 0);
      // Later it has had SIGTERM; some servers take a second one for impatience.
      if (since < EOF_GRACE || signal !== 'SIGTERM') this.#termAfter(SIGNAL_GRACE - since, signal);
      return;
    }
    clearTimeout(this.#term);
    this.#signalGroup(signal);
    if (!this.#hurried) this.#killAfter(Math.min(HURRY_GRACE, this.#killAt - performance.now()));
    this.#hurried = true;
  }

  #termAfter(ms: number, signal: NodeJS.Signals): void {
    clearTimeout(this.#term);
    this.#term = setTimeout(() => this.#signalGroup(signal), ms);
  }

  #killAfter(ms: number): void {
    clearTimeout(this.#kill);
    this.#killAt = performance.now() + ms;
    this.#kill = setTimeout(() => this.#signalGroup('SIGKILL'), ms);
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (this.#ended) return;
    try {
      if (POSIX) process.kill(-this.#pid, signal);
      else process.kill(this.#pid, signal);
    } catch {
      // It has ended already.
    }
    if (!POSIX && signal === 'SIGKILL') {
      const taskkill = ['/pid', String(this.#pid), '/T', '/F'];
      spawn('taskkill', taskkill, { stdio: 'ignore', windowsHide: true }).on('error', () => {});
    }
  }
}

/**
 * Node sets the output of a child that has exited going, whether anybody reads it or not; what a server wrote before it
 * ended at once would be lost.
 *
 * @param onReader called when somebody begins to read
 */
function holdUntilRead(stream: Readable, onReader: () => void = () => {}): void {
  const hold = () => {};
  const look = (event: string | symbol) => {
    if (event !== 'data') return;
    stream.off('newListener', look).off('readable', hold);
    onReader();
  };
  stream.on('readable', hold).on('newListener', look);
}

/** What is used of a child process that runs, however it was started. */
interface ChildLike {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  once(event: 'exit', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** Not async: what execa returns is also a promise, of the child's end, and would be waited for. */
function spawned(file: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string | undefined) {
  return execa(file, args, {
    ...(cwd !== undefined && { cwd }),
    env,
    extendEnv: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    // Leads a process group of its own, which can be signalled as one. On Windows that would open a window.
    detached: POSIX,
    windowsHide: true,
    // The relay reads the streams; execa's own buffering would end the child after 100 MB of output.
    buffer: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    // Its ending is ours: in order, and of the whole group.
    cleanup: false,
  });
}

async function notStarted(file: string, child: ReturnType<typeof spawned>): Promise<PolicyWrapError> {
  const result = await child.catch((error: unknown) => ({ cause: error }));
  const cause = 'cause' in result ? result.cause : undefined;
  const reason = cause instanceof Error ? cause.message : 'unknown reason';
  // The file itself is there: that was checked before.
  const hint = /ENOENT/.test(reason) && { hint: 'Its first line names an interpreter that does not exist.' };
  return new PolicyWrapError('UPSTREAM_NOT_STARTED', `${file} could not be started: ${reason}`, {
    cause,
    ...hint,
  });
}
