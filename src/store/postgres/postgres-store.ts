import { randomUUID } from 'node:crypto';
import { PolicyWrapError } from '../../errors.js';
import type { Charge } from '../../policy/call.js';
import type { Demand } from '../../policy/model.js';
import type { Admitted } from '../admission.js';
import { randomId } from '../approvals.js';
import type { Owner } from '../counters/counter-key.js';
import type { Settlement } from '../decision-log.js';
import type { Peeked } from '../reader.js';
import type { PolicyState, SessionInfo } from '../sessions.js';
import type { Exchanged, SharedAdmission } from '../shared-store.js';
import { shownAddress } from './address.js';
import { admittedOf, type FoundCall, peekedOf, wordsFor } from './answer.js';
import { type ConnectionOptions, TIMEOUT_MS } from './connection.js';
import { Engine, literal } from './engine.js';
import { HistoryMark } from './mark.js';
import { type KnownTool, type Worded, wired } from './request.js';
import { sharedKeyOf } from './shared-key.js';
import { storable } from './storable.js';

export interface PostgresOptions extends ConnectionOptions {
  /** Names this machine among those of the team: random, made once. */
  readonly machine: string;
  /** For people. */
  readonly host: string;
  /** Where the history mark is kept; undefined for who only reads. */
  readonly markFile?: string | undefined;
  /** Holds locks until a decision is on the disk: what the benchmark compares with. */
  readonly holdsLocks?: boolean | undefined;
}

/** A session of this process. */
interface Session {
  readonly owner: Owner;
  info: Record<string, unknown>;
  /** The engine has not been told of it, or of a change. */
  isNews: boolean;
  /** Batches whose answer was lost: given back before the next one is decided. */
  readonly lost: Set<string>;
}

/** What `admit_v1` answers. */
interface Answer {
  readonly status: 'ok' | 'late' | 'seen' | 'recompute' | 'session' | 'history';
  readonly now: number;
  readonly epoch?: string;
  readonly calls?: readonly FoundCall[];
  readonly clocks?: Readonly<Record<string, number>>;
  readonly tools?: readonly (readonly [number, string, string])[];
  readonly lost?: string;
}

interface Asked {
  readonly batch: string;
  readonly now: number;
  readonly calls: readonly FoundCall[];
}

