import { expect } from 'vitest';
import { PolicyWrapError } from '../../../src/errors.js';
import { RIGHTS } from '../../../src/store/postgres/schema/members.js';
import { sharedKeyOf } from '../../../src/store/postgres/shared-key.js';
import { approvable, charge, INFO, limit } from '../support-shapes.js';
import { newTeam, sharedCluster, test } from './support.js';

const at = sharedCluster();

async function refused(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    return String((error as Error).message);
  }
  return 'it was done';
}

test('a wrapper may admit, and nothing else that it tries', async () => {
  await using team = await newTeam(at.cluster);
  const { store, session, admit } = team.wrapper('alice');
  const { admitted } = await store.exchange(session, [], [approvable(1)]);
  const [asked] = admitted;
  if (asked?.kind !== 'asked') throw new Error('nobody was asked');
  const { id } = asked.approval;
  const denied = /has no role|permission denied/;
  for (const work of [
    () => store.decideApproval(id, 'approved', 'cli'),
    () => store.resetCounter('track_logout_rate', {}, 'cli'),
    () => store.resume(undefined, 'cli'),
    () => store.revokeBudget('x', 'cli'),
    () => store.grant('alice', 'approver'),
    () => store.revoke('carol', 'approver'),
    () => store.acceptHistory('cli'),
    () =>
      store.importCharges(
        [
          {
            key: '["machine","a","",1,0]',
            entry: {
              name: 'a',
              scope: 'machine',
              split: '',
              windowMs: 1,
              observe: false,
              max: limit().max,
            } as never,
            charges: [{ at: 1, amount: '1' }],
          },
        ],
        'cli',
      ),
  ])
    expect(await refused(work)).toMatch(denied);
  // By a form in the client it would approve itself.
  expect((await store.decideApproval(id, 'approved', 'client')).kind).toBe('not_here');
  expect((await store.approval(id))?.state).toBe('pending');
  expect((await store.decideApproval(id, 'rejected', 'client')).kind).toBe('done');
  expect((await admit(charge(limit()))).kind).toBe('allowed');
});

test('a wrapper reaches no table, no function that is not its own, and no other login', async () => {
  await using team = await newTeam(at.cluster);
  const { admit } = team.wrapper('alice');
  await admit(charge(limit()));
  const attempt = (text: string) => refused(() => at.cluster.sql(text, 'app', 'alice'));
  const tables = await team.rows(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'policy_wrap'::regnamespace AND c.relkind IN ('r', 'S')`,
  );
  expect(tables.length).toBeGreaterThan(12);
  for (const { name } of tables)
    for (const text of [
      `SELECT * FROM policy_wrap.${name}`,
      `DELETE FROM policy_wrap.${name}`,
      `TRUNCATE policy_wrap.${name}`,
    ])
      expect(await attempt(text), text).toMatch(
        /permission denied|cannot (?:delete from|change) sequence|is not a table/,
      );
  const own = Object.entries(RIGHTS).flatMap(([signature, roles]) =>
    roles.includes('wrapper') ? [signature.split('(')[0]] : [],
  );
  const functions = await team.rows(
    `SELECT p.proname AS name, p.oid::regprocedure::text AS signature, p.pronargs AS args FROM pg_proc p WHERE p.pronamespace = 'policy_wrap'::regnamespace`,
  );
  for (const { name, signature, args } of functions) {
    const [row] = await at.cluster.sql(
      `SELECT has_function_privilege('alice', '${signature}', 'EXECUTE') AS may, has_function_privilege('dave', '${signature}', 'EXECUTE') AS auditor`,
    );
    expect(row?.may, `${name}/${args}`).toBe(own.includes(String(name)));
  }
  for (const text of [
    'SET ROLE admin',
    'SET SESSION AUTHORIZATION carol',
    `SET search_path = policy_wrap; CREATE FUNCTION policy_wrap.now_v1() RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint'`,
    'ALTER FUNCTION policy_wrap.admit_v1(jsonb) OWNER TO alice',
    `CREATE TABLE policy_wrap.mine (a integer)`,
    'GRANT EXECUTE ON FUNCTION policy_wrap.accept_v1(text, text, text, jsonb) TO alice; SELECT policy_wrap.accept_v1(NULL, NULL, NULL, NULL)',
    "COPY policy_wrap.decisions TO '/tmp/x'",
  ])
    expect(await attempt(text), text).not.toBe('it was done');
});

