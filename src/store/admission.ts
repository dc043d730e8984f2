import type { Evaluation, Refusal } from '../policy/call.js';
import { CODES, HIDDEN_RULE, type RefusalCode } from '../policy/codes.js';
import { explainUsage } from '../policy/evaluate/explain.js';
import type {
  ApprovalEntry,
  ApprovalStanding,
  ApprovalTerms,
  ApprovedCall,
  Reason,
} from './approval-entry.js';
import type { Owner } from './counters/counter-key.js';
import type { Entry, LoggedCall } from './decision-log.js';
import {
  askingDemand,
  checkDemands,
  DEMAND_CODES,
  type DemandCheck,
  refusingDemand,
  type Unmet,
} from './demands.js';
import { type Exceeded, exceededOf, within } from './exceeded.js';
import type { Parts } from './parts.js';
import type { PinTerms } from './pins.js';
import { stopOf } from './stops.js';
import type { Filled } from './warnings.js';

/** One judged call on its way to the server, or a refusal on its way to the log. */
export interface Admission extends LoggedCall {
  /** `hidden` and `refused` are only recorded; `open` is looked up, charged and recorded. */
  readonly evaluation: Evaluation;
  /** What its tool must be like (`pin: "hold"` and `"deny"`); absent where the policy does not ask. */
  readonly pinned?: PinTerms | undefined;
  /** The store of a team that decides, and could not be reached: it is to hear of the call, if that passes. */
  readonly unsentTo?: string | undefined;
  /** How a person can be asked about this call; without it a call that needs one is refused. */
  readonly approval?: ApprovalTerms | undefined;
}

/** What was decided on a call, and its row in the log, whose number is the audit id. */
export type Admitted =
  | {
      readonly kind: 'allowed';
      readonly row: number;
      /** Limits that this call has filled as far as a person wants to know of. */
      readonly filled?: readonly Filled[] | undefined;
    }
  | {
      readonly kind: 'refused';
      readonly row: number;
      readonly code: RefusalCode;
      /** What happened, where it is not what the code says. */
      readonly why?: string | undefined;
      /** What refuses is a pause of this machine alone, and a team decides. */
      readonly isPausedHere?: boolean | undefined;
      /** What a person said of this call, for APPROVAL_REJECTED and APPROVAL_EXPIRED. */
      readonly approval?: ApprovalEntry | undefined;
      /** Why a person must be asked, when it was found here and nobody can be. */
      readonly ask?: Refusal | undefined;
    }
  | { readonly kind: 'exceeded'; readonly row: number; readonly exceeded: Exceeded }
  /** Refused by what depends on the moment. `now` is that of the decision, UTC milliseconds. */
  | { readonly kind: 'unmet'; readonly row: number; readonly unmet: Unmet; readonly now: number }
  /** A person is asked; the same call passes once after they approved. */
  | {
      readonly kind: 'asked';
      readonly row: number;
      readonly approval: ApprovalEntry;
      /** False when the same call was waiting already. */
      readonly isNew: boolean;
      /** The limit that asks, when it is not the policy's `approve_if`. */
      readonly exceeded: Exceeded | undefined;
    };

type Record = (entry: Entry) => number;

/**
 * Decides on calls inside the caller's transaction, in the order that docs/architecture.md gives ("One call's way"):
 * limits checked, approval, then limits charged, approval consumed and the row written. A refused call charges nothing.
 */
