import { Decimal } from '../../json/decimal.js';
import type { Charge, Evaluation } from '../../policy/call.js';
import type { RefusalCode } from '../../policy/codes.js';
import { explainUsage } from '../../policy/evaluate/explain.js';
import type { Admitted } from '../admission.js';
import { askingDemand, type DemandCheck, refusingDemand } from '../demands.js';
import { type Exceeded, firstExceeded, within } from '../exceeded.js';
import { pausedText } from '../pauses.js';
import type { Peeked } from '../reader.js';
import type { SharedAdmission } from '../shared-store.js';
import type { Filled } from '../warnings.js';
import { type ApprovalRow, approvalOf } from './approval-row.js';
import { shown, unfitCharge, type Worded } from './request.js';

/** What `admit_v1` found of a limit: used, whether it fits, and if not when it will, what is in flight, its clock. */
type FoundLimit = readonly [string, boolean, (number | null)?, (string | null)?, number?];
/** What it found of a demand: whether it is met, until when, and the call before. */
type FoundDemand = readonly [boolean, (number | null)?, (string | null)?, (string | null)?, (number | null)?];

/** What `admit_v1` gives for one call. */
export interface FoundCall {
  /** `word`: the question must be worded by what was found; `wait`: it comes after such a one. Neither is decided. */
  readonly kind: 'allowed' | 'refused' | 'exceeded' | 'unmet' | 'asked' | 'word' | 'wait';
  readonly row?: number | null;
  readonly code?: RefusalCode | null;
  readonly checks?: readonly FoundLimit[] | null;
  readonly demands?: readonly FoundDemand[] | null;
  /** Places of charges, and what their counters hold now. */
  readonly filled?: readonly (readonly [number, string])[] | null;
  readonly approval?: ApprovalRow | null;
  readonly isNew?: boolean;
  /** The team's pause that refuses it. */
  readonly pause?: { readonly who: string; readonly note: string | null } | null;
}

/** A smaller step back is an ordinary adjustment of the clock, and is not mentioned; in milliseconds. */
const SET_BACK_MS = 1000;

type Open = Extract<Evaluation, { kind: 'open' }>;
type Checked = Omit<Exceeded, 'isBarred'> & { readonly fits: boolean };

/**
 * One call's answer, as a local store would have given it: which instants and demands a refusal names is worked out by
 * the same code.
 *
 * @param now the engine's time of the decision, UTC milliseconds
 */
export function admittedOf(found: FoundCall, admission: SharedAdmission, now: number): Admitted {
  const { evaluation } = admission;
  const row = found.row ?? 0;
  switch (found.kind) {
    case 'allowed':
      return { kind: 'allowed', row, filled: filledOf(found, evaluation) };
    case 'refused': {
      const code = found.code ?? 'NOT_LISTED';
      const { pause } = found;
      const why = pause ? pausedText(pause.note ?? undefined, pause.who) : whyOf(code, admission);
      const isPausedHere = code === 'PAUSED' && !pause ? true : undefined;
      const approval = found.approval ? approvalOf(found.approval) : undefined;
      const ask = code === 'APPROVAL_REQUIRED' ? askOf(found, evaluation, now) : undefined;
      return { kind: 'refused', row, code, why, isPausedHere, approval, ask };
    }
    case 'exceeded': {
      const open = evaluation as Open;
      const checks = checksOf(found, open, now);
      const full = fullOf(checks, 'deny');
      const exceeded = full ?? fullOf(checks);
      if (!exceeded) throw new Error('the engine refused by a limit that fits');
      const isWithin = full && open.demands;
      return {
        kind: 'exceeded',
        row,
        exceeded: isWithin ? within(exceeded, demandsOf(found, open)) : exceeded,
      };
    }
    case 'unmet': {
      const open = evaluation as Open;
      const held = demandsOf(found, open);
      const unmet = refusingDemand(held, firstExceeded(checksOf(found, open, now), 'deny'), now);
      if (!unmet) throw new Error('the engine refused by a demand that is met');
      return { kind: 'unmet', row, unmet, now };
    }
    case 'asked': {
      if (!found.approval) throw new Error('the engine asked a person without a question');
      const ask = askOf(found, evaluation, now);
      const exceeded = ask ? undefined : fullOf(checksOf(found, evaluation as Open, now));
      const isNew = found.isNew === true;
      return { kind: 'asked', row, approval: approvalOf(found.approval), isNew, exceeded };
    }
    case 'word':
    case 'wait':
      throw new Error('the engine did not decide');
  }
}

