import type { Charge } from '../../policy/call.js';
import type { Demand } from '../../policy/model.js';
import type { Admitted } from '../admission.js';
import type { Owner } from '../counters/counter-key.js';
import type { Settlement } from '../decision-log.js';
import type { Peeked } from '../reader.js';
import type { PolicyState, SessionInfo } from '../sessions.js';
import type { Exchanged, SharedAdmission } from '../shared-store.js';
import { shownAddress } from './address.js';
import { peekedOf, wordsFor } from './answer.js';
import { Asking, ATTEMPTS } from './asking.js';
import { TIMEOUT_MS } from './connection.js';
import { Engine, type EngineOptions } from './engine.js';
import { HistoryMark } from './mark.js';
import { type Session, Sessions } from './session.js';
import { storable } from './storable.js';

export interface PostgresOptions extends EngineOptions {
  /** Names this machine among those of the team: random, made once. */
  readonly machine: string;
  /** Words for people. */
  readonly host: string;
  /** Where the history mark is kept; undefined for who only reads. */
  readonly markFile?: string | undefined;
  /** Holds locks until a decision is on the disk: what the benchmark compares with. */
  readonly holdsLocks?: boolean | undefined;
}

/** More calls than this are decided in several transactions: others wait meanwhile. */
const MOST_CALLS = 64;

/**
 * Decides by the engine of the team: one request for all that came together, and what is not answered is refused and
 * given back (docs/team.md).
 */
export class PostgresStore {
  readonly team: string;
  readonly shown: string;
  protected readonly engine: Engine;
  protected readonly machine: string;
  protected readonly host: string;
  protected readonly mark: HistoryMark;
  readonly #sessions = new Sessions();
  readonly #asking: Asking;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: PostgresOptions) {
    this.team = options.address.team;
    this.shown = shownAddress(options.address);
    this.engine = new Engine(options);
    this.machine = options.machine;
    this.host = storable(options.host.slice(0, 200));
    this.mark = new HistoryMark(options.markFile);
    const { team, shown, machine, host } = this;
    const { timeoutMs = TIMEOUT_MS, holdsLocks = false } = options;
    this.#asking = new Asking(this.engine, this.mark, { team, shown, machine, host, timeoutMs, holdsLocks });
  }

  get trouble(): { readonly since: number; readonly reason: string } | undefined {
    return this.engine.trouble;
  }

  now(): number | undefined {
    return this.engine.now();
  }

  startSession(info: SessionInfo, id?: string): string {
    return this.#sessions.start(info, id);
  }

  describeClient(session: string, name: string, version: string): void {
    this.#sessions.describeClient(session, name, version);
  }

  describePolicy(session: string, policy: PolicyState): void {
    this.#sessions.describePolicy(session, policy);
  }

  exchange(
    session: string,
    settlements: readonly Settlement[],
    admissions: readonly SharedAdmission[],
  ): Promise<Exchanged> {
    const known = this.#sessions.get(session);
    this.engine.remembersOutages = true;
    const turn = this.#last.then(() => this.#exchange(known, settlements, admissions));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async endSession(session: string, settlements: readonly Settlement[]): Promise<void> {
    const known = this.#sessions.get(session);
    try {
      await this.#last;
      await this.#asking.ask(known, { settlements, admissions: [], hasEnded: true });
    } catch {
      // Others see by its silence that it has ended.
    }
    this.#sessions.forget(session);
    this.mark.write();
  }

  /** Decides as `exchange` does, and takes it all back. */
  async peek(owner: Owner, charges: readonly Charge[], demands: readonly Demand[] = []): Promise<Peeked> {
    const id = this.startSession({
      ...owner,
      pid: process.pid,
      policyHash: undefined,
      policySource: undefined,
    });
    const known = { ...this.#sessions.get(id), owner: { ...owner, session: owner.session } };
    this.#sessions.forget(id);
    const evaluation = {
      kind: 'open',
      charges,
      ask: undefined,
      demands: demands.length > 0 ? demands : undefined,
    } as const;
    const admission = {
      tool: '',
      requestId: undefined,
      argumentsText: '[]',
      policyHash: undefined,
      evaluation,
    };
    const asked = await this.#asking.ask(known, { admissions: [admission], isPeek: true });
    const [found] = asked.calls;
    if (!found) throw new Error('the engine answered nothing');
    return peekedOf(found, evaluation, asked.now);
  }

  async close(): Promise<void> {
    await this.#last;
    this.mark.write();
    await this.engine.close();
  }

  /** What the engine is told of a session. */
  protected infoOf(session: string): object {
    return this.#sessions.get(session).info;
  }

  async #exchange(
    session: Session,
    settlements: readonly Settlement[],
    admissions: readonly SharedAdmission[],
  ): Promise<Exchanged> {
    const batches: string[] = [];
    try {
      const admitted: Admitted[] = [];
      let now = 0;
      for (let from = 0; from === 0 || from < admissions.length; from += MOST_CALLS) {
        const part = admissions.slice(from, from + MOST_CALLS);
        const decided = await this.#decide(session, from === 0 ? settlements : [], part, batches);
        admitted.push(...decided.admitted);
        now = decided.now;
      }
      return { admitted, now };
    } catch (error) {
      // None of its calls will be forwarded, also those that were decided before something failed.
      for (const batch of batches) session.lost.add(batch);
      throw error;
    }
  }

  async #decide(
    session: Session,
    settlements: readonly Settlement[],
    admissions: readonly SharedAdmission[],
    batches: string[],
  ): Promise<Exchanged> {
    const asked = await this.#asking.ask(session, { settlements, admissions });
    batches.push(asked.batch);
    const found = [...asked.calls];
    let { now } = asked;
    // A question whose words depend on what was found comes again with them, and with it what came after it.
    for (let tries = admissions.length + ATTEMPTS; tries > 0; tries -= 1) {
      const from = found.findIndex(({ kind }) => kind === 'word');
      const question = found[from];
      const admission = admissions[from];
      if (!question || !admission) break;
      const words = new Map([[0, wordsFor(question, admission, now)]]);
      const next = await this.#asking.ask(session, { admissions: admissions.slice(from), words });
      batches.push(next.batch);
      now = next.now;
      found.splice(from, found.length - from, ...next.calls);
    }
    return {
      admitted: found.map((call, i) => this.#asking.admitted(session, call, admissions[i], now)),
      now,
    };
  }
}