test('what a login creates of its own is not what the functions run by', async () => {
  await using team = await newTeam(at.cluster);
  const { admit } = team.wrapper('alice');
  expect((await admit(charge(limit({ max: 1 })))).kind).toBe('allowed');
  const forged = `
    CREATE TEMP TABLE pauses (team text); CREATE TEMP TABLE counters (team text, key text);
    CREATE FUNCTION pg_temp.now_v1() RETURNS bigint LANGUAGE sql AS 'SELECT 99999999999999';
    CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT to_timestamp(0)';
    SET search_path = pg_temp, policy_wrap, pg_catalog;
    SELECT policy_wrap.hello_v1('${team.name}') AS answer`;
  const [row] = await at.cluster.sql(forged, 'app', 'alice');
  expect(Math.abs(Number((row?.answer as { now: number } | undefined)?.now) - Date.now())).toBeLessThan(
    60_000,
  );
  expect((await admit(charge(limit({ max: 1 })))).kind).toBe('exceeded');
});

test('who did something is told by the engine, not by who did it', async () => {
  await using team = await newTeam(at.cluster);
  const { admit } = team.wrapper('alice', { host: 'carols-laptop' });
  await admit(charge(limit()));
  const [row] = await team.store('dave').log();
  expect(row).toMatchObject({ who: 'alice', host: 'carols-laptop', decision: 'allow' });
  await team.store('carol').pause('afip', 'look', 'cli');
  expect(await team.store('bob').pauses()).toMatchObject([{ server: 'afip', who: 'carol', note: 'look' }]);
});

test('one team sees nothing of another', async () => {
  await using one = await newTeam(at.cluster);
  await using other = await newTeam(at.cluster);
  await at.cluster.sql(`SELECT policy_wrap.revoke_v1('${other.name}', 'alice', 'wrapper')`);
  await one.wrapper('alice').admit(charge(limit({ max: 1 })));
  expect((await other.wrapper('bob').admit(charge(limit({ max: 1 })))).kind).toBe('allowed');
  expect(await refused(() => other.wrapper('alice').admit(charge(limit())))).toMatch(/no role wrapper/);
  expect(await other.store('dave').log()).toHaveLength(1);
});

test('a login sees its own rows; an auditor sees all, and decides nothing', async () => {
  await using team = await newTeam(at.cluster);
  const alice = team.wrapper('alice');
  const bob = team.wrapper('bob');
  await alice.store.exchange(alice.session, [], [approvable(1)]);
  await bob.store.exchange(bob.session, [], [approvable(2)]);
  expect(await alice.store.log()).toHaveLength(1);
  expect(await alice.store.approvals()).toHaveLength(1);
  const dave = team.store('dave');
  expect(await dave.log()).toHaveLength(2);
  expect(await dave.log({ mine: true })).toHaveLength(0);
  const approvals = await dave.approvals();
  expect(approvals.map(({ who }) => who)).toEqual(['alice', 'bob']);
  expect(await refused(() => dave.decideApproval(approvals[0]?.id ?? '', 'approved', 'cli'))).toMatch(
    /has no role approver or wrapper/,
  );
  expect(await refused(() => dave.pause(undefined, undefined, 'cli'))).toMatch(
    /has no role wrapper or approver or owner/,
  );
});

test('a role that is taken away is gone with the next call', async () => {
  await using team = await newTeam(at.cluster);
  const { admit } = team.wrapper('bob');
  expect((await admit(charge(limit()))).kind).toBe('allowed');
  await team.store('admin').revoke('bob', 'wrapper');
  const error = await admit(charge(limit())).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(PolicyWrapError.is(error) && error.code).toBe('REFUSED');
  expect(PolicyWrapError.is(error) && error.hint).toContain('policy-wrap store grant bob wrapper');
});

