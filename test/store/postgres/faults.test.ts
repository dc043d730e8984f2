import { expect } from 'vitest';
import { PolicyWrapError } from '../../../src/errors.js';
import { Between } from '../../support/between.js';
import type { Cluster } from '../../support/postgres.js';
import { tempDir } from '../support.js';
import { admission, charge, limit, open, settlement } from '../support-shapes.js';
import { newTeam, sharedCluster, type Team, test } from './support.js';

const at = sharedCluster();

const RATE = limit({ max: 1000, windowMs: 3_600_000 });

/** A wrapper behind a wire on which things go wrong. */
async function behind(
  cluster: Cluster,
  team: Team,
  { timeoutMs = 400, lookMs = 10 as number | undefined } = {},
) {
  const between = await Between.to(cluster.port);
  const address = { ...cluster.address(team.name, 'alice'), port: between.port };
  const wrapper = team.wrapper('alice', { address, timeoutMs, lookMs });
  /** The wire is mended, and it was seen. */
  const back = async () => {
    between.heal();
    await expect.poll(() => wrapper.store.trouble, { interval: 5, timeout: 20_000 }).toBeUndefined();
  };
  return { ...wrapper, between, back, [Symbol.asyncDispose]: () => between[Symbol.asyncDispose]() };
}

async function failure(work: Promise<unknown>): Promise<PolicyWrapError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!PolicyWrapError.is(error)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error;
}

async function used(team: Team): Promise<number> {
  const [row] = await team.rows(
    'SELECT coalesce(sum(used), 0)::text AS used FROM policy_wrap.counters WHERE team = $team',
  );
  const [sum] = await team.rows(
    'SELECT coalesce(sum(h.amount), 0)::text AS used FROM policy_wrap.charges h JOIN policy_wrap.counters c ON c.id = h.counter WHERE c.team = $team',
  );
  expect(sum?.used).toBe(row?.used);
  return Number(row?.used);
}

test('G3, G5: an answer that is cut anywhere is a refusal, and what it charged is given back once', async () => {
  await using team = await newTeam(at.cluster);
  await using wire = await behind(at.cluster, team);
  expect((await wire.admit(charge(RATE))).kind).toBe('allowed');
  let acknowledged = 1;
  for (const bytes of [0, 1, 15, 40, 90, 150, 200, 230, 250]) {
    wire.between.answerBytes = bytes;
    const error = await failure(wire.admit(charge(RATE)));
    expect(error.code).toBe('STATE_UNAVAILABLE');
    await wire.back();
    // Also when a second answer in a row is lost: that of the request which was to give back the first.
    wire.between.answerBytes = bytes * 2;
    const next = await wire.admit(charge(RATE)).catch((reason: unknown) => reason);
    await wire.back();
    if (!PolicyWrapError.is(next)) acknowledged += 1;
    expect((await wire.admit(charge(RATE))).kind).toBe('allowed');
    acknowledged += 1;
    expect(await used(team), `after ${bytes} bytes`).toBe(acknowledged);
  }
  const lost = await team.rows(
    `SELECT count(*)::integer AS n FROM policy_wrap.decisions WHERE team = $team AND outcome = 'not_sent'`,
  );
  expect(Number(lost[0]?.n)).toBeGreaterThan(5);
});

test('G3: a request that is cut on its way has done nothing', async () => {
  await using team = await newTeam(at.cluster);
  await using wire = await behind(at.cluster, team);
  await wire.admit(charge(RATE));
  for (const bytes of [0, 3, 100, 500]) {
    wire.between.requestBytes = bytes;
    await failure(wire.admit(charge(RATE)));
    await wire.back();
  }
  expect((await wire.admit(charge(RATE))).kind).toBe('allowed');
  expect(await used(team)).toBe(2);
});

