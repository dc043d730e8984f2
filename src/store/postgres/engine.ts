import { PolicyWrapError } from '../../errors.js';
import type { Role, StoreAddress } from '../shared-store.js';
import { shownAddress } from './address.js';
import { Connection, type ConnectionOptions, Failure } from './connection.js';
import { refusalOf } from './refusals.js';

/** What the engine says of a request that it was asked, and undid. */
const AGAIN = new Set(['40001', '40P01']);

/**
 * The engine as the rest of this folder sees it: one request after the other, its time, and what goes wrong in words.
 */
export class Engine {
  readonly #address: StoreAddress;
  readonly #connection: Connection;
  /** The last instant that it named, UTC milliseconds, and when that came here, by a clock that only goes forward. */
  #heard: { readonly at: number; readonly received: number } | undefined;
  #roles: readonly Role[] | undefined;
  #epoch: string | undefined;
  #trouble: { readonly since: number; readonly reason: string } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ConnectionOptions) {
    this.#address = options.address;
    this.#connection = new Connection(options);
  }

  get trouble(): { readonly since: number; readonly reason: string } | undefined {
    return this.#trouble;
  }

  get roles(): readonly Role[] | undefined {
    return this.#roles;
  }

  /** The engine's time: not later than it really is. UTC milliseconds; undefined before it has said one. */
  now(): number | undefined {
    return this.#heard && Math.floor(this.#heard.at + performance.now() - this.#heard.received);
  }

  heard(at: number): void {
    this.#heard = { at, received: performance.now() };
  }

  /** What the login may do; asked for with the first request. */
  async hello(): Promise<{ readonly now: number; readonly epoch: string; readonly roles: readonly Role[] }> {
    const now = this.#connection.isOpen ? this.now() : undefined;
    if (now !== undefined && this.#roles && this.#epoch !== undefined)
      return { now, epoch: this.#epoch, roles: this.#roles };
    const answer = (await this.call('hello_v1', this.#address.team)) as {
      now: number;
      epoch: string;
      roles: Role[];
    };
    this.heard(answer.now);
    this.#roles = answer.roles;
    this.#epoch = answer.epoch;
    return answer;
  }

  /** Executes one function. @returns what it gives */
  async call(name: string, ...values: readonly unknown[]): Promise<unknown> {
    const rows = await this.run(`SELECT policy_wrap.${name}(${values.map(literal).join(', ')}) AS answer`);
    return rows.at(-1)?.[0]?.answer;
  }

  /** @throws PolicyWrapError; Failure where the engine undid everything and may be asked again, or `isLost` matters */
  async run(text: string): Promise<(readonly Readonly<Record<string, unknown>>[])[]> {
    try {
      const rows = await this.#inTurn(() => this.#connection.run(text));
      this.#trouble = undefined;
      return rows;
    } catch (error) {
      throw error instanceof Failure ? this.#problem(error) : error;
    }
  }

  /** As `run`, and tells whether what was asked for may have been done all the same. */
  async tryRun(
    text: string,
  ): Promise<
    | { readonly rows: (readonly Readonly<Record<string, unknown>>[])[] }
    | { readonly error: unknown; readonly isLost: boolean; readonly isAgain: boolean }
  > {
    try {
      const rows = await this.#inTurn(() => this.#connection.run(text));
      this.#trouble = undefined;
      return { rows };
    } catch (error) {
      if (!(error instanceof Failure)) return { error, isLost: false, isAgain: false };
      const isAgain = error.state !== undefined && AGAIN.has(error.state);
      return { error: this.#problem(error), isLost: error.wasSent && !isAgain, isAgain };
    }
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#connection.close());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  #problem(failure: Failure): PolicyWrapError {
    const { message, state } = failure;
    const shown = shownAddress(this.#address);
    const refusal = refusalOf(failure, this.#address);
    const isEngine = state !== undefined && !/^(?:57|53|08|XX|58)/.test(state);
    // It answers, and says no: what passes while it cannot be reached must not pass now.
    if (refusal || isEngine) this.#trouble = undefined;
    if (refusal)
      return new PolicyWrapError('REFUSED', `the store ${shown} refuses: ${refusal.message}`, {
        hint: refusal.hint,
        cause: failure,
      });
    if (!isEngine) this.#trouble = { since: this.#trouble?.since ?? Date.now(), reason: message };
    const since = this.#trouble ? ` (since ${new Date(this.#trouble.since).toISOString()})` : '';
    const what = isEngine ? `the store ${shown} failed` : `the store ${shown} cannot be used`;
    return new PolicyWrapError('STATE_UNAVAILABLE', `${what}: ${message}${since}`, {
      hint: 'policy-wrap store check says more. Calls pass again as soon as it answers.',
      cause: failure,
    });
  }
}

/** A value as SQL: text, numbers and null as they are, everything else as JSON. Escapes hold whatever the server's settings. */
export function literal(value: unknown): string {
  if (value === undefined || value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.includes('\u0000')) throw new RangeError('a text with NUL');
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "''");
  return `E'${escaped}'`;
}
