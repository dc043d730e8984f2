import { amountsOf, numbersOf } from '../approval/numeric-arguments.js';
import type { Evaluation } from '../policy/call.js';
import { CODES } from '../policy/codes.js';
import { approvalTexts } from '../policy/evaluate/approval.js';
import { evaluateLayers, type Layers } from '../policy/evaluate/layers.js';
import { type LookedAt, lookedAt } from '../policy/evaluate/looked-at.js';
import { evaluateSection } from '../policy/evaluate/sections.js';
import type { Admission, ApprovalTerms } from '../store/store.js';
import { sha256 } from '../text/hash.js';
import type { JudgedCall, MalformedCall } from '../wire/message.js';
import type { ArgumentChecks } from './argument-checks.js';
import { CalledPins } from './called-pins.js';
import { LoggedArguments } from './logged-arguments.js';
import type { StateSession } from './state-session.js';
import type { ToolLists } from './tool-lists.js';

/** Judges calls by the policy alone, and puts together what the store needs to decide on them. */
export class CallJudge {
  /** Undefined: no policy was found and every call is refused. */
  policy: Layers | undefined;
  readonly #noPolicy: string;
  readonly #server: string;
  readonly #team: string | undefined;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #lists: ToolLists;
  readonly #argumentChecks: ArgumentChecks;
  readonly #pinTerms: CalledPins;
  readonly #loggedArguments = new LoggedArguments();

  constructor(parts: {
    readonly policy: Layers | undefined;
    /** What to tell the model when there is no policy. */
    readonly noPolicy: string;
    readonly server: string;
    /** Whose store decides; undefined: this machine's file. */
    readonly team: string | undefined;
    /** The server's environment, for `env.*`. */
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly lists: ToolLists;
    readonly stateSession: StateSession;
    readonly argumentChecks: ArgumentChecks;
  }) {
    this.policy = parts.policy;
    this.#noPolicy = parts.noPolicy;
    this.#server = parts.server;
    this.#team = parts.team;
    this.#env = parts.env;
    this.#lists = parts.lists;
    this.#argumentChecks = parts.argumentChecks;
    this.#pinTerms = new CalledPins(parts);
  }

  /** What conditions and amounts of the policy look at in a call. */
  lookedAt({ name, section }: JudgedCall): LookedAt | undefined {
    const layers = section ? this.policy?.sections[section] : this.policy;
    return layers && lookedAt(layers, name);
  }

  /** Whether the tool spends or destroys. */
  isSevere({ name, section }: JudgedCall): boolean {
    return section === undefined && this.#lists.isSevere(name);
  }

  /** What the policy says of it, without a memory. */
  evaluate(call: JudgedCall | MalformedCall): Evaluation {
    if (call.kind === 'malformed') return refusedBy('MALFORMED', call.reason);
    if (!this.policy) return refusedBy('NO_POLICY', this.#noPolicy);
    const judged = { tool: call.name, args: call.args.values, env: this.#env };
    let evaluation: Evaluation;
    if (call.section) evaluation = evaluateSection(this.policy, call.section, judged);
    else if (this.#lists.isSuspicious(call.name)) return { kind: 'hidden' };
    else if (!this.policy.declares) evaluation = evaluateLayers(this.policy, judged);
    else evaluation = evaluateLayers(this.policy, { ...judged, undeclared: () => this.#undeclared(call) });
    if (evaluation.kind !== 'open') return evaluation;
    // Leaving the option out would be a fresh quota.
    const missing = this.policy.stores.find((store) => store !== this.#team);
    if (missing !== undefined) return refusedBy('STORE', this.#missing(missing), '/store');
    if (!call.continues) return evaluation;
    // Charged and asked about already; what refuses at this moment refuses the rest of it too.
    const demands = evaluation.demands
      ?.filter(({ otherwise }) => otherwise === 'deny')
      // The calls of it that came before are this one.
      .map((demand) =>
        demand.kind === 'after' ? { ...demand, except: { server: this.#server, tool: call.name } } : demand,
      );
    return { kind: 'open', charges: [], ask: undefined, demands };
  }

  #missing(store: string): string {
    const instead = this.#team === undefined ? 'none' : `that of "${this.#team}"`;
    return `the policy counts in the store of the team "${store}", and this wrapper was started with ${instead}`;
  }

  #undeclared(call: JudgedCall): string | undefined {
    if (!this.#lists.knows(call.name))
      return "the tool's input schema is not known: the server has not listed the tool in this session";
    return this.#argumentChecks.fault(this.#lists.inputSchemaOf(call.name), call.args.values);
  }

  /** What the store decides by, and writes down. */
  admission(call: JudgedCall | MalformedCall, evaluation: Evaluation): Admission {
    const policyHash = this.policy?.hash;
    if (call.kind === 'malformed') {
      return { tool: call.tool, requestId: undefined, argumentsText: '[]', policyHash, evaluation };
    }
    const requestId = typeof call.id === 'number' ? String(call.id) : JSON.stringify(call.id);
    const argumentsText = this.#loggedArguments.textOf(call.args, this.policy?.auditArguments === 'full');
    const approval = this.#approvalTerms(call, evaluation);
    const pinned = call.section ? undefined : this.#pinTerms.of(call, this.policy);
    return { tool: call.name, requestId, argumentsText, policyHash, evaluation, pinned, approval };
  }

  /** Only for calls that may need a person: hashing arguments costs more than the rest of the decision. */
  #approvalTerms(call: JudgedCall, evaluation: Evaluation): ApprovalTerms | undefined {
    if (!this.policy || evaluation.kind !== 'open') return undefined;
    if (!mayAsk(evaluation)) return undefined;
    const texts = approvalTexts(call.args.values, this.policy.approvals);
    if (!texts) return undefined;
    return {
      argumentsHash: sha256(texts.bound),
      argumentsText: texts.shown,
      severe: this.isSevere(call),
      lookedAt: this.lookedAt(call),
      channels: this.policy.approvals.channels,
      expiresMs: this.policy.approvals.expiresMs,
      id: call.approvalId,
      numbers: numbersOf(call.args.values),
      amounts: amountsOf(call.args.values),
    };
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

function refusedBy(
  code: 'MALFORMED' | 'NO_POLICY' | 'STORE',
  explanation: string,
  rule: string = CODES[code].rule,
): Evaluation {
  return { kind: 'refused', refusal: { code, rule, authorText: undefined, explanation } };
}
