import { type Challenge, challengeOf, expectedText } from '../approval/challenge.js';
import type { ApprovalAuthority, AskRuling } from '../approval/flow.js';
import type { Question } from '../approval/prompt-form.js';
import { localeOf } from '../approval/typed-number.js';
import { PolicyWrapError, reasonOf } from '../errors.js';
import type { Evaluation } from '../policy/call.js';
import { CODES, codeRow, HIDDEN_RULE } from '../policy/codes.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { isShownInSection } from '../policy/evaluate/sections.js';
import type { Section } from '../policy/sections.js';
import { type Standing, standingOf } from '../policy/standing.js';
import type { Admitted, ApprovalEntry, ApprovalState, Filled, Outcome } from '../store/store.js';
import { BUSY, LOCKED_HINT } from '../store/store.js';
import { printable } from '../text/escape.js';
import { type RefusedCall, refusalLine } from '../wire/answers.js';
import type { ListKind } from '../wire/mcp-session.js';
import type { JudgedCall, MalformedCall } from '../wire/message.js';
import type { WordList } from '../wire/pinned-answers.js';
import type { ArgumentChecks } from './argument-checks.js';
import { CallJudge } from './call-judge.js';
import { hiddenLine } from './hidden-answer.js';
import type { Ledger } from './ledger.js';
import type { Outside } from './outside.js';
import { PinnedView } from './pinned-view.js';
import { PinnedWords, wordsThatMayDiffer } from './pinned-words.js';
import { RefusalNotices } from './refusal-notices.js';
import { type FormOutcome, refusedCall } from './refusal-text.js';
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

/** What becomes of a call: the original bytes go on, or `line` goes back. */
export type Ruling =
  | { readonly kind: 'forward'; readonly row: number | undefined }
  | { readonly kind: 'answer'; readonly line: string }
  | AskRuling;

/** One a call, in their order; undefined for a malformed one. */
export type Rulings = readonly (Ruling | undefined)[];

/** Clients give up on a call after 60 s: a policy may ask for less than this, never for more. In milliseconds. */
const LONGEST_HOLD = 55_000;
/** Longest line that says that a limit fills, in UTF-16 units. */
const WARNING_CAP = 400;

/**
 * Decides on every call: what the policy says (pure), then what has happened before, charged and recorded in one
 * transaction, all before a byte moves on. Whatever fails in here refuses (G3).
 */
export class Gate implements ApprovalAuthority {
  readonly #options: GateOptions;
  readonly #ledger: Ledger;
  readonly #judge: CallJudge;
  readonly #notices: RefusalNotices;
  /** The tools that the server has. */
  readonly lists: ToolLists;
  /** Its prompts, resources and instructions. */
  readonly words: PinnedWords;
  readonly #pinned: PinnedView;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#ledger = options.ledger ?? options.stateSession;
    this.#notices = new RefusalNotices(options);
    const { stateSession, finder, warn } = options;
    const pinned = new PinnedView(stateSession);
    this.#pinned = pinned;
    const suspicions = new Suspicions({ finder, stateSession, warn });
    this.lists = new ToolLists({ ...options, pinned, suspicions });
    this.words = new PinnedWords({ ...options, pinned, suspicions });
    this.#judge = new CallJudge({ ...options, team: options.team, lists: this.lists });
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
      const evaluations = calls.map((call) => this.#judge.evaluate(call));
      const admissions = calls.map((call, i) => this.#judge.admission(call, evaluations[i] as Evaluation));
      const admitted = this.#ledger.admit(admissions);
      if (admitted === BUSY) return BUSY;
      if (!(admitted instanceof Promise)) return this.#rulings(calls, evaluations, admitted);
      return admitted
        .then((later) => this.#rulings(calls, evaluations, later))
        .catch((error: unknown) => this.#refuseAll(calls, error));
    } catch (error) {
      return this.#refuseAll(calls, error);
    }
  }

  #rulings(
    calls: readonly (JudgedCall | MalformedCall)[],
    evaluations: readonly Evaluation[],
    admitted: readonly Admitted[],
  ): Rulings {
    return calls.map((call, i) =>
      call.kind === 'malformed'
        ? undefined
        : this.#safeRuling(call, evaluations[i] as Evaluation, admitted[i] as Admitted),
    );
  }

  /** They are decided and charged: a bug in what is said of one must not refuse the others (G5). */
  #safeRuling(call: JudgedCall, evaluation: Evaluation, admitted: Admitted): Ruling | undefined {
    try {
      return this.#ruling(call, evaluation, admitted);
    } catch (error) {
      return this.#refuseAll([call], error)[0];
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
    return this.#refuseAll(
      calls,
      new PolicyWrapError('STATE_UNAVAILABLE', 'the state database was locked for too long', {
        hint: LOCKED_HINT,
      }),
    );
  }

