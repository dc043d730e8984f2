import { expect, onTestFinished, test } from 'vitest';
import { LIVE } from '../../src/page/api/live.js';
import type { Emptied, LiveAnswer } from '../../src/page/api-types/live.js';
import { Page } from '../../src/page/page.js';
import type { States } from '../../src/page/states.js';
import { charge, FakeTerminal, State } from '../cli/commands/support.js';
import { charge as chargeOf, limit, open } from '../store/support-shapes.js';
import { caller } from './support/route-call.js';

/** Databases with the same counters in them, and the routes over them. */
function twoDatabases() {
  const states = [new State(), new State()];
  onTestFinished(() => {
    for (const state of states) state[Symbol.dispose]();
  });
  for (const state of states) {
    const session = state.session({ server: 'legiti' });
    for (let calls = 0; calls < 3; calls += 1) state.admit(session, open(charge('calls', 9)));
  }
  const [first] = states;
  const io = new FakeTerminal([]);
  io.at = first?.at ?? 0;
  const opened = states.map(({ db, store }) => ({ path: db, store }));
  const list = { open: () => opened, leftAlone: [], refresh: () => {} } as unknown as States;
  const call = caller(LIVE, new Page({}, io, list, () => {}));
  return {
    states,
    counters: async () => ((await call('/api/live')) as LiveAnswer).counters,
    empty: async (body: object) => (await call('/api/counters/empty', body)) as Emptied,
    left: () => states.map(({ store }) => store.counters().map(({ used }) => used.toString())),
  };
}

test('of two databases with a counter of one id and name the one that was shown is emptied', async () => {
  const { counters, empty, left } = twoDatabases();
  const [one, two] = await counters();
  expect([one?.id, one?.name]).toEqual([two?.id, two?.name]);
  const body = { id: two?.id, name: two?.name, shown: two?.shown };
  expect(await empty(body)).toEqual({ used: '3', max: '9' });
  expect(left()).toEqual([['3'], []]);
  // It is there no longer, and the other one was not meant.
  await expect(empty(body)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(empty({ ...body, shown: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(empty({ ...body, shown: one?.shown, name: 'other' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  expect(left()).toEqual([['3'], []]);
});

test('a counter that counted on since it was shown is the same one', async () => {
  const { states, counters, empty, left } = twoDatabases();
  const [one] = await counters();
  const body = { id: one?.id, name: one?.name, shown: one?.shown };
  const [first] = states as [State, State];
  first.admit(first.session({ server: 'legiti' }), open(charge('calls', 9)));
  expect(await empty(body)).toEqual({ used: '4', max: '9' });
  expect(left()).toEqual([[], ['3']]);
});

test('of counters with one name, of several servers and parts, the one that was shown is emptied', async () => {
  const { states, counters, empty } = twoDatabases();
  const [first] = states as [State, State];
  const each = limit({ counter: 'calls', max: 9 });
  const session = first.session({ server: 'afip' });
  for (const split of ['["a"]', '["b"]']) first.admit(session, open(chargeOf(each, 1, split)));
  const shown = (await counters()).find(({ server, split }) => server === 'afip' && split === '["b"]');
  expect(await empty({ id: shown?.id, name: 'calls', shown: shown?.shown })).toEqual({
    ...{ used: '1', max: '9' },
  });
  const left = first.store.counters().map(({ server, split }) => `${server} ${split}`);
  expect(left.sort()).toEqual(['afip ["a"]', 'legiti ']);
});
