import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { Connection } from '../../../src/store/postgres/connection.js';
import { literal } from '../../../src/store/postgres/engine.js';
import { admission, approvable, charge, limit, open, settlement } from '../support-shapes.js';
import { movableClock, newTeam, sharedCluster, test } from './support.js';

const at = sharedCluster();
const DAY = 86_400_000;

test('G4: two machines draw from one count', async () => {
  await using team = await newTeam(at.cluster);
  const one = team.wrapper('alice');
  const other = team.wrapper('bob');
  const rate = limit({ max: 3 });
  expect((await one.admit(charge(rate))).kind).toBe('allowed');
  expect((await other.admit(charge(rate, 2))).kind).toBe('allowed');
  expect(await one.admit(charge(rate))).toMatchObject({ kind: 'exceeded' });
});

test('G4: what is given back of the period before makes no room in this one', async () => {
  await using team = await newTeam(at.cluster);
  const noon = Date.UTC(2026, 10, 22, 12);
  await using clock = await movableClock(at.cluster, noon);
  const align = { kind: 'calendar', unit: 'day', timezone: 'UTC' } as const;
  const rate = limit({ max: 4, windowMs: DAY, align, refund: 'on_error' });
  const { store, session, admit } = team.wrapper('alice');
  const before = await admit(charge(rate, 3));
  await clock.set(noon + DAY / 2 + 1000);
  expect((await admit(charge(rate, 2))).kind).toBe('allowed');
  await store.exchange(session, [settlement(before.row, 'error')], []);
  expect(await admit(charge(rate, 3))).toMatchObject({ kind: 'exceeded' });
  expect((await admit(charge(rate, 2))).kind).toBe('allowed');
  expect(await admit(charge(rate, '0.1'))).toMatchObject({ kind: 'exceeded' });
  // What expired leaves, and the sum is that of what is there.
  await clock.set(noon + 2 * DAY);
  expect((await admit(charge(rate, 4))).kind).toBe('allowed');
  const [sums] = await team.rows(
    'SELECT c.used::text AS used, sum(h.amount)::text AS sum FROM policy_wrap.counters c JOIN policy_wrap.charges h ON h.counter = c.id WHERE c.team = $team GROUP BY c.id',
  );
  expect(sums?.used).toBe(sums?.sum);
});

test('G10: an approval that was used up serves no second call, which is asked about anew', async () => {
  await using team = await newTeam(at.cluster);
  const { store, session } = team.wrapper('alice');
  const call = async () => (await store.exchange(session, [], [approvable(1)])).admitted[0];
  const first = await call();
  if (first?.kind !== 'asked') throw new Error('nobody was asked');
  const boss = team.store('carol');
  expect((await boss.decideApproval(first.approval.id, 'approved', 'cli', { note: 'fine' })).kind).toBe(
    'done',
  );
  expect((await call())?.kind).toBe('allowed');
  expect(await call()).toMatchObject({ kind: 'asked', isNew: true });
  expect(await boss.approval(first.approval.id)).toMatchObject({
    state: 'consumed',
    decidedWho: 'carol',
    note: 'fine',
  });
  // Nor that of another login's call.
  const bob = team.wrapper('bob');
  const [asked] = (await bob.store.exchange(bob.session, [], [approvable(2)])).admitted;
  if (asked?.kind !== 'asked') throw new Error('nobody was asked');
  await boss.decideApproval(asked.approval.id, 'approved', 'cli');
  const [mine] = (await store.exchange(session, [], [approvable(2)])).admitted;
  expect(mine).toMatchObject({ kind: 'asked', isNew: true });
});

test('tools get their numbers in the order in which others see them', async () => {
  await using team = await newTeam(at.cluster);
  const { store, session } = team.wrapper('alice', { timeoutMs: 500 });
  const call = (tool: string) => store.exchange(session, [], [admission(open(), { tool })]);
  await call('known');
  const other = team.wrapper('bob');
  await other.admit();
  const connection = new Connection({
    address: at.cluster.address(team.name, 'bob'),
    password: async () => undefined,
  });
  const request = {
    team: team.name,
    batch: '00000000-0000-4000-8000-000000000042',
    session: { uid: other.session },
    counters: [],
    calls: [{ tool: 'first', arguments: '[]' }],
  };
  await connection.run(`BEGIN; SELECT policy_wrap.admit_v1(${literal(request)}::jsonb)`);
  // One that is known waits for nobody; a new one waits for the number before it.
  await call('known');
  await expect(call('second')).rejects.toThrow(/did not answer/);
  await connection.run('COMMIT');
  await connection.close();
  await call('second');
  const rows = await team.rows(`SELECT name FROM policy_wrap.tools WHERE team = $team ORDER BY id`);
  expect(rows.map(({ name }) => name).slice(-2)).toEqual(['first', 'second']);
});

test('who follows the log sees each row, also one that is written before another and can be seen after it', async () => {
  await using team = await newTeam(at.cluster);
  // It stands still, so that a slow machine does not make the rows old.
  await using _clock = await movableClock(at.cluster);
  const [alice, bob] = [team.wrapper('alice'), team.wrapper('bob')];
  await alice.admit();
  await bob.admit();
  const store = team.store('dave');
  const seen: string[] = [];
  const look = async () => {
    for (const { auditId } of await store.log({ afterId: seen.at(-1) ?? '0', follows: true }))
      seen.push(auditId);
    return seen.length;
  };
  await expect.poll(look).toBe(2);
  const raw = new Connection({
    address: at.cluster.address(team.name, 'bob'),
    password: async () => undefined,
  });
  const call = { tool: 'track_logout', arguments: '[]' };
  const request = {
    team: team.name,
    batch: randomUUID(),
    session: { uid: bob.session },
    counters: [],
    calls: [call],
  };
  await raw.run(`BEGIN; SELECT policy_wrap.admit_v1('${JSON.stringify(request)}')`);
  await alice.admit();
  expect(await look()).toBe(2);
  expect(await store.log({ afterId: '0' })).toHaveLength(3);
  await raw.run('COMMIT');
  await raw.close();
  await expect.poll(look).toBe(4);
  expect(seen.map(Number)).toEqual([...seen.map(Number)].sort((a, b) => a - b));
  const events = await store.events({ afterId: '0' });
  await expect.poll(() => store.events({ afterId: '0', follows: true })).toEqual(events);
});
