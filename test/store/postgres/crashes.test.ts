import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { PolicyWrapError } from '../../../src/errors.js';
import type { SharedStore } from '../../../src/store/shared-store.js';
import { Between } from '../../support/between.js';
import { Cluster, runProgram } from '../../support/postgres.js';
import { tempDir } from '../support.js';
import { charge, limit } from '../support-shapes.js';
import { AUDIT, type AuditRow, chargesTo } from './exactness.js';
import { CHAOS, figure, newTeam, Team, test } from './support.js';

const HOUR = 3_600_000;
const LOGINS = ['alice', 'bob', 'carol', 'dave'];

async function outcome(work: Promise<{ readonly kind: string }>): Promise<string> {
  try {
    return (await work).kind;
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return error.message;
  }
}

/** It has seen that the engine is back. */
async function answersAgain(store: SharedStore): Promise<void> {
  await expect.poll(() => store.trouble, { interval: 5, timeout: 20_000 }).toBeUndefined();
}

/** The charges of the log that were not given back. */
async function charged(team: Team): Promise<number> {
  const [log] = await team.rows(AUDIT);
  const rows = (log?.rows ?? []) as AuditRow[];
  const [counter] = await team.rows(
    `SELECT id, used::text AS used FROM policy_wrap.counters WHERE team = $team AND name = 'shared'`,
  );
  const sum = chargesTo(Number(counter?.id), rows).length;
  expect(Number(counter?.used)).toBe(sum);
  return sum;
}

test('G1, G4: a server that is killed at any moment keeps every call that it acknowledged, and passes not one too many', async () => {
  // Its default settings, fsync included.
  await using cluster = await Cluster.start({ settings: { fsync: 'on' } });
  await cluster.prepare(...LOGINS);
  await using team = await newTeam(cluster);
  const max = CHAOS ? 100_000 : 150;
  const shared = charge(limit({ counter: 'shared', max, windowMs: HOUR }));
  const wrappers = Array.from({ length: 4 }, (_, i) =>
    team.wrapper(i % 2 ? 'alice' : 'bob', { machine: `m${i}`, timeoutMs: 1500, lookMs: 20 }),
  );
  const acknowledged = new Set<number>();
  let isOver = false;
  let refusals = 0;
  const working = wrappers.map(async ({ admit }) => {
    while (!isOver) {
      try {
        const admitted = await admit(shared);
        if (admitted.kind === 'allowed') acknowledged.add(admitted.row);
      } catch (error) {
        if (!PolicyWrapError.is(error)) throw error;
        refusals += 1;
        await sleep(5);
      }
    }
  });
  for (let kills = 0; kills < (CHAOS ? 60 : 4); kills += 1) {
    const before = acknowledged.size;
    await expect
      .poll(() => acknowledged.size > before || acknowledged.size === max, { timeout: 20_000 })
      .toBe(true);
    await sleep(Math.random() * 60);
    await cluster.kill();
    await cluster.run();
  }
  for (const { store } of wrappers) await answersAgain(store);
  isOver = true;
  await Promise.all(working);
  // The next request of each gives back what it was not told of.
  for (const { store, session } of wrappers) await store.exchange(session, [], []);
  const [log] = await team.rows(AUDIT);
  const rows = new Map(((log?.rows ?? []) as AuditRow[]).map((row) => [row.id, row]));
  for (const row of acknowledged) expect(rows.get(row)?.outcome, `row ${row}`).toBeNull();
  expect(refusals).toBeGreaterThan(0);
  expect(await charged(team)).toBe(acknowledged.size);
  expect(acknowledged.size).toBeLessThanOrEqual(max);
  const back = [...rows.values()].filter((row) => row.outcome === 'not_sent').length;
  figure(
    `0 of ${acknowledged.size} acknowledged calls lost; ${refusals} refusals, ${back} charges given back`,
  );
});

