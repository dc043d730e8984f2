import type { Message } from '../message.js';

/** Where messages go. */
export interface Channel {
  /**
   * Sends one message, once.
   *
   * @throws SendError which says in words why it did not arrive
   */
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** A message did not arrive. */
export class SendError extends Error {
  /** Whether the same message may arrive when it is sent again. */
  readonly isPassing: boolean;
  /** How long the receiver wants to be left alone, in milliseconds. */
  readonly afterMs: number | undefined;

  constructor(message: string, { isPassing, afterMs }: { isPassing: boolean; afterMs?: number | undefined }) {
    super(message);
    this.isPassing = isPassing;
    this.afterMs = afterMs;
  }
}