test('G3: a wire that stalls is a refusal after our own time, and the wrapper goes on when it is mended', async () => {
  await using team = await newTeam(at.cluster);
  await using wire = await behind(at.cluster, team);
  await wire.admit(charge(RATE));
  wire.between.mode = 'stall';
  const error = await failure(wire.admit(charge(RATE)));
  expect(error.message).toMatch(/did not answer within 0.4 s \(since \d{4}-/);
  const { since } = wire.store.trouble ?? { since: 0 };
  expect(Math.abs(Date.now() - since)).toBeLessThan(60_000);
  // Still: the reason stays, and so does since when.
  await failure(wire.admit(charge(RATE)));
  expect(wire.store.trouble?.since).toBe(since);
  wire.between.cut();
  await wire.back();
  expect((await wire.admit(charge(RATE))).kind).toBe('allowed');
  expect(wire.store.trouble).toBeUndefined();
  expect(await used(team)).toBe(2);
});

test('G3: an engine that answers again and refuses is no outage, in which calls may pass uncounted', async () => {
  await using team = await newTeam(at.cluster);
  await using wire = await behind(at.cluster, team);
  await wire.admit(charge(RATE));
  wire.between.mode = 'stall';
  await failure(wire.admit(charge(RATE)));
  expect(wire.store.trouble).toBeDefined();
  wire.between.cut();
  wire.between.heal();
  await team.store('admin').revoke('alice', 'wrapper');
  expect((await failure(wire.admit(charge(RATE)))).code).toBe('REFUSED');
  expect(wire.store.trouble).toBeUndefined();
});

test('G3: an engine that nobody reaches refuses, and says why', async () => {
  await using team = await newTeam(at.cluster);
  await using wire = await behind(at.cluster, team);
  wire.between.mode = 'cut';
  expect((await failure(wire.admit(charge(RATE)))).message).toContain('cannot be used');
  await wire.between[Symbol.asyncDispose]();
  await expect
    .poll(async () => (await failure(wire.admit(charge(RATE)))).message, { timeout: 20_000 })
    .toContain('ECONNREFUSED');
});

test('G3: while it hangs one call waits for it, the others are refused at once with since when, and it is soon back', async () => {
  await using team = await newTeam(at.cluster);
  const timeoutMs = 1500;
  await using wire = await behind(at.cluster, team, { timeoutMs, lookMs: undefined });
  await wire.admit(charge(RATE));
  for (const mode of ['stall', 'cut'] as const) {
    const before = await used(team);
    wire.between.mode = mode;
    wire.between.cut();
    await failure(wire.admit(charge(RATE)));
    const { since } = wire.store.trouble ?? { since: 0 };
    const begun = performance.now();
    const many = await Promise.all(Array.from({ length: 20 }, () => failure(wire.admit(charge(RATE)))));
    // Each would have taken its own time.
    expect(performance.now() - begun).toBeLessThan(5 * timeoutMs);
    for (const { message } of many) expect(message).toContain(`(since ${new Date(since).toISOString()})`);
    expect(await used(team)).toBe(before);
    wire.between.mode = 'pass';
    const healed = performance.now();
    await expect
      .poll(
        () =>
          wire.admit(charge(RATE)).then(
            ({ kind }) => kind,
            () => 'refused',
          ),
        {
          interval: 20,
          timeout: 20_000,
        },
      )
      .toBe('allowed');
    // It is looked every 0.7 s, and nobody waits for a look that hangs.
    expect(performance.now() - healed).toBeLessThan(6000);
    expect(await used(team)).toBe(before + 1);
  }
});

test('G3: an engine that answers, and refuses, is asked again with each call', async () => {
  await using team = await newTeam(at.cluster);
  await using wire = await behind(at.cluster, team);
  await wire.admit(charge(RATE));
  wire.between.mode = 'cut';
  wire.between.cut();
  await failure(wire.admit(charge(RATE)));
  // Down, and when it is back the role is gone: that is no outage any more.
  await at.cluster.sql(`SELECT policy_wrap.revoke_v1('${team.name}', 'alice', 'wrapper')`);
  await wire.back();
  expect(await failure(wire.admit(charge(RATE)))).toMatchObject({ code: 'REFUSED' });
  expect(wire.store.trouble).toBeUndefined();
  await at.cluster.sql(`SELECT policy_wrap.grant_v1('${team.name}', 'alice', 'wrapper')`);
  expect((await wire.admit(charge(RATE))).kind).toBe('allowed');
});

test('G4: an engine that stood still decides nothing that was given up meanwhile', async () => {
  await using team = await newTeam(at.cluster);
  const alice = team.wrapper('alice', { timeoutMs: 500 });
  const { admit } = alice;
  const other = team.wrapper('bob', { timeoutMs: 500 });
  const tight = limit({ max: 3, windowMs: 3_600_000 });
  expect((await admit(charge(tight))).kind).toBe('allowed');
  expect((await other.admit(charge(limit({ counter: 'other' })))).kind).toBe('allowed');
  at.cluster.signal('SIGSTOP');
  try {
    await failure(admit(charge(tight)));
    await failure(other.admit(charge(tight)));
  } finally {
    at.cluster.signal('SIGCONT');
  }
  // The requests come to it all the same, and it sees that they are late.
  const seen = () => team.rows('SELECT count(*)::integer AS n FROM policy_wrap.batches WHERE team = $team');
  await expect.poll(async () => (await seen())[0]?.n).toBe(4);
  expect(await used(team)).toBe(2);
  for (const { store } of [alice, other])
    await expect.poll(() => store.trouble, { timeout: 20_000 }).toBeUndefined();
  expect((await admit(charge(tight))).kind).toBe('allowed');
  expect((await other.admit(charge(tight))).kind).toBe('allowed');
  expect((await admit(charge(tight))).kind).toBe('exceeded');
  expect(await used(team)).toBe(4);
});

test('G4: a batch that was given up does nothing if it comes later', async () => {
  await using team = await newTeam(at.cluster);
  await using wire = await behind(at.cluster, team);
  await wire.admit(charge(RATE));
  const before = await used(team);
  // What the next request would have been, on its way for long.
  const [now] = await team.rows('SELECT policy_wrap.now_v1() AS now');
  const late = {
    team: team.name,
    machine: 'alice-machine',
    batch: '00000000-0000-4000-8000-000000000001',
    deadline: Number(now?.now) - 1,
    session: { uid: wire.session },
    counters: [],
    calls: [{ tool: 'x', arguments: '[]' }],
  };
  const send = async (request: object) => {
    const text = JSON.stringify(request).replaceAll("'", "''");
    const [row] = await at.cluster.sql(`SELECT policy_wrap.admit_v1('${text}') AS answer`, 'app', 'alice');
    return (row?.answer as { status: string } | undefined)?.status;
  };
  expect(await send(late)).toBe('late');
  expect(await send({ ...late, deadline: undefined })).toBe('seen');
  // A batch that is given back before it came.
  const batch = '00000000-0000-4000-8000-000000000002';
  expect(
    await send({
      ...late,
      deadline: undefined,
      batch: '00000000-0000-4000-8000-000000000003',
      void: [batch],
    }),
  ).toBe('ok');
  expect(await send({ ...late, deadline: undefined, batch })).toBe('seen');
  // One that charged and one that was late are given back together.
  const [counter] = await team.rows('SELECT key FROM policy_wrap.counters WHERE team = $team');
  const charging = {
    ...late,
    deadline: undefined,
    batch: '00000000-0000-4000-8000-000000000004',
    counters: [{ key: counter?.key, name: 'x', scope: 'grant', split: '', max: '1000' }],
    calls: [{ tool: 'x', arguments: '[]', charges: [[0, '2', '1000', 'deny', 0, '/x', null]] }],
  };
  expect(await send(charging)).toBe('ok');
  expect(await used(team)).toBe(before + 2);
  const both = [charging.batch, late.batch];
  expect(
    await send({ ...late, deadline: undefined, batch: '00000000-0000-4000-8000-000000000005', void: both }),
  ).toBe('ok');
  expect(await used(team)).toBe(before);
});

test('outcomes of a request that failed are handed in again, and count once', async () => {
  await using team = await newTeam(at.cluster);
  await using wire = await behind(at.cluster, team);
  const back = limit({ counter: 'back', refund: 'on_error', max: 10 });
  const first = await wire.admit(charge(back, 4));
  const outcome = settlement(first.row, 'error');
  wire.between.answerBytes = 30;
  await failure(wire.store.exchange(wire.session, [outcome], []));
  await wire.back();
  await wire.store.exchange(wire.session, [outcome], []);
  await wire.store.exchange(wire.session, [outcome], []);
  expect(await used(team)).toBe(0);
});

test('G4: defaults of a login or a database change nothing of how calls are decided', async () => {
  await using team = await newTeam(at.cluster);
  const defaults = [
    `default_transaction_isolation = 'serializable'`,
    'default_transaction_read_only = on',
    'standard_conforming_strings = off',
    'synchronous_commit = off',
    `search_path = 'pg_temp'`,
    `DateStyle = 'German'`,
    `timezone = 'Asia/Kathmandu'`,
    `extra_float_digits = -10`,
  ];
  await at.cluster.sql(defaults.map((text) => `ALTER ROLE bob SET ${text}`).join(';'));
  try {
    const wrappers = Array.from({ length: 4 }, () => team.wrapper('bob'));
    const day = limit({
      max: '2.5',
      windowMs: 86_400_000,
      align: { kind: 'calendar', unit: 'day', timezone: 'UTC' },
    });
    const tool = `it's \\ "quoted"`;
    const kinds = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => {
        const { store, session } = wrappers[i % 4] as (typeof wrappers)[number];
        const { admitted } = await store.exchange(
          session,
          [],
          [admission(open(charge(day, '0.25')), { tool })],
        );
        return admitted[0]?.kind;
      }),
    );
    expect(kinds.filter((kind) => kind === 'allowed')).toHaveLength(10);
    expect((await team.store('dave').log({ limit: 1 }))[0]?.tool).toBe(tool);
  } finally {
    await at.cluster.sql('ALTER ROLE bob RESET ALL');
  }
});

