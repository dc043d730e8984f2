import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { Connection } from '../../../src/store/postgres/connection.js';
import { charge, INFO, limit } from '../support-shapes.js';
import { newTeam, sharedCluster, type Team, test } from './support.js';

const at = sharedCluster();

/** A wrapper's login with a client of its own making. @returns what the engine says: an answer, or an error's text */
async function hostile(team: Team, login = 'bob') {
  const { session, admit } = team.wrapper(login);
  await admit();
  const call = async (sql: string): Promise<string> => {
    try {
      const [row] = await at.cluster.sql(`SELECT ${sql} AS answer`, 'app', login);
      return JSON.stringify(row?.answer);
    } catch (error) {
      return String((error as Error).message);
    }
  };
  const admitting = (request: object) => {
    const fresh = { batch: randomUUID(), session: { uid: session }, counters: [], calls: [] };
    return call(`policy_wrap.admit_v1(${quoted({ team: team.name, ...fresh, ...request })})`);
  };
  return { call, admitting };
}

function quoted(value: unknown): string {
  return `'${JSON.stringify(value).replaceAll("'", "''")}'::jsonb`;
}

const DIGEST = 'x'.repeat(43);
const REFUSED =
  /no key of a counter|not of this kind|violates check|not-null|charge|too many parts|invalid|out of range|stack depth/;

test('a counter that a login makes up is not one that others then cannot look at', async () => {
  await using team = await newTeam(at.cluster);
  const { admitting } = await hostile(team);
  const made = (key: unknown, row: object = {}) => {
    const usual = { name: 'n', scope: 'team', split: '', max: '1', start: 0, end: 9e15 };
    return admitting({ counters: [{ key: JSON.stringify(key), ...usual, ...row }] });
  };
  for (const window of ['fortnight UTC', 'day', ' ', 'day ../../etc', '', -1, 0, 1e15, 9e18, null, true, [1]])
    expect(await made([DIGEST, window, 0]), String(window)).toMatch(REFUSED);
  for (const key of [{}, 'x', 5, [DIGEST], [5, 1000, 0], ['x'.repeat(400), 1000, 0], [DIGEST, 1000, 0, 0]])
    expect(await made(key), JSON.stringify(key)).toMatch(REFUSED);
  for (const row of [
    { max: 'NaN' },
    { max: 'Infinity' },
    { max: '-5' },
    { max: `1e-16000` },
    { scope: '\u001b[2J' },
    { name: 'n'.repeat(10_000) },
    { split: 's'.repeat(100_000) },
  ])
    expect(await made([DIGEST, 1000, 0], row), JSON.stringify(row).slice(0, 40)).toMatch(REFUSED);
  // A zone that only newer systems know, or none at all: whoever looks does not know it.
  expect(await made([DIGEST, 'day Mars/Olympus', 0])).toContain('"ok"');
  const all = await team.store('dave').counters();
  expect(all).toMatchObject([{ name: 'n', calendar: { unit: 'day', timezone: 'Mars/Olympus' } }]);
  expect(await team.store('admin').resetCounter('n', {}, 'cli')).toEqual([]);
});

test('G4: charges that no wrapper makes take neither the engine’s memory nor others’ room', async () => {
  await using team = await newTeam(at.cluster);
  const { admitting } = await hostile(team);
  const rate = limit({ max: 3, windowMs: 3_600_000, scope: 'team' });
  const alice = team.wrapper('alice');
  expect((await alice.admit(charge(rate))).kind).toBe('allowed');
  const [known] = await team.rows('SELECT key FROM policy_wrap.counters WHERE team = $team');
  const counters = [{ key: known?.key, name: 'x', scope: 'team', split: '', max: '3' }];
  const charging = (...charges: unknown[]) =>
    admitting({ counters, calls: [{ tool: 'x', arguments: '[]', charges }] });
  for (const place of [1, 30_000_000, -1, -30_000_000, null, 'x'])
    expect(await charging([place, '1', '3', 'deny', 0, 'x', null]), String(place)).toMatch(REFUSED);
  for (const amount of ['1e-16000', '1e601', null, '', 'x'])
    expect(await charging([0, amount, '3', 'deny', 0, 'x', null]), String(amount)).toMatch(REFUSED);
  for (const max of ['1e-16000', null, 'NaN'])
    expect(await charging([0, '0', max, 'deny', 0, 'x', null]), String(max)).toMatch(REFUSED);
  const one = [0, '0', '3', 'deny', 0, 'x', null];
  expect(await charging(...Array.from({ length: 1001 }, () => one))).toMatch(REFUSED);
  const call = { tool: 'x', arguments: '[]' };
  expect(await admitting({ calls: Array.from({ length: 201 }, () => call) })).toMatch(REFUSED);
  expect(await admitting({ void: Array.from({ length: 1001 }, () => randomUUID()) })).toMatch(REFUSED);
  const [entry] = await team.store('dave').counters();
  expect(String(entry?.used)).toBe('1');
  expect((await alice.admit(charge(rate, 2))).kind).toBe('allowed');
});

