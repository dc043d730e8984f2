import { Decimal } from '../../json/decimal.js';
import type { Charge } from '../../policy/call.js';
import { CODES, comesBefore, HIDDEN_RULE } from '../../policy/codes.js';
import { calendarEnd, calendarStart } from '../../policy/limits/calendar.js';
import { stretchAt } from '../../policy/limits/hours.js';
import { fitsNumeric } from '../../policy/limits/numeric.js';
import type { CalledDemand, Demand } from '../../policy/model.js';
import { labelOf, type Owner } from '../counters/counter-key.js';
import { DEMAND_CODES } from '../demands.js';
import { argumentsOf, CAPS, cut } from '../logged-text.js';
import type { SharedAdmission } from '../shared-store.js';
import { sharedKeyOf } from './shared-key.js';
import { storable } from './storable.js';

/** A call's entry in the log that is known before the engine is asked: decision, code, rule. */
type Known = readonly [decision: 'deny' | 'hide', code: string | null, rule: string];

/** What a person is told about a question that depends on what the engine found. */
export interface Worded {
  readonly rule: string;
  readonly reason: string;
  readonly kept: string;
}

/** A charge: counter's place, amount, max, onExceed, refund's index, rule, the amount that warns. */
type WiredCharge = readonly [number, string, string, string, number, string, string | null];

/** One call as `admit_v1` gets it; keys without a value are left out. */
interface WiredCall {
  readonly tool: string;
  readonly request?: string | undefined;
  readonly arguments: string;
  readonly policy?: string | undefined;
  /** Decided whatever else there is. */
  readonly early?: Known | undefined;
  /** Decided unless there is a pause. */
  readonly late?: Known | undefined;
  readonly charges?: readonly WiredCharge[] | undefined;
  readonly demands?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly ask?: Worded | undefined;
  readonly why?: Worded | undefined;
  readonly approval?: Readonly<Record<string, unknown>> | undefined;
}

/** What a batch of calls asks of `admit_v1`, without what belongs to the one request. */
export interface WiredCalls {
  readonly counters: readonly Readonly<Record<string, unknown>>[];
  readonly calls: readonly WiredCall[];
}

/** A tool that was ever forwarded in the team. */
export interface KnownTool {
  readonly id: number;
  readonly server: string;
  readonly name: string;
}

/** What a request is made from beside the calls. */
export interface Circumstances {
  readonly owner: Owner;
  readonly machine: string;
  /** The engine's time as far as it is known, UTC milliseconds. */
  readonly now: number;
  /** Times of counters that are ahead of it, by key. */
  readonly clocks: ReadonlyMap<string, number>;
  readonly tools: readonly KnownTool[];
  /** Whether a person was told lately that this count fills. */
  isWarned(key: string): boolean;
  newId(): string;
}

const REFUNDS = ['never', 'on_error', 'on_success'] as const;

/** @param words how questions read that were found to be needed, by the place of their calls */
export function wired(
  admissions: readonly SharedAdmission[],
  about: Circumstances,
  words: ReadonlyMap<number, Worded> = new Map(),
): WiredCalls {
  const counters = new Map<string, { readonly place: number; readonly row: Record<string, unknown> }>();
  const placeOf = (charge: Charge): number => {
    const key = sharedKeyOf(about.owner, about.machine, charge.limit, charge.split);
    let known = counters.get(key);
    if (!known) {
      known = { place: counters.size, row: counterRow(key, charge, about) };
      counters.set(key, known);
    }
    return known.place;
  };
  const beside = [...new Set(admissions.map(toolOf))];
  const calls = admissions.map((admission, i) => wiredCall(admission, about, placeOf, words.get(i), beside));
  return { counters: [...counters.values()].map(({ row }) => row), calls };
}

function wiredCall(
  admission: SharedAdmission,
  about: Circumstances,
  placeOf: (charge: Charge) => number,
  why: Worded | undefined,
  beside: readonly string[],
): WiredCall {
  const { evaluation, requestId, policyHash, approval } = admission;
  const call: WiredCall = {
    tool: toolOf(admission),
    request: requestId === undefined ? undefined : storable(cut(requestId, CAPS.request)),
    arguments: storable(argumentsOf(admission.argumentsText)),
    policy: policyHash,
    ...knownOf(admission),
  };
  if (evaluation.kind !== 'open' || call.late) return call;
  const { charges, ask, demands } = evaluation;
  return {
    ...call,
    charges: charges.length === 0 ? undefined : charges.map((charge) => wiredCharge(charge, about, placeOf)),
    demands: demands?.map((demand) => wiredDemand(demand, about, beside)),
    ask: ask && {
      rule: storable(ask.rule),
      reason: shown(ask.authorText ?? ask.explanation),
      kept: shown(ask.authorText ?? ''),
    },
    why,
    approval: approval && {
      hash: approval.argumentsHash,
      text: storable(approval.argumentsText),
      severe: approval.severe,
      channels: approval.channels?.join(','),
      expires: Math.trunc(approval.expiresMs),
      id: approval.id,
      newId: about.newId(),
      kept: storable(argumentsOf(admission.argumentsText)),
      lookedAt: approval.lookedAt && storable(JSON.stringify(approval.lookedAt)),
      numbers: approval.numbers && numbersOf(approval.numbers),
      amounts: approval.amounts?.every(isShort) ? approval.amounts : undefined,
    },
  };
}

