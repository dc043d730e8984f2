import { afterAll, expect } from 'vitest';
import { Children, tempDir } from '../support.js';
import { approvable } from '../support-shapes.js';
import {
  AUDIT,
  type AuditRow,
  COUNTER_IDS,
  chargesTo,
  fitsFrom,
  fullestWindow,
  HOUSE_MONEY,
  HOUSE_RATE,
} from './exactness.js';
import { CHAOS, figure, newTeam, sharedCluster, test } from './support.js';

const at = sharedCluster();
const temp = tempDir();
const children = new Children(temp.path('machine.mjs'), 'test/store/postgres/child.ts');
afterAll(async () => {
  await children.stop();
  temp.remove();
});

/** How long machines call, in milliseconds. */
const FOR_MS = CHAOS ? 60_000 : 2500;
const HOUR = 3_600_000;

test('G4, G5: eight machines, half of them an hour ahead, charge exactly what the log can show, and each retryAt is right', async () => {
  await using team = await newTeam(at.cluster);
  const all = Array.from({ length: 8 }, (_, i) => {
    const login = i % 2 === 0 ? 'alice' : 'bob';
    const options = { machine: `m${i}`, aheadMs: i % 4 < 2 ? HOUR : 0, forMs: FOR_MS };
    return children.start([
      'exact',
      JSON.stringify(at.cluster.address(team.name, login)),
      JSON.stringify(options),
    ]);
  });
  for (const child of all) expect(await child.next()).toBe('ready');
  for (const child of all) child.go();
  const results = (await Promise.all(all.map((child) => child.next()))) as {
    allowed: number;
    refused: [number, number | null][];
  }[];
  for (const child of all) await child.end();

  const [log] = await team.rows(AUDIT);
  const rows = (log?.rows ?? []) as AuditRow[];
  const [named] = await team.rows(COUNTER_IDS);
  const { rate = 0, money = 0 } = (named?.ids ?? {}) as Record<string, number>;
  const rates = chargesTo(rate, rows);
  const amounts = chargesTo(money, rows);
  const allowed = results.reduce((sum, one) => sum + one.allowed, 0);
  expect(rows.filter(({ charges }) => charges !== null)).toHaveLength(allowed);
  const [fullest, dearest] = [fullestWindow(HOUSE_RATE, rates), fullestWindow(HOUSE_MONEY, amounts)];
  expect(fullest).toBeGreaterThan(10);
  expect(dearest).toBeGreaterThan(10);
  figure(
    `${rows.length} calls, ${allowed} allowed; fullest windows ${fullest} of 50 and ${dearest} of 12.75`,
  );
  const refused = results.flatMap((one) => one.refused);
  expect(refused.length).toBeGreaterThan(0);
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const [row, retryAt] of refused) {
    const found = byId.get(row);
    if (found?.code !== 'LIMIT') throw new Error(`row ${row} is no refusal by a limit`);
    const wanted = JSON.parse(found.arguments) as { money: string };
    const instants = [
      fitsFrom(HOUSE_RATE, rates, found, '1'),
      fitsFrom(HOUSE_MONEY, amounts, found, wanted.money),
    ];
    expect(retryAt, `row ${row}`).toBe(Math.max(...instants.map((instant) => instant ?? Number.NaN)));
    expect(retryAt).toBeGreaterThan(found.at);
  }
  figure(`${refused.length} of ${refused.length} retryAt worked out from the log alone`);
});

test('G10: a thousand approvals that two machines race for serve a thousand calls', async () => {
  await using team = await newTeam(at.cluster);
  const count = 1000;
  const { store, session } = team.wrapper('alice');
  const boss = team.store('carol');
  for (let from = 0; from < count; from += 50) {
    const calls = Array.from({ length: 50 }, (_, i) => approvable(from + i));
    const { admitted } = await store.exchange(session, [], calls);
    const asked = admitted.flatMap((one) => (one.kind === 'asked' ? [one.approval.id] : []));
    expect(asked).toHaveLength(50);
    for (const id of asked) expect((await boss.decideApproval(id, 'approved', 'cli')).kind).toBe('done');
  }
  const all = ['one', 'other'].map((machine) =>
    children.start([
      'approvals',
      JSON.stringify(at.cluster.address(team.name, 'alice')),
      JSON.stringify({ machine, count }),
    ]),
  );
  for (const child of all) expect(await child.next()).toBe('ready');
  for (const child of all) child.go();
  const results = (await Promise.all(all.map((child) => child.next()))) as { allowed: number }[];
  for (const child of all) await child.end();
  expect(results.reduce((sum, { allowed }) => sum + allowed, 0)).toBe(count);
  const [states] = await team.rows(
    `SELECT count(*) FILTER (WHERE state = 'consumed')::integer AS used, count(*) FILTER (WHERE state = 'approved')::integer AS left FROM policy_wrap.approvals WHERE team = $team`,
  );
  expect(states).toEqual({ used: count, left: 0 });
});
