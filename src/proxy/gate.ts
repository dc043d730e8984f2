import type { Challenge } from '../approval/challenge.js';
import type { ApprovalAuthority } from '../approval/flow.js';
import { localeOf } from '../approval/typed-number.js';
import { PolicyWrapError } from '../errors.js';
import type { Evaluation } from '../policy/call.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { isShownInSection } from '../policy/evaluate/sections.js';
import type { Section } from '../policy/sections.js';
import type { Admission, ApprovalEntry, ApprovalState, Outcome } from '../store/store.js';
import { BUSY, LOCKED_HINT } from '../store/store.js';
import type { ListKind } from '../wire/mcp-session.js';
import type { JudgedCall, MalformedCall } from '../wire/message.js';
import type { WordList } from '../wire/pinned-answers.js';
import type { ArgumentChecks } from './argument-checks.js';
import { CallJudge } from './call-judge.js';
import { CallRulings, type Rulings } from './call-rulings.js';
import type { Ledger } from './ledger.js';
import type { Outside } from './outside.js';
import { PinnedView } from './pinned-view.js';
import { PinnedWords, wordsThatMayDiffer } from './pinned-words.js';
import type { StateSession } from './state-session.js';
import { type DefinitionFinder, Suspicions } from './suspicions.js';
import { ToolLists } from './tool-lists.js';

export interface GateOptions {
  /** Undefined: no policy was found and every call is refused with `noPolicy`. */
  readonly policy: Layers | undefined;
  /** What to tell the model when there is no policy. */
  readonly noPolicy: string;
  readonly stateSession: StateSession;
  /** Where calls are decided; the session's own database when absent. */
  readonly ledger?: Ledger | undefined;
  /** Loaded for each policy before it holds. */
  readonly argumentChecks: ArgumentChecks;
  /** Likewise. */
  readonly finder: DefinitionFinder;
  readonly server: string;
  /** Whose store decides; undefined: this machine's file. */
  readonly team?: string | undefined;
  /** The server's environment, for `env.*`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Decide and log, refuse nothing. */
  readonly observe: boolean;
  /** One line for the person, without line end; goes to stderr. */
  readonly warn: (text: string) => void;
  /** What a person who looks elsewhere may want to know; never throws. */
  readonly outside?: Pick<Outside, 'saw' | 'wantsCalls'> | undefined;
}

/** Clients give up on a call after 60 s: a policy may ask for less than this, never for more. In milliseconds. */
const LONGEST_HOLD = 55_000;

/**
 * Decides on every call: what the policy says (pure), then what has happened before, charged and recorded in one
 * transaction, all before a byte moves on. Whatever fails in here refuses (G3).
 */
