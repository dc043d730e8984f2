import { resolve } from 'node:path';
import { Comparison, type DraftDecision } from '../../advice/comparison.js';
import { type LoggedCall, readLogged } from '../../advice/logged-call.js';
import { evaluatePartially } from '../../advice/partial-evaluation.js';
import { problemsError, readPolicy } from '../../config/policy-files.js';
import { EXIT } from '../../errors.js';
import { canonicalJson } from '../../json/canonical.js';
import { CODES, HIDDEN_RULE } from '../../policy/codes.js';
import { type Layers, stack } from '../../policy/evaluate/layers.js';
import { history, loggedServer } from '../../store/history.js';
import { type SimulatedCall, Simulation } from '../../store/simulation.js';
import type { LogEntry, Store } from '../../store/store.js';
import { printable } from '../../text/escape.js';
import { printJson } from '../json-output.js';
import { declaredArguments } from '../known-tools.js';
import { openState } from '../open-state.js';
import type { Terminal } from '../terminal.js';
import { sinceOf } from '../time.js';

export interface ReplayOptions {
  readonly db?: string;
  readonly server?: string;
  /** `7d`, or a date; all that the log keeps when absent. */
  readonly since?: string;
  readonly json?: boolean;
  /** Exit with 4 when anything changes. */
  readonly check?: boolean;
}

/**
 * Runs a draft over the calls of the decision log at their own times, and shows what it would change.
 *
 * @param file the draft
 * @returns 0, or with `check` 4 when anything changes
 * @throws PolicyWrapError NOT_FOUND without a log, USAGE, POLICY_INVALID, POLICY_NOT_FOUND
 */
export async function replay(file: string, options: ReplayOptions, io: Terminal): Promise<number> {
  const found = readPolicy(resolve(file));
  if (found.kind === 'problems') throw problemsError(found);
  if (found.kind === 'none') throw new Error('a file that was named holds a policy or problems');
  const store = openState(options, io);
  try {
    const server = loggedServer(store, options.server);
    const since = sinceOf(options.since, io.now());
    const layers = stack(found.policy, found.extended);
    const comparison = compare(store, layers, server, since, options.db);
    if (options.json) await printJson(io, asJson(comparison, layers, server));
    else await io.out.write(`${asText(comparison, file, server)}\n`);
    return options.check && comparison.changes.length > 0 ? EXIT.denied : EXIT.done;
  } finally {
    store.close();
  }
}

function compare(
  store: Store,
  layers: Layers,
  server: string,
  since: number | undefined,
  db: string | undefined,
): Comparison {
  const comparison = new Comparison();
  const draft = new Draft(layers, (tool) => declaredArguments(tool, server, db));
  try {
    // What was charged before the first call that counts is still held by counters then.
    const warmUp = since === undefined ? undefined : since - longestWindow(layers);
    // Rules may go by calls of other servers.
    for (const row of history(store, { server: layers.looksBack ? undefined : server, since: warmUp })) {
      const call = readLogged(row);
      if (row.server !== server) {
        draft.sawElsewhere(row, call);
        continue;
      }
      const decided = draft.decide(row, call);
      if (since !== undefined && call.at < since) continue;
      if (typeof decided === 'string') comparison.skip(call, decided);
      else comparison.add(call, decided);
    }
  } finally {
    draft.close();
  }
  return comparison;
}

