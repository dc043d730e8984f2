import { describe, expect, test } from 'vitest';
import { evaluateLayers, stack } from '../../src/policy/evaluate/layers.js';
import { type SimulatedCall, type SimulatedSession, Simulation } from '../../src/store/simulation.js';
import type { Outcome } from '../../src/store/store.js';
import { policyOf } from '../policy/support.js';

const START = Date.UTC(2026, 10, 27, 12);
const HOUR = 3_600_000;
const SESSION: SimulatedSession = { server: 'mcp-afip', grant: 'default', id: 's1' };

type Changes = Partial<Omit<SimulatedCall, 'evaluation' | 'tool' | 'session'>> & {
  readonly session?: Partial<SimulatedSession>;
};

/**
 * Past calls against a policy. Times count from a Friday noon.
 *
 * @param records, outcomes what the policy goes by, as the simulation is told
 */
function simulated(policy: object, { records = false, outcomes = true } = {}) {
  const layers = stack(policyOf(policy));
  const simulation = new Simulation(records, outcomes);
  const terms = (at: number, { session, ...changes }: Changes) => ({
    session: { ...SESSION, ...session },
    consented: false,
    outcome: 'ok' as Outcome | undefined,
    latencyMs: undefined,
    ...changes,
    at: START + at,
  });
  return {
    call: (tool: string, at: number, changes: Changes = {}): string => {
      const evaluation = evaluateLayers(layers, { tool, args: {}, env: {} });
      if (evaluation.kind !== 'open') throw new Error(`the policy does not let ${tool} through`);
      const result = simulation.decide({ tool, evaluation, ...terms(at, changes) });
      if (result.kind === 'passed') return 'passed';
      return result.kind === 'asked' ? `asked ${result.rule}` : `${result.code} ${result.rule}`;
    },
    record: (tool: string, at: number, changes: Changes = {}) =>
      simulation.record({ tool, ...terms(at, changes) }),
    [Symbol.dispose]: () => simulation.close(),
  };
}

/** A tool with one limit of one call an hour. */
const once = (changes: object = {}) => ({
  tools: { pay: { limits: [{ counter: 'pays', window: '1h', max: 1, ...changes }] } },
});
const FULL = 'LIMIT /tools/pay/limits/pays';
const ASKED = 'asked /tools/pay/limits/pays';

describe('past calls meet the limits of a draft', () => {
  test('at their own times: refused while the window is full, and let pass as soon as it is not', () => {
    using past = simulated(once());
    expect(past.call('pay', 0)).toBe('passed');
    expect(past.call('pay', HOUR - 1)).toBe(FULL);
    expect(past.call('pay', HOUR)).toBe('passed');
  });

  test('a call that nothing counts passes, and one that a person is asked about names the rule', () => {
    using past = simulated({
      tools: {
        look: {},
        send: { action: 'approve' },
        pay: { action: 'approve', limits: once().tools.pay.limits },
      },
    });
    expect(past.call('look', 0)).toBe('passed');
    expect(past.call('send', 0)).toBe('asked /tools/send/action');
    expect(past.call('send', 0, { consented: true })).toBe('passed');
    expect(past.call('pay', 0)).toBe('asked /tools/pay/action');
    expect(past.call('pay', 0, { consented: true })).toBe('passed');
    expect(past.call('pay', 0, { consented: true })).toBe(FULL);
  });

  test('what a person approved passes limits that ask, and is charged all the same', () => {
    using past = simulated(once({ on_exceed: 'approve' }));
    expect(past.call('pay', 0)).toBe('passed');
    expect(past.call('pay', 1)).toBe(ASKED);
    expect(past.call('pay', 2, { consented: true })).toBe('passed');
    expect(past.call('pay', 3, { consented: true })).toBe('passed');
    // Those of a person hold the counter, after the first has left it.
    expect(past.call('pay', HOUR + 1)).toBe(ASKED);
    expect(past.call('pay', HOUR + 3)).toBe('passed');
  });

  test('consent passes hours that ask, not hours that refuse', () => {
    const closed = { days: 'mon-fri', from: '13:00', to: '18:00' };
    using past = simulated({
      tools: { ask: { hours: { ...closed, outside: 'approve' } }, refuse: { hours: closed } },
    });
    expect(past.call('ask', 0)).toBe('asked /tools/ask/hours');
    expect(past.call('ask', 0, { consented: true })).toBe('passed');
    expect(past.call('refuse', 0, { consented: true })).toBe('HOURS /tools/refuse/hours');
    expect(past.call('refuse', HOUR)).toBe('passed');
  });
});

