import fc from 'fast-check';
import { expect } from 'vitest';
import { Decimal } from '../../../src/json/decimal.js';
import type { Demand } from '../../../src/policy/model.js';
import type { Admission, Admitted } from '../../../src/store/admission.js';
import { type CounterEntry, type Outcome, Store } from '../../../src/store/store.js';
import { clock, done } from '../support.js';
import { admission, charge, INFO, limit, settlement } from '../support-shapes.js';
import { CHAOS, movableClock, newTeam, sharedCluster, test } from './support.js';

const at = sharedCluster({ settings: { synchronous_commit: 'off' } });

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Limits that calls draw from: shared counters, refunds, calendars, questions, warnings. */
const LIMITS = [
  limit({ counter: 'a', max: 5 }),
  limit({ counter: 'a', max: 3, refund: 'on_error' }),
  limit({ counter: 'a', max: 7, windowMs: 3 * MINUTE, warnAt: Decimal.from(5) }),
  limit({ counter: 'b', max: '2.5', refund: 'on_success', windowMs: 40_000 }),
  limit({ counter: 'c', max: 4, align: { kind: 'calendar', unit: 'minute', timezone: 'UTC' } }),
  limit({
    counter: 'd',
    max: 9,
    windowMs: DAY,
    align: { kind: 'calendar', unit: 'day', timezone: 'Europe/Madrid' },
  }),
  limit({ counter: 'e', max: 2, onExceed: 'approve', onDeny: 'ask the boss' }),
  limit({ counter: 'f', max: 1, onExceed: 'approve', scope: 'session' }),
];
const AMOUNTS = ['0', '0.1', '1', '1.4', '2.5', '3', '40'] as const;
const TOOLS = ['read', 'write', 'send'] as const;

const any = { onDeny: undefined, otherwise: 'deny' } as const;
const called = (kind: 'after' | 'before', tool: string, changes: object = {}): Demand => ({
  ...any,
  kind,
  tools: [{ text: tool, matches: (_server: string, name: string) => name === tool }],
  withinMs: 2 * MINUTE,
  withinText: '2 minutes',
  scope: 'grant',
  pointer: `/${kind}/${tool}`,
  ...changes,
});
const DEMANDS: Demand[] = [
  called('after', 'read'),
  called('before', 'write'),
  called('after', 'send', { otherwise: 'approve', scope: 'machine' }),
  called('before', 'read', { otherwise: 'approve', scope: 'session', withinMs: MINUTE }),
  {
    ...any,
    kind: 'hours',
    days: [true, true, true, true, true, true, true],
    from: 12 * 3_600_000 + 1 * MINUTE,
    to: 12 * 3_600_000 + 20 * MINUTE,
    timezone: 'Europe/Madrid',
    text: 'from 12:01 to 12:20 (Europe/Madrid)',
    pointer: '/hours',
  },
];

type Call = { tool: number; charges: [number, number][]; demands: number[]; asks: boolean; asked: boolean };
type Step =
  | { kind: 'calls'; calls: Call[] }
  | { kind: 'wait'; ms: number }
  | { kind: 'settle'; which: number; outcome: Outcome }
  | { kind: 'person'; which: number; says: 'approved' | 'rejected'; calls: number }
  | { kind: 'pause'; on: boolean };

const call: fc.Arbitrary<Call> = fc.record({
  tool: fc.nat({ max: TOOLS.length - 1 }),
  charges: fc.array(fc.tuple(fc.nat({ max: LIMITS.length - 1 }), fc.nat({ max: AMOUNTS.length - 1 })), {
    maxLength: 3,
  }),
  demands: fc.oneof(
    { weight: 3, arbitrary: fc.constant<number[]>([]) },
    { weight: 2, arbitrary: fc.uniqueArray(fc.nat({ max: DEMANDS.length - 1 }), { maxLength: 2 }) },
  ),
  asks: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  asked: fc.boolean(),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('calls' as const),
        calls: fc.array(call, { minLength: 1, maxLength: 4 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.oneof(
          fc.integer({ min: 0, max: 30_000 }),
          fc.constantFrom(1, 40_000, MINUTE, 3 * MINUTE, DAY),
        ),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('settle' as const),
        which: fc.nat({ max: 20 }),
        outcome: fc.constantFrom<Outcome[]>(
          'ok',
          'error',
          'tool_error',
          'not_sent',
          'cancelled',
          'unanswered',
        ),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('person' as const),
        which: fc.nat({ max: 20 }),
        says: fc.constantFrom('approved' as const, 'rejected' as const),
        calls: fc.nat({ max: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), on: fc.boolean() }) },
  ),
  { minLength: 10, maxLength: 50 },
);

