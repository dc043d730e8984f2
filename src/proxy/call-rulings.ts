import { type Challenge, challengeOf, expectedText } from '../approval/challenge.js';
import type { AskRuling } from '../approval/flow.js';
import type { Question } from '../approval/prompt-form.js';
import { isPacked as isPackedPolicy } from '../config/bundle.js';
import { messageOf, reasonOf } from '../errors.js';
import type { Evaluation } from '../policy/call.js';
import { CODES, codeRow, HIDDEN_RULE } from '../policy/codes.js';
import type { TeamStanding } from '../policy/remedy.js';
import { type Standing, standingOf } from '../policy/standing.js';
import type { Admitted, Filled } from '../store/store.js';
import { printable } from '../text/escape.js';
import { type RefusedCall, refusalLine } from '../wire/answers.js';
import type { JudgedCall, MalformedCall } from '../wire/message.js';
import type { CallJudge } from './call-judge.js';
import { hiddenLine } from './hidden-answer.js';
import type { Outside } from './outside.js';
import { RefusalNotices } from './refusal-notices.js';
import { type FormOutcome, refusedCall } from './refusal-text.js';
import type { ToolLists } from './tool-lists.js';

/** What becomes of a call: the original bytes go on, or `line` goes back. */
export type Ruling =
  | { readonly kind: 'forward'; readonly row: number | undefined }
  | { readonly kind: 'answer'; readonly line: string }
  | AskRuling;

/** One a call, in their order; undefined for a malformed one. */
export type Rulings = readonly (Ruling | undefined)[];

/** Longest line that says that a limit fills, in UTF-16 units. */
const WARNING_CAP = 400;

/**
 * From a decision to what becomes of the call: its bytes go on, a refusal goes back, or a person is asked; and who else
 * hears of it.
 */
export class CallRulings {
  readonly #options;
  readonly #judge: CallJudge;
  readonly #lists: ToolLists;
  readonly #notices: RefusalNotices;

  constructor(options: {
    readonly judge: CallJudge;
    readonly lists: ToolLists;
    readonly server: string;
    /** Refuse nothing. */
    readonly observe: boolean;
    /** UTC milliseconds, by the clock of whoever decides. */
    readonly now: () => number;
    /** How this wrapper's login stands in the team that decides; undefined where this machine does. */
    readonly inTeam: () => TeamStanding | undefined;
    /** One line for the person, without line end; goes to stderr. */
    readonly warn: (text: string) => void;
    /** What a person who looks elsewhere may want to know; never throws. */
    readonly outside?: Pick<Outside, 'saw' | 'wantsCalls'> | undefined;
  }) {
    this.#options = options;
    this.#judge = options.judge;
    this.#lists = options.lists;
    const { server, warn, inTeam: team } = options;
    const isPacked = () => isPackedPolicy(options.judge.policy?.source ?? '');
    this.#notices = new RefusalNotices({ server, warn, team, isPacked });
  }

  /**
   * @param calls with what the policy says of each, and how each was decided
   * @returns one for each, undefined for malformed calls
   */
  all(
    calls: readonly (JudgedCall | MalformedCall)[],
    evaluations: readonly Evaluation[],
    admitted: readonly Admitted[],
  ): Rulings {
    const rulings: (Ruling | undefined)[] = [];
    for (const [i, call] of calls.entries())
      rulings.push(
        call.kind === 'malformed'
          ? undefined
          : this.#safeRuling(call, evaluations[i] as Evaluation, admitted[i] as Admitted),
      );
    return rulings;
  }

  /** Refuses calls that could not be decided (G3). */
  undecided(calls: readonly (JudgedCall | MalformedCall)[], error: unknown): Rulings {
    this.#options.warn(`a call was refused because it could not be decided: ${reasonOf(error)}`);
    // How to mend it is for the person, on stderr: a model would run the command itself.
    const reason = messageOf(error);
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

  /** What a person must type to allow the call; undefined when yes is enough. */
  challenge(call: JudgedCall): Challenge | undefined {
    if (!this.#judge.isSevere(call)) return undefined;
    const inputSchema = this.#lists.inputSchemaOf(call.name);
    return challengeOf(call.name, call.args.values, {
      inputSchema,
      lookedAt: this.#judge.lookedAt(call),
    });
  }

  /** They are decided and charged: a bug in what is said of one must not refuse the others (G5). */
  #safeRuling(call: JudgedCall, evaluation: Evaluation, admitted: Admitted): Ruling | undefined {
    try {
      return this.#of(call, evaluation, admitted);
    } catch (error) {
      return this.undecided([call], error)[0];
    }
  }

  #of(call: JudgedCall, evaluation: Evaluation, admitted: Admitted): Ruling {
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
    if (this.#lists.hasListed && !this.#lists.knows(name)) return { kind: 'absent' };
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

  #line(call: JudgedCall, refused: RefusedCall): string {
    // Only an answer to a call of a tool can say that it is a refusal.
    const asError = call.task || call.section === 'resources' || call.section === 'prompts';
    return refusalLine(call.id, call.era, asError, refused, this.#options.now());
  }
}
