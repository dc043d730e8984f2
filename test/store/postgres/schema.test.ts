import { expect } from 'vitest';
import { PolicyWrapError } from '../../../src/errors.js';
import { Decimal } from '../../../src/json/decimal.js';
import { keyOf } from '../../../src/store/counters/counter-key.js';
import { initStore } from '../../../src/store/postgres/init.js';
import { Store } from '../../../src/store/store.js';
import { admit as admitLocally } from '../support.js';
import { admission, charge, INFO, limit, open, settlement } from '../support-shapes.js';
import { movableClock, newTeam, sharedCluster, test } from './support.js';

// Counts how often a function is called.
const at = sharedCluster({ settings: { track_functions: 'pl' } });
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const password = async () => undefined;

test('setting up twice, and twice at once, changes nothing', async () => {
  await using team = await newTeam(at.cluster);
  const { admit } = team.wrapper('alice');
  await admit(charge(limit()));
  const address = at.cluster.address(team.name, 'admin');
  const all = await Promise.all(Array.from({ length: 4 }, () => initStore({ address, password })));
  expect(all).toEqual(Array(4).fill({ before: 1, after: 1 }));
  expect((await admit(charge(limit({ max: 1 })))).kind).toBe('exceeded');
});

test('two versions of the function live side by side and draw from one count', async () => {
  await using team = await newTeam(at.cluster);
  const { store, session, admit } = team.wrapper('alice');
  const rate = charge(limit({ max: 3 }));
  expect((await admit(rate)).kind).toBe('allowed');
  await at.cluster.sql(`
    DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('policy_wrap.admit_v1(jsonb)'::regprocedure), 'admit_v1', 'admit_v2'); END $do$;
    GRANT EXECUTE ON FUNCTION policy_wrap.admit_v2(jsonb) TO alice;
    UPDATE policy_wrap.meta SET version = 99`);
  try {
    const [counter] = await team.rows('SELECT key FROM policy_wrap.counters WHERE team = $team');
    const request = {
      team: team.name,
      machine: 'm',
      host: 'h',
      batch: '00000000-0000-4000-8000-00000000000a',
      session: { uid: session },
      counters: [{ key: counter?.key, name: 'x', scope: 'grant', split: '', max: '3' }],
      calls: [{ tool: 'x', arguments: '[]', charges: [[0, '1', '3', 'deny', 0, '/x', null]] }],
    };
    const [row] = await at.cluster.sql(
      `SELECT policy_wrap.admit_v2('${JSON.stringify(request)}') AS answer`,
      'app',
      'alice',
    );
    expect(row?.answer).toMatchObject({ status: 'ok', calls: [{ kind: 'allowed' }] });
    expect((await admit(rate)).kind).toBe('allowed');
    expect((await admit(rate)).kind).toBe('exceeded');
    expect(await store.counters()).toMatchObject([{ used: Decimal.from(3) }]);
    // An older program does not set up a newer store.
    const error: unknown = await initStore({
      address: at.cluster.address(team.name, 'admin'),
      password,
    }).catch((reason: unknown) => reason);
    expect(PolicyWrapError.is(error) && error.code).toBe('STATE_NEWER');
  } finally {
    await at.cluster.sql(
      'UPDATE policy_wrap.meta SET version = 1; DROP FUNCTION policy_wrap.admit_v2(jsonb)',
    );
  }
});

test('what is too old is removed, and a machine that remembers it notices nothing', async () => {
  await using team = await newTeam(at.cluster);
  const start = Date.UTC(2026, 10, 22, 11);
  await using clock = await movableClock(at.cluster, start);
  const { store, session, admit } = team.wrapper('alice');
  const rate = charge(limit({ max: 100 }));
  const first = await admit(rate);
  for (let i = 0; i < 3; i += 1) await admit(rate);
  await clock.set(start + 91 * DAY);
  while (await store.tidy());
  // The newest row stays, whatever its age.
  const rows = await team.store('dave').log();
  expect(rows).toHaveLength(1);
  const count = async (table: string) =>
    (await team.rows(`SELECT count(*)::integer AS n FROM policy_wrap.${table} WHERE team = $team`))[0]?.n;
  expect(await count('counters')).toBe(0);
  expect(await count('batches')).toBe(0);
  expect((await admit(rate)).kind).toBe('allowed');
  await store.exchange(session, [settlement(first.row, 'ok')], []);
});