function longestWindow({ all, sections }: Layers): number {
  const judging = [...all, ...Object.values(sections).flatMap((section) => section.all)];
  const checks = judging.flatMap((policy) => [policy.allTools, ...policy.tools.values(), ...policy.patterns]);
  const spans = checks.flatMap(({ limits, demands = [] }) => [
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
    this.#enforced = new Simulation(layers.looksBack);
    this.#observed = new Simulation(layers.looksBack);
    this.#checkOf = checkOf;
  }

  /** @returns the decision, or why there is none */
  decide(row: LogEntry, call: LoggedCall): DraftDecision | string {
    const { approval } = row;
    if (call.disposition === 'unjudged')
      return 'no policy had a part in it: a line that could not be read, or a pause';
    if (!call.isNameWhole) return "the log holds only the beginning of the tool's name";
    if (approval !== undefined && this.#answered.has(approval))
      return 'the same call again, after a person was asked';
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
  sawElsewhere(row: LogEntry, call: LoggedCall): void {
    if (row.observe ? call.disposition === 'unjudged' : call.disposition !== 'passed') return;
    for (const simulation of [this.#enforced, this.#observed]) simulation.record(simulatedOf(row, call));
  }

  close(): void {
    this.#enforced.close();
    this.#observed.close();
  }

  /** What passed in a wrapper that observes, which is everything, was called as far as the others go; and so back. */
  #tellOthers(row: LogEntry, call: LoggedCall, { kind }: DraftDecision): void {
    const [own, other] = row.observe ? [this.#observed, this.#enforced] : [this.#enforced, this.#observed];
    if (kind === 'passed' || row.observe) other.record(simulatedOf(row, call));
    if (kind !== 'passed' && row.observe) own.record(simulatedOf(row, call));
  }

  #undeclared(tool: string): Undeclared {
    if (!this.#layers.declares) return undefined;
    if (!this.#checks.has(tool)) this.#checks.set(tool, this.#checkOf(tool));
    return this.#checks.get(tool);
  }

  #judge(row: LogEntry, call: LoggedCall): DraftDecision {
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

function simulatedOf(row: LogEntry, call: LoggedCall): Omit<SimulatedCall, 'evaluation' | 'consented'> {
  return {
    at: call.at,
    tool: call.tool,
    session: { server: row.server, grant: row.grant, id: row.session },
    // A call that never reached the server is taken to have been answered well.
    outcome: row.outcome ?? (call.disposition === 'passed' ? undefined : 'ok'),
    latencyMs: row.latencyMs,
  };
}

const SHOWN = 200;

function asText(comparison: Comparison, file: string, server: string): string {
  const { calls, unchanged, changes, notJudged } = comparison;
  const lines = [`${file} over ${calls} calls of ${server}${periodOf(comparison)}`];
  for (const { change, tool, rule, code, calls: count, examples } of changes) {
    const was = change === 'newly allowed' ? 'was ' : '';
    lines.push(`  ${change}: ${count} of ${tool}  ${was}${code} ${rule}`);
    for (const example of examples) {
      const args = example.kept.kind === 'values' ? `  ${canonicalJson(example.kept.args)}` : '';
      lines.push(`      ${instant(example.at)}  #${example.auditId}${args}`);
    }
  }
  if (changes.length === 0) lines.push('  nothing changes');
  lines.push(`  unchanged: ${unchanged}`);
  for (const { why, calls: count } of notJudged) lines.push(`  not judged: ${count}, because ${why}`);
  return lines.map((line) => printable(line, SHOWN)).join('\n');
}

function asJson(comparison: Comparison, { source, hash }: Layers, server: string): object {
  const { calls, unchanged, changes, notJudged, from, to } = comparison;
  return {
    policy: { source, hash },
    server,
    ...(from !== undefined && to !== undefined && { from: instant(from), to: instant(to) }),
    calls,
    unchanged,
    changes: changes.map(({ examples, ...group }) => ({
      ...group,
      examples: examples.map(({ auditId, at, disposition, code, rule, kept }) => ({
        ...{ auditId, at: instant(at), logged: { fate: disposition, code, rule } },
        ...(kept.kind === 'values' && { arguments: kept.args }),
      })),
    })),
    notJudged,
  };
}

function periodOf({ from, to }: Comparison): string {
  return from === undefined || to === undefined ? '' : `, ${instant(from)} to ${instant(to)}`;
}

function instant(at: number): string {
  return new Date(at).toISOString();
}
