import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Outcomes } from '../../src/proxy/outcomes.js';
import { StateSession } from '../../src/proxy/state-session.js';
import { connect } from '../../src/store/sqlite/driver.js';
import { type Admitted, BUSY, type Outcome, type PinEntry, Store } from '../../src/store/store.js';
import { done, tempDir } from '../store/support.js';
import { admission, charge, INFO, limit, open } from '../store/support-shapes.js';
import { stateSession } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

const outcome = fc.constantFrom<Outcome>('ok', 'ok', 'ok', 'tool_error', 'error', 'cancelled', 'not_sent');
const ending = fc.record({
  outcome,
  latencyMs: fc.constantFrom<(number | undefined)[]>(0, 0, 0, 1, undefined),
  /** Calls end nearly in the order in which they came. */
  place: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -3, max: 3 })),
  /** The client may still hear of one that was settled. */
  again: fc.option(outcome, { freq: 1 }),
});

test('every call is settled with what became of it first, in whatever order they end', () => {
  fc.assert(
    fc.property(fc.array(ending, { minLength: 1, maxLength: 20 }), (endings) => {
      const path = temp.path();
      const warnings: string[] = [];
      const state = new StateSession({
        openStore: () => Store.open(path),
        session: { ...INFO, observe: false },
        toolsChanged: () => {},
        warn: (text) => warnings.push(text),
      });
      const rows = done(state.admit(endings.map(() => admission(open())))).map(({ row }) => row);
      const inOrder = endings
        .map((one, i) => ({ ...one, row: rows[i] ?? 0, place: i + one.place }))
        .sort((a, b) => a.place - b.place);
      for (const { row, outcome, latencyMs } of inOrder) state.settle(row, outcome, latencyMs);
      for (const { row, again } of inOrder) if (again) state.settle(row, again, 9);
      state.close();
      const store = Store.open(path);
      const log = store.log({ limit: 100 }).map(({ outcome, latencyMs }) => ({ outcome, latencyMs }));
      store.close();
      expect(log).toEqual(endings.map(({ outcome, latencyMs }) => ({ outcome, latencyMs })));
      expect(warnings).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('G3: a database that others hold when it is opened is tried again, and calls wait for it meanwhile', async () => {
  const path = temp.path();
  Store.open(path).close();
  const holder = connect(path, 0, 'EXCLUSIVE');
  holder.exec('BEGIN EXCLUSIVE');
  const warnings: string[] = [];
  const state = new StateSession({
    openStore: () => Store.open(path, { openWaitMs: 20 }),
    session: INFO,
    toolsChanged: () => {},
    warn: (text) => warnings.push(text),
  });
  try {
    state.open();
    expect(state.isStarting).toBe(true);
    expect(state.admit([admission(open())])).toBe(BUSY);
    await new Promise((resume) => setTimeout(resume, 600));
    expect(state.admit([admission(open())])).toBe(BUSY);
  } finally {
    holder.close();
  }
  await expect
    .poll(() => state.admit([admission(open())]), { timeout: 20_000 })
    .toMatchObject([{ kind: 'allowed' }]);
  expect(state.isStarting).toBe(false);
  expect(warnings).toEqual([]);
  state.close();
});

const temporary = (
  path: string,
  warnings: string[] = [],
  toolsChanged: (tools: PinEntry[]) => void = () => {},
) => stateSession(path, { warnings, toolsChanged: (tools) => toolsChanged([...tools]) });

/** Looks into the database behind the session's back. */
function read<T>(path: string, look: (store: Store) => T): T {
  const store = Store.open(path);
  try {
    return look(store);
  } finally {
    store.close();
  }
}

describe('outcomes that give charges back', () => {
  const LIMIT = limit({ max: 1, refund: 'on_error', windowMs: 86_400_000, windowText: 'day' });
  const one = (state: StateSession) => done(state.admit([admission(open(charge(LIMIT)))]))[0];

  test('G5: are written before the next call is decided, where the policy gives back', () => {
    const state = temporary(temp.path());
    state.needsOutcomes(true);
    const first = one(state);
    state.settle(first?.row ?? 0, 'tool_error', 1);
    const second = one(state);
    expect([first?.kind, second?.kind]).toEqual(['allowed', 'allowed']);
    state.settle(second?.row ?? 0, 'ok', 1);
    expect(one(state)?.kind).toBe('exceeded');
    state.close();
  });

  test('also those that came before the policy did; and without it only what was never sent', () => {
    const state = temporary(temp.path());
    const first = one(state);
    state.settle(first?.row ?? 0, 'error', 1);
    expect(one(state)?.kind).toBe('exceeded');
    state.needsOutcomes(true);
    const second = one(state);
    expect(second?.kind).toBe('allowed');
    state.needsOutcomes(false);
    state.settle(second?.row ?? 0, 'not_sent', undefined);
    expect(one(state)?.kind).toBe('allowed');
    state.close();
  });

  test('are written a moment later when no call follows, and at the end at the latest', async () => {
    const path = temp.path();
    const state = temporary(path);
    const rows = done(state.admit([admission(open()), admission(open())])).map(({ row }) => row);
    state.settle(rows[0] ?? 0, 'ok', 3);
    const outcomes = () => read(path, (store) => store.log().map(({ outcome }) => outcome));
    await expect.poll(outcomes, { timeout: 20_000 }).toEqual(['ok', undefined]);
    state.settle(rows[1] ?? 0, 'error', 3);
    state.close();
    expect(outcomes()).toEqual(['ok', 'error']);
  });

  test('wait for a database that others hold', async () => {
    const path = temp.path();
    const state = temporary(path);
    state.needsOutcomes(true);
    const first = one(state);
    const holder = connect(path, 0);
    holder.exec('BEGIN IMMEDIATE');
    try {
      state.settle(first?.row ?? 0, 'error', 1);
      expect(state.admit([admission(open(charge(LIMIT)))])).toBe(BUSY);
      await new Promise((resume) => setTimeout(resume, 200));
    } finally {
      holder.close();
    }
    expect(one(state)?.kind).toBe('allowed');
    state.close();
  });
});

test('outcomes are written once', () => {
  const path = temp.path();
  const store = Store.open(path);
  const [first] = done(store.admit(store.startSession(INFO), [admission(open())]));
  const outcomes = new Outcomes();
  expect([outcomes.areWritten, outcomes.areDue, outcomes.write(store)]).toEqual([true, false, true]);
  outcomes.add(first?.row ?? 0, 'not_sent', undefined);
  expect([outcomes.areWritten, outcomes.areDue]).toEqual([false, true]);
  expect(outcomes.write(store)).toBe(true);
  expect([outcomes.areWritten, outcomes.areDue]).toEqual([true, false]);
  store.close();
});

describe('tools that are listed', () => {
  const tool = (name: string, definition: string) => ({ name, definition: JSON.stringify(definition) });

  test('of a long list are compared a part at a time; no call is decided before, and changes are told together', async () => {
    const told: string[][] = [];
    const state = temporary(temp.path(), [], (tools) => void told.push(tools.map(({ tool: name }) => name)));
    state.open();
    const list = (definition: string) =>
      Array.from({ length: 250 }, (_, n) => tool(`t${n}`, n % 2 === 0 ? definition : 'same'));
    const compared = () => state.admit([admission(open())]) !== BUSY;
    state.sawTools(list('one'));
    expect(compared()).toBe(false);
    await expect.poll(compared, { timeout: 20_000 }).toBe(true);
    expect(told).toEqual([]);
    state.sawTools(list('two'));
    expect(told).toEqual([]);
    await expect.poll(compared, { timeout: 20_000 }).toBe(true);
    expect(told.map((names) => names.length)).toEqual([125]);
    expect(told[0]?.slice(0, 2)).toEqual(['t0', 't2']);
    state.sawTools(list('two'));
    expect(compared()).toBe(true);
    expect(told).toHaveLength(1);
    state.close();
  });

  test('go on by themselves when no call follows', async () => {
    const path = temp.path();
    const state = temporary(path);
    state.open();
    state.sawTools(Array.from({ length: 250 }, (_, n) => tool(`t${n}`, 'one')));
    await expect.poll(() => read(path, (store) => store.pins().length), { timeout: 20_000 }).toBe(250);
    state.close();
  });

  test('before the database is open are compared with the first call', () => {
    const path = temp.path();
    const state = temporary(path);
    state.sawTools([tool('a', 'one')]);
    state.sawTools([tool('b', 'one')]);
    done(state.admit([admission(open())]));
    expect(read(path, (store) => store.pins().map((pin) => pin.tool))).toEqual(['a', 'b']);
    state.close();
  });

  test('and left out of the list are in the events, with a name that is not too long', async () => {
    const path = temp.path();
    const state = temporary(path);
    state.open();
    state.leftOut('x'.repeat(5000), 'two readings');
    const events = () => read(path, (store) => store.events().filter(({ kind }) => kind === 'tool.left_out'));
    await expect.poll(() => events().length, { timeout: 20_000 }).toBe(1);
    expect(JSON.stringify(events())).toContain('two readings');
    expect(JSON.stringify(events()).length).toBeLessThan(1000);
    state.close();
    expect(events()).toHaveLength(1);
  });
});

describe('the session', () => {
  test('G10: takes down what a person answered, and tells how an approval stands', async () => {
    const path = temp.path();
    const state = temporary(path);
    const terms = { argumentsHash: 'a'.repeat(64), argumentsText: '{}', expiresMs: 60_000 };
    const ask = {
      code: 'APPROVAL_REQUIRED',
      rule: '/tools/tag',
      authorText: undefined,
      explanation: '',
    } as const;
    const [asked] = done(state.admit([admission({ kind: 'open', charges: [], ask }, { approval: terms })]));
    const { id } = (asked as Extract<Admitted, { kind: 'asked' }>).approval;
    expect(state.approvalState(id)).toBe('pending');
    expect(await state.decide(id, 'approved')).toMatchObject({ state: 'approved', decidedBy: 'client' });
    expect(await state.decide(id, 'rejected')).toMatchObject({ state: 'approved' });
    expect(await state.decide('zzzzzz', 'approved')).toBeUndefined();
    expect(state.approvalState('zzzzzz')).toBeUndefined();
    state.close();
  });

  test('G10: a decision waits for a database that others hold', async () => {
    const path = temp.path();
    const warnings: string[] = [];
    const state = temporary(path, warnings);
    state.open();
    const holder = connect(path, 0);
    holder.exec('BEGIN IMMEDIATE');
    const decided = state.decide('zzzzzz', 'approved');
    await new Promise((resume) => setTimeout(resume, 100));
    holder.close();
    expect(await decided).toBeUndefined();
    expect(warnings).toEqual([]);
    state.close();
  });

  test('is in the list of wrappers with its client and its policy, until it ends', () => {
    const path = temp.path();
    const state = temporary(path);
    const sessions = () => read(path, (store) => store.sessions());
    // Who the client is may be known before the database is open.
    state.clientIs('claude', '2');
    state.open();
    expect(sessions()).toMatchObject([{ server: 'recorder', clientName: 'claude', endedAt: undefined }]);
    state.policyIs({ hash: 'b'.repeat(64), source: '/new.json', problem: 'a typo' });
    expect(JSON.stringify(sessions())).toContain('a typo');
    state.close();
    expect(sessions()[0]?.endedAt).toBeTypeOf('number');
  });

  test('says of a team’s calls only what is written: nothing where the database is not open, or others hold it', () => {
    const path = temp.path();
    const state = temporary(path);
    expect([state.unsent('team', 9), state.sent([])]).toEqual([[], false]);
    done(state.admit([admission(open(), { unsentTo: 'team' })]));
    const calls = read(path, (store) => store.log());
    const holder = connect(path, 0);
    holder.exec('BEGIN IMMEDIATE');
    expect(state.sent(calls)).toBe(false);
    holder.close();
    expect(state.sent(calls)).toBe(true);
    state.close();
  });

  test('each is one of its own, and a limit that no argument splits is told with what is used of it', () => {
    const path = temp.path();
    const [one, other, watching] = [temporary(path), temporary(path), stateSession(path, { observe: true })];
    const spend = (state: StateSession) => done(state.admit([admission(open(charge(limit({ max: 5 }))))]));
    expect(one.unsplitCounters()).toEqual([]);
    for (const state of [one, other, watching]) spend(state);
    expect(read(path, (store) => store.sessions())).toHaveLength(3);
    expect(one.unsplitCounters()).toEqual([{ name: 'track_logout_rate', used: 2, max: 5 }]);
    for (const state of [one, other, watching]) state.close();
  });

  test('G3: a database that cannot be opened refuses, and is tried again later, not with every call', () => {
    let tries = 0;
    const state = new StateSession({
      openStore: () => {
        tries += 1;
        throw new Error('no disk');
      },
      session: INFO,
      toolsChanged: () => {},
      warn: () => {},
    });
    for (let n = 0; n < 3; n++) expect(() => state.admit([admission(open())])).toThrow('no disk');
    expect(tries).toBe(1);
    expect(state.isStarting).toBe(true);
    state.close();
  });
});