  /** What a person must type to allow the call; undefined when yes is enough. */
  challenge(call: JudgedCall): Challenge | undefined {
    if (!this.#judge.isSevere(call)) return undefined;
    const inputSchema = this.lists.inputSchemaOf(call.name);
    return challengeOf(call.name, call.args.values, { inputSchema, lookedAt: this.#judge.lookedAt(call) });
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

  #ruling(call: JudgedCall, evaluation: Evaluation, admitted: Admitted): Ruling {
    // A pause stops even those that only watch.
    const isPaused = admitted.kind === 'refused' && admitted.code === 'PAUSED';
    if (admitted.kind === 'allowed') for (const filled of admitted.filled ?? []) this.#warnOf(call, filled);
    if (admitted.kind === 'allowed' || (this.#options.observe && !isPaused)) {
      if (this.#options.outside?.wantsCalls) this.#sawCall(call, admitted);
      return { kind: 'forward', row: admitted.row };
    }
    if (evaluation.kind === 'hidden') {
      this.#sawCall(call, admitted, { code: 'HIDDEN', rule: HIDDEN_RULE });
      this.#notices.tell(call.name, evaluation, admitted, () => this.#standingOf(call));
      return { kind: 'answer', line: hiddenLine(call) };
    }
    const challenge = admitted.kind === 'asked' ? this.challenge(call) : undefined;
    const mistyped = call.mistyped && challenge;
    const form: FormOutcome | undefined = mistyped
      ? { kind: 'mistyped', expected: expectedText(mistyped) }
      : undefined;
    const refused = refusedCall(call, evaluation, admitted, form);
    this.#sawCall(call, admitted, refused);
    const lineOf = (told: RefusedCall) => this.#line(call, { ...told, policy: this.#policyOf(told) });
    this.#notices.tell(call.name, evaluation, admitted, () => this.#standingOf(call));
    const line = lineOf(refused);
    if (admitted.kind !== 'asked') return { kind: 'answer', line };
    const { approval } = admitted;
    const question: Question = {
      server: this.#options.server,
      tool: call.name,
      reason: approval.reason,
      argumentsText: approval.arguments,
      mayChange: this.#judge.policy?.approvals.except.map(({ text }) => text) ?? [],
      approvalId: approval.id,
      challenge,
    };
    return {
      kind: 'ask',
      line,
      unanswered: () => lineOf(refusedCall(call, evaluation, admitted, { kind: 'unanswered' })),
      question,
      approval,
    };
  }

  #sawCall(
    call: JudgedCall,
    admitted: Admitted,
    why?: { readonly code: string; readonly rule: string },
  ): void {
    const keepsArguments = this.#judge.policy?.auditArguments === 'full';
    const { code, rule } = why ?? {};
    this.#options.outside?.saw({ kind: 'decided', call, admitted, code, rule, keepsArguments });
  }

  #standingOf({ name, section }: JudgedCall): Standing | undefined {
    if (!this.#judge.policy || section) return undefined;
    // No edit of the policy makes a tool that the server does not have.
    if (this.lists.hasListed && !this.lists.knows(name)) return { kind: 'elsewhere' };
    return standingOf(this.#judge.policy, name);
  }

  #warnOf({ name }: JudgedCall, filled: Filled): void {
    const { used, charge } = filled;
    const { limit } = charge;
    this.#options.outside?.saw({ kind: 'filled', tool: name, filled });
    const usage = `${used} of ${limit.max} per ${limit.windowText} used in ${limit.counter}`;
    this.#options.warn(printable(`${name}: ${usage} (${limit.pointer})`, WARNING_CAP));
  }

  /** The file of the rule that refused a call, for the person whom the model tells. */
  #policyOf({ code, rule }: RefusedCall): string | undefined {
    if (!this.#judge.policy || codeRow(code).policyPart === 'none') return undefined;
    const layer = this.#judge.policy.all.find(({ layer }) => layer !== undefined && rule.startsWith(layer));
    return (layer ?? this.#judge.policy).source;
  }

  #refuseAll(calls: readonly (JudgedCall | MalformedCall)[], error: unknown): Rulings {
    this.#options.warn(`a call was refused because it could not be decided: ${reasonOf(error)}`);
    // How to mend it is for the person, on stderr: a model would run the command itself.
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.outside?.saw({ kind: 'undecided', reason });
    return calls.map((call) => {
      if (call.kind === 'malformed') return undefined;
      const explanation = `the call could not be decided: ${reason}`;
      const line = this.#line(call, {
        code: 'INTERNAL',
        rule: CODES.INTERNAL.rule,
        tool: call.name,
        authorText: undefined,
        explanation,
        auditId: undefined,
      });
      return { kind: 'answer', line };
    });
  }

  #line(call: JudgedCall, refused: RefusedCall): string {
    // Only an answer to a call of a tool can say that it is a refusal.
    const asError = call.task || call.section === 'resources' || call.section === 'prompts';
    return refusalLine(call.id, call.era, asError, refused, this.#ledger.now());
  }
}
