import { PassThrough } from 'node:stream';
import type { NotSentListener, Upstream } from '../../src/upstream/upstream.js';
import type { Id } from '../../src/wire/message.js';
import type { Message } from '../support/rig.js';

/** A server that says what its test lets it say, and remembers what it got. */
export class PlayedUpstream implements Upstream {
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly got: Message[] = [];
  /** How often it was told that its input has ended. */
  ends = 0;
  unsent = 0;
  readonly closed: Promise<number>;
  readonly signalled: Promise<void>;
  #close: (code: number) => void = () => {};
  #signal: () => void = () => {};
  #drained: () => void = () => {};
  #lost: (id: Id, reason: string) => void = () => {};

  constructor() {
    this.closed = new Promise((resolve) => (this.#close = resolve));
    this.signalled = new Promise((resolve) => (this.#signal = resolve));
  }

  send(parts: readonly Buffer[], _notSent: NotSentListener): void {
    const lines = Buffer.concat(parts).toString().split('\n');
    this.got.push(...lines.filter((line) => line !== '').map((line) => JSON.parse(line)));
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  onLost(listener: (id: Id, reason: string) => void): void {
    this.#lost = listener;
  }

  end(): void {
    this.ends += 1;
  }

  terminate(): void {}

  says(...messages: readonly (object | string)[]): void {
    for (const message of messages)
      this.stdout.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
  }

  /** It is gone, with all that it wrote. */
  exit(code: number): void {
    this.stdout.end();
    this.stderr.end();
    this.#close(code);
  }

  signal(): void {
    this.#signal();
  }

  /** All that was sent has left. */
  drain(): void {
    this.unsent = 0;
    this.#drained();
  }

  lose(id: Id, reason: string): void {
    this.#lost(id, reason);
  }
}