test('what a login says of its own calls is what wrappers say, and no more than can be read', async () => {
  await using team = await newTeam(at.cluster);
  const { admitting, call } = await hostile(team);
  const call1 = { tool: 'x', arguments: '[]', early: ['deny', 'LIMIT', 'x'] };
  const said = (changes: object) => admitting({ calls: [{ ...call1, ...changes }] });
  for (const changes of [
    { early: ['allow', '\u001b[2J', 'x'] },
    { early: ['banana', 'LIMIT', 'x'] },
    { early: ['deny', 'LIMIT', 'x'.repeat(20_000)] },
    { tool: 'x'.repeat(5000) },
    { arguments: 'x'.repeat(500_000) },
    { request: 'x'.repeat(5000) },
    { policy: 'x'.repeat(500) },
  ])
    expect(await said(changes), JSON.stringify(changes).slice(0, 40)).toMatch(REFUSED);
  expect(await said({})).toContain('"ok"');
  const [row] = await team.rows(
    'SELECT max(id)::integer AS id FROM policy_wrap.decisions WHERE team = $team',
  );
  expect(await admitting({ settle: [[row?.id, row?.id, '\u001b[2J', 1]] })).toMatch(REFUSED);
  const info = { server: 's', grant: 'g', pid: 1, observe: false };
  for (const changes of [
    { server: 's'.repeat(9000) },
    { clientName: 'c'.repeat(9000) },
    { policy: 'p'.repeat(500) },
  ])
    expect(await admitting({ session: { uid: 'u', info: { ...info, ...changes } } })).toMatch(REFUSED);
  const late = [{ id: 1, at: 5, tool: 't', arguments: '[]', outcome: 'banana' }];
  expect(
    await call(
      `policy_wrap.offline_v1('${team.name}', ${quoted({ uid: 'u', info })}, 'm', 'h', ${quoted(late)})`,
    ),
  ).toMatch(REFUSED);
  expect(await call(`policy_wrap.pause_v1('${team.name}', repeat('x', 10000), NULL, 'cli', 'h')`)).toMatch(
    REFUSED,
  );
  expect(await call(`policy_wrap.pause_v1('${team.name}', 'x', repeat('y', 10000), 'cli', 'h')`)).toBe('""');
  expect((await team.store('dave').pauses())[0]?.note).toHaveLength(2000);
});

test('G10: a question that a login makes up can be read, found and rejected, and there are not too many', async () => {
  await using team = await newTeam(at.cluster);
  const { admitting, call } = await hostile(team);
  const terms = { hash: 'h', text: '{}', severe: false, expires: 600_000, kept: '[]' };
  let count = 0;
  const asked = (changes: object, session?: object) => {
    count += 1;
    const approval = { ...terms, newId: `abcd${count}`, ...changes };
    const ask = { rule: 'r', reason: 'why', kept: '' };
    const calls = [{ tool: `t${count}`, arguments: '[]', policy: 'p', ask, approval }];
    return admitting({ calls, ...session });
  };
  for (const changes of [
    { newId: '\u001b[2J\nx' },
    { newId: 'ABCD' },
    { newId: '' },
    { expires: 9e15 },
    { expires: -1 },
    { channels: 'anywhere' },
    { text: 'no json' },
    { text: '['.repeat(100_000) },
    { kept: 'x'.repeat(500_000) },
  ])
    expect(await asked(changes), JSON.stringify(changes).slice(0, 40)).toMatch(REFUSED);
  expect(await asked({ text: '["nothing to see"]' })).toContain(
    '"code": "APPROVAL_REQUIRED"'.replace(' ', ''),
  );
  const carol = team.store('carol');
  expect(await carol.approvals(true)).toEqual([]);
  for (const lookedAt of [
    'no json',
    '5',
    '{"amounts": 5, "conditions": "x"}',
    '{"amounts": [{}], "conditions": [1]}',
  ])
    expect(await asked({ lookedAt })).toContain('"asked"');
  const shown = await carol.approvals();
  expect(shown.map(({ lookedAt }) => lookedAt)).toEqual([undefined, undefined, undefined, undefined]);
  const [{ id } = { id: '' }] = shown;
  for (const state of ['consumed', 'pending', ''])
    expect(
      await call(`policy_wrap.decide_v1('${team.name}', '${id}', '${state}', 'cli', NULL, NULL, 'h')`),
    ).toMatch(/no answer/);
  // Each server may have fifty, and a login all in all five hundred.
  await team.rows(`INSERT INTO policy_wrap.approvals SELECT (a).* FROM (SELECT jsonb_populate_record(a, jsonb_build_object(
    'id', 'more' || n, 'server', 'server' || n % 100, 'arguments_hash', n::text)) AS a
    FROM policy_wrap.approvals a, generate_series(1, 496) n WHERE a.team = $team AND a.id = '${id}') x`);
  const info = { server: 'yet another', grant: 'g', pid: 1, observe: false };
  expect(await asked({}, { session: { uid: 'other', info } })).toContain('"refused"');
});

