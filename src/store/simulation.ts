import { Decimal } from '../json/decimal.js';
import type { Charge, Evaluation } from '../policy/call.js';
import type { RefusalCode } from '../policy/codes.js';
import type { Limit } from '../policy/model.js';
import { type Admitted, BUSY, DEMAND_CODES, type Outcome, type Settlement, Store } from './store.js';

/** A past call that the policy's rules let through; its limits are still to be checked. */
export interface SimulatedCall {
  /** When it was made, UTC milliseconds. */
  readonly at: number;
  readonly tool: string;
  readonly session: SimulatedSession;
  readonly evaluation: Extract<Evaluation, { kind: 'open' }>;
  /** A person had approved it, so limits that would ask let it pass. */
  readonly consented: boolean;
  /** How the server answered, and after how many milliseconds; undefined when that was never known. */
  readonly outcome: Outcome | undefined;
  readonly latencyMs: number | undefined;
}

/** Who made the call; the same server and grant share counters, except those with scope `session`. */
export interface SimulatedSession {
  readonly server: string;
  readonly grant: string;
  readonly id: string;
  /** In the log of a team, where it ran. */
  readonly machine?: string | undefined;
}

export type Simulated =
  | { readonly kind: 'passed' }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly rule: string }
  | { readonly kind: 'asked'; readonly rule: string };

/** Expired charges are removed once in this many calls, in at most this many milliseconds. */
const MAINTAIN_EVERY = 1000;
const MAINTAIN_MS = 1000;
/** Calls kept in the database, whose charges can still be given back. */
const KEPT = 10_000;

/** More than any count: a call that a person approved is charged whatever the counter holds. */
const BOUNDLESS = Decimal.from('1e1000');

/**
 * Past calls against present limits, with the real counters in a database in memory whose clock is that of the calls.
 * Memory stays bounded however many calls there are.
 */
export class Simulation {
  readonly #store: Store;
  readonly #sessions = new Map<string, string>();
  /** Answers that are still to come at `#now`, the next one first. */
  readonly #due: { readonly at: number; readonly settlement: Settlement }[] = [];
  readonly #lifted = new WeakMap<Limit, Limit>();
  #now = 0;
  #calls = 0;

  /** Calls that nothing counts matter too: rules go by what was called before. */
  readonly #records: boolean;

  readonly #needsOutcomes: boolean;

  /**
   * @param records some rule goes by earlier calls
   * @param needsOutcomes some rule goes by what became of them
   */
  constructor(records: boolean, needsOutcomes: boolean) {
    this.#records = records;
    this.#needsOutcomes = needsOutcomes;
    this.#store = Store.open(':memory:', { now: () => this.#now, retention: { rows: KEPT } });
  }

  /** Decides on a call, after all that were given before it, and charges it if it passes. */
  decide(call: SimulatedCall): Simulated {
    const { ask, demands, ...evaluation } = call.consented ? this.#lift(call.evaluation) : call.evaluation;
    const charges = onMachine(call.session, evaluation.charges);
    if (charges.length === 0 && !demands && !this.#records)
      return ask ? { kind: 'asked', rule: ask.rule } : { kind: 'passed' };
    this.#now = call.at;
    this.#settle();
    const admitted = this.#admit(call, { kind: 'open', charges, ask, demands });
    if (++this.#calls % MAINTAIN_EVERY === 0) this.#store.maintain(MAINTAIN_MS);
    switch (admitted.kind) {
      case 'allowed':
        this.#expect(call, admitted.row);
        return { kind: 'passed' };
      case 'exceeded': {
        const { limit } = admitted.exceeded.charge;
        return limit.onExceed === 'deny'
          ? { kind: 'refused', code: 'LIMIT', rule: limit.pointer }
          : { kind: 'asked', rule: limit.pointer };
      }
      case 'unmet': {
        const { demand } = admitted.unmet;
        return { kind: 'refused', code: DEMAND_CODES[demand.kind], rule: demand.pointer };
      }
      case 'refused':
        return { kind: 'asked', rule: (admitted.ask ?? ask)?.rule ?? '' };
      case 'asked':
        return { kind: 'asked', rule: ask?.rule ?? '' };
    }
  }

  /** Takes a call of another server, which passed there: rules may look back to it. */
  record(call: Omit<SimulatedCall, 'evaluation' | 'consented'>): void {
    this.decide({ ...call, evaluation: { kind: 'open', charges: [], ask: undefined }, consented: false });
  }

  close(): void {
    this.#store.close();
  }

  #admit({ tool, session }: SimulatedCall, evaluation: SimulatedCall['evaluation']): Admitted {
    const { charges } = evaluation;
    const admission = { tool, requestId: undefined, argumentsText: '[]', policyHash: undefined, evaluation };
    const admitted = this.#store.admit(this.#sessionOf(session, charges), [admission]);
    if (admitted === BUSY || !admitted[0]) throw new Error('a database in memory cannot be busy');
    return admitted[0];
  }

  /** One session for each grant, except when a rule may have scope `session`. */
  #sessionOf({ server, grant, id }: SimulatedSession, charges: readonly Charge[]): string {
    const isOwn = this.#records || charges.some(({ limit }) => limit.scope === 'session');
    const key = JSON.stringify(isOwn ? [server, grant, id] : [server, grant]);
    let session = this.#sessions.get(key);
    if (session === undefined) {
      const info = { server, grant, pid: process.pid, policyHash: undefined, policySource: undefined };
      session = this.#store.startSession({ ...info, observe: false });
      this.#sessions.set(key, session);
    }
    return session;
  }

  #lift({ charges, demands }: SimulatedCall['evaluation']): SimulatedCall['evaluation'] {
    const lifted = charges.map((charge): Charge => {
      if (charge.limit.onExceed === 'deny') return charge;
      let limit = this.#lifted.get(charge.limit);
      if (!limit) {
        limit = { ...charge.limit, max: BOUNDLESS };
        this.#lifted.set(charge.limit, limit);
      }
      return { ...charge, limit };
    });
    const refusing = demands?.filter(({ otherwise }) => otherwise === 'deny');
    return { kind: 'open', charges: lifted, ask: undefined, demands: refusing };
  }

  /** Charges are given back when the answer came, not before: a call in between meets the whole charge. */
  #expect({ at, outcome, latencyMs }: SimulatedCall, row: number): void {
    // What never reached the server gives back whatever the rules say; other answers matter to few of them.
    if (outcome === undefined || (outcome !== 'not_sent' && !this.#needsOutcomes)) return;
    const due = { at: at + (latencyMs ?? 0), settlement: { first: row, last: row, outcome, latencyMs } };
    this.#due.splice(this.#dueBy(due.at), 0, due);
  }

  #settle(): void {
    const settled = this.#due.splice(0, this.#dueBy(this.#now));
    if (settled.length > 0) this.#store.settle(settled.map(({ settlement }) => settlement));
  }

  /** @returns how many of the answers that are still to come will have come by then */
  #dueBy(now: number): number {
    return this.#due.findLastIndex(({ at }) => at <= now) + 1;
  }
}

/** What has scope `machine` is one count on each. */
function onMachine({ machine }: SimulatedSession, charges: readonly Charge[]): readonly Charge[] {
  if (machine === undefined) return charges;
  return charges.map((charge) =>
    charge.limit.scope === 'machine' ? { ...charge, split: `${machine} ${charge.split}` } : charge,
  );
}
