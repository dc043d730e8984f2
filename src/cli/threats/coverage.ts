import type { Attack, Opening, Step, Threat } from '../../catalog/threats/threat.js';
import { THREATS } from '../../catalog/threats/threats.js';
import type { Held } from './held.js';
import { isList, Routes, type Way } from './routes.js';
import { noPolicy, type Stop, Trials } from './trials.js';

/** One way of one attack, and what became of it. */
export interface Tried {
  readonly attack: Attack;
  /** Where each of several tools could take a place: those that fare alike, by place. */
  readonly way: Way;
  /** Undefined where it comes through. */
  readonly stop: Stop | undefined;
}

export type State = 'countered' | 'partly' | 'open' | 'not opened' | 'not seen';

export interface OpeningCoverage {
  readonly opening: Opening;
  readonly state: Exclude<State, 'not opened'>;
  readonly tried: readonly Tried[];
}

export interface Coverage {
  readonly threat: Threat;
  readonly state: State;
  readonly openings: readonly OpeningCoverage[];
}

/**
 * Which attack patterns the tools of some servers open, and which of them their policies counter. A pattern is countered
 * where every way of every attack of it is refused, hidden or asked about, at any hour, with what must be called before
 * called before, and with arguments that the policy has nothing against, as far as they are the attack all the same.
 *
 * @returns a row for each pattern
 */
export function coverageOf(servers: readonly Held[], threats: readonly Threat[] = THREATS): Coverage[] {
  const trials = new Trials(servers);
  const routes = new Routes(servers, trials);
  try {
    return threats.map((threat) => {
      const openings = threat
        .openings(servers)
        .map((opening) => openingCoverage(threat, opening, servers, trials, routes))
        .filter((each) => each !== undefined);
      return { threat, openings, state: together(openings.map(({ state }) => state)) };
    });
  } finally {
    trials.close();
  }
}

/** The most for one attack; rules that tell every tool from every other make more than anybody could try. */
const MAX_WAYS = 2000;

function together(states: readonly State[]): State {
  if (states.length === 0) return 'not opened';
  const [first = 'not opened'] = states;
  return states.every((state) => state === first) ? first : 'partly';
}

function openingCoverage(
  { sight }: Threat,
  opening: Opening,
  servers: readonly Held[],
  trials: Trials,
  routes: Routes,
): OpeningCoverage | undefined {
  switch (sight) {
    case 'none':
      return { opening, state: 'not seen', tried: [] };
    case 'pin': {
      const server = opening.tools[0]?.server ?? '';
      const policy = servers.find((held) => held.server === server)?.policy ?? 'unwrapped';
      const tried = opening.attacks.map((attack) => ({
        attack,
        way: [],
        stop: pinned(server, policy, attack.lists ?? 'changed'),
      }));
      return { opening, tried, state: stateOf(tried) };
    }
    case 'calls': {
      const tried = opening.attacks.flatMap((attack): Tried[] => {
        const ways = routes.waysOf(attack);
        const more = ways.length - MAX_WAYS;
        return [
          ...ways.slice(0, MAX_WAYS).map((way) => ({ attack, way, stop: trials.run(stepsOf(attack, way)) })),
          // What was not tried is not countered.
          ...(more > 0
            ? [
                {
                  attack: { ...attack, name: `${attack.name}: ${more} ways, not tried` },
                  way: [],
                  stop: undefined,
                },
              ]
            : []),
        ];
      });
      return { opening, tried, state: stateOf(tried) };
    }
    case 'asks': {
      const [small, ...larger] = opening.attacks.map((attack) => ({
        attack,
        way: [],
        stop: trials.run(stepsOf(attack, [])),
      }));
      const asks = ({ stop }: Tried) => stop?.decision === 'ask';
      const large = larger.find(asks);
      // Where nobody is asked, nobody gets tired.
      if (small === undefined) return undefined;
      if (asks(small)) return { opening, state: 'open', tried: [{ ...small, stop: undefined }] };
      return large && { opening, state: 'countered', tried: [large] };
    }
  }
}

function stateOf(tried: readonly Tried[]): OpeningCoverage['state'] {
  const passes = tried.filter(({ stop }) => stop === undefined).length;
  if (passes === 0) return 'countered';
  return passes === tried.length ? 'open' : 'partly';
}

/** The steps of one way: of those in lists the one that stands for its kind. */
export function stepsOf({ steps }: Attack, way: Way): Step[] {
  return steps.flatMap((step, place) => (isList(step) ? (way[place]?.[0] ?? step[0] ?? []) : [step]));
}

function pinned(server: string, policy: Held['policy'], lists: 'changed' | 'new'): Stop | undefined {
  if (policy === 'none') return noPolicy(server, '*');
  if (policy === 'unwrapped' || policy.pin === 'off' || policy.pin === 'warn') return undefined;
  if (lists === 'new' && policy.newTools === 'show') return undefined;
  const rule = lists === 'new' ? '/new_tools' : '/pin';
  return { decision: 'deny', code: 'CHANGED', rule, server, tool: '*', call: 1 };
}
