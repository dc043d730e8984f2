import { isRecord } from '../json/value.js';
import { idFromEnds, type Line, type OversizedLine } from '../wire/lines.js';
import { isId } from '../wire/message.js';
import type { OwedAnswers } from './owed-answers.js';
import { outcomeOf } from './server-message.js';

/** What the server wrote and no client gets: somebody may wait for an answer in it, and hears why it does not come. */
export class StrayLines {
  readonly #owed: OwedAnswers;
  readonly #maxLine: number;
  readonly #warn: (text: string) => void;
  readonly #stray: (bytes: Buffer) => void;

  constructor(
    owed: OwedAnswers,
    options: {
      /** Longest line in bytes. */
      readonly maxLine: number;
      readonly warn: (text: string) => void;
      /** Where such lines go; bytes with their line end. */
      readonly stray: (bytes: Buffer) => void;
    },
  ) {
    this.#owed = owed;
    this.#maxLine = options.maxLine;
    this.#warn = options.warn;
    this.#stray = options.stray;
  }

  oversized(line: OversizedLine): string | undefined {
    const reason = `${line.size} bytes, more than ${this.#maxLine} (--max-server-line raises the limit)`;
    return this.#owed.unreadable(idFromEnds(line, 'answer'), reason);
  }

  /** A line that is no message; if it was to be an answer and it can be told whose, the client need not wait for it. */
  keptOff(line: Line, reason: string, id: unknown): string | undefined {
    this.#stray(line.bytes);
    return isId(id) ? this.#owed.unreadable(id, reason) : undefined;
  }

  /** Nobody was sent a batch, and no revision but one knows them. Whoever waits for an answer in it hears that it came so. */
  batch(line: Line, messages: readonly unknown[]): string | undefined {
    const reason = 'it is a batch: one message a line';
    this.#stray(line.bytes);
    this.#warn(`dropped a line of the server's: ${reason}`);
    let answers = '';
    for (const message of messages) {
      if (!isRecord(message) || message.method !== undefined || outcomeOf(message) === undefined) continue;
      answers += this.#owed.dropped(message.id, reason) ?? '';
    }
    return answers === '' ? undefined : answers;
  }
}
