import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { printable } from '../text/escape.js';

/** Bytes held for a slow reader; at half of that the server's stream is no longer read. */
const HELD_MAX = 1 << 20;
/** Longest line that is passed on whole; some clients give up at longer ones (Codex: 1 MiB). */
const LINE_MAX = 1 << 20;
/** Milliseconds after which a reader that takes nothing is no longer waited for. */
const PATIENCE = 500;

const NEWLINE = Buffer.from('\n');

/**
 * This process's standard error: a copy of the server's, and our own lines for the person. A slow reader slows the
 * server's stream down; one that does not read at all stops nothing, and the bytes it missed are counted.
 */
export class Stderr {
  readonly #output: Writable;
  #input: Readable | undefined;
  /** Bytes since the last line end that went out. */
  #column = 0;
  #dropped = 0;
  #stalled = false;
  #patience: NodeJS.Timeout | undefined;
  #progress: () => void = () => {};

  /** @param output file descriptor 2 when absent, as a stream that does not block */
  constructor(output: Writable = standardError()) {
    this.#output = output;
    // With nobody to read it, the server's stream must still flow.
    output.on('error', () => this.#input?.resume());
  }

  /** Says one line to the person; unsafe characters are escaped. */
  say(text: string): void {
    const line = Buffer.from(`policy-wrap: ${printable(text)}\n`);
    this.#write(this.#column > 0 ? Buffer.concat([NEWLINE, line]) : line);
    this.#column = 0;
  }

  /** Copies the server's stream until its end; a line that is too long continues on the next. */
  copy(input: Readable): void {
    this.#input = input;
    input.on('data', (chunk: Buffer) => {
      this.#write(this.#broken(chunk));
      if (this.#output.writableLength <= HELD_MAX / 2 || this.#stalled) return;
      input.pause();
      this.#patience ??= setTimeout(() => {
        this.#stalled = true;
        input.resume();
      }, PATIENCE);
    });
  }

  /** Waits until everything is out, the reader is gone, or it has taken nothing for half a second. */
  async finish(): Promise<void> {
    clearTimeout(this.#patience);
    for (;;) {
      const left = this.#output.writableLength;
      if (left === 0 || this.#output.destroyed) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE);
        this.#progress = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      // The descriptor closes with it, and the end of the process waits for it no longer.
      if (this.#output.writableLength >= left) this.#output.destroy();
    }
  }

  /** The chunk, with line ends put in where a line becomes too long. */
  #broken(chunk: Buffer): Buffer {
    const pieces: Buffer[] = [];
    let taken = 0;
    for (let from = 0; from < chunk.length; ) {
      const end = chunk.indexOf(NEWLINE, from);
      const next = end === -1 ? chunk.length : end + 1;
      const room = LINE_MAX - this.#column;
      if (next - from > room) {
        pieces.push(chunk.subarray(taken, from + room), NEWLINE);
        taken = from += room;
        this.#column = 0;
      } else {
        this.#column = end === -1 ? this.#column + next - from : 0;
        from = next;
      }
    }
    return pieces.length === 0 ? chunk : Buffer.concat([...pieces, chunk.subarray(taken)]);
  }

  #write(bytes: Buffer): void {
    if (this.#output.destroyed) return;
    if (this.#output.writableLength + bytes.length <= HELD_MAX) {
      this.#output.write(bytes, () => this.#moved());
      return;
    }
    this.#dropped += bytes.length;
    // The next line of ours must not continue the server's line that was cut off.
    this.#column = 1;
  }

  #moved(): void {
    this.#stalled = false;
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#progress();
    if (this.#output.writableLength > HELD_MAX / 2) return;
    this.#input?.resume();
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.say(`${dropped} bytes of standard error were thrown away because nobody read them`);
  }
}

/** A file or a terminal stays what Node makes of it. */
function standardError(): Writable {
  // Node looks at `process.stderr` whenever a socket closes. If it were first made then, with the descriptor in use by
  // ours, that would fail: no socket would close any more, and this process would not end.
  void process.stderr;
  try {
    return new Socket({ fd: 2, readable: false, writable: true });
  } catch {
    return process.stderr;
  }
}
