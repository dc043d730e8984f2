import { PolicyWrapError } from '../errors.js';
import type { Call, Evaluation, Refusal } from '../policy/decision.js';
import { evaluate, visible } from '../policy/evaluate.js';
import { canonicalJson, type Json, parseJson } from '../policy/json.js';
import type { Policy } from '../policy/policy.js';
import type { Admission, Admitted, Outcome, SessionInfo, Settlement, Store } from '../state/store.js';
import { BUSY } from '../state/store.js';
import { isRecord, own, type ToolCall } from './message.js';
import { type RefusedCall, refusalLine, unknownToolLine } from './refusal.js';

export interface GateOptions {
  /** Undefined: no policy was found and every call is refused with `noPolicy`. */
  readonly policy: Policy | undefined;
  /** What to tell the model when there is no policy: the command that makes one. */
  readonly noPolicy: string;
  readonly openStore: () => Store;
  readonly server: string;
  readonly grant: string;
  /** The server's environment, for `env.*`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Decide and log, refuse nothing. */
  readonly observe: boolean;
  /** UTC milliseconds. */
  readonly now: () => number;
  /** One line for the person, without line end; goes to stderr. */
  readonly warn: (text: string) => void;
}

/** A line that means to call a tool but cannot be judged; only the log hears of it. */
export interface MalformedCall {
  readonly kind: 'malformed';
  readonly tool: string;
  readonly reason: string;
}

/** What becomes of a call: the original bytes go on, or `line` goes back. */
export type Ruling =
  | { readonly kind: 'forward'; readonly auditId: string | undefined }
  | { readonly kind: 'answer'; readonly line: string };

/** Names and values in the decision log stay within this many characters a call. */
const ARGUMENTS_CAP = 65_536;
/** After a failure the database is opened again at most this often, in milliseconds. */
const REOPEN_INTERVAL = 2000;
/** Outcomes are written together, this many milliseconds after the first at the latest. */
const SETTLE_DELAY = 50;
/** At the end of the process outcomes wait this many milliseconds for a locked database. */
const FINAL_SETTLE_MS = 500;

/**
 * Decides on every call: what the policy says (pure), then what has happened before, charged and recorded in one
 * transaction, all before a byte moves on. Whatever fails in here refuses (G3).
 */