/** More calls than this are decided in several transactions: others wait meanwhile. */
const MOST_CALLS = 64;
/** Lost answers that one request gives back; the others follow with the next, and count until then. */
const MOST_LOST = 200;
/** How often one request is made anew: by another calendar, after a deadlock, with a session that was forgotten. */
const ATTEMPTS = 6;
/** The longest that the log holds, in milliseconds: 24 days. */
const MOST_LATENCY = 2 ** 31 - 1;
/** Cache limit: a limit that is split may have any number of counters. */
const REMEMBERED = 4096;

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
  readonly #timeoutMs: number;
  readonly #holdsLocks: boolean;
  readonly #sessions = new Map<string, Session>();
  #tools: KnownTool[] = [];
  /** When a person was told last that a count fills, by key, UTC milliseconds by the engine. */
  readonly #warned = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: PostgresOptions) {
    this.team = options.address.team;
    this.shown = shownAddress(options.address);
    this.engine = new Engine(options);
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#holdsLocks = options.holdsLocks === true;
    this.machine = options.machine;
    this.host = storable(options.host.slice(0, 200));
    this.mark = new HistoryMark(options.markFile);
  }

  get trouble(): { readonly since: number; readonly reason: string } | undefined {
    return this.engine.trouble;
  }

  now(): number | undefined {
    return this.engine.now();
  }

  startSession(info: SessionInfo, id: string = randomUUID()): string {
    const { server, grant, observe } = info;
    this.#sessions.set(id, {
      owner: { server: storable(server), grant: storable(grant), session: id, observe },
      info: {
        server: storable(server),
        grant: storable(grant),
        pid: info.pid,
        observe,
        policy: info.policyHash,
        source: info.policySource && storable(info.policySource),
      },
      isNews: true,
      lost: new Set(),
    });
    return id;
  }

  describeClient(session: string, name: string, version: string): void {
    const known = this.#get(session);
    const [clientName, clientVersion] = [name, version].map((text) => storable(text.slice(0, 200)));
    known.info = { ...known.info, clientName, clientVersion };
    known.isNews = true;
  }

  describePolicy(session: string, { hash, source, problem }: PolicyState): void {
    const known = this.#get(session);
    known.info = {
      ...known.info,
      policy: hash,
      source: source && storable(source),
      problem: problem && storable(problem),
    };
    known.isNews = true;
  }

  exchange(
    session: string,
    settlements: readonly Settlement[],
    admissions: readonly SharedAdmission[],
  ): Promise<Exchanged> {
    const known = this.#get(session);
    const turn = this.#last.then(() => this.#exchange(known, settlements, admissions));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async endSession(session: string, settlements: readonly Settlement[]): Promise<void> {
    const known = this.#get(session);
    try {
      await this.#last;
      await this.#ask(known, settlements, [], new Map(), true);
    } catch {
      // Others see by its silence that it has ended.
    }
    this.#sessions.delete(session);
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
    const known = { ...this.#get(id), owner: { ...owner, session: owner.session } };
    this.#sessions.delete(id);
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
    const asked = await this.#ask(known, [], [admission], new Map(), false, true);
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
    return this.#get(session).info;
  }

  #get(session: string): Session {
    const known = this.#sessions.get(session);
    if (!known) throw new Error(`no session ${session} was started here`);
    return known;
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
    const asked = await this.#ask(session, settlements, admissions, new Map());
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
      const next = await this.#ask(session, [], admissions.slice(from), words);
      batches.push(next.batch);
      now = next.now;
      found.splice(from, found.length - from, ...next.calls);
    }
    return { admitted: found.map((call, i) => this.#admitted(session, call, admissions[i], now)), now };
  }

  #admitted(
    session: Session,
    call: FoundCall,
    admission: SharedAdmission | undefined,
    now: number,
  ): Admitted {
    if (!admission) throw new Error('the engine answered more than it was asked');
    const admitted = admittedOf(call, admission, now);
    if (admitted.kind !== 'allowed' || !admitted.filled) return admitted;
    if (this.#warned.size >= REMEMBERED) this.#warned.clear();
    for (const { charge } of admitted.filled)
      this.#warned.set(
        sharedKeyOf(session.owner, this.machine, charge.limit, charge.split),
        now + charge.limit.windowMs,
      );
    return admitted;
  }

  /** Asks `admit_v1`, as often as it wants to know more. @throws PolicyWrapError; then nothing may be forwarded */
  async #ask(
    session: Session,
    settlements: readonly Settlement[],
    admissions: readonly SharedAdmission[],
    words: ReadonlyMap<number, Worded>,
    hasEnded = false,
    isPeek = false,
  ): Promise<Asked> {
    let clocks: ReadonlyMap<string, number> = new Map();
    let problem: unknown;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { now } = await this.engine.hello();
      const batch = randomUUID();
      const lost = [...session.lost].slice(0, MOST_LOST);
      const { calls, counters } = wired(admissions, this.#about(session, now, clocks), words);
      const request = {
        team: this.team,
        machine: this.machine,
        host: this.host,
        batch,
        flushes: !this.#holdsLocks,
        // By then its caller has given up.
        deadline: now + this.#timeoutMs,
        mark: this.mark.latest,
        session: {
          uid: session.owner.session,
          info: session.isNews ? session.info : undefined,
          ended: hasEnded || undefined,
        },
        void: lost,
        settle: settlements.map(({ first, last, outcome, latencyMs }) => [
          first,
          last,
          outcome,
          latencyMs === undefined ? null : Math.min(Math.round(latencyMs), MOST_LATENCY),
        ]),
        tools: this.#tools.at(-1)?.id ?? 0,
        peek: isPeek || undefined,
        counters,
        calls,
      };
      const result = await this.engine.tryRun(
        messageFor(
          request,
          isPeek ? 'ROLLBACK' : this.#holdsLocks ? 'COMMIT' : 'COMMIT; SELECT policy_wrap.flush_v1()',
        ),
      );
      if ('error' in result) {
        if (result.isLost && !isPeek) session.lost.add(batch);
        if (!result.isAgain) throw result.error;
        problem = result.error;
        continue;
      }
      const answer = result.rows[1]?.[0]?.answer as Answer;
      this.engine.heard(answer.now);
      switch (answer.status) {
        case 'ok': {
          for (const id of lost) session.lost.delete(id);
          if (!isPeek) session.isNews = false;
          const found = answer.calls ?? [];
          if (found.length !== admissions.length) throw new Error('the engine did not answer every call');
          this.#remember(answer, found, batch, isPeek);
          return { batch, now: answer.now, calls: found };
        }
        case 'session':
          session.isNews = true;
          break;
        case 'recompute':
          clocks = new Map(Object.entries(answer.clocks ?? {}));
          for (const [id, server, name] of answer.tools ?? []) this.#learn({ id, server, name });
          break;
        case 'late':
          problem = new PolicyWrapError('STATE_UNAVAILABLE', `the store ${this.shown} was too slow`);
          break;
        case 'history':
          throw lostHistory(this.shown);
        case 'seen':
          session.lost.add(batch);
          throw new PolicyWrapError('STATE_UNAVAILABLE', `the store ${this.shown} got a request twice`);
      }
    }
    throw (
      problem ?? new PolicyWrapError('STATE_UNAVAILABLE', `the store ${this.shown} did not come to an answer`)
    );
  }

  #about(session: Session, now: number, clocks: ReadonlyMap<string, number>) {
    return {
      owner: session.owner,
      machine: this.machine,
      now,
      clocks,
      tools: this.#tools,
      isWarned: (key: string) => (this.#warned.get(key) ?? 0) > now,
      newId: randomId,
    };
  }

  #learn(tool: KnownTool): void {
    if (tool.id > (this.#tools.at(-1)?.id ?? 0)) this.#tools.push(tool);
  }

  #remember({ epoch, now: at }: Answer, found: readonly FoundCall[], batch: string, isPeek: boolean): void {
    if (epoch === undefined || isPeek) return;
    const rows = found.flatMap(({ row }) => row ?? []);
    this.mark.note(rows.length === 0 ? { epoch, at } : { epoch, row: Math.max(...rows), batch, at });
  }
}

/**
 * Two transactions in one message. The first lets go of the counters' locks before it is on the disk, so that others
 * do not wait for that; the second waits until it is, and only its end is an acknowledgement.
 * What a login or a database has as its defaults changes nothing of that.
 */
function messageFor(request: object, end: string): string {
  return `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT policy_wrap.admit_v1(${literal(request)}::jsonb) AS answer; ${end}`;
}

function lostHistory(shown: string): PolicyWrapError {
  return new PolicyWrapError(
    'STATE_UNAVAILABLE',
    `the store ${shown} has lost calls that this machine was told of: it is an older copy, and what was charged since is missing`,
    {
      hint: 'A restored backup, or a standby that had not everything. Its owner decides: policy-wrap store accept',
    },
  );
}