test('live charges of a machine are taken over with their times, once, and expire when they would have', async () => {
  await using team = await newTeam(at.cluster);
  const start = Date.UTC(2026, 10, 22, 11);
  await using clock = await movableClock(at.cluster, start);
  const time = { at: start - HOUR / 2, now: () => time.at };
  const local = Store.open(':memory:', time);
  const session = local.startSession(INFO);
  const rate = limit({ max: '2.5', windowMs: HOUR });
  admitLocally(local, session, charge(rate, '1.25'));
  const owner = { server: INFO.server, grant: INFO.grant, session, observe: false };
  const entry = local.counters()[0];
  if (!entry) throw new Error('the local store has no counter');
  const one = { key: keyOf(owner, rate, ''), entry, charges: [{ at: time.at, amount: '1.25' }] };
  const boss = team.store('admin');
  expect(await boss.importCharges([one], 'cli')).toBe(1);
  expect(await boss.importCharges([one], 'cli')).toBe(0);
  // Another machine has as much.
  expect(await team.store('admin', { machine: 'another' }).importCharges([one], 'cli')).toBe(1);
  const { admit } = team.wrapper('alice');
  expect(await admit(charge(rate, '0.01'))).toMatchObject({
    kind: 'exceeded',
    exceeded: { used: Decimal.from('2.5'), retryAt: start + HOUR / 2 },
  });
  await clock.set(start + HOUR / 2);
  expect((await admit(charge(rate, '2.5'))).kind).toBe('allowed');
  local.close();
});

test('what passed without the engine is taken down once, with its own time', async () => {
  await using team = await newTeam(at.cluster);
  const { store, session } = team.wrapper('alice');
  const before = Date.now() - HOUR;
  const row = (id: number) => ({
    id,
    at: before + id,
    tool: 'send',
    argumentsText: '["to"]',
    policyHash: 'a'.repeat(64),
    rule: undefined,
    outcome: 'ok' as const,
    latencyMs: 3.4,
  });
  await store.recordOffline(session, [row(1), row(2)]);
  await store.recordOffline(session, [row(2), row(3)]);
  const log = await team.store('dave').log();
  expect(
    log.map(({ at: when, code, decision, outcome, tool }) => [when - before, decision, code, outcome, tool]),
  ).toEqual([1, 2, 3].map((id) => [id, 'allow', 'UNCOUNTED', 'ok', 'send']));
});

test('counters, log, sessions and events are read as a local store gives them', async () => {
  await using team = await newTeam(at.cluster);
  const { store, session, admit } = team.wrapper('alice');
  const first = await admit(charge(limit({ max: 10 }), '2.50'));
  await admit(charge(limit({ counter: 'full', max: 1 })));
  await admit(charge(limit({ counter: 'full', max: 1 })));
  store.describeClient(session, 'a client', '1.2');
  await store.exchange(
    session,
    [settlement(first.row, 'ok', 12)],
    [admission({ kind: 'hidden' }, { tool: 'gone\u0000' })],
  );
  const dave = team.store('dave');
  const fullest = await dave.fullestCounters({}, 1);
  expect(fullest).toMatchObject({
    total: 2,
    counters: [{ name: 'full', used: Decimal.one, max: Decimal.one }],
  });
  expect(await dave.counters({ name: 'track_logout_rate', server: INFO.server })).toMatchObject([
    { used: Decimal.from('2.5'), calendar: undefined },
  ]);
  expect(await dave.counters({ name: 'none' })).toEqual([]);
  expect(await dave.counterNames(5)).toEqual(['full', 'track_logout_rate']);
  const log = await dave.log();
  expect(log.map(({ decision, code, outcome }) => [decision, code, outcome])).toEqual([
    ['allow', undefined, 'ok'],
    ['allow', undefined, undefined],
    ['deny', 'LIMIT', undefined],
    ['hide', undefined, undefined],
  ]);
  expect(log.at(-1)).toMatchObject({ tool: 'gone\\u0000', clientName: 'a client', server: INFO.server });
  expect(await dave.log({ denied: true, limit: 1 })).toMatchObject([{ decision: 'hide' }]);
  expect(await dave.log({ afterId: log[1]?.auditId ?? '', limit: 1 })).toMatchObject([{ decision: 'deny' }]);
  expect(await dave.sessions()).toMatchObject([
    { id: session, live: true, who: 'alice', clientVersion: '1.2' },
  ]);
  await store.endSession(session, []);
  expect(await dave.sessions()).toMatchObject([{ live: false }]);
  const held = await team.store('admin').resetCounter('full', {}, 'cli');
  expect(held).toMatchObject([{ name: 'full', used: Decimal.one }]);
  expect((await dave.events()).map(({ kind, who }) => [kind, who]).at(-1)).toEqual([
    'counter.reset',
    'admin',
  ]);
  expect(await team.store('admin').resetCounter('full', {}, 'cli')).toEqual([]);
});

