import { type Challenge, challengeOf, expectedText } from '../approval/challenge.js';
import type { ApprovalAuthority, AskRuling } from '../approval/flow.js';
import { amountsOf, numbersOf } from '../approval/numeric-arguments.js';
import type { Question } from '../approval/prompt-form.js';
import { localeOf } from '../approval/typed-number.js';
import { PolicyWrapError, reasonOf } from '../errors.js';
import type { Evaluation } from '../policy/call.js';
import { CODES, codeRow } from '../policy/codes.js';
import { approvalTexts } from '../policy/evaluate/approval.js';
import { evaluateLayers, type Layers } from '../policy/evaluate/layers.js';
import { type LookedAt, lookedAt } from '../policy/evaluate/looked-at.js';
import { evaluateSection, isShownInSection } from '../policy/evaluate/sections.js';
import type { Section } from '../policy/sections.js';
import { type Standing, standingOf } from '../policy/standing.js';
import type {
  Admission,
  Admitted,
  ApprovalEntry,
  ApprovalState,
  ApprovalTerms,
  Filled,
  Outcome,
} from '../store/store.js';
import { BUSY, LOCKED_HINT } from '../store/store.js';
import { printable } from '../text/escape.js';
import { sha256 } from '../text/hash.js';
import { type RefusedCall, refusalLine } from '../wire/answers.js';
import type { ListKind } from '../wire/mcp-session.js';
import type { JudgedCall, MalformedCall } from '../wire/message.js';
import type { WordList } from '../wire/pinned-answers.js';
import type { ArgumentChecks } from './argument-checks.js';
import { CalledPins } from './called-pins.js';
import { hiddenLine } from './hidden-answer.js';
import { LoggedArguments } from './logged-arguments.js';
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
  /** Loaded for each policy before it holds. */
  readonly argumentChecks: ArgumentChecks;
  /** Likewise. */
  readonly finder: DefinitionFinder;
  readonly server: string;
  /** The server's environment, for `env.*`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Decide and log, refuse nothing. */
  readonly observe: boolean;
  /** UTC milliseconds. */
  readonly now: () => number;
  /** One line for the person, without line end; goes to stderr. */
  readonly warn: (text: string) => void;
}

