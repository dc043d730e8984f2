import { existsSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connect } from '../../src/store/sqlite/driver.js';
import { type Message, Rig, refusalCode } from '../support/rig.js';

const POLICY = {
  version: '1',
  default: 'deny',
  tools: { echo: { limits: [{ counter: 'echo', window: 'day', max: 3 }] } },
};
const BREAKER = {
  version: '1',
  default: 'deny',
  tools: { echo: { limits: [{ counter: 'failures', window: '10m', max: 3, refund: 'on_success' }] } },
};
const textOf = (answer: Message): string => answer.result?.content?.[0]?.text ?? '';

test.skipIf(process.platform === 'win32')(
  'G4: with the write-ahead log deleted under a wrapper, it and a new one together run no more than max',
  { timeout: 120_000 },
  async () => {
    await using rig = new Rig();
    const old = rig.wrap({ policy: POLICY });
    await old.initialize();
    expect(refusalCode(await old.call('echo'))).toBeUndefined();
    for (const suffix of ['-wal', '-shm']) rmSync(rig.db + suffix);
    const next = rig.wrap({ policy: POLICY });
    await next.initialize();
    // Both may wait for each other for a while; in the end one of them or both go on with what was counted.
    for (let i = 0; i < 12; i += 1) await Promise.all([old.call('echo'), next.call('echo')]);
    expect(rig.receivedCalls()).toHaveLength(3);
    for (const wrapper of [old, next])
      await expect
        .poll(async () => refusalCode(await wrapper.call('echo')), { timeout: 60_000 })
        .toBe('LIMIT');
    expect(rig.receivedCalls()).toHaveLength(3);
    expect([await old.end(), await next.end()]).toEqual([0, 0]);
  },
);

test.skipIf(!existsSync('/proc/self'))(
  'G3: a database whose folder cannot be made hangs nothing: the client is answered, its calls are refused',
  async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: POLICY, args: ['--db', '/proc/nowhere/x.db'] });
    expect((await wrapper.initialize()).result).toBeDefined();
    const answer = await wrapper.call('echo');
    expect(refusalCode(answer)).toBe('INTERNAL');
    expect(textOf(answer)).toContain('/proc/nowhere');
    expect(rig.receivedCalls()).toEqual([]);
    await wrapper.end();
    expect(wrapper.stderr).toContain('every call is refused');
  },
);

test('G3: a database that a browser of databases holds is told as that', { timeout: 60_000 }, async () => {
  await using rig = new Rig();
  const wrapper = rig.wrap({ policy: POLICY });
  await wrapper.initialize();
  await wrapper.call('echo');
  const browser = connect(rig.db, 1000);
  try {
    browser.exec('BEGIN IMMEDIATE');
    const answer = await wrapper.call('echo');
    expect(refusalCode(answer)).toBe('INTERNAL');
    expect(textOf(answer)).toContain('locked for too long');
    // The model is told no more; the person is.
    await expect.poll(() => wrapper.stderr).toMatch(/locked for too long.*DB Browser for SQLite.*sqlite3/);
  } finally {
    browser.close();
  }
  expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
});

test('G5: of five calls at once a breaker of three passes three, and tells the others that calls are in flight', async () => {
  await using rig = new Rig();
  const wrapper = rig.wrap({ policy: BREAKER, recorder: { delayMs: 500 } });
  await wrapper.initialize();
  const answers = await Promise.all(Array.from({ length: 5 }, () => wrapper.call('echo')));
  const refused = answers.filter((answer) => refusalCode(answer) === 'LIMIT');
  expect(refused).toHaveLength(2);
  for (const answer of refused) {
    expect(textOf(answer)).toContain('still in flight');
    expect(answer.result._meta['policy-wrap/decision']).not.toHaveProperty('retryAt');
  }
  expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
});

test('G3: thirty wrappers that start at once on a new file all decide', { timeout: 240_000 }, async () => {
  await using rig = new Rig();
  const wrappers = Array.from({ length: 30 }, () => rig.wrap({ policy: POLICY }));
  const codes = await Promise.all(
    wrappers.map(async (wrapper) => {
      await wrapper.initialize();
      return refusalCode(await wrapper.call('echo'));
    }),
  );
  expect(codes.filter((code) => code === undefined)).toHaveLength(3);
  expect(codes.filter((code) => code === 'LIMIT')).toHaveLength(27);
});
