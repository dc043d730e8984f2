import { Comparison, type DraftDecision, type WhyNotJudged } from '../advice/comparison.js';
import { type LoggedCall, readLogged } from '../advice/logged-call.js';
import { evaluatePartially } from '../advice/partial-evaluation.js';
import { CODES, HIDDEN_RULE } from '../policy/codes.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { allChecks } from '../policy/evaluate/resolve.js';
import { history, type LoggedRow, type ReadableLog } from '../store/history.js';
import type { Mine } from '../store/shared-store.js';
import { type SimulatedCall, Simulation } from '../store/simulation.js';
import type { declaredArguments } from './known-tools.js';

/** A call of the decision log, and its row. */
export interface Recorded {
  readonly row: LoggedRow;
  readonly call: LoggedCall;
}

/**
 * The calls that a draft is tried on, oldest first: those of a server, and where rules go by calls of other servers,
 * those too.
 *
 * @param filter `since`: UTC milliseconds; what was charged before it is still held by counters then, so calls begin
 *   earlier. `mine`: only this login's, of a team
 * @returns them in pages
 */
export async function* recorded(
  store: ReadableLog,
  layers: Layers,
  server: string,
  { since, mine }: { readonly since?: number | undefined } & Mine = {},
): AsyncGenerator<readonly Recorded[]> {
  const warmUp = since === undefined ? undefined : since - longestWindow(layers);
  const filter = { server: layers.looksBack ? undefined : server, since: warmUp, mine };
  for await (const page of history(store, filter)) yield page.map((row) => ({ row, call: readLogged(row) }));
}

export interface ReplayTerms {
  readonly server: string;
  /** UTC milliseconds; earlier calls only fill the counters. */
  readonly since?: number | undefined;
  /** What checks the arguments of a tool by its schema; undefined where none is known. */
  readonly declared: (tool: string) => Undeclared;
}

/** Runs a draft over recorded calls at their own times. @returns what it would change */
export async function replayed(
  calls: AsyncIterable<readonly Recorded[]>,
  layers: Layers,
  terms: ReplayTerms,
): Promise<Comparison> {
  const replay = new Replay(layers, terms);
  try {
    for await (const page of calls) for (const each of page) replay.add(each);
    return replay.comparison;
  } finally {
    replay.close();
  }
}

/** A draft on its way over recorded calls, for who does something else between two of them. */
export class Replay {
  readonly comparison = new Comparison();
  /** What the draft does with the calls that count, whatever became of them then. */
  readonly fates = { passed: 0, refused: 0, asked: 0 };
  /** Calls that each rule refuses or asks about. */
  readonly stoppedBy = new Map<string, number>();
  readonly #draft: Draft;
  readonly #terms: ReplayTerms;
  /** What is charged before the first call that counts is still held by counters then. UTC milliseconds. */
  readonly #from: number;
  readonly #looksBack: boolean;

  constructor(layers: Layers, terms: ReplayTerms) {
    this.#draft = new Draft(layers, terms.declared);
    this.#terms = terms;
    this.#from = terms.since === undefined ? Number.NEGATIVE_INFINITY : terms.since - longestWindow(layers);
    this.#looksBack = layers.looksBack;
  }