/** What becomes of a call: the original bytes go on, or `line` goes back. */
export type Ruling =
  | { readonly kind: 'forward'; readonly row: number | undefined }
  | { readonly kind: 'answer'; readonly line: string }
  | AskRuling;

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
  #policy: Layers | undefined;
  readonly #stateSession: StateSession;
  readonly #notices: RefusalNotices;
  /** The tools that the server has. */
  readonly lists: ToolLists;
  /** Its prompts, resources and instructions. */
  readonly words: PinnedWords;
  readonly #pinTerms: CalledPins;
  readonly #pinned: PinnedView;
  readonly #loggedArguments = new LoggedArguments();

  constructor(options: GateOptions) {
    this.#options = options;
    this.#policy = options.policy;
    this.#stateSession = options.stateSession;
    this.#notices = new RefusalNotices(options);
    const { stateSession, finder, warn } = options;
    const pinned = new PinnedView(stateSession);
    this.#pinned = pinned;
    const suspicions = new Suspicions({ finder, stateSession, warn });
    this.lists = new ToolLists({ ...options, pinned, suspicions });
    this.words = new PinnedWords({ ...options, pinned, suspicions });
    this.#pinTerms = new CalledPins({ ...options, lists: this.lists });
    this.#stateSession.needsOutcomes(this.#policy?.needsOutcomes ?? false);
  }

  /**
   * Decides by another policy from the next message on. Counters stay what they are.
   *
   * @returns the lists of which the client may see more now, or less
   */
  use(policy: Layers): ReadonlySet<ListKind> {
    const before = this.#policy;
    this.#policy = policy;
    this.#stateSession.needsOutcomes(policy.needsOutcomes);
    const changed = new Set<ListKind>(this.#options.observe ? [] : wordsThatMayDiffer(before, policy));
    this.words.use(policy);
    return this.lists.use(policy) ? changed.add('tools') : changed;
  }

  /** @returns the lists of which the client would get more, since a person has trusted what was kept back; once */
  trustedSince(): ReadonlySet<ListKind> {
    return this.#pinned.trustedSince(this.#policy);
  }

  /** How long a call may be held for a person, in milliseconds; 0 when clients are not to ask. */
  get holdMs(): number {
    const approvals = this.#policy?.approvals;
    return approvals?.channels.includes('client') ? Math.min(approvals.waitMs, LONGEST_HOLD) : 0;
  }

  /**
   * Judges calls that came together, in their order, in one transaction.
   *
   * @returns one ruling a call (undefined for malformed ones, which are answered elsewhere), or BUSY when another
   * process holds the database: nothing was changed, ask again
   */
  admit(calls: readonly (JudgedCall | MalformedCall)[]): (Ruling | undefined)[] | typeof BUSY {
    try {
      const evaluations = calls.map((call) => this.#evaluate(call));
      const admissions = calls.map((call, i) => this.#admission(call, evaluations[i] as Evaluation));
      const admitted = this.#stateSession.admit(admissions);
      if (admitted === BUSY) return BUSY;
      return calls.map((call, i) =>
        call.kind === 'malformed'
          ? undefined
          : this.#safeRuling(call, evaluations[i] as Evaluation, admitted[i] as Admitted),
      );
    } catch (error) {
      return this.#refuseAll(calls, error);
    }
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
    return this.#policy?.sections[section] !== undefined;
  }

  /** Whether something of these may be kept from the client. */
  filters(section: Section): boolean {
    return !this.#options.observe && this.judges(section);
  }

  /** @returns whether the client sees it in its lists; undefined where the policy cannot tell which one it is */
  shows(kind: WordList['kind'], what: string): boolean | undefined {
    return !this.#policy || isShownInSection(this.#policy, kind, what);
  }

  /** Nothing was decided yet, since others hold the database: a call waits for it longer than later. */
  get isStarting(): boolean {
    return this.#stateSession.isStarting;
  }

  /** Refuses calls that waited too long for the database. */
  giveUp(calls: readonly (JudgedCall | MalformedCall)[]): (Ruling | undefined)[] {
    return this.#refuseAll(
      calls,
      new PolicyWrapError('STATE_UNAVAILABLE', 'the state database was locked for too long', {
        hint: LOCKED_HINT,
      }),
    );
  }

  /** What a person must type to allow the call; undefined when yes is enough. */
  challenge(call: JudgedCall): Challenge | undefined {
    if (!this.#isSevere(call)) return undefined;
    const inputSchema = this.lists.inputSchemaOf(call.name);
    return challengeOf(call.name, call.args.values, { inputSchema, lookedAt: this.#lookedAt(call) });
  }

  /** By which the person writes numbers, as far as this process knows. */
  get locale(): string | undefined {
    return localeOf(this.#options.env);
  }

  #lookedAt({ name, section }: JudgedCall): LookedAt | undefined {
    const layers = section ? this.#policy?.sections[section] : this.#policy;
    return layers && lookedAt(layers, name);
  }

  #isSevere({ name, section }: JudgedCall): boolean {
    return section === undefined && this.lists.isSevere(name);
  }

  clientIs(name: string, version: string): void {
    this.#stateSession.clientIs(name, version);
  }

  settle(row: number, outcome: Outcome, latencyMs: number | undefined): void {
    this.#stateSession.settle(row, outcome, latencyMs);
  }

  /** Takes down what a person answered in the client. @returns the record afterwards, whoever decided it */
  decide(approvalId: string, state: 'approved' | 'rejected'): Promise<ApprovalEntry | undefined> {
    return this.#stateSession.decide(approvalId, state);
  }

  /** @returns how an approval stands; undefined when its record cannot be read */
  approvalState(approvalId: string): ApprovalState | undefined {
    return this.#stateSession.approval(approvalId)?.state;
  }

  #evaluate(call: JudgedCall | MalformedCall): Evaluation {
    if (call.kind === 'malformed') return refusedBy('MALFORMED', call.reason);
    if (!this.#policy) return refusedBy('NO_POLICY', this.#options.noPolicy);
    const judged = { tool: call.name, args: call.args.values, env: this.#options.env };
    let evaluation: Evaluation;
    if (call.section) evaluation = evaluateSection(this.#policy, call.section, judged);
    else if (this.lists.isSuspicious(call.name)) return { kind: 'hidden' };
    else if (!this.#policy.declares) evaluation = evaluateLayers(this.#policy, judged);
    else evaluation = evaluateLayers(this.#policy, { ...judged, undeclared: () => this.#undeclared(call) });
    if (!call.continues || evaluation.kind !== 'open') return evaluation;
    // Charged and asked about already; what refuses at this moment refuses the rest of it too.
    const demands = evaluation.demands
      ?.filter(({ otherwise }) => otherwise === 'deny')
      // The calls of it that came before are this one.
      .map((demand) =>
        demand.kind === 'after'
          ? { ...demand, except: { server: this.#options.server, tool: call.name } }
          : demand,
      );
    return { kind: 'open', charges: [], ask: undefined, demands };
  }

  #undeclared(call: JudgedCall): string | undefined {
    if (!this.lists.knows(call.name))
      return "the tool's input schema is not known: the server has not listed the tool in this session";
    return this.#options.argumentChecks.fault(this.lists.inputSchemaOf(call.name), call.args.values);
  }

  #admission(call: JudgedCall | MalformedCall, evaluation: Evaluation): Admission {
    const policyHash = this.#policy?.hash;
    if (call.kind === 'malformed') {
      return { tool: call.tool, requestId: undefined, argumentsText: '[]', policyHash, evaluation };
    }
    const requestId = typeof call.id === 'number' ? String(call.id) : JSON.stringify(call.id);
    const argumentsText = this.#loggedArguments.textOf(call.args, this.#policy?.auditArguments === 'full');
    const approval = this.#approvalTerms(call, evaluation);
    const pinned = call.section ? undefined : this.#pinTerms.of(call, this.#policy);
    return { tool: call.name, requestId, argumentsText, policyHash, evaluation, pinned, approval };
  }

  /** Only for calls that may need a person: hashing arguments costs more than the rest of the decision. */
  #approvalTerms(call: JudgedCall, evaluation: Evaluation): ApprovalTerms | undefined {
    if (!this.#policy || evaluation.kind !== 'open') return undefined;
    if (!mayAsk(evaluation)) return undefined;
    const texts = approvalTexts(call.args.values, this.#policy.approvals);
    if (!texts) return undefined;
    return {
      argumentsHash: sha256(texts.bound),
      argumentsText: texts.shown,
      severe: this.#isSevere(call),
      lookedAt: this.#lookedAt(call),
      channels: this.#channels(),
      expiresMs: this.#policy.approvals.expiresMs,
      id: call.approvalId,
      numbers: numbersOf(call.args.values),
      amounts: amountsOf(call.args.values),
    };
  }

  #ruling(call: JudgedCall, evaluation: Evaluation, admitted: Admitted): Ruling {
    // A pause stops even those that only watch.
    const isPaused = admitted.kind === 'refused' && admitted.code === 'PAUSED';
    if (admitted.kind === 'allowed') for (const filled of admitted.filled ?? []) this.#warnOf(call, filled);
    if (admitted.kind === 'allowed' || (this.#options.observe && !isPaused)) {
      return { kind: 'forward', row: admitted.row };
    }
    if (evaluation.kind === 'hidden') {
      this.#notices.tell(call.name, evaluation, admitted, () => this.#standingOf(call));
      return { kind: 'answer', line: hiddenLine(call) };
    }
    const challenge = admitted.kind === 'asked' ? this.challenge(call) : undefined;
    const mistyped = call.mistyped && challenge;
    const form: FormOutcome | undefined = mistyped
      ? { kind: 'mistyped', expected: expectedText(mistyped) }
      : undefined;
    const lineAfter = (form?: FormOutcome) => {
      const refused = refusedCall(call, evaluation, admitted, form);
      return this.#line(call, { ...refused, policy: this.#policyOf(refused) });
    };
    this.#notices.tell(call.name, evaluation, admitted, () => this.#standingOf(call));
    const line = lineAfter(form);
    if (admitted.kind !== 'asked') return { kind: 'answer', line };
    const { approval } = admitted;
    const question: Question = {
      server: this.#options.server,
      tool: call.name,
      reason: approval.reason,
      argumentsText: approval.arguments,
      mayChange: this.#policy?.approvals.except.map(({ text }) => text) ?? [],
      approvalId: approval.id,
      challenge,
    };
    return { kind: 'ask', line, unanswered: () => lineAfter({ kind: 'unanswered' }), question, approval };
  }

  #standingOf({ name, section }: JudgedCall): Standing | undefined {
    if (!this.#policy || section) return undefined;
    // No edit of the policy makes a tool that the server does not have.
    if (this.lists.hasListed && !this.lists.knows(name)) return { kind: 'elsewhere' };
    return standingOf(this.#policy, name);
  }

  #warnOf({ name }: JudgedCall, { charge, used }: Filled): void {
    const { limit } = charge;
    const usage = `${used} of ${limit.max} per ${limit.windowText} used in ${limit.counter}`;
    this.#options.warn(printable(`${name}: ${usage} (${limit.pointer})`, WARNING_CAP));
  }

  /** The file of the rule that refused a call, for the person whom the model tells. */
  #policyOf({ code, rule }: RefusedCall): string | undefined {
    if (!this.#policy || codeRow(code).policyPart === 'none') return undefined;
    const layer = this.#policy.all.find(({ layer }) => layer !== undefined && rule.startsWith(layer));
    return (layer ?? this.#policy).source;
  }

  #channels(): Layers['approvals']['channels'] {
    return this.#policy?.approvals.channels ?? [];
  }

  #refuseAll(calls: readonly (JudgedCall | MalformedCall)[], error: unknown): (Ruling | undefined)[] {
    this.#options.warn(`a call was refused because it could not be decided: ${reasonOf(error)}`);
    // How to mend it is for the person, on stderr: a model would run the command itself.
    const reason = error instanceof Error ? error.message : String(error);
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
    return refusalLine(call.id, call.era, asError, refused, this.#options.now());
  }
}

/** Whether a person may have to be asked about a call that the policy's text lets through. */
function mayAsk({ ask, charges, demands }: Extract<Evaluation, { kind: 'open' }>): boolean {
  return (
    ask !== undefined ||
    charges.some(({ limit }) => limit.onExceed === 'approve') ||
    (demands?.some(({ otherwise }) => otherwise === 'approve') ?? false)
  );
}

function refusedBy(code: 'MALFORMED' | 'NO_POLICY', explanation: string): Evaluation {
  return { kind: 'refused', refusal: { code, rule: CODES[code].rule, authorText: undefined, explanation } };
}