/** How the question reads that a call needs, where that depends on what the engine found. */
export function wordsFor(found: FoundCall, { evaluation }: SharedAdmission, now: number): Worded {
  const ask = askOf(found, evaluation, now);
  if (ask) {
    const { rule, authorText, explanation } = ask;
    return { rule, reason: shown(authorText ?? explanation), kept: shown(authorText ?? '') };
  }
  const exceeded = firstExceeded(checksOf(found, evaluation as Open, now));
  if (!exceeded) throw new Error('the engine asks a person for no reason');
  const { limit } = exceeded.charge;
  const reason = limit.onDeny ?? explainUsage(exceeded.charge, exceeded.used);
  return { rule: limit.pointer, reason: shown(reason), kept: shown(limit.onDeny ?? '') };
}

function askOf(found: FoundCall, evaluation: Evaluation, now: number) {
  if (evaluation.kind !== 'open') return undefined;
  return evaluation.ask ?? askingDemand(demandsOf(found, evaluation), now);
}

function fullOf(checks: readonly Checked[], onExceed?: 'deny'): Exceeded | undefined {
  const first = firstExceeded(checks, onExceed);
  if (!first) return undefined;
  const { fits: _, ...exceeded } = first;
  return exceeded;
}

function checksOf(found: FoundCall, { charges }: Open, now: number): Checked[] {
  const checks = found.checks ?? [];
  return charges.flatMap((charge, i) => {
    const one = checks[i];
    return one ? [checkOf(charge, one, now)] : [];
  });
}

function checkOf(charge: Charge, [used, fits, retryAt, inFlight, clock]: FoundLimit, now: number): Checked {
  return {
    charge,
    fits,
    used: Decimal.from(used),
    retryAt: retryAt ?? undefined,
    inFlight: inFlight == null ? undefined : Decimal.from(inFlight),
    clockWas: clock !== undefined && clock - now > SET_BACK_MS ? clock : undefined,
  };
}

function demandsOf(found: FoundCall, { demands = [] }: Open): DemandCheck[] {
  const held = found.demands ?? [];
  return demands.flatMap((demand, i) => {
    const [isMet, until, server, tool, at] = held[i] ?? [];
    if (isMet === undefined) return [];
    const isEarlier = demand.kind === 'after' && at != null;
    const earlier = isEarlier ? { server: server ?? '', tool: tool ?? '', at } : undefined;
    return [{ demand, isMet, earlier, until: until ?? undefined }];
  });
}

function filledOf({ filled }: FoundCall, evaluation: Evaluation): Filled[] | undefined {
  if (!filled || evaluation.kind !== 'open') return undefined;
  return filled.flatMap(([place, used]) => {
    const charge = evaluation.charges[place];
    return charge ? [{ charge, used: Decimal.from(used) }] : [];
  });
}

/** What this machine knows of why. */
function whyOf(code: RefusalCode, { evaluation, stopped }: SharedAdmission): string | undefined {
  if (stopped?.code === code) return stopped.why;
  if (code !== 'AMOUNT' || evaluation.kind !== 'open') return undefined;
  return unfitCharge(evaluation.charges) && 'it charges a number with more digits than the team store holds';
}

/** What was found of charges and demands by who only looks. */
export function peekedOf(found: FoundCall, evaluation: Open, now: number): Peeked {
  const checks = checksOf(found, evaluation, now);
  return { checks, fits: checks.every(({ fits }) => fits), demands: demandsOf(found, evaluation), now };
}