test('G4: what a login says of amounts, windows and calendars makes no room in a count that others share', async () => {
  await using team = await newTeam(at.cluster);
  const bob = team.wrapper('bob');
  const day = { align: { kind: 'calendar', unit: 'day', timezone: 'UTC' }, windowMs: 86_400_000 } as const;
  const sliding = charge(limit({ max: 3, windowMs: 3_600_000 }), 3);
  const calendar = charge(limit({ counter: 'day', max: 3, ...day }), 3);
  expect((await bob.admit(sliding, calendar)).kind).toBe('allowed');
  const alice = team.wrapper('alice');
  await alice.admit();
  const counters = await team.rows('SELECT key, name, unit FROM policy_wrap.counters WHERE team = $team');
  let n = 0;
  const send = async (counter: object, amount: string, max = '1000000') => {
    n += 1;
    const request = {
      team: team.name,
      machine: 'm',
      host: 'h',
      batch: `00000000-0000-4000-8000-0000000000${10 + n}`,
      session: { uid: alice.session },
      counters: [{ name: 'x', scope: 'grant', split: '', max, ...counter }],
      calls: [{ tool: 'x', arguments: '[]', charges: [[0, amount, max, 'deny', 0, '/x', null]] }],
    };
    const text = JSON.stringify(request);
    return refused(() => at.cluster.sql(`SELECT policy_wrap.admit_v1('${text}') AS answer`, 'app', 'alice'));
  };
  for (const { key, unit } of counters) {
    const later = Date.now() - 1;
    const forged = { key, window_ms: 1, ...(unit !== null && { start: later, end: later + 600_000 }) };
    for (const amount of ['-3', 'NaN', 'Infinity', '-1e-9'])
      expect(await send(forged, amount), amount).toMatch(/a charge of|invalid input syntax/);
    expect(await send(forged, '1', 'NaN')).toMatch(/a charge of/);
    expect(await send(forged, '0')).toBe('it was done');
    // Of another kind of wrapper, which this one is not.
    const parts = JSON.parse(String(key)) as unknown[];
    expect(await send({ ...forged, key: JSON.stringify([...parts.slice(0, -1), 1]) }, '0')).toMatch(
      /not of this kind/,
    );
  }
  expect((await bob.admit(sliding)).kind).toBe('exceeded');
  expect((await bob.admit(calendar)).kind).toBe('exceeded');
  expect((await team.store('dave').counters()).map(({ used }) => String(used))).toEqual(['3', '3']);
});

test('G4: a counter that a login makes before others do is the one that its key names', async () => {
  await using team = await newTeam(at.cluster);
  const alice = team.wrapper('alice');
  await alice.admit();
  const rate = limit({ max: 1, windowMs: 3_600_000 });
  const owner = { server: INFO.server, grant: INFO.grant, session: 's', observe: false };
  const key = sharedKeyOf(owner, 'bob-machine', rate, '');
  const request = {
    team: team.name,
    batch: '00000000-0000-4000-8000-000000000099',
    session: { uid: alice.session },
    counters: [
      { key, name: 'x', scope: 'grant', split: '', max: '1', window_ms: 1, unit: 'second', timezone: 'UTC' },
    ],
    calls: [],
  };
  await at.cluster.sql(`SELECT policy_wrap.admit_v1('${JSON.stringify(request)}') AS answer`, 'app', 'alice');
  const bob = team.wrapper('bob');
  expect((await bob.admit(charge(rate))).kind).toBe('allowed');
  await new Promise((done) => setTimeout(done, 20));
  expect((await bob.admit(charge(rate))).kind).toBe('exceeded');
  expect(await bob.store.counters()).toMatchObject([{ windowMs: 3_600_000, calendar: undefined }]);
});