/** A primary with a standby, the wire by which that follows it, and the change to the standby. */
async function pair(isSynchronous: boolean) {
  const primary = await Cluster.start({ settings: { fsync: 'on', wal_level: 'replica' } });
  const wire = await Between.to(primary.port);
  const folder = Cluster.newFolder();
  await primary.prepare(...LOGINS);
  runProgram(
    'pg_basebackup',
    [
      ...['-D', join(folder, 'data'), '-h', '127.0.0.1', '-p', String(primary.port), '-U', 'admin'],
      ...['-X', 'stream', '-c', 'fast', '--no-sync'],
    ],
    folder,
  );
  const standby = await Cluster.start({
    folder,
    settings: { primary_conninfo: `host=127.0.0.1 port=${wire.port} user=admin`, hot_standby: 'on' },
    isStandby: true,
  });
  const following = async () =>
    (await primary.sql(`SELECT count(*)::integer AS n FROM pg_stat_replication WHERE state = 'streaming'`))[0]
      ?.n;
  await expect.poll(following).toBe(1);
  if (isSynchronous) {
    await primary.sql(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await primary.sql('SELECT pg_reload_conf()');
    const names = async () =>
      (await primary.sql('SHOW synchronous_standby_names'))[0]?.synchronous_standby_names;
    await expect.poll(names).toBe('*');
  }
  return {
    primary,
    standby,
    /** From now on the standby gets nothing any more. */
    part: () => {
      wire.mode = 'stall';
    },
    failOver: async () => {
      await primary.kill();
      wire.cut();
      await standby.sql('SELECT pg_promote()', 'postgres');
    },
    [Symbol.asyncDispose]: async () => {
      await standby[Symbol.asyncDispose]();
      await primary[Symbol.asyncDispose]();
      await wire[Symbol.asyncDispose]();
    },
  };
}

test('a standby that had not everything is noticed when it is promoted, and refuses until an owner accepts it', async () => {
  await using two = await pair(false);
  const { primary, standby } = two;
  await using team = await newTeam(primary);
  const temp = tempDir();
  await using wire = await Between.to(primary.port);
  const address = { ...primary.address(team.name, 'alice'), port: wire.port };
  const markFile = temp.path('mark.json');
  const { store, admit } = team.wrapper('alice', { address, markFile });
  const shared = charge(limit({ counter: 'shared', max: 100, windowMs: HOUR }));
  expect(await outcome(admit(shared))).toBe('allowed');
  await expect
    .poll(async () => (await standby.sql('SELECT count(*)::integer AS n FROM policy_wrap.decisions'))[0]?.n)
    .toBe(1);
  const standbys = async () => (await store.check()).find(({ about }) => about === 'standbys');
  expect(await standbys()).toMatchObject({
    level: 'warning',
    hint: expect.stringContaining('synchronous_standby_names'),
  });
  // The standby falls behind, and the primary acknowledges without it.
  two.part();
  for (let i = 0; i < 5; i += 1) expect(await outcome(admit(shared))).toBe('allowed');
  await two.failOver();
  wire.cut();
  wire.target = standby.port;
  const lost = /has lost calls that this machine was told of/;
  expect(await outcome(admit(shared))).toMatch(lost);
  // Others go on, with numbers that were given before; the machine is not deceived by them.
  const promoted = new Team(standby, team.name);
  const other = promoted.wrapper('bob');
  for (let i = 0; i < 8; i += 1) expect(await outcome(other.admit(shared))).toBe('allowed');
  expect(await outcome(admit(shared))).toMatch(lost);
  // A new process of that machine remembers too.
  await store.close();
  const again = promoted.wrapper('alice', { markFile });
  expect(await outcome(again.admit(shared))).toMatch(lost);
  await promoted.store('admin').acceptHistory('cli');
  expect(await outcome(again.admit(shared))).toBe('allowed');
  expect(await outcome(other.admit(shared))).toBe('allowed');
  await promoted[Symbol.asyncDispose]();
  temp.remove();
});

test('a standby that must confirm has everything that was acknowledged, and nothing is noticed', async () => {
  await using two = await pair(true);
  const { primary, standby } = two;
  await using team = await newTeam(primary);
  await using wire = await Between.to(primary.port);
  const address = { ...primary.address(team.name, 'alice'), port: wire.port };
  const { store, session, admit } = team.wrapper('alice', { address, timeoutMs: 1000 });
  const shared = charge(limit({ counter: 'shared', max: 100, windowMs: HOUR }));
  let acknowledged = 0;
  for (let i = 0; i < 3; i += 1) if ((await outcome(admit(shared))) === 'allowed') acknowledged += 1;
  expect(acknowledged).toBe(3);
  two.part();
  // Nobody confirms: nothing is acknowledged.
  expect(await outcome(admit(shared))).toMatch(/did not answer within 1 s/);
  await two.failOver();
  wire.cut();
  wire.target = standby.port;
  await answersAgain(store);
  expect(await outcome(admit(shared))).toBe('allowed');
  await store.exchange(session, [], []);
  expect(await charged(new Team(standby, team.name))).toBe(acknowledged + 1);
});

test('G3: a full disk refuses, and calls pass again when there is room', async ({ skip }) => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=110m,mode=0777', 'tmpfs', folder]);
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true });
    skip('this account may not mount a small disk');
  }
  try {
    await using cluster = await Cluster.start({
      room: Cluster.newFolder(folder),
      settings: { min_wal_size: '32MB', max_wal_size: '48MB' },
    });
    await cluster.prepare(...LOGINS);
    await using team = await newTeam(cluster);
    const { store, admit } = team.wrapper('alice', { timeoutMs: 1500 });
    const shared = charge(limit({ counter: 'shared', max: 1_000_000, windowMs: HOUR }));
    let acknowledged = 0;
    if ((await outcome(admit(shared))) === 'allowed') acknowledged += 1;
    spawnSync('dd', ['if=/dev/zero', `of=${join(folder, 'ballast')}`, 'bs=1M']);
    let said = '';
    for (let i = 0; i < 400 && !/space|cannot be used/.test(said); i += 1) {
      said = await outcome(admit(charge(limit({ counter: 'shared', max: 1_000_000, windowMs: HOUR }))));
      if (said === 'allowed') acknowledged += 1;
      if (i === 0)
        await cluster
          .sql(`CREATE TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, 100000)`)
          .catch(() => []);
    }
    expect(said).toMatch(/space|cannot be used/);
    rmSync(join(folder, 'ballast'));
    await cluster.kill();
    await cluster.run();
    // Whether it died of that, or lives and said so, depends on where it ran out of room.
    if ((await outcome(admit(shared))) === 'allowed') acknowledged += 1;
    await answersAgain(store);
    expect(await outcome(admit(shared))).toBe('allowed');
    expect(await charged(team)).toBe(acknowledged + 1);
  } finally {
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
});
