import type { Attack, Opening, ServerTools, Step, Threat } from '../../catalog/threats/threat.js';
import { THREATS } from '../../catalog/threats/threats.js';
import { type Decision, decide, outcomeOf } from '../../draft/decide.js';
import type { JsonObject } from '../../json/value.js';
import type { Call } from '../../policy/call.js';
import type { Layers } from '../../policy/evaluate/layers.js';
import { type ArgumentCheck, argumentCheck } from '../../policy/schema/check.js';
import { Store } from '../../store/store.js';
import { complied } from './comply.js';

/** A server with the policy that holds it. */
export interface Held extends ServerTools {
  /** `none`: a wrapper without one, which refuses every call; `unwrapped`: nothing decides. */
  readonly policy: Layers | 'none' | 'unwrapped';
}

/** What an attack meets: which rule of which server's policy, and at which of its calls. */
export interface Stop extends Decision {
  readonly server: string;
  readonly tool: string;
  /** From 1, of all calls of the attack. */
  readonly call: number;
}

export interface OpeningCoverage {
  readonly opening: Opening;
  /** Undefined where one of the attacks comes through. */
  readonly stop: Stop | undefined;
}

export type State = 'countered' | 'partly' | 'open' | 'not opened' | 'not seen';

export interface Coverage {
  readonly threat: Threat;
  readonly state: State;
  readonly openings: readonly OpeningCoverage[];
}

/**
 * Which attack patterns the tools of some servers open, and which of them their policies counter. The attack's calls are
 * made, in their order, against the real evaluator and counters in memory; nothing is sent anywhere.
 *
 * @returns a row for each pattern
 */
export function coverageOf(servers: readonly Held[], threats: readonly Threat[] = THREATS): Coverage[] {
  const trials = new Trials(servers);
  try {
    return threats.map((threat) => {
      const openings = threat
        .openings(servers)
        .map((opening) => ({ opening, stop: trials.stopOf(threat, opening) }));
      return { threat, openings, state: stateOf(threat, openings) };
    });
  } finally {
    trials.close();
  }
}

function stateOf({ sight }: Threat, openings: readonly OpeningCoverage[]): State {
  if (openings.length === 0) return 'not opened';
  if (sight === 'none') return 'not seen';
  const open = openings.filter(({ stop }) => stop === undefined).length;
  if (open === 0) return 'countered';
  return open === openings.length ? 'open' : 'partly';
}

/** Whole weeks, so that it is noon of the same day again, and more than any window. */
const APART = 58 * 7 * 86_400_000;
const WEDNESDAY_NOON = Date.parse('2026-01-14T12:00:00Z');

class Trials {
  readonly #held: ReadonlyMap<string, Held>;
  readonly #store: Store;
  readonly #checks = new Map<unknown, ArgumentCheck>();
  #now = WEDNESDAY_NOON;

  constructor(servers: readonly Held[]) {
    this.#held = new Map(servers.map((held) => [held.server, held]));
    this.#store = Store.open(':memory:', { now: () => this.#now });
  }

  close(): void {
    this.#store.close();
  }

  /** What counters a pattern at one opening; undefined where an attack comes through. */
  stopOf({ sight }: Threat, { tools, attacks }: Opening): Stop | undefined {
    switch (sight) {
      case 'none':
        return undefined;
      case 'pin':
        return this.#pinned(tools[0]?.server ?? '');
      case 'calls': {
        const stops = attacks.map((attack) => this.#run(attack));
        return stops.every((stop) => stop !== undefined) ? stops[0] : undefined;
      }
      case 'asks': {
        const stops = attacks.map((attack) => this.#run(attack));
        if (stops.some((stop) => stop?.decision === 'ask')) return undefined;
        const step = attacks[0]?.flat()[0];
        const passed = {
          decision: 'allow' as const,
          server: step?.server ?? '',
          tool: step?.tool.name ?? '',
          call: 1,
        };
        return stops.find((stop) => stop !== undefined) ?? passed;
      }
    }
  }

  #pinned(server: string): Stop | undefined {
    const policy = this.#held.get(server)?.policy;
    if (policy === 'none') return noPolicy(server, '*');
    if (policy === undefined || policy === 'unwrapped' || policy.pin === 'off' || policy.pin === 'warn')
      return undefined;
    return { decision: 'deny', code: 'CHANGED', rule: '/pin', server, tool: '*', call: 1 };
  }

  #run(attack: Attack): Stop | undefined {
    this.#now += APART;
    const sessions = new Map<string, string>();
    let call = 0;
    for (const next of attack) {
      const steps = isList(next) ? next : [next];
      let stop: Stop | undefined;
      for (const step of steps) {
        stop = this.#repeat(step, call, sessions);
        if (stop === undefined) {
          call += step.times ?? 1;
          break;
        }
      }
      if (stop !== undefined) return stop;
    }
    return undefined;
  }

  #repeat(step: Step, before: number, sessions: Map<string, string>): Stop | undefined {
    for (let n = 0; n < (step.times ?? 1); n++) {
      const stop = this.#call(step, n, before + n + 1, sessions);
      if (stop !== undefined) return stop;
      this.#now += (step.every ?? 1) * 1000;
    }
    return undefined;
  }

  #call(step: Step, n: number, call: number, sessions: Map<string, string>): Stop | undefined {
    const { server, tool, fails } = step;
    const policy = this.#held.get(server)?.policy;
    if (policy === 'none') return noPolicy(server, tool.name);
    if (policy === undefined || policy === 'unwrapped') return undefined;
    let session = sessions.get(server);
    if (session === undefined) {
      const info = { server, grant: 'default', pid: 0, policyHash: policy.hash, policySource: policy.source };
      session = this.#store.startSession({ ...info, observe: false });
      sessions.set(server, session);
    }
    const decided = decide(this.#store, session, policy, this.#callOf(policy, step, n));
    if (decided.admitted.kind !== 'allowed') return { ...outcomeOf(decided), server, tool: tool.name, call };
    const { row } = decided.admitted;
    const outcome = fails ? 'error' : 'ok';
    this.#store.settle([{ first: row, last: row, outcome, latencyMs: 0 }]);
    return undefined;
  }

  #callOf(policy: Layers, step: Step, n: number): Call {
    const { tool, vary } = step;
    const { args, env } = complied(policy, step, { ...step.args, ...vary?.(n) });
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

const isList = (step: Attack[number]): step is readonly Step[] => Array.isArray(step);

const noPolicy = (server: string, tool: string): Stop => ({
  decision: 'deny',
  code: 'NO_POLICY',
  rule: '(no policy)',
  server,
  tool,
  call: 1,
});
