import { expect, test } from 'vitest';
import { Decimal } from '../../../src/json/decimal.js';
import { evaluate } from '../../../src/policy/evaluate/evaluate.js';
import { explainDemand, explainUnmet, explainUsage } from '../../../src/policy/evaluate/explain.js';
import { callOf, policyOf } from '../support.js';

function usage(limit: object, args: object, used: number, inFlight?: number): string {
  const policy = policyOf({ tools: { t: { limits: [{ counter: 'c', window: '15m', max: 30, ...limit }] } } });
  const evaluation = evaluate(policy, callOf('t', args));
  if (evaluation.kind !== 'open' || !evaluation.charges[0]) throw new Error('not charged');
  return explainUsage(
    evaluation.charges[0],
    Decimal.from(used),
    inFlight === undefined ? undefined : Decimal.from(inFlight),
  );
}

test.each([
  ['calls', {}, {}, 30, undefined, '30 of 30 calls per 15 minutes used'],
  ['a price of one', { amount: 1 }, {}, 30, undefined, '30 of 30 calls per 15 minutes used'],
  [
    'the same call',
    { per: ['tool.name', 'args'] },
    { x: 1 },
    30,
    undefined,
    '30 of 30 calls with these arguments per 15 minutes used',
  ],
  [
    'an argument',
    { per: ['args.x'], amount: 2 },
    { x: 1 },
    30,
    undefined,
    '30 of 30 per 15 minutes used in c with this args.x, and this call adds 2',
  ],
  ['a price', { amount: 2 }, {}, 29, undefined, '29 of 30 per 15 minutes used in c, and this call adds 2'],
  [
    'an amount of one',
    { amount: 'args.x' },
    { x: 1 },
    30,
    undefined,
    '30 of 30 per 15 minutes used in c, and this call adds 1',
  ],
  [
    'nothing',
    { amount: 0, per: ['args.x', 'args.y', 'env.Z'] },
    { x: 1 },
    31,
    2,
    'c holds 31 with this args.x and args.y in one window (15 minutes), 2 of it by calls that are still in flight, and this call passes at 30 or less',
  ],
  ['the environment', { per: ['env.Z'] }, {}, 30, undefined, '30 of 30 calls per 15 minutes used'],
  [
    'calls in flight',
    {},
    {},
    30,
    3,
    '30 of 30 calls per 15 minutes used, 3 of it by calls that are still in flight',
  ],
])('what is used of a limit on %s', (_, limit, args, used, inFlight, text) => {
  expect(usage(limit, args, used, inFlight)).toBe(text);
});

const at = Date.parse('2026-11-21T10:02:00Z');
const EARLIER = { server: 'web', tool: 'fetch', at: Date.parse('2026-11-21T09:50:00Z') };

test.each<[entry: object, earlier: typeof EARLIER | undefined, asked: string, unmet: string]>([
  [
    { hours: { days: 'mon-fri', from: '09:00', to: '18:30' } },
    undefined,
    'calls pass mon-fri from 09:00 to 18:30 (America/New_York)',
    'calls pass mon-fri from 09:00 to 18:30 (America/New_York), and it is sat 05:02 there',
  ],
  [
    { before: [{ tools: ['preview', 'web/look*'], within: '15m' }] },
    EARLIER,
    'a call of preview or web/look* here must have succeeded within 15 minutes',
    'a call of preview or web/look* here must have succeeded within 15 minutes, and none has',
  ],
  [
    { after: [{ tools: ['fetch'], within: '1h' }] },
    EARLIER,
    'refused within one hour of a call of fetch',
    'fetch of web was called at 2026-11-21T09:50:00.000Z, and within one hour of that this is refused',
  ],
  [
    // biome-ignore lint/suspicious/noThenProperty: a field of the policy's
    { after: [{ tools: ['fetch'], within: '2h', scope: 'session', then: 'approve' }] },
    { ...EARLIER, tool: '' },
    'a person is asked within 2 hours of a call of fetch in this session',
    'a tool of web was called at 2026-11-21T09:50:00.000Z, and within 2 hours of that this needs a person',
  ],
  [
    { after: [{ tools: ['fetch'], within: '1h' }] },
    undefined,
    'refused within one hour of a call of fetch',
    'refused within one hour of a call of fetch, and none has',
  ],
])('what %j asks for, and why a call does not meet it', (entry, earlier, asked, unmet) => {
  const policy = policyOf({ timezone: 'America/New_York', tools: { t: entry } });
  const [demand] = policy.tools.get('t')?.demands ?? [];
  if (!demand) throw new Error('no demand');
  expect(explainDemand(demand)).toBe(asked);
  expect(explainUnmet(demand, at, earlier)).toBe(unmet);
});