export class Gate implements ApprovalAuthority {
  readonly #options: GateOptions;
  readonly #ledger: Ledger;
  readonly #judge: CallJudge;
  readonly #rulings: CallRulings;
  /** The tools that the server has. */
  readonly lists: ToolLists;
  /** Its prompts, resources and instructions. */
  readonly words: PinnedWords;
  readonly #pinned: PinnedView;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#ledger = options.ledger ?? options.stateSession;
    const { stateSession, finder, warn } = options;
    const pinned = new PinnedView(stateSession);
    this.#pinned = pinned;
    const suspicions = new Suspicions({ finder, stateSession, warn });
    this.lists = new ToolLists({ ...options, pinned, suspicions });
    this.words = new PinnedWords({ ...options, pinned, suspicions });
    this.#judge = new CallJudge({ ...options, team: options.team, lists: this.lists });
    const now = () => this.#ledger.now();
    const inTeam = () => this.#ledger.team;
    this.#rulings = new CallRulings({ ...options, judge: this.#judge, lists: this.lists, now, inTeam });
    this.#ledger.needsOutcomes(options.policy?.needsOutcomes ?? false);
  }

  /**
   * Decides by another policy from the next message on. Counters stay what they are.
   *
   * @returns the lists of which the client may see more now, or less
   */
  use(policy: Layers): ReadonlySet<ListKind> {
    const before = this.#judge.policy;
    this.#judge.policy = policy;
    this.#ledger.needsOutcomes(policy.needsOutcomes);
    const changed = new Set<ListKind>(this.#options.observe ? [] : wordsThatMayDiffer(before, policy));
    this.words.use(policy);
    return this.lists.use(policy) ? changed.add('tools') : changed;
  }

  /** @returns the lists of which the client would get more, since a person has trusted what was kept back; once */
  trustedSince(): ReadonlySet<ListKind> {
    return this.#pinned.trustedSince(this.#judge.policy);
  }

  /** How long a call may be held for a person, in milliseconds; 0 when clients are not to ask. */
  get holdMs(): number {
    const approvals = this.#ledger.asksHere ? this.#judge.policy?.approvals : undefined;
    return approvals?.channels.includes('client') ? Math.min(approvals.waitMs, LONGEST_HOLD) : 0;
  }

  /**
   * Judges calls that came together, in their order, all or nothing.
   *
   * @returns one ruling a call (undefined for malformed ones, which are answered elsewhere), now or later; a promise
   * never fails. Or BUSY when another process holds the database: nothing was changed, ask again
   */
  admit(calls: readonly (JudgedCall | MalformedCall)[]): Rulings | typeof BUSY | Promise<Rulings> {
    try {
      // On a call's way lists are pushed, not mapped: see test/bench/README.md, "Where the time of a call goes".
      const evaluations: Evaluation[] = [];
      const admissions: Admission[] = [];
      for (const call of calls) {
        const evaluation = this.#judge.evaluate(call);
        evaluations.push(evaluation);
        admissions.push(this.#judge.admission(call, evaluation));
      }
      const admitted = this.#ledger.admit(admissions);
      if (admitted === BUSY) return BUSY;
      if (!(admitted instanceof Promise)) return this.#rulings.all(calls, evaluations, admitted);
      return admitted
        .then((later) => this.#rulings.all(calls, evaluations, later))
        .catch((error: unknown) => this.#rulings.undecided(calls, error));
    } catch (error) {
      return this.#rulings.undecided(calls, error);
    }
  }

  /** Whether the policy says something of these. */
  judges(section: Section): boolean {
    return this.#judge.policy?.sections[section] !== undefined;
  }

  /** Whether something of these may be kept from the client. */
  filters(section: Section): boolean {
    return !this.#options.observe && this.judges(section);
  }

  /** @returns whether the client sees it in its lists; undefined where the policy cannot tell which one it is */
  shows(kind: WordList['kind'], what: string): boolean | undefined {
    return !this.#judge.policy || isShownInSection(this.#judge.policy, kind, what);
  }

  /** Nothing was decided yet, since others hold the database: a call waits for it longer than later. */
  get isStarting(): boolean {
    return this.#ledger.isStarting;
  }

  /** Refuses calls that waited too long for the database. */
  giveUp(calls: readonly (JudgedCall | MalformedCall)[]): Rulings {
    return this.#rulings.undecided(
      calls,
      new PolicyWrapError('STATE_UNAVAILABLE', 'the state database was locked for too long', {
        hint: LOCKED_HINT,
      }),
    );
  }

  challenge(call: JudgedCall): Challenge | undefined {
    return this.#rulings.challenge(call);
  }

  /** By which the person writes numbers, as far as this process knows. */
  get locale(): string | undefined {
    return localeOf(this.#options.env);
  }

  clientIs(name: string, version: string): void {
    this.#ledger.clientIs(name, version);
  }

  settle(row: number, outcome: Outcome, latencyMs: number | undefined): void {
    this.#ledger.settle(row, outcome, latencyMs);
    if (this.#options.outside?.wantsCalls) this.#options.outside.saw({ kind: 'settled', row, outcome });
  }

  /** Takes down what a person answered in the client. @returns the record afterwards, whoever decided it */
  decide(approvalId: string, state: 'approved' | 'rejected'): Promise<ApprovalEntry | undefined> {
    return this.#ledger.decide(approvalId, state);
  }

  approvalState(approvalId: string): ApprovalState | undefined {
    return this.#ledger.approvalState(approvalId);
  }

  approvalNow(approvalId: string): ApprovalState | undefined | Promise<ApprovalState | undefined> {
    return this.#ledger.approvalNow(approvalId);
  }
}