test('tools that a login makes up without end are no more than others can be told of, and then none is known for certain', async () => {
  await using team = await newTeam(at.cluster);
  await hostile(team);
  await team.rows(`INSERT INTO policy_wrap.tools (team, server, name)
    SELECT $team, 'made-up', 'tool ' || n FROM generate_series(1, 10000) n`);
  const { admitting } = await hostile(team);
  for (const tool of ['one more', 'and another'])
    expect(await admitting({ calls: [{ tool, arguments: '[]' }] })).toContain('"allowed"');
  const [last] = await team.rows(
    'SELECT count(*)::integer AS all, max(name) FILTER (WHERE id = (SELECT max(id) FROM policy_wrap.tools)) AS name FROM policy_wrap.tools WHERE team = $team',
  );
  expect(last?.all).toBeLessThanOrEqual(10_002);
  // As a name that was cut: it may be any that a rule looks for.
  expect(last?.name).toMatch(/^\?{512}…$/);
  const names = (await team.store('dave').log({ limit: 2 })).map(({ tool }) => tool);
  expect(names).toEqual(['one more', 'and another']);
});

test('calls that passed without the engine are taken down also where a machine counts its rows from one again', async () => {
  await using team = await newTeam(at.cluster);
  const { store, session } = team.wrapper('alice');
  const row = {
    ...{ id: 1, tool: 'read', argumentsText: '[]', policyHash: INFO.policyHash },
    ...{ rule: undefined, outcome: 'ok' as const, latencyMs: 3 },
  };
  await store.recordOffline(session, [{ ...row, at: 1000 }]);
  await store.recordOffline(session, [{ ...row, at: 1000 }]);
  await store.recordOffline(session, [{ ...row, at: 2000 }]);
  expect((await team.store('dave').log()).map(({ at: then }) => then)).toEqual([1000, 2000]);
});

test('a call that lasted for months is written down', async () => {
  await using team = await newTeam(at.cluster);
  const { store, session, admit } = team.wrapper('alice');
  const { row } = await admit(charge(limit()));
  await store.exchange(session, [{ first: row, last: row, outcome: 'ok', latencyMs: 1e12 }], []);
  expect(await store.log()).toMatchObject([{ outcome: 'ok', latencyMs: 2 ** 31 - 1 }]);
});

test('G3: a login that keeps a transaction open lets no call of others pass uncounted, and store check names it', async () => {
  await using team = await newTeam(at.cluster);
  const { session } = team.wrapper('bob');
  const [alice, bob] = [team.wrapper('alice'), team.wrapper('bob')];
  const rate = charge(limit({ max: 3, windowMs: 3_600_000, scope: 'team' }));
  for (const { admit } of [alice, bob]) expect((await admit(rate)).kind).toBe('allowed');
  const admin = team.store('admin');
  expect((await admin.check()).map(({ about }) => about)).not.toContain('locks');
  const [known] = await team.rows('SELECT key FROM policy_wrap.counters WHERE team = $team');
  const counters = [{ key: known?.key, name: 'x', scope: 'team', split: '', max: '3' }];
  const info = { server: 's', grant: 'g', pid: 1, observe: false };
  const charges = [[0, '0', '3', 'deny', 0, '/x', null]];
  const request = {
    ...{ team: team.name, batch: randomUUID(), session: { uid: session, info }, counters },
    calls: [{ tool: 'track_logout', arguments: '[]', charges }],
  };
  const address = at.cluster.address(team.name, 'bob');
  const raw = new Connection({ address, password: async () => undefined });
  await raw.run(`BEGIN; SELECT policy_wrap.admit_v1(${quoted(request)})`);
  await expect(alice.admit(rate)).rejects.toThrow(/lock timeout|did not answer/);
  expect(await admin.check()).toContainEqual(
    expect.objectContaining({ about: 'locks', level: 'warning', text: expect.stringMatching(/^bob keeps/) }),
  );
  await raw.run('COMMIT; SELECT pg_advisory_lock(1)');
  expect((await alice.admit(rate)).kind).toBe('allowed');
  expect((await alice.admit(rate)).kind).toBe('exceeded');
  expect((await admin.check()).map(({ about }) => about)).not.toContain('locks');
  await raw.close();
});
