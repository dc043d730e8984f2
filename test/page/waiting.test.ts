import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WAITING } from '../../src/page/api/waiting.js';
import type { WaitingAnswer } from '../../src/page/api-types/waiting.js';
import { Page } from '../../src/page/page.js';
import type { States } from '../../src/page/states.js';
import { connect } from '../../src/store/sqlite/driver.js';
import { Store } from '../../src/store/store.js';
import { FakeTerminal } from '../cli/commands/support.js';
import { Rig } from '../support/rig.js';
import { caller } from './support/route-call.js';

/** A database in which a call waits. @returns its file */
async function waitingIn(rig: Rig, tool = 'tag', args: object = { n: 1 }): Promise<string> {
  const wrapper = rig.wrap({
    policy: { version: '1', default: 'allow', tools: { [tool]: { action: 'approve' } } },
  });
  await wrapper.initialize();
  await wrapper.call(tool, args);
  await wrapper.end();
  return rig.db;
}

/** Sets what is kept of every approval. */
function rewrite(file: string, value: string | number, column = 'arguments'): void {
  const database = connect(file, 0);
  database.prepare(`UPDATE approvals SET ${column} = ?`).run(value);
  database.close();
}

/** The routes of what waits, over these databases. */
function routesOver(...files: readonly string[]) {
  const stores = files.map((path) => ({ path, store: Store.open(path, { mustExist: true }) }));
  onTestFinished(() => {
    for (const { store } of stores) store.close();
  });
  const io = new FakeTerminal([]);
  io.at = Date.now();
  const states = { open: () => stores, leftAlone: [], refresh: () => {} } as unknown as States;
  const call = caller(WAITING, new Page({}, io, states, () => {}));
  return {
    waiting: async () => ((await call('/api/waiting')) as WaitingAnswer).waiting,
    approve: (body: object) => call('/api/waiting/approve', body),
    reject: (body: object) => call('/api/waiting/reject', body),
    states: () => stores.map(({ store }) => store.approvals(true).map(({ state }) => state)),
  };
}

test('G10: two databases have an approval of one id: a yes and a no meet the one that was shown', async () => {
  await using rig = new Rig();
  const usual = await waitingIn(rig);
  const files = [usual, ...['second.db', 'third.db'].map((name) => join(rig.folder, name))];
  for (const [at, file] of files.entries()) {
    if (at > 0) copyFileSync(usual, file);
    rewrite(file, JSON.stringify({ n: at + 1 }));
  }
  const { waiting, approve, reject, states } = routesOver(...files);
  const [, two, three] = await waiting();
  expect([two?.id === three?.id, two?.arguments, three?.arguments]).toEqual([true, '{"n":2}', '{"n":3}']);
  await approve({ id: two?.id, shown: two?.shown });
  await reject({ id: three?.id, shown: three?.shown });
  expect(states()).toEqual([['pending'], ['approved'], ['rejected']]);
});

test.each([
  ['server', 'other'],
  ['grant_name', 'other'],
  ['tool', 'other'],
  ['arguments', '{"n":2}'],
  ['rule', '/tools/other'],
  ['reason', 'other'],
  ['asked_at', 1],
])('G10: a yes to one call is none to another that differs in its %s alone', async (column, value) => {
  await using rig = new Rig();
  const file = await waitingIn(rig);
  const { waiting, approve, states } = routesOver(file);
  const [call] = await waiting();
  rewrite(file, value, column);
  await expect(approve({ id: call?.id, shown: call?.shown })).rejects.toThrow(
    'is not the call that was shown',
  );
  expect(states()).toEqual([['pending']]);
});

test('G10: a call whose arguments cannot be shown cannot be approved', async () => {
  await using rig = new Rig();
  const file = await waitingIn(rig);
  rewrite(file, '["n"]');
  const { waiting, approve, states } = routesOver(file);
  const [call] = await waiting();
  expect([call?.canApprove, call?.arguments, call?.argumentNames]).toEqual([false, undefined, ['n']]);
  await expect(approve({ id: call?.id, shown: call?.shown })).rejects.toThrow(
    'is not the call that was shown',
  );
  expect(states()).toEqual([['pending']]);
});

test('G10: past the form, a call with money takes its value typed, and no further ones without a bound', async () => {
  await using rig = new Rig();
  const { waiting, approve, states } = routesOver(
    await waitingIn(rig, 'create_invoice', { amount_total: 5000.5 }),
  );
  const [call] = await waiting();
  const given = { id: call?.id, shown: call?.shown };
  await expect(approve(given)).rejects.toThrow('Expected the value of amount_total');
  await expect(approve({ ...given, typed: '5000' })).rejects.toThrow('Expected the value of amount_total');
  const further = { calls: '5', for: '30m' };
  await expect(approve({ ...given, typed: '5000.5', further })).rejects.toThrow('need a bound');
  expect(states()).toEqual([['pending']]);
  await approve({ ...given, typed: '5000.5' });
  expect(states()).toEqual([['approved']]);
});
