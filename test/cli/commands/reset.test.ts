import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reset } from '../../../src/cli/commands/reset.js';
import { charge as chargeOf, limit, open } from '../../store/support-shapes.js';
import { charge, FakeTerminal, State } from './support.js';

function used(): State {
  const state = new State();
  for (const server of ['mcp-afip', 'legiti']) {
    const session = state.session({ server });
    for (let i = 0; i < 3; i++) state.admit(session, open(charge('calls', 3)));
  }
  return state;
}

const left = (state: State) => state.store.counters().map(({ server }) => server);

describe('reset of a counter', () => {
  test('shows what it empties, asks, empties and stands in the log', async () => {
    using state = used();
    const io = new FakeTerminal(['y']);
    expect(await reset('calls', { db: state.db }, io)).toBe(0);
    expect(io.err.text).toMatch(/mcp-afip +calls +3 \/ 3\n/);
    expect(io.out.text).toBe(
      'Emptied:\n  mcp-afip  calls  was 3 of 3, now 0\n  legiti    calls  was 3 of 3, now 0\n',
    );
    expect(left(state)).toEqual([]);
    expect(state.store.events().map(({ kind, who }) => [kind, who])).toEqual(
      Array(2).fill(['counter.reset', 'cli']),
    );
  });

  test.each<[string, string[] | undefined, object]>([
    ['no', ['n'], {}],
    ['nothing', [''], {}],
    ['the end of input', [], {}],
  ])('%s leaves it as it is', async (_, answers, options) => {
    using state = used();
    expect(await reset('calls', { db: state.db, ...options }, new FakeTerminal(answers))).toBe(1);
    expect(left(state)).toHaveLength(2);
  });

  test('needs a terminal, also with --yes, which keeps to the server that is named', async () => {
    using state = used();
    const { db } = state;
    for (const yes of [false, true])
      await expect(reset('calls', { db, yes }, new FakeTerminal())).rejects.toMatchObject({
        code: 'REFUSED',
      });
    expect(left(state)).toHaveLength(2);
    expect(await reset('calls', { db, server: 'legiti', yes: true }, new FakeTerminal([]))).toBe(0);
    expect(left(state)).toEqual(['mcp-afip']);
  });

  test('a count over all servers is found by the server that a refusal names', async () => {
    using state = used();
    const session = state.session({ server: 'mcp-afip' });
    state.admit(session, open(chargeOf(limit({ counter: 'all', scope: 'machine' }))));
    const io = new FakeTerminal(['y']);
    expect(await reset('all', { db: state.db, server: 'mcp-afip' }, io)).toBe(0);
    expect(io.err.text).toContain('(machine)');
    expect(left(state)).toHaveLength(2);
    // One of its own comes first, and that of another server is never meant.
    await expect(reset('calls', { db: state.db, server: 'other' }, new FakeTerminal(['y']))).rejects.toThrow(
      'no counter',
    );
  });

  test('of a limit that is split one part alone is emptied', async () => {
    using state = new State();
    const session = state.session();
    const each = limit({ counter: 'invoiced' });
    for (const split of ['["20111222333"]', '["20444555666"]'])
      state.admit(session, open(chargeOf(each, 1, split)));
    const io = new FakeTerminal(['y']);
    expect(await reset('invoiced', { db: state.db, split: '["20444555666"]' }, io)).toBe(0);
    expect(io.err.text).not.toContain('20111222333');
    expect(state.store.counters().map(({ split }) => split)).toEqual(['["20111222333"]']);
  });

  test('is refused in the shell of an agent, for an unknown counter, and without a name', async () => {
    using state = used();
    const { db } = state;
    const agent = new FakeTerminal(['y']);
    agent.env = { GEMINI_CLI: '1' };
    await expect(reset('calls', { db, yes: true }, agent)).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(reset('cals', { db, yes: true }, new FakeTerminal([]))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'Did you mean "calls"?',
    });
    await expect(reset(undefined, { db }, new FakeTerminal())).rejects.toMatchObject({ code: 'USAGE' });
    await expect(reset('calls', { db, database: true }, new FakeTerminal())).rejects.toMatchObject({
      code: 'USAGE',
    });
    expect(left(state)).toHaveLength(2);
  });
});

