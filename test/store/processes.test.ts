import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { ChargeRecord } from '../../src/store/counters/charge-record.js';
import { BUSY, Store } from '../../src/store/store.js';
import { Children, damage, rows, tempDir } from './support.js';
import { approvable, charge, INFO, limit } from './support-shapes.js';

const temp = tempDir();
const children = new Children(temp.path('child.mjs'));
afterAll(async () => {
  await children.stop();
  temp.remove();
});

test('G4: eight processes that open a new file at once pass thirty calls between them, not one more', async () => {
  const path = temp.path('shared/state.db');
  const all = Array.from({ length: 8 }, () => children.start(['calls', path, '30']));
  for (const child of all) expect(await child.next()).toBe('ready');
  for (const child of all) child.go();
  const results = await Promise.all(all.map((child) => child.next() as Promise<Record<string, number>>));
  for (const child of all) await child.end();
  expect(results.map(({ calls }) => calls)).toEqual(Array(8).fill(20));
  expect(results.reduce((sum, { allowed = 0 }) => sum + allowed, 0)).toBe(30);

  const store = Store.open(path);
  expect(damage(store)).toEqual([]);
  expect(store.log({ limit: 1000 })).toHaveLength(160);
  expect(store.log({ limit: 1000, denied: true })).toHaveLength(130);
  expect(store.sessions()).toHaveLength(8);
  expect(store.sessions().some(({ live }) => live)).toBe(false);
  expect(new Set(store.log({ limit: 1000 }).map(({ pid }) => pid)).size).toBe(8);
  store.close();
});

test('G4: processes killed at any moment leave charges that match the log, and never more than max', async () => {
  const path = temp.path();
  const max = 1500;
  let killed = 0;
  while (killed < 18) {
    const all = Array.from({ length: 6 }, () => children.start(['until-killed', path, String(max)]));
    for (const child of all) child.go();
    for (const child of all) {
      expect(await child.next()).toBe('ready');
      expect(await child.next()).toBe('going');
    }
    for (const child of all) {
      await new Promise((resume) => setTimeout(resume, Math.random() * 30));
      child.kill('SIGKILL');
      killed += 1;
    }
    for (const child of all) await child.end();
  }

  const store = Store.open(path);
  expect(damage(store)).toEqual([]);
  const allowed = rows(path, `SELECT at, outcome, charges FROM decisions WHERE decision = 'allow'`);
  // Posts what stands in the rows of the log alone.
  expect(store.maintain(5000)).toBe(true);
  const charged = (name: string) =>
    Number(
      rows(
        path,
        `SELECT total(c.amount) AS n FROM charges c JOIN counters k ON k.id = c.counter WHERE k.name = '${name}'`,
      )[0]?.n,
    );
  expect(allowed.length).toBeGreaterThan(100);
  expect(allowed.length).toBeLessThanOrEqual(max);
  expect(charged('day')).toBe(allowed.length);
  // Given back where an error was settled, and nowhere else.
  expect(charged('back')).toBeCloseTo(allowed.filter(({ outcome }) => outcome !== 'error').length / 10);
  const bursts = allowed.map(
    ({ charges }) => (JSON.parse(String(charges)) as ChargeRecord[])[1]?.[1] as number,
  );
  for (const start of bursts)
    expect(bursts.filter((at) => at >= start && at < start + 100).length).toBeLessThanOrEqual(20);
  const owner = { server: INFO.server, grant: INFO.grant, session: '', observe: false };
  const day = charge(limit({ counter: 'day', windowMs: 86_400_000, max }));
  expect(String(store.peek(owner, [day]).checks[0]?.used)).toBe(String(allowed.length));
  expect(store.sessions().some(({ live }) => live)).toBe(false);
  store.close();
});

test('G10: one approval, eight processes, a thousand tries: one call passes', async () => {
  const path = temp.path();
  const asking = children.start(['approved', path, '1']);
  asking.go();
  expect(await asking.next()).toBe('ready');
  expect(await asking.next()).toEqual({ allowed: 0 });
  await asking.end();
  const store = Store.open(path);
  const [pending] = store.approvals();
  store.decideApproval(pending?.id ?? '', 'approved', 'cli');

  const all = Array.from({ length: 8 }, () => children.start(['approved', path, '125']));
  for (const child of all) expect(await child.next()).toBe('ready');
  for (const child of all) child.go();
  const results = await Promise.all(all.map((child) => child.next() as Promise<{ allowed: number }>));
  for (const child of all) await child.end();
  expect(results.reduce((sum, { allowed }) => sum + allowed, 0)).toBe(1);
  expect(store.approval(pending?.id ?? '')?.state).toBe('consumed');
  expect(store.log({ limit: 10_000 }).filter(({ decision }) => decision === 'allow')).toMatchObject([
    { approval: pending?.id },
  ]);
  // The others ask anew, once for all of them.
  expect(store.approvals()).toHaveLength(1);
  store.close();
});

test('G3: two dozen wrappers that are started at once on a new file are all let in', async () => {
  const path = temp.path('crowd/state.db');
  const all = Array.from({ length: 24 }, () => children.start(['once', path]));
  for (const child of all) expect(await child.next()).toBe('ready');
  for (const child of all) child.go();
  const said = await Promise.all(all.map((child) => child.next()));
  for (const child of all) await child.end();
  expect(said.filter((one) => (one as { kind?: string }).kind === undefined)).toEqual([]);
  expect(said.filter((one) => (one as { kind?: string }).kind === 'allowed')).toHaveLength(24);
  const store = Store.open(path);
  expect(damage(store)).toEqual([]);
  expect(store.sessions()).toHaveLength(24);
  store.close();
});

test('opening waits for whoever writes to the file at that moment', async () => {
  const path = temp.path();
  writeFileSync(path, '');
  const holder = children.start(['hold', path, '300']);
  expect(await holder.next()).toBe('ready');
  const store = Store.open(path);
  expect(damage(store)).toEqual([]);
  store.close();
  await holder.end();
});

test('G10: a call that uses an approval and a person who takes it back: one of them, whoever comes first', async () => {
  const path = temp.path();
  const count = 60;
  const all = ['use-approvals', 'take-back'].map((what) => children.start([what, path, String(count)]));
  for (const child of all) expect(await child.next()).toBe('ready');
  const store = Store.open(path);
  const session = store.startSession(INFO);
  for (let i = 0; i < count; i++) {
    const admitted = store.admit(session, [approvable(i)]);
    if (admitted === BUSY || admitted[0]?.kind !== 'asked') throw new Error('not asked');
    store.decideApproval(admitted[0].approval.id, 'approved', 'cli');
  }
  for (const child of all) child.go();
  const [used, takenBack] = (await Promise.all(all.map((child) => child.next()))) as number[][];
  for (const child of all) await child.end();
  expect([...(used ?? []), ...(takenBack ?? [])].sort((a, b) => a - b)).toEqual(
    Array.from({ length: count }, (_, i) => i),
  );
  const states = new Map(store.approvals(true).map(({ tool, state }) => [tool, state]));
  for (const i of used ?? []) expect(states.get(`tool${i}`)).toBe('consumed');
  for (const i of takenBack ?? []) expect(states.get(`tool${i}`)).toBe('rejected');
  store.close();
});
