import { sampleArguments } from '../../catalog/threats/sample.js';
import type { Step } from '../../catalog/threats/threat.js';
import { type Decision, decide, outcomeOf } from '../../draft/decide.js';
import type { JsonObject } from '../../json/value.js';
import type { Call, Evaluation } from '../../policy/call.js';
import type { Layers } from '../../policy/evaluate/layers.js';
import { allChecks } from '../../policy/evaluate/resolve.js';
import { evaluateNamed } from '../../policy/evaluate/sections.js';
import { nextOpenOfAll } from '../../policy/limits/hours.js';
import type { CalledDemand, Demand } from '../../policy/model.js';
import { type ArgumentCheck, argumentCheck } from '../../policy/schema/check.js';
import { Store } from '../../store/store.js';
import { type Complied, complied } from './comply.js';
import type { Held } from './held.js';

/** What an attack meets: which rule of which server's policy, and at which of its calls. */
export interface Stop extends Decision {
  readonly server: string;
  readonly tool: string;
  /** From 1, of all calls of the attack. */
  readonly call: number;
}

/** Whole weeks, so that it is noon of the same day again, and more than any window. */
const APART = 58 * 7 * 86_400_000;
const WEDNESDAY_NOON = Date.parse('2026-01-14T12:00:00Z');
/** A tool that must be called first may itself want one. */
const MAX_FIRST = 3;
/** The most of those that would do. */
const MAX_TRIED = 10;

/**
 * Makes the calls of attacks against real evaluators and counters, in a database in memory; nothing is sent anywhere.
 * Who attacks has time and knows the policy: they wait for the hours in which calls pass, and call first what must have
 * been called before.
 */
export class Trials {
  readonly #held: ReadonlyMap<string, Held>;
  readonly #store: Store;
  readonly #checks = new Map<unknown, ArgumentCheck>();
  readonly #complied = new WeakMap<Step, Complied>();
  #now = WEDNESDAY_NOON;
  readonly #sessions = new Map<string, string>();
  readonly #bySession: ReadonlySet<string>;

  constructor(servers: readonly Held[]) {
    this.#held = new Map(servers.map((held) => [held.server, held]));
    this.#bySession = new Set(servers.filter(countsBySession).map(({ server }) => server));
    this.#store = Store.open(':memory:', { now: () => this.#now });
  }

  close(): void {
    this.#store.close();
  }

  /** Makes the calls of some steps, one after the other. @returns what ends them; undefined where all pass */
  run(steps: readonly Step[]): Stop | undefined {
    // What was counted and called in the same session before is over as well.
    this.#now += APART;
    let before = 0;
    for (const step of steps) {
      const stop = this.#repeat(step, before);
      if (stop !== undefined) return stop;
      before += step.times ?? 1;
    }
    return undefined;
  }

  #repeat(step: Step, before: number): Stop | undefined {
    const end = step.patience === undefined ? undefined : this.#now + step.patience * 1000;
    for (let n = 0; n < (step.times ?? 1); n++) {
      // Where no rule goes by sessions, one is like the other, and quicker.
      if (step.anew && this.#bySession.has(step.server)) this.#sessions.delete(step.server);
      let stop = this.#call(step, n, before + n + 1);
      if (stop?.code === 'LIMIT' && end !== undefined && typeof stop.retryAt === 'string') {
        const at = Date.parse(stop.retryAt);
        if (at > this.#now && at < end) {
          this.#now = at;
          stop = this.#call(step, n, before + n + 1);
        }
      }
      if (stop !== undefined) return stop;
      this.#now += (step.every ?? 1) * 1000;
    }
    return undefined;
  }