test('store check tells what a store keeps, and what it does not', async () => {
  await using team = await newTeam(at.cluster);
  const found = await team.store('dave').check();
  const level = (about: string) => found.filter((one) => one.about === about).map((one) => one.level);
  expect(level('reach')).toEqual(['ok', 'ok']);
  expect(level('version')).toEqual(['ok']);
  // The tests' own server does not wait for its disk.
  expect(level('fsync')).toEqual(['error']);
  expect(level('standbys')).toEqual(['ok']);
  expect(level('clock')).toEqual(['ok']);
  expect(found.every(({ level: one, hint }) => one === 'ok' || hint !== undefined)).toBe(true);
  const nowhere = team.store('dave', { address: { ...at.cluster.address(team.name, 'dave'), port: 1 } });
  expect(await nowhere.check()).toMatchObject([{ about: 'reach', level: 'error' }]);
});

test('peeking decides as a call would, and leaves nothing', async () => {
  await using team = await newTeam(at.cluster);
  const { store, session, admit } = team.wrapper('alice');
  const owner = { server: INFO.server, grant: INFO.grant, session, observe: false };
  const rate = charge(limit({ max: 1 }));
  expect((await store.peek(owner, [rate])).fits).toBe(true);
  expect((await admit(rate)).kind).toBe('allowed');
  const peeked = await store.peek(owner, [rate]);
  expect(peeked.fits).toBe(false);
  expect(peeked.checks[0]?.retryAt).toBeGreaterThan(peeked.now);
  expect(await team.store('dave').log()).toHaveLength(1);
  expect(await team.store('dave').sessions()).toHaveLength(1);
});

test('a wrapper that is made anew goes on with its session, and one whose session is not there makes it', async () => {
  await using team = await newTeam(at.cluster);
  const one = team.wrapper('alice');
  await one.admit(charge(limit()));
  await team.rows('DELETE FROM policy_wrap.sessions WHERE team = $team');
  expect((await one.admit(charge(limit()))).kind).toBe('allowed');
  const again = team.store('alice');
  again.startSession(INFO, one.session);
  await again.exchange(one.session, [], [admission(open())]);
  expect(await again.sessions()).toHaveLength(1);
});

test('of many counters the fullest are found, and what each holds is added up for few of them alone', async () => {
  await using team = await newTeam(at.cluster);
  const { admit } = team.wrapper('alice');
  for (const [counter, max] of [
    ['third', 3],
    ['full', 1],
    ['half', 2],
  ] as const)
    await admit(charge(limit({ counter, max })));
  // As a limit leaves them that is split by an argument: half of them hold nothing any more, though their rows do not say so.
  await team.rows(`INSERT INTO policy_wrap.counters (team, key, name, scope, split, window_ms, observe, max, clock, used, oldest)
    SELECT $team, 'split ' || n, 'split', 'team', n::text, 60000, false, 10, t, 1 + 9 * (n % 2), t
    FROM generate_series(1, 20000) n, LATERAL (SELECT policy_wrap.now_v1() - 61000 * (n % 2) AS t) x`);
  const calls = async () => {
    const [row] = await team.rows(`SELECT calls FROM pg_stat_user_functions WHERE funcname = 'holds_v1'`);
    return Number(row?.calls ?? 0);
  };
  const before = await calls();
  const dave = team.store('dave');
  const { counters, total } = await dave.fullestCounters({}, 3);
  expect([total, ...counters.map(({ name }) => name)]).toEqual([20_003, 'full', 'half', 'third']);
  expect(await dave.fullestCounters({ name: 'split' }, 1)).toMatchObject({ total: 20_000 });
  expect(await dave.fullestCounters({ name: 'none' }, 1)).toEqual({ total: 0, counters: [] });
  // The engine tells of them when the connection ends.
  await dave.close();
  await expect.poll(calls, { timeout: 30_000 }).toBeGreaterThan(before + 1000);
  expect((await calls()) - before).toBeLessThan(2500);
});