describe('reset of the database', () => {
  test('sets a damaged file aside under the time, and deletes nothing', async () => {
    using state = new State();
    const db = join(state.folder, 'broken', '..', 'broken.db');
    writeFileSync(db, 'no database');
    const io = new FakeTerminal(['n']);
    expect(await reset(undefined, { db, database: true }, io)).toBe(1);
    expect(existsSync(db)).toBe(true);
    expect(await reset(undefined, { db, database: true }, new FakeTerminal(['y']))).toBe(0);
    expect(existsSync(db)).toBe(false);
    expect(readdirSync(state.folder)).toContain('broken.db.2026-11-22T11-00-00-000Z');
    await expect(
      reset(undefined, { db, database: true, yes: true }, new FakeTerminal([])),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('reset --clock', () => {
  test.each([
    [1, '1 call was made'],
    [2, '2 calls were made'],
  ])('%j calls that charged nothing are told as calls', async (calls, said) => {
    using state = new State();
    const session = state.session();
    state.at = Date.UTC(2099, 0, 1);
    for (let i = 0; i < calls; i += 1) state.admit(session, open());
    state.at = new FakeTerminal().at;
    const io = new FakeTerminal(['y']);
    expect(await reset(undefined, { db: state.db, clock: true }, io)).toBe(0);
    expect(io.err.text).toContain(`${said} when the clock of this machine said`);
    expect(io.out.text).toContain('Mended no counters and ');
  });

  /** Two calls of three in the far future, one now. */
  function ahead(): State {
    const state = new State();
    const session = state.session();
    state.at = Date.UTC(2099, 0, 1);
    for (let i = 0; i < 2; i += 1) state.admit(session, open(charge('calls', 3)));
    state.at = new FakeTerminal().at;
    state.admit(session, open(charge('calls', 3)));
    return state;
  }

  test('asks whether the clock is right, and lets what was charged then count as charged now', async () => {
    using state = ahead();
    const io = new FakeTerminal(['y']);
    expect(await reset(undefined, { db: state.db, clock: true }, io)).toBe(0);
    expect(io.err.text).toMatch(
      /1 counter was charged when the clock of this machine said (2099-01-01|2098-12-31)/,
    );
    expect(io.out.text).toBe('Mended 1 counter and 2 calls.\n');
    expect(state.store.counters()).toMatchObject([{ aheadMs: 0, freesAt: io.at + 60_000 }]);
    expect(String(state.store.counters()[0]?.used)).toBe('3');
    expect(state.store.events().map(({ kind, who }) => [kind, who])).toEqual([['clock.reset', 'cli']]);
    const again = new FakeTerminal([]);
    expect(await reset(undefined, { db: state.db, clock: true }, again)).toBe(0);
    expect(again.out.text).toMatch(/^Nothing was charged later than now/);
  });

  test('is for a person alone, and for nothing else beside it', async () => {
    using state = ahead();
    const { db } = state;
    expect(await reset(undefined, { db, clock: true }, new FakeTerminal(['n']))).toBe(1);
    const agent = new FakeTerminal(['y']);
    agent.env = { GEMINI_CLI: '1' };
    await expect(reset(undefined, { db, clock: true }, agent)).rejects.toMatchObject({ code: 'REFUSED' });
    for (const [name, more] of [
      ['calls', {}],
      [undefined, { database: true }],
    ] as const)
      await expect(reset(name, { db, clock: true, ...more }, new FakeTerminal(['y']))).rejects.toMatchObject({
        code: 'USAGE',
      });
    expect(state.store.counters()[0]?.aheadMs).toBeGreaterThan(0);
  });
});

test('a limit that is split hundreds of times is emptied in steps, and shown in part', async () => {
  using state = new State();
  const session = state.session();
  for (let i = 0; i < 250; i += 1) state.admit(session, open(charge('per_cuit', 3, {}, 1, `["${i}"]`)));
  const io = new FakeTerminal(['y']);
  expect(await reset('per_cuit', { db: state.db }, io)).toBe(0);
  expect(io.err.text).toContain('and 230 more');
  expect(io.out.text).toContain('and 230 more');
  expect(left(state)).toEqual([]);
});