test('variables of the wrapped server that begin with PG change nothing', async () => {
  await using team = await newTeam(at.cluster);
  const before = { ...process.env };
  Object.assign(process.env, {
    PGHOST: '203.0.113.1',
    PGPORT: '1',
    PGUSER: 'mallory',
    PGDATABASE: 'other',
    PGPASSWORD: 'secret',
    PGSSLMODE: 'require',
    PGOPTIONS: '-c role=mallory -c synchronous_commit=off',
    PGAPPNAME: 'other',
    PGREPLICATION: 'database',
    PGBINARY: '1',
    PGCLIENT_ENCODING: 'LATIN1',
    PGSSLNEGOTIATION: 'direct',
    PGCONNECT_TIMEOUT: '1',
    NODE_PG_FORCE_NATIVE: '1',
  });
  try {
    const { admit } = team.wrapper('alice');
    expect((await admit(charge(RATE))).kind).toBe('allowed');
    const [row] = await team.rows(
      `SELECT application_name AS name FROM pg_stat_activity WHERE usename = 'alice' AND datname = 'app'`,
    );
    expect(row?.name).toBe('policy-wrap');
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
});

test('a copy that is restored twice and accepted twice goes on for every machine, and not before', async () => {
  await using team = await newTeam(at.cluster);
  const temp = tempDir();
  const markFile = temp.path('mark.json');
  const alice = team.wrapper('alice', { markFile });
  const rate = charge(limit({ max: 100 }));
  expect((await alice.admit(rate)).kind).toBe('allowed');
  const [before] = await team.rows('SELECT epoch FROM policy_wrap.teams WHERE team = $team');
  expect((await alice.admit(rate)).kind).toBe('allowed');
  // Back to the state after the first call, as a dump of it has it.
  const restore = () =>
    team.rows(`DELETE FROM policy_wrap.decisions WHERE team = $team AND id <> (SELECT min(id) FROM policy_wrap.decisions WHERE team = $team);
      DELETE FROM policy_wrap.epochs WHERE team = $team;
      UPDATE policy_wrap.teams SET epoch = '${before?.epoch}' WHERE team = $team`);
  const lost = /has lost calls that this machine was told of/;
  for (let round = 0; round < 2; round += 1) {
    await restore();
    await expect(alice.admit(rate)).rejects.toThrow(lost);
    // By an owner on another machine.
    await team.store('admin').acceptHistory('cli');
    expect((await alice.admit(rate)).kind).toBe('allowed');
  }
  // What was accepted before this machine heard last accepts nothing that was lost since.
  await team.rows(`UPDATE policy_wrap.teams SET epoch = gen_random_uuid() WHERE team = $team`);
  await team.rows(`UPDATE policy_wrap.epochs SET epoch = gen_random_uuid() WHERE team = $team`);
  await expect(alice.admit(rate)).rejects.toThrow(lost);
  temp.remove();
});