const REASON_CAP = 2000;

/** A text for a person as an approval keeps it. */
export function shown(text: string): string {
  return storable(text.slice(0, REASON_CAP));
}

function toolOf({ tool }: Pick<SharedAdmission, 'tool'>): string {
  return storable(cut(tool, CAPS.tool));
}

/** Refused or hidden whatever has happened. A pause comes before a changed definition, as it does locally. */
function knownOf({
  evaluation,
  stopped,
}: SharedAdmission): { early: Known } | { late: Known } | Record<string, never> {
  if (evaluation.kind === 'hidden') return { early: ['hide', null, HIDDEN_RULE] };
  if (evaluation.kind === 'refused' && comesBefore(evaluation.refusal.code, 'PAUSED'))
    return { early: refusal(evaluation.refusal) };
  if (stopped?.code === 'PAUSED') return { early: ['deny', 'PAUSED', CODES.PAUSED.rule] };
  if (stopped) return { late: ['deny', 'CHANGED', CODES.CHANGED.rule] };
  if (evaluation.kind === 'refused') return { late: refusal(evaluation.refusal) };
  const unfit = unfitCharge(evaluation.charges);
  return unfit ? { late: ['deny', 'AMOUNT', storable(cut(unfit.limit.pointer, CAPS.rule))] } : {};
}

function refusal({ code, rule }: { readonly code: string; readonly rule: string }): Known {
  return ['deny', code, storable(cut(rule, CAPS.rule))];
}

/** @returns a charge with more digits than the engine holds */
export function unfitCharge(charges: readonly Charge[]): Charge | undefined {
  return charges.find(
    ({ amount, limit }) => amount.sign < 0 || !fitsNumeric(amount) || !fitsNumeric(limit.max),
  );
}

function wiredCharge(charge: Charge, about: Circumstances, placeOf: (charge: Charge) => number): WiredCharge {
  const { limit, amount, split } = charge;
  const isWarned =
    limit.warnAt === undefined || about.isWarned(sharedKeyOf(about.owner, about.machine, limit, split));
  return [
    placeOf(charge),
    String(amount),
    String(limit.max),
    limit.onExceed,
    REFUNDS.indexOf(limit.refund),
    storable(cut(limit.pointer, CAPS.rule)),
    isWarned ? null : String(limit.warnAt),
  ];
}

function counterRow(
  key: string,
  { limit, split }: Charge,
  { owner, machine, now, clocks }: Circumstances,
): Record<string, unknown> {
  const scope: string = limit.scope;
  const isShared = scope === 'machine' || scope === 'team';
  const { align } = limit;
  const at = clocks.get(key) ?? now;
  return {
    key,
    name: storable(limit.counter),
    scope,
    server: isShared ? undefined : storable(owner.server),
    grant_name: isShared ? undefined : storable(owner.grant),
    machine: scope === 'machine' ? machine : undefined,
    session: scope === 'session' ? owner.session : undefined,
    split: storable(labelOf(limit, split)),
    max: String(limit.max),
    ...(align.kind === 'calendar' && {
      start: calendarStart(at, align.unit, align.timezone),
      end: calendarEnd(at, align.unit, align.timezone),
    }),
  };
}

function wiredDemand(
  demand: Demand,
  { now, tools, owner }: Circumstances,
  beside: readonly string[],
): Readonly<Record<string, unknown>> {
  const { kind, otherwise, pointer } = demand;
  const any = { kind, otherwise, rule: storable(cut(pointer, CAPS.rule)), code: DEMAND_CODES[kind] };
  if (demand.kind === 'hours') {
    const { start, end, isOpen } = stretchAt(demand, now);
    return { ...any, open: isOpen, start, end: Number.isFinite(end) ? end : undefined };
  }
  return {
    ...any,
    tools: tools.filter((tool) => isSought(demand, tool)).map(({ id }) => id),
    // Calls of this very batch, whose tools the engine may not know before it.
    named: beside.filter((name) => isSought(demand, { id: 0, server: owner.server, name })),
    within: demand.withinMs,
    scope: demand.scope,
  };
}

/** A name that was cut may be any that begins so: it is sought for `after`, and not for `before`. */
function isSought({ kind, tools, except }: CalledDemand, { server, name }: KnownTool): boolean {
  if (except && server === except.server && name === except.tool) return false;
  if (name.endsWith('…') && Buffer.byteLength(name) >= CAPS.tool) return kind === 'after';
  return tools.some((one) => one.matches(server, name));
}

function numbersOf(numbers: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    [...numbers].flatMap(([path, text]) => (isShort(text) ? [[storable(path), text]] : [])),
  );
}

/** What the engine would round fits no budget. */
function isShort(text: string): boolean {
  try {
    return fitsNumeric(Decimal.from(text));
  } catch {
    return false;
  }
}