  /** Takes the next call, of any server, in the order of the log. */
  add({ row, call }: Recorded): void {
    const { server, since } = this.#terms;
    if (call.at < this.#from) return;
    if (row.server !== server) {
      if (this.#looksBack) this.#draft.sawElsewhere(row, call);
      return;
    }
    const decided = this.#draft.decide(row, call);
    if (since !== undefined && call.at < since) return;
    if (!('kind' in decided)) {
      this.comparison.skip(call, decided);
      return;
    }
    this.comparison.add(call, decided);
    if (decided.kind === 'unknown') return;
    this.fates[decided.kind] += 1;
    if (decided.kind !== 'passed')
      this.stoppedBy.set(decided.rule, (this.stoppedBy.get(decided.rule) ?? 0) + 1);
  }

  close(): void {
    this.#draft.close();
  }
}

function longestWindow({ all, sections }: Layers): number {
  const judging = [...all, ...Object.values(sections).flatMap((section) => section.all)];
  const spans = judging
    .flatMap(allChecks)
    .flatMap(({ limits, demands = [] }) => [
      ...limits.map(({ windowMs }) => windowMs),
      ...demands.map((demand) => (demand.kind === 'hours' ? 0 : demand.withinMs)),
    ]);
  return Math.max(0, ...spans);
}

type Undeclared = ReturnType<typeof declaredArguments>;

/** A policy that is tried on logged calls. */
class Draft {
  readonly #layers: Layers;
  /** Observing wrappers counted apart from the others then, and do now. */
  readonly #enforced;
  readonly #observed;
  /** Approvals whose question the draft has answered: what came of them then is the same call again. */
  readonly #answered = new Set<string>();

  /** What checks the arguments of tools by their schemas. */
  readonly #checks = new Map<string, Undeclared>();
  readonly #checkOf: (tool: string) => Undeclared;

  constructor(layers: Layers, checkOf: (tool: string) => Undeclared) {
    this.#layers = layers;
    this.#enforced = new Simulation(layers.looksBack, layers.needsOutcomes);
    this.#observed = new Simulation(layers.looksBack, layers.needsOutcomes);
    this.#checkOf = checkOf;
  }

  /** @returns the decision, or why there is none */
  decide(row: LoggedRow, call: LoggedCall): DraftDecision | WhyNotJudged {
    const { approval } = row;
    if (call.disposition === 'unjudged') return { code: 'no_part' };
    if (!call.isNameWhole) return { code: 'name_cut' };
    if (approval !== undefined && this.#answered.has(approval)) return { code: 'again' };
    // The log does not hold definitions of tools; what was changed then is taken to be changed still.
    if (call.code === 'CHANGED' && (this.#layers.pin === 'deny' || this.#layers.pin === 'hold'))
      return { kind: 'refused', code: 'CHANGED', rule: CODES.CHANGED.rule };
    const decision = this.#judge(row, call);
    if (this.#layers.looksBack) this.#tellOthers(row, call, decision);
    if (approval !== undefined && call.disposition === 'asked' && decision.kind !== 'asked')
      this.#answered.add(approval);
    return decision;
  }

  /** Takes a call of another server: what passed there may matter here. */
  sawElsewhere(row: LoggedRow, call: LoggedCall): void {
    if (row.observe ? call.disposition === 'unjudged' : call.disposition !== 'passed') return;
    for (const simulation of [this.#enforced, this.#observed]) simulation.record(simulatedOf(row, call));
  }

  close(): void {
    this.#enforced.close();
    this.#observed.close();
  }

  /** What passed in a wrapper that observes, which is everything, was called as far as the others go; and so back. */
  #tellOthers(row: LoggedRow, call: LoggedCall, { kind }: DraftDecision): void {
    const [own, other] = row.observe ? [this.#observed, this.#enforced] : [this.#enforced, this.#observed];
    if (kind === 'passed' || row.observe) other.record(simulatedOf(row, call));
    if (kind !== 'passed' && row.observe) own.record(simulatedOf(row, call));
  }

  #undeclared(tool: string): Undeclared {
    if (!this.#layers.declares) return undefined;
    if (!this.#checks.has(tool)) this.#checks.set(tool, this.#checkOf(tool));
    return this.#checks.get(tool);
  }

  #judge(row: LoggedRow, call: LoggedCall): DraftDecision {
    const { evaluation, unknowns } = evaluatePartially(
      this.#layers,
      call.tool,
      call.kept,
      this.#undeclared(call.tool),
    );
    if (evaluation.kind === 'hidden') return { kind: 'refused', code: 'HIDDEN', rule: HIDDEN_RULE };
    if (evaluation.kind === 'refused') {
      const { code, rule } = evaluation.refusal;
      return { kind: 'refused', code, rule };
    }
    const [unknown] = unknowns;
    // What did not pass then is not assumed to pass now, so it is not charged either.
    if (unknown && call.disposition !== 'passed') return { kind: 'unknown', unknown };
    const simulation = row.observe ? this.#observed : this.#enforced;
    const simulated = simulation.decide({
      ...simulatedOf(row, call),
      evaluation,
      consented: call.consented,
    });
    switch (simulated.kind) {
      case 'refused':
        return { kind: 'refused', code: simulated.code, rule: simulated.rule };
      case 'asked':
        return { kind: 'asked', code: 'APPROVAL_REQUIRED', rule: simulated.rule };
      case 'passed':
        return unknown ? { kind: 'unknown', unknown } : simulated;
    }
  }
}

function simulatedOf(row: LoggedRow, call: LoggedCall): Omit<SimulatedCall, 'evaluation' | 'consented'> {
  return {
    at: call.at,
    tool: call.tool,
    // In a team, who counts on one machine counts apart from the others.
    session: { server: row.server, grant: row.grant, id: row.session, machine: row.host },
    // A call that never reached the server is taken to have been answered well.
    outcome: row.outcome ?? (call.disposition === 'passed' ? undefined : 'ok'),
    latencyMs: row.latencyMs,
  };
}
