/**
 * What a person types, and what they see of it: the program and its commands, `doctor`, and the one Terminal.
 * It may import every other room; nothing but `main.ts` imports it.
 * No decision about a call is made here, and no command reads or prints but through the Terminal that it is given.
 */
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { PolicyWrapError } from '../errors.js';

/** Where a command writes. */
export interface Output {
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
  /** Characters that fit in a line, by `COLUMNS` or as the terminal says; infinite where nobody looks. */
  readonly columns: number;
  /** @returns whether anybody still reads; resolves when more can be taken, so that memory stays bounded */
  write(text: string): Promise<boolean>;
}

export interface Question {
  /** What is typed is not shown. */
  readonly secret?: boolean;
}

/** What a command sees of the person and the process it runs for; tests give their own. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  /** The bare streams, for commands that speak a protocol and questions that draw. */
  readonly streams: { readonly input: Readable; readonly output: Writable; readonly error: Writable };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder in which this was started; absolute. */
  readonly cwd: string;
  /** A person can be asked: standard input and standard error are both terminals. */
  readonly canAsk: boolean;
  /** Asks on standard error. @returns what was typed; undefined at the end of input and at Ctrl-C */
  ask(question: string, options?: Question): Promise<string | undefined>;
  /** UTC milliseconds. */
  now(): number;
  /** Hands over these signals from now on; they no longer end the process. */
  onSignals(signals: readonly NodeJS.Signals[], receive: (signal: NodeJS.Signals) => void): void;
  /** Waits. @returns false when Ctrl-C or SIGTERM came instead, now or earlier */
  pause(ms: number): Promise<boolean>;
}

/** The terminal of this process. @param color false under `--no-color` */
export function processTerminal({ color }: { readonly color?: boolean | undefined } = {}): Terminal {
  const { env } = process;
  let out: Output | undefined;
  let err: Output | undefined;
  let stop: AbortSignal | undefined;
  return {
    // Each stream is touched when it is needed: a wrapper has its own way with all three (G8).
    get out() {
      out ??= output(process.stdout, color, env);
      return out;
    },
    get err() {
      err ??= output(process.stderr, color, env);
      return err;
    },
    get streams() {
      return { input: process.stdin, output: process.stdout, error: process.stderr };
    },
    env,
    get cwd() {
      return process.cwd();
    },
    get canAsk() {
      return process.stdin.isTTY === true && process.stderr.isTTY === true;
    },
    ask: (question, options) => ask(question, options, process.stdin, process.stderr),
    now: Date.now,
    onSignals,
    pause: async (ms) => {
      stop ??= stopAt(['SIGINT', 'SIGTERM']);
      // A signal ends it early, as a failure.
      await sleep(ms, undefined, { signal: stop }).catch(() => {});
      return !stop.aborted;
    },
  };
}

/**
 * Asks one question and reads one line.
 *
 * @returns what was typed; undefined when the input ends, or is interrupted, before there is an answer
 */
export async function ask(
  question: string,
  { secret = false }: Question = {},
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<string | undefined> {
  const { createInterface } = await import('node:readline');
  const { Writable } = await import('node:stream');
  // The line editor shows what is typed; where it is secret, to nobody.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: secret ? silent : output, terminal: true, historySize: 0 });
  if (secret) output.write(question);
  return new Promise((resolve) => {
    // The first of the two counts: a line that was typed also closes the editor.
    lines.once('close', () => resolve(undefined)).once('SIGINT', () => lines.close());
    lines.question(question, (typed) => {
      resolve(typed);
      lines.close();
      if (secret) output.write('\n');
    });
  });
}

/** The first signal only: a second one ends the process, should a command not come to its end. */
function stopAt(signals: readonly NodeJS.Signals[]): AbortSignal {
  const stop = new AbortController();
  for (const signal of signals) process.once(signal, () => stop.abort());
  return stop.signal;
}

function onSignals(signals: readonly NodeJS.Signals[], receive: (signal: NodeJS.Signals) => void): void {
  for (const signal of signals) process.on(signal, () => receive(signal));
}

/** What went wrong first with a stream: one listener each, however many write to it. */
const failures = new WeakMap<WriteStream, { first?: NodeJS.ErrnoException }>();

function failureOf(stream: WriteStream): { readonly first?: NodeJS.ErrnoException } {
  const known = failures.get(stream);
  if (known) return known;
  const failure: { first?: NodeJS.ErrnoException } = {};
  failures.set(stream, failure);
  stream.on('error', (error) => {
    failure.first ??= error;
  });
  return failure;
}

function output(stream: WriteStream, color: boolean | undefined, env: NodeJS.ProcessEnv): Output {
  const failure = failureOf(stream);
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    hasColor: color !== false && wantsColor(isTerminal, env),
    get columns() {
      return columnsOf(isTerminal ? stream.columns || 80 : Number.POSITIVE_INFINITY, env);
    },
    async write(text) {
      if (!failure.first && !stream.write(text) && !stream.destroyed) await drained(stream);
      // `| head` has read enough; anything else, a full disk say, must not pass for success.
      if (failure.first && failure.first.code !== 'EPIPE') {
        const message = `the output could not be written: ${failure.first.message}`;
        throw new PolicyWrapError('REFUSED', message, { cause: failure.first });
      }
      return failure.first === undefined;
    },
  };
}

/** Resolves when a stream takes more, or never will again. */
export function drained(stream: Writable): Promise<void> {
  const events = ['drain', 'error', 'close'];
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

/** `COLUMNS` is what a person, or a program like `watch` that shows our output, says of the room there is. */
export function columnsOf(real: number, { COLUMNS }: NodeJS.ProcessEnv): number {
  return COLUMNS !== undefined && /^[1-9]\d{0,4}$/.test(COLUMNS) ? Number(COLUMNS) : real;
}

/** no-color.org; `--no-color` is looked at before. */
export function wantsColor(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0';
  return isTerminal && env.TERM !== 'dumb';
}