  #call(step: Step, n: number, number: number, first = MAX_FIRST): Stop | undefined {
    const { server, tool, fails } = step;
    const policy = this.#held.get(server)?.policy;
    if (policy === 'none') return noPolicy(server, tool.name);
    if (policy === undefined || policy === 'unwrapped') return undefined;
    const call = this.#callOf(policy, step, n);
    const evaluation = this.#atAnyHour(evaluateNamed(policy, call));
    const free = without(evaluation, (demand) => isBefore(demand) && this.#isElsewhere(demand));
    const decideNow = () => decide(this.#store, this.#session(server, policy), policy, call, free);
    let decided = decideNow();
    for (const demand of first > 0 ? demandsOf(free).filter(isBefore) : []) {
      if (decided.admitted.kind === 'allowed' || outcomeOf(decided).rule !== demand.pointer) continue;
      this.#callFirst(server, demand, first - 1);
      decided = decideNow();
    }
    if (decided.admitted.kind !== 'allowed')
      return { ...outcomeOf(decided), server, tool: tool.name, call: number };
    const { row } = decided.admitted;
    const outcome = fails ? 'error' : 'ok';
    this.#store.settle([{ first: row, last: row, outcome, latencyMs: 0 }]);
    return undefined;
  }

  /** Without the hours, unless they are never all open. */
  #atAnyHour(evaluation: Evaluation): Evaluation {
    const hours = demandsOf(evaluation).filter((demand) => demand.kind === 'hours');
    const refusing = hours.filter(({ otherwise }) => otherwise === 'deny');
    if (hours.length === 0 || nextOpenOfAll(refusing, this.#now) === undefined) return evaluation;
    return without(evaluation, ({ kind }) => kind === 'hours');
  }

  /** Calls one of the tools that must have been called, where one is there and passes. */
  #callFirst(server: string, demand: CalledDemand, first: number): void {
    for (const at of this.#wanted(server, demand).slice(0, MAX_TRIED)) {
      const args = sampleArguments(at.tool.inputSchema);
      const stop = this.#call({ ...at, args }, 0, 0, first);
      this.#now += 1000;
      if (stop === undefined) return;
    }
  }

  #wanted(server: string, { tools, scope }: CalledDemand) {
    const servers = [...this.#held.values()].filter((held) => scope === 'machine' || held.server === server);
    return servers.flatMap((held) =>
      held.tools
        .filter(({ name }) => tools.some((each) => each.matches(held.server, name)))
        .map((tool) => ({ server: held.server, tool })),
    );
  }

  /** It may be met by a server that is not looked at here, of which nothing is known. */
  #isElsewhere(demand: CalledDemand): boolean {
    return demand.scope === 'machine' && this.#wanted('', demand).length === 0;
  }

  #session(server: string, policy: Layers): string {
    const known = this.#sessions.get(server);
    if (known !== undefined) return known;
    const info = { server, grant: 'default', pid: 0, policyHash: policy.hash, policySource: policy.source };
    const session = this.#store.startSession({ ...info, observe: false });
    this.#sessions.set(server, session);
    return session;
  }

  #callOf(policy: Layers, step: Step, n: number): Call {
    const { tool } = step;
    const isSame = step.vary === undefined && step.others === undefined;
    const made = (isSame ? this.#complied.get(step) : undefined) ?? complied(policy, step, n);
    if (isSame) this.#complied.set(step, made);
    const { args, env } = made;
    const check = this.#checks.get(tool.inputSchema) ?? argumentCheck(tool.inputSchema);
    this.#checks.set(tool.inputSchema, check);
    return { tool: tool.name, args, env, undeclared: () => this.#fault(check, args, tool.inputSchema) };
  }

  /** A value of ours that the schema does not like is none of the attacker's faults; a key that it does not name is. */
  #fault(check: ArgumentCheck, args: JsonObject, inputSchema: unknown): string | undefined {
    const { properties } = inputSchema as { readonly properties?: object };
    const isSpare = Object.keys(args).some((key) => !Object.hasOwn(properties ?? {}, key));
    return isSpare ? check.fault(args) : undefined;
  }
}

function countsBySession({ policy }: Held): boolean {
  if (policy === 'none' || policy === 'unwrapped') return false;
  return policy.all
    .flatMap(allChecks)
    .some(
      ({ limits, demands }) =>
        limits.some(({ scope }) => scope === 'session') ||
        demands?.some((demand) => demand.kind !== 'hours' && demand.scope === 'session'),
    );
}

const demandsOf = (evaluation: Evaluation): readonly Demand[] =>
  evaluation.kind === 'open' ? (evaluation.demands ?? []) : [];

const isBefore = (demand: Demand): demand is CalledDemand => demand.kind === 'before';

function without(evaluation: Evaluation, isFree: (demand: Demand) => boolean): Evaluation {
  if (evaluation.kind !== 'open' || evaluation.demands === undefined) return evaluation;
  const { demands, ...rest } = evaluation;
  const left = demands.filter((demand) => !isFree(demand));
  return left.length > 0 ? { ...rest, demands: left } : rest;
}

export const noPolicy = (server: string, tool: string): Stop => ({
  decision: 'deny',
  code: 'NO_POLICY',
  rule: '(no policy)',
  server,
  tool,
  call: 1,
});
