import { PolicyWrapError } from '../../errors.js';
import type { Role, StoreAddress } from '../shared-store.js';
import { shownAddress } from './address.js';
import { Connection, type ConnectionOptions, Failure } from './connection.js';
import { isSilence, Outage } from './outage.js';
import { missingRole, reachHint, refusalOf } from './refusals.js';

/** What the engine says of a request that it was asked, and undid. */
const AGAIN = new Set(['40001', '40P01']);

export interface EngineOptions extends ConnectionOptions {
  /** How often it is looked whether it is back, in milliseconds. */
  readonly lookMs?: number | undefined;
}

/**
 * The engine as the rest of this folder sees it: one request after the other, its time, and what goes wrong in words.
 */
export class Engine {
  readonly #address: StoreAddress;
  readonly #connection: Connection;
  readonly #outage: Outage;
  /** The password of the last connection: a look at an engine that is down asks no keychain for it. */
  #password: string | undefined;
  /** Calls wait for it: while it is down they are told so at once. */
  remembersOutages = false;
  /** The last instant that it named, UTC milliseconds, and when that came here, by a clock that only goes forward. */
  #heard: { readonly at: number; readonly received: number } | undefined;
  #roles: readonly Role[] | undefined;
  #epoch: string | undefined;
  #trouble: { readonly since: number; readonly reason: string } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ lookMs, ...options }: EngineOptions) {
    this.#address = options.address;
    this.#connection = new Connection({
      ...options,
      password: async () => (this.#password = await options.password()),
    });
    this.#outage = new Outage(() => this.#lookAt(options), lookMs);
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

  /** What the login may do now: a role is given and taken away while wrappers run. */
  mayDo(roles: readonly Role[]): void {
    this.#roles = roles;
  }

  /** That the login has none of some roles. */
  missing(roles: readonly Role[]): PolicyWrapError {
    const { message, hint } = missingRole(roles, this.#address);
    return this.#refusal(message, hint, undefined);
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
      return await this.#request(text);
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
      return { rows: await this.#request(text) };
    } catch (error) {
      if (!(error instanceof Failure)) return { error, isLost: false, isAgain: false };
      const isAgain = error.state !== undefined && AGAIN.has(error.state);
      return { error: this.#problem(error), isLost: error.wasSent && !isAgain, isAgain };
    }
  }

  close(): Promise<void> {
    this.#outage.close();
    return this.#inTurn(() => this.#connection.close());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #request(text: string): ReturnType<Connection['run']> {
    await this.#outage.over();
    const rows = await this.#inTurn(() => {
      // It may have gone down while this one waited for others.
      this.#outage.check();
      return this.#connection.run(text);
    });
    this.#answered();
    return rows;
  }

  /** By a connection of its own. @returns what keeps it from answering; undefined where it answers, be it by a refusal */
  async #lookAt(options: ConnectionOptions): Promise<Failure | undefined> {
    const look = new Connection({ ...options, password: async () => this.#password });
    try {
      await look.run('SELECT 1');
    } catch (error) {
      // Whatever else it says is told by the next request that meets it.
      if (error instanceof Failure && isSilence(error) && !refusalOf(error, this.#address)) return error;
    } finally {
      void look.close();
    }
    this.#trouble = undefined;
    return undefined;
  }

  #answered(): void {
    this.#trouble = undefined;
    this.#outage.end();
  }

  #problem(failure: Failure): PolicyWrapError {
    const { message, state } = failure;
    const shown = shownAddress(this.#address);
    const refusal = refusalOf(failure, this.#address);
    const isEngine = state !== undefined && !/^(?:57|53|08|XX|58)/.test(state);
    // It answers, and says no: what passes while it cannot be reached must not pass now.
    if (refusal || isEngine) this.#answered();
    if (refusal) return this.#refusal(refusal.message, refusal.hint, failure);
    if (!isEngine && this.remembersOutages && isSilence(failure)) this.#outage.begin(failure);
    if (!isEngine) this.#trouble = { since: this.#trouble?.since ?? Date.now(), reason: message };
    const since = this.#trouble ? ` (since ${new Date(this.#trouble.since).toISOString()})` : '';
    const what = isEngine ? `the store ${shown} failed` : `the store ${shown} cannot be used`;
    return new PolicyWrapError('STATE_UNAVAILABLE', `${what}: ${message}${since}`, {
      hint: reachHint(message, state),
      cause: failure,
    });
  }

  #refusal(message: string, hint: string, cause: unknown): PolicyWrapError {
    const shown = shownAddress(this.#address);
    return new PolicyWrapError('REFUSED', `the store ${shown} refuses: ${message}`, { hint, cause });
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
