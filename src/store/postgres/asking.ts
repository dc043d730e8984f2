import { randomUUID } from 'node:crypto';
import { PolicyWrapError } from '../../errors.js';
import type { Admitted } from '../admission.js';
import { randomId } from '../approvals.js';
import type { Settlement } from '../decision-log.js';
import type { Role, SharedAdmission } from '../shared-store.js';
import { admittedOf, type FoundCall } from './answer.js';
import { type Engine, literal } from './engine.js';
import type { HistoryMark } from './mark.js';
import { type KnownTool, type Worded, wired } from './request.js';
import type { Session } from './session.js';
import { sharedKeyOf } from './shared-key.js';

/** What `admit_v1` answers. */
interface Answer {
  readonly status: 'ok' | 'late' | 'seen' | 'recompute' | 'session' | 'history';
  readonly now: number;
  readonly epoch?: string;
  readonly roles?: readonly Role[];
  readonly calls?: readonly FoundCall[];
  readonly clocks?: Readonly<Record<string, number>>;
  readonly tools?: readonly (readonly [number, string, string])[];
  readonly lost?: string;
}

/** What the engine found of the calls of one request. */
export interface Asked {
  readonly batch: string;
  readonly now: number;
  readonly calls: readonly FoundCall[];
}

/** Lost answers that one request gives back; the others follow with the next, and count until then. */
const MOST_LOST = 200;
/** How often one request is made anew: by another calendar, after a deadlock, with a session that was forgotten. */
export const ATTEMPTS = 6;
/** The longest that the log holds, in milliseconds: 24 days. */
const MOST_LATENCY = 2 ** 31 - 1;
/** Cache limit: a limit that is split may have any number of counters. */
const REMEMBERED = 4096;

/** One request. */
export interface Question {
  readonly settlements?: readonly Settlement[] | undefined;
  readonly admissions: readonly SharedAdmission[];
  /** How questions read that were found to be needed, by the place of their calls. */
  readonly words?: ReadonlyMap<number, Worded> | undefined;
  /** The session ends with it. */
  readonly hasEnded?: boolean | undefined;
  /** Everything is taken back. */
  readonly isPeek?: boolean | undefined;
}

/** Who asks, and how long an answer is waited for. */
export interface Asker {
  readonly team: string;
  /** Words for people. */
  readonly shown: string;
  readonly machine: string;
  readonly host: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Holds locks until a decision is on the disk. */
  readonly holdsLocks: boolean;
}

/** Asks `admit_v1`, and keeps what has to be known for the next question: tools, warnings, the newest row. */
export class Asking {
  readonly #engine: Engine;
  readonly #mark: HistoryMark;
  readonly #asker: Asker;
  #tools: KnownTool[] = [];
  /** When a person was told last that a count fills, by key, UTC milliseconds by the engine. */
  readonly #warned = new Map<string, number>();

  constructor(engine: Engine, mark: HistoryMark, asker: Asker) {
    this.#engine = engine;
    this.#mark = mark;
    this.#asker = asker;
  }

  /** What a call comes to, in the words of a local store. */
  admitted(session: Session, call: FoundCall, admission: SharedAdmission | undefined, now: number): Admitted {
    if (!admission) throw new Error('the engine answered more than it was asked');
    const admitted = admittedOf(call, admission, now);
    if (admitted.kind !== 'allowed' || !admitted.filled) return admitted;
    if (this.#warned.size >= REMEMBERED) this.#warned.clear();
    for (const { charge } of admitted.filled)
      this.#warned.set(
        sharedKeyOf(session.owner, this.#asker.machine, charge.limit, charge.split),
        now + charge.limit.windowMs,
      );
    return admitted;
  }

  /** Asks `admit_v1`, as often as it wants to know more. @throws PolicyWrapError; then nothing may be forwarded */
  async ask(
    session: Session,
    { settlements = [], admissions, words = new Map(), hasEnded, isPeek }: Question,
  ): Promise<Asked> {
    const { team, shown, machine, host, timeoutMs, holdsLocks } = this.#asker;
    let clocks: ReadonlyMap<string, number> = new Map();
    let problem: unknown;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { now } = await this.#engine.hello();
      const batch = randomUUID();
      const lost = [...session.lost].slice(0, MOST_LOST);
      const { calls, counters } = wired(admissions, this.#about(session, now, clocks), words);
      const request = {
        team,
        machine,
        host,
        batch,
        flushes: !holdsLocks,
        // By then its caller has given up.
        deadline: now + timeoutMs,
        mark: this.#mark.latest,
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
      const result = await this.#engine.tryRun(
        messageFor(
          request,
          isPeek ? 'ROLLBACK' : holdsLocks ? 'COMMIT' : 'COMMIT; SELECT policy_wrap.flush_v1()',
        ),
      );
      if ('error' in result) {
        if (result.isLost && !isPeek) session.lost.add(batch);
        if (!result.isAgain) throw result.error;
        problem = result.error;
        continue;
      }
      const answer = result.rows[1]?.[0]?.answer as Answer;
      this.#engine.heard(answer.now);
      switch (answer.status) {
        case 'ok': {
          for (const id of lost) session.lost.delete(id);
          if (!isPeek) session.isNews = false;
          if (answer.roles) this.#engine.mayDo(answer.roles);
          const found = answer.calls ?? [];
          if (found.length !== admissions.length) throw new Error('the engine did not answer every call');
          this.#remember(answer, found, batch, isPeek === true);
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
          problem = new PolicyWrapError('STATE_UNAVAILABLE', `the store ${shown} was too slow`);
          break;
        case 'history':
          throw lostHistory(shown);
        case 'seen':
          session.lost.add(batch);
          throw new PolicyWrapError('STATE_UNAVAILABLE', `the store ${shown} got a request twice`);
      }
    }
    throw problem ?? new PolicyWrapError('STATE_UNAVAILABLE', `the store ${shown} did not come to an answer`);
  }

  #about(session: Session, now: number, clocks: ReadonlyMap<string, number>) {
    return {
      owner: session.owner,
      machine: this.#asker.machine,
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
    this.#mark.note(rows.length === 0 ? { epoch, at } : { epoch, row: Math.max(...rows), batch, at });
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
