import type { ExitCode } from '../upstream/upstream.js';
import { errorLine } from '../wire/answers.js';
import type { ClientRequest, McpSession } from '../wire/mcp-session.js';
import { type Id, isId } from '../wire/message.js';
import type { Gate } from './gate.js';

const INTERNAL_ERROR = -32603;

export type AnswerOutcome = 'ok' | 'tool_error' | 'error' | 'unanswered';

/**
 * What the client waits for: says what became of a request that was answered, and makes the answer where the server's
 * does not come or cannot be passed on, so that nobody waits for ever (G9).
 */
export class OwedAnswers {
  readonly #session: McpSession;
  readonly #gate: Gate;
  readonly #warn: (text: string) => void;
  #readAt = 0;
  #clientIsGone = false;

  constructor(session: McpSession, gate: Gate, warn: (text: string) => void) {
    this.#session = session;
    this.#gate = gate;
    this.#warn = warn;
  }

  /** When what is looked at was read, `performance.now()`: once for all lines of a chunk. */
  get readAt(): number {
    return this.#readAt;
  }

  /** What is looked at from here on is read now. */
  read(): void {
    this.#readAt = performance.now();
  }

  /** Nobody reads any more what the server answers. */
  clientGone(): void {
    this.#clientIsGone = true;
  }

  settle(request: ClientRequest, outcome: AnswerOutcome): void {
    if (request.row === undefined) return;
    const known = this.#clientIsGone ? 'unanswered' : outcome;
    this.#gate.settle(request.row, known, Math.round(this.#readAt - request.sentAt));
  }

  /** A line that cannot be passed on. @returns an error for whoever waits for it */
  unreadable(id: unknown, reason: string): string | undefined {
    this.#warn(`dropped a line of the server's: ${reason}`);
    return this.dropped(id, reason);
  }

  /** @returns an error for whoever waits for this answer. A call whose answer does not reach the client has no outcome */
  dropped(id: unknown, reason: string): string | undefined {
    return this.#instead(id, `The server's answer was dropped: ${reason}`);
  }

  /** The answer to a request was lost on its way. @returns an error for whoever waits for it */
  lost(id: Id, reason: string): string | undefined {
    this.read();
    return this.#instead(id, `The server's answer was lost: ${reason}`);
  }

  #instead(id: unknown, text: string): string | undefined {
    const answered = isId(id) ? this.#session.takeSentRequest(id) : undefined;
    if (!answered) return undefined;
    this.settle(answered.request, 'unanswered');
    return errorLine(answered.id, INTERNAL_ERROR, text);
  }

  /** @returns an error for each request that the server, now gone, never answered */
  allOf(code: ExitCode): string {
    this.read();
    let answers = '';
    for (const [id, request] of this.#session.drain()) {
      this.settle(request, 'unanswered');
      answers += errorLine(id, INTERNAL_ERROR, `The server ended (exit code ${code}) before it answered.`);
    }
    return answers;
  }
}