describe('charges are given back', () => {
  test('when the answer came, not before', () => {
    using past = simulated(once({ refund: 'on_error' }));
    expect(past.call('pay', 0, { outcome: 'error', latencyMs: 500 })).toBe('passed');
    expect(past.call('pay', 499)).toBe(FULL);
    expect(past.call('pay', 500)).toBe('passed');
    expect(past.call('pay', 501)).toBe(FULL);
  });

  test('in the order of the answers, not of the calls; at once where nothing says how long one took', () => {
    using past = simulated(once({ max: 3, refund: 'on_error' }));
    expect(past.call('pay', 0, { outcome: 'error', latencyMs: 300 })).toBe('passed');
    expect(past.call('pay', 1, { outcome: 'error', latencyMs: 99 })).toBe('passed');
    expect(past.call('pay', 2, { outcome: 'error', latencyMs: 198 })).toBe('passed');
    expect(past.call('pay', 99)).toBe(FULL);
    expect(past.call('pay', 100)).toBe('passed');
    expect(past.call('pay', 101)).toBe(FULL);
    expect(past.call('pay', 200)).toBe('passed');
    expect(past.call('pay', 299)).toBe(FULL);
    expect(past.call('pay', 300, { outcome: 'error' })).toBe('passed');
    expect(past.call('pay', 301)).toBe('passed');
    expect(past.call('pay', 302)).toBe(FULL);
  });

  test('never for an outcome that is not known, and for one that never left whatever rules go by', () => {
    using unknown = simulated(once({ refund: 'on_error' }));
    expect(unknown.call('pay', 0, { outcome: undefined })).toBe('passed');
    expect(unknown.call('pay', 1)).toBe(FULL);
    using careless = simulated(once({ refund: 'on_error' }), { outcomes: false });
    expect(careless.call('pay', 0, { outcome: 'not_sent' })).toBe('passed');
    // Who says that no rule goes by outcomes is believed.
    expect(careless.call('pay', 1, { outcome: 'error' })).toBe('passed');
    expect(careless.call('pay', 2)).toBe(FULL);
  });
});

describe('who shares a counter', () => {
  test('a server and grant do, over all their sessions', () => {
    using past = simulated(once());
    expect(past.call('pay', 0)).toBe('passed');
    expect(past.call('pay', 1, { session: { id: 's2' } })).toBe(FULL);
    expect(past.call('pay', 1, { session: { grant: 'other' } })).toBe('passed');
    expect(past.call('pay', 1, { session: { server: 'other' } })).toBe('passed');
  });

  test('a session has what is counted for sessions to itself, beside limits that are not', () => {
    const limits = [
      { counter: 'all', window: '1h', max: 3 },
      { counter: 'own', window: '1h', max: 1, scope: 'session' },
    ];
    using past = simulated({ tools: { pay: { limits } } });
    expect(past.call('pay', 0)).toBe('passed');
    expect(past.call('pay', 1)).toBe('LIMIT /tools/pay/limits/own');
    expect(past.call('pay', 2, { session: { id: 's2' } })).toBe('passed');
    expect(past.call('pay', 3, { session: { id: 's3' } })).toBe('passed');
    expect(past.call('pay', 4, { session: { id: 's4' } })).toBe('LIMIT /tools/pay/limits/all');
  });

  test('in the log of a team each machine has a count of what is counted for machines, and no other', () => {
    using own = simulated(once({ scope: 'machine' }));
    expect(own.call('pay', 0, { session: { machine: 'a' } })).toBe('passed');
    expect(own.call('pay', 1, { session: { machine: 'b' } })).toBe('passed');
    expect(own.call('pay', 2, { session: { machine: 'a', server: 'other' } })).toBe(FULL);
    using shared = simulated(once());
    expect(shared.call('pay', 0, { session: { machine: 'a' } })).toBe('passed');
    expect(shared.call('pay', 1, { session: { machine: 'b' } })).toBe(FULL);
  });
});

describe('rules that look back', () => {
  const within = { tools: ['look'], within: '1h' };

  test('see calls of any server, of their own scope', () => {
    using past = simulated(
      { tools: { pay: { after: [{ ...within, tools: ['web/look'], scope: 'machine' }] } } },
      { records: true },
    );
    past.record('look', 0, { session: { server: 'web' } });
    expect(past.call('pay', 1)).toBe('AFTER /tools/pay/after/0');
    expect(past.call('pay', HOUR)).toBe('passed');
  });

  test('see calls that nothing counts, in the session that made them', () => {
    using past = simulated(
      { tools: { look: {}, pay: { before: [{ ...within, scope: 'session' }] } } },
      { records: true },
    );
    expect(past.call('pay', 0)).toBe('BEFORE /tools/pay/before/0');
    expect(past.call('look', 1, { latencyMs: 1 })).toBe('passed');
    expect(past.call('pay', 1)).toBe('BEFORE /tools/pay/before/0');
    expect(past.call('pay', 2, { session: { id: 's2' } })).toBe('BEFORE /tools/pay/before/0');
    expect(past.call('pay', 3)).toBe('passed');
  });
});