export class Gate {
  readonly #options: GateOptions;
  readonly #policy: Policy | undefined;
  #store: Store | undefined;
  #session = '';
  #failedAt = Number.NEGATIVE_INFINITY;
  #failure: unknown;
  #settlements: Settlement[] = [];
  #settleTimer: NodeJS.Timeout | undefined;
  #client: { name: string; version: string } | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#policy = options.policy;
  }

  /** Opens the database now rather than at the first call; a failure is told and tried again later. */
  open(): void {
    try {
      this.#opened();
    } catch (error) {
      this.#options.warn(`every call is refused: ${describe(error)}`);
    }
  }

  /** Remembers for the log who the client says it is. */
  clientIs(name: string, version: string): void {
    this.#client = { name, version };
    if (this.#store) this.#quietly((store) => store.describeClient(this.#session, name, version));
  }

  /**
   * Judges calls that came together, in their order, in one transaction.
   *
   * @returns one ruling a call (undefined for malformed ones, which are answered elsewhere), or BUSY when another
   * process holds the database: nothing was changed, ask again
   */
  admit(calls: readonly (ToolCall | MalformedCall)[]): (Ruling | undefined)[] | typeof BUSY {
    let evaluations: Evaluation[];
    let admitted: readonly Admitted[] | typeof BUSY;
    try {
      evaluations = calls.map((call) => this.#evaluate(call));
      const admissions = calls.map((call, i) => this.#admission(call, evaluations[i] as Evaluation));
      admitted = this.#opened().admit(this.#session, admissions);
    } catch (error) {
      this.#options.warn(`a call was refused because it could not be decided: ${describe(error)}`);
      return calls.map((call) => (call.kind === 'call' ? this.#failed(call, error) : undefined));
    }
    if (admitted === BUSY) return BUSY;
    const outcomes = admitted;
    return calls.map((call, i) => {
      if (call.kind !== 'call') return undefined;
      return this.#ruling(call, evaluations[i] as Evaluation, outcomes[i] as Admitted);
    });
  }

  /** Refuses calls that waited too long for the database. */
  giveUp(calls: readonly (ToolCall | MalformedCall)[]): (Ruling | undefined)[] {
    const error = new PolicyWrapError('STATE_UNAVAILABLE', 'the state database was locked for too long');
    this.#options.warn(describe(error));
    return calls.map((call) => (call.kind === 'call' ? this.#failed(call, error) : undefined));
  }

  /** Records what became of a forwarded call; charges that the policy gives back are given back at once. */
  settle(auditId: string, outcome: Outcome, latencyMs: number | undefined): void {
    this.#settlements.push({ auditId, outcome, latencyMs });
    if (outcome === 'ok') this.#settleTimer ??= setTimeout(() => this.#flush(), SETTLE_DELAY);
    else {
      clearTimeout(this.#settleTimer);
      this.#settleTimer = undefined;
      this.#flush();
    }
  }

  /** @returns whether a tool belongs in what the client sees */
  shows(tool: string): boolean {
    return this.#options.observe || this.#policy === undefined || visible(this.#policy, tool);
  }

  /** Writes what is still to be written and closes the database. */
  close(): void {
    clearTimeout(this.#settleTimer);
    const store = this.#store;
    if (!store) return;
    const deadline = Date.now() + FINAL_SETTLE_MS;
    this.#quietly(() => {
      while (
        this.#settlements.length > 0 &&
        store.settle(this.#settlements) === BUSY &&
        Date.now() < deadline
      ) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
      store.endSession(this.#session);
    });
    this.#quietly(() => store.close());
    this.#store = undefined;
  }

  #evaluate(call: ToolCall | MalformedCall): Evaluation {
    if (call.kind === 'malformed') return refusedBy('MALFORMED', '(malformed)', call.reason);
    if (!this.#policy) return refusedBy('NO_POLICY', '(no policy)', this.#options.noPolicy);
    return evaluate(this.#policy, asJudged(call, this.#options.env));
  }

  #admission(call: ToolCall | MalformedCall, evaluation: Evaluation): Admission {
    const isCall = call.kind === 'call';
    return {
      tool: isCall ? call.name : call.tool,
      requestId: isCall ? JSON.stringify(call.id) : undefined,
      argumentsText: isCall ? this.#argumentsText(call) : '[]',
      policyHash: this.#policy?.hash,
      evaluation,
    };
  }

  #argumentsText(call: ToolCall): string {
    if (this.#policy?.auditArguments === 'full') {
      const whole = canonicalJson(asJudged(call, {}).args);
      if (whole.length <= ARGUMENTS_CAP) return whole;
    }
    const names = JSON.stringify(Object.keys(call.args).sort());
    return names.length <= ARGUMENTS_CAP ? names : '["…"]';
  }

  #ruling(call: ToolCall, evaluation: Evaluation, admitted: Admitted): Ruling {
    if (admitted.kind === 'allowed' || this.#options.observe)
      return { kind: 'forward', auditId: admitted.auditId };
    if (evaluation.kind === 'hidden') return { kind: 'answer', line: unknownToolLine(call.id, call.name) };
    return this.#answer(call, refusedCall(call, evaluation, admitted));
  }

  #failed(call: ToolCall, error: unknown): Ruling {
    return this.#answer(call, {
      code: 'INTERNAL',
      rule: '(internal)',
      tool: call.name,
      authorText: undefined,
      explanation: `the call could not be decided: ${describe(error)}.`,
      auditId: undefined,
    });
  }

  #answer(call: ToolCall, refused: RefusedCall): Ruling {
    return { kind: 'answer', line: refusalLine(call.id, call.era, call.task, refused, this.#options.now()) };
  }

  #flush(): void {
    this.#settleTimer = undefined;
    const store = this.#store;
    if (!store || this.#settlements.length === 0) return;
    this.#quietly(() => {
      if (store.settle(this.#settlements) === BUSY) {
        this.#settleTimer = setTimeout(() => this.#flush(), SETTLE_DELAY * (0.5 + Math.random()));
      } else this.#settlements = [];
    });
  }

  /** @throws PolicyWrapError while the database cannot be opened */
  #opened(): Store {
    if (this.#store) return this.#store;
    const now = performance.now();
    if (now - this.#failedAt < REOPEN_INTERVAL) throw this.#failure;
    try {
      const store = this.#options.openStore();
      const { server, grant, observe } = this.#options;
      const info: SessionInfo = {
        server,
        grant,
        pid: process.pid,
        policyHash: this.#policy?.hash,
        policySource: this.#policy?.source,
        observe,
      };
      this.#session = store.startSession(info);
      if (this.#client) store.describeClient(this.#session, this.#client.name, this.#client.version);
      this.#store = store;
      return store;
    } catch (error) {
      this.#failedAt = now;
      this.#failure = error;
      throw error;
    }
  }

  /** For what is good to record but must not stop traffic: outcomes, names, the end of a session. */
  #quietly(action: (store: Store) => void): void {
    try {
      if (this.#store) action(this.#store);
    } catch (error) {
      this.#options.warn(`the decision log could not be written: ${describe(error)}`);
    }
  }
}

/** The call as the policy reads it; numbers beyond a double's digits come from the text. */
function asJudged(call: ToolCall, env: Call['env']): Call {
  let args: unknown = call.args;
  if (call.exactText !== undefined) {
    const message = parseJson(call.exactText);
    const params = isRecord(message) ? own(message, 'params') : undefined;
    args = (isRecord(params) ? own(params, 'arguments') : undefined) ?? {};
  }
  return { tool: call.name, args: args as { readonly [key: string]: Json }, env };
}

function refusedCall(call: ToolCall, evaluation: Evaluation, admitted: Admitted): RefusedCall {
  const base = { tool: call.name, auditId: admitted.auditId };
  if (admitted.kind === 'exceeded') {
    const { charge, used, retryAt } = admitted.exceeded;
    const { limit } = charge;
    return {
      ...base,
      code: 'LIMIT',
      rule: limit.pointer,
      authorText: limit.onDeny,
      explanation: exceededText(admitted.exceeded),
      limit: {
        counter: limit.counter,
        max: limit.max.toNumber(),
        used: used.toNumber(),
        windowMs: limit.windowMs,
        retryAt,
      },
    };
  }
  const refusal = refusalOf(evaluation);
  return { ...base, ...refusal, code: admitted.kind === 'refused' ? admitted.code : refusal.code };
}

function exceededText({ charge, used }: Extract<Admitted, { kind: 'exceeded' }>['exceeded']): string {
  const { limit, amount } = charge;
  const isCount =
    limit.amount.kind === 'fixed' && limit.amount.value.compare(amount) === 0 && amount.toString() === '1';
  if (isCount) return `${used} of ${limit.max} calls per ${limit.windowText} used.`;
  return `${used} of ${limit.max} per ${limit.windowText} used in ${limit.counter}, and this call adds ${amount}.`;
}

function refusalOf(evaluation: Evaluation): Refusal {
  if (evaluation.kind === 'refused') return evaluation.refusal;
  if (evaluation.kind === 'open' && evaluation.ask) return evaluation.ask;
  throw new Error(`a call that is ${evaluation.kind} cannot have been refused`);
}

function refusedBy(code: Refusal['code'], rule: string, explanation: string): Evaluation {
  return { kind: 'refused', refusal: { code, rule, authorText: undefined, explanation } };
}

function describe(error: unknown): string {
  if (PolicyWrapError.is(error)) return error.hint ? `${error.message} (${error.hint})` : error.message;
  return error instanceof Error ? error.message : String(error);
}