function admissionOf({ tool, charges, demands, asks, asked }: Call): Admission {
  const rule = `/tools/${TOOLS[tool]}/approve_if/0`;
  return admission(
    {
      kind: 'open',
      charges: charges.map(([l, a]) => charge(LIMITS[l] as (typeof LIMITS)[number], AMOUNTS[a] as string)),
      ask: asks ? { code: 'APPROVAL_REQUIRED', rule, authorText: undefined, explanation: 'look' } : undefined,
      ...(demands.length > 0 && { demands: demands.map((d) => DEMANDS[d] as Demand) }),
    },
    {
      tool: TOOLS[tool] as string,
      ...(asked && {
        approval: {
          argumentsHash: 'f'.repeat(64),
          argumentsText: '{"a":1}',
          expiresMs: 90_000,
          numbers: new Map(),
          amounts: [],
        },
      }),
    },
  );
}

/** What must be the same, whatever ids the two gave. */
function shape(admitted: Admitted): unknown {
  const shown = JSON.stringify(admitted, (key, value) => {
    if (['row', 'id', 'session', 'auditId', 'who', 'host', 'decidedWho', 'limit', 'server'].includes(key))
      return undefined;
    // A team is told who paused it.
    if (key === 'why' && typeof value === 'string')
      return value.replace('carol has stopped every call in the team', 'a person has stopped every call');
    if (key === 'charge') return { pointer: value.limit.pointer, amount: String(value.amount) };
    return typeof value === 'object' && value instanceof Decimal ? String(value) : value;
  });
  return JSON.parse(shown);
}

test('G4, G5, G10: the engine decides as a local store does, whatever is called, answered, approved and paused', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (program) => {
      await using team = await newTeam(at.cluster);
      const time = clock();
      await using engine = await movableClock(at.cluster, time.at);
      const local = Store.open(':memory:', time);
      const session = local.startSession(INFO);
      const { store, session: shared } = team.wrapper('alice');
      const boss = team.store('carol');
      const open: { mine: number; theirs: number }[] = [];
      const asked: { mine: string; theirs: string }[] = [];
      const settlements: ReturnType<typeof settlement>[] = [];
      for (const step of program) {
        switch (step.kind) {
          case 'wait':
            time.at += step.ms;
            await engine.set(time.at);
            break;
          case 'pause':
            if (step.on) {
              done(local.pause(undefined, 'x', 'cli'));
              await boss.pause(undefined, 'x', 'cli');
            } else expect(await boss.resume(undefined, 'cli')).toBe(done(local.resume(undefined, 'cli')));
            break;
          case 'settle': {
            const [one] = open.splice(step.which % Math.max(1, open.length), 1);
            if (!one) break;
            done(local.settle([settlement(one.mine, step.outcome)]));
            settlements.push(settlement(one.theirs, step.outcome));
            break;
          }
          case 'person': {
            const one = asked[step.which % Math.max(1, asked.length)];
            if (!one) break;
            const budget =
              step.calls > 0 && step.says === 'approved' ? { calls: step.calls, forMs: 120_000 } : undefined;
            const mine = done(local.decideApproval(one.mine, step.says, 'cli', { budget }));
            const theirs = await boss.decideApproval(one.theirs, step.says, 'cli', { budget });
            expect(theirs.kind).toBe(mine.kind);
            break;
          }
          case 'calls': {
            const admissions = step.calls.map(admissionOf);
            const mine = done(local.admit(session, admissions));
            const { admitted: theirs, now } = await store.exchange(shared, settlements.splice(0), admissions);
            expect(now).toBe(time.at);
            expect(theirs.map(shape)).toEqual(mine.map(shape));
            for (const [i, one] of mine.entries()) {
              const other = theirs[i] as Admitted;
              if (one.kind === 'allowed') open.push({ mine: one.row, theirs: other.row });
              if (one.kind === 'asked' && other.kind === 'asked')
                asked.push({ mine: one.approval.id, theirs: other.approval.id });
            }
            break;
          }
        }
      }
      await store.exchange(shared, settlements.splice(0), []);
      const held = (list: readonly CounterEntry[]) =>
        list
          .filter(({ used }) => used.sign !== 0)
          .map(({ name, windowMs, used, max, freesAt }) => {
            // Which limit's max is shown of a count that several share is of no weight.
            const frees = name === 'a' ? undefined : [String(max), freesAt];
            return `${name} ${windowMs} ${used} ${frees}`;
          })
          .sort();
      expect(held(await store.counters())).toEqual(held(local.counters()));
      local.close();
    }),
    { numRuns: CHAOS ? 600 : 20, ...(!CHAOS && { seed: 11 }), endOnFailure: true },
  );
});