export class Admissions {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Decides on calls that arrived together, in order.
   *
   * @param session row of the session
   * @param now UTC milliseconds
   */
  decideAll(owner: Owner, session: number, admissions: readonly Admission[], now: number): Admitted[] {
    // No call in this transaction pauses or resumes: read once for all of them.
    const pause = this.#parts.pauses.of(owner.server);
    // Pushed, as all lists on a call's way: test/bench/README.md.
    const admitted: Admitted[] = [];
    for (const admission of admissions) admitted.push(this.#decide(owner, session, admission, pause, now));
    this.#parts.log.flush();
    this.#parts.pending.compactWhenMany();
    return admitted;
  }

  #decide(
    owner: Owner,
    session: number,
    admission: Admission,
    pause: ReturnType<Parts['pauses']['of']>,
    now: number,
  ): Admitted {
    const { evaluation } = admission;
    const record: Record = (entry) => this.#parts.log.add(session, admission, entry, now);
    const stopped = stopOf(this.#parts, owner.server, admission, pause, now);
    if (stopped) {
      const { code, why } = stopped;
      const { rule } = CODES[code];
      return { kind: 'refused', row: record({ decision: 'deny', code, rule }), code, why };
    }
    switch (evaluation.kind) {
      case 'hidden': {
        const row = record({ decision: 'hide', rule: HIDDEN_RULE });
        return { kind: 'refused', row, code: 'NOT_LISTED' };
      }
      case 'refused': {
        const { code, rule } = evaluation.refusal;
        return { kind: 'refused', row: record({ decision: 'deny', code, rule }), code };
      }
      case 'open':
        return this.#decideOpen(owner, admission, evaluation, record, now);
    }
  }

  #decideOpen(
    owner: Owner,
    admission: Admission,
    { charges, ask: asked, demands }: Extract<Evaluation, { kind: 'open' }>,
    record: Record,
    now: number,
  ): Admitted {
    // Which calls are in flight is read from their rows, also of those that arrived together with this one.
    if (demands || charges.some(({ limit }) => limit.refund === 'on_success')) this.#parts.log.flush();
    const checks = this.#parts.counters.check(owner, charges, now);
    const held = demands ? checkDemands(this.#parts.calls, owner, demands, now) : NO_DEMANDS;
    const full = exceededOf(checks, 'deny');
    const unmet = refusingDemand(held, full, now);
    if (unmet) {
      const { kind, pointer } = unmet.demand;
      const row = record({ decision: 'deny', code: DEMAND_CODES[kind], rule: pointer });
      return { kind: 'unmet', row, unmet, now };
    }
    if (full) {
      this.#parts.counters.dropExpired(owner, checks);
      return refusedByLimit(demands ? within(full, held) : full, record);
    }
    const ask = asked ?? askingDemand(held, now);
    const askingLimit = ask ? undefined : exceededOf(checks);
    const given = admission.approval;
    const call = given && !owner.observe ? callOf(owner, admission, given) : undefined;
    const terms = call && given ? this.#parts.approvals.unspent(call, given) : given;
    let consent: Consent | undefined;
    if (call && terms) {
      const time = this.#parts.approvalClock.advance(now);
      if (ask || askingLimit || terms.id !== undefined) {
        const rule = ask?.rule ?? askingLimit?.charge.limit.pointer ?? '';
        const reason = ask ? (ask.authorText ?? ask.explanation) : askedByLimit(askingLimit);
        const keptReason = (ask ? ask.authorText : askingLimit?.charge.limit.onDeny) ?? '';
        const why = { rule, reason, session: owner.session, kept: admission.argumentsText, keptReason };
        const answer = this.#consent(call, terms, why, time);
        if (answer.kind !== 'approved') return unapproved(answer, rule, ask, askingLimit, record);
        consent = answer;
        this.#use(consent, call, time);
      } else this.#parts.approvals.withdraw(call, time);
    } else if (ask || askingLimit) {
      // Nobody can be asked, or nobody is because nothing is enforced.
      if (askingLimit && !owner.observe) return refusedByLimit(askingLimit, record);
      const rule = ask?.rule ?? askingLimit?.charge.limit.pointer;
      const row = record({ decision: 'ask', code: 'APPROVAL_REQUIRED', rule });
      return { kind: 'refused', row, code: 'APPROVAL_REQUIRED', ask };
    }
    const filled = this.#parts.warnings.note(checks, owner.server, admission.tool, now);
    const taken = this.#parts.counters.prepare(owner, checks);
    const row = record({ decision: 'allow', charges: taken, approvalId: consent?.id });
    this.#parts.counters.commit(checks);
    if (admission.unsentTo !== undefined) this.#parts.unsent.add(row, admission.unsentTo);
    return { kind: 'allowed', row, filled };
  }

  /** An approval of this very call, else a budget that it fits in, else the question is queued. */
  #consent(call: ApprovedCall, terms: ApprovalTerms, why: Reason, now: number): ApprovalStanding | Consent {
    const found = this.#parts.approvals.find(call, terms, now);
    if (found && (found.kind !== 'pending' || terms.id !== undefined)) return found;
    const budget = this.#parts.budgets.find(call, terms, now);
    if (budget !== undefined) return { kind: 'approved', by: 'budget', id: budget };
    return found ?? this.#parts.approvals.ask(call, terms, why, now);
  }

  #use({ by, id }: Consent, call: ApprovedCall, now: number): void {
    if (by === 'approval') this.#parts.approvals.consume(id, now);
    else {
      this.#parts.budgets.use(id, now);
      this.#parts.approvals.withdraw(call, now);
    }
  }
}

interface Consent {
  readonly kind: 'approved';
  readonly by: 'approval' | 'budget';
  readonly id: string;
}

/** @returns undefined for a call without a policy: nothing asked for an approval */
function callOf(owner: Owner, admission: Admission, terms: ApprovalTerms): ApprovedCall | undefined {
  const { tool, policyHash } = admission;
  if (policyHash === undefined) return undefined;
  return { server: owner.server, grant: owner.grant, tool, argumentsHash: terms.argumentsHash, policyHash };
}

const NO_DEMANDS: readonly DemandCheck[] = [];

function refusedByLimit(exceeded: Exceeded, record: Record): Admitted {
  const rule = exceeded.charge.limit.pointer;
  return {
    kind: 'exceeded',
    row: record({ decision: 'deny', code: 'LIMIT', rule }),
    exceeded,
  };
}

function unapproved(
  answer: Exclude<ApprovalStanding, { kind: 'approved' }>,
  rule: string,
  ask: Refusal | undefined,
  exceeded: Exceeded | undefined,
  record: Record,
): Admitted {
  switch (answer.kind) {
    case 'pending': {
      const { approval, isNew } = answer;
      const row = record({ decision: 'ask', code: 'APPROVAL_REQUIRED', rule, approvalId: approval.id });
      return { kind: 'asked', row, approval, isNew, exceeded };
    }
    case 'rejected':
    case 'expired': {
      const { approval } = answer;
      const code = answer.kind === 'rejected' ? 'APPROVAL_REJECTED' : 'APPROVAL_EXPIRED';
      const row = record({ decision: 'deny', code, rule, approvalId: approval.id });
      return { kind: 'refused', row, code, approval };
    }
    case 'impossible': {
      const row = record({ decision: 'deny', code: 'APPROVAL_REQUIRED', rule });
      return { kind: 'refused', row, code: 'APPROVAL_REQUIRED', ask };
    }
  }
}

function askedByLimit(exceeded: Exceeded | undefined): string {
  if (!exceeded) return '';
  return exceeded.charge.limit.onDeny ?? explainUsage(exceeded.charge, exceeded.used);
}
