import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { StateSession } from '../../src/proxy/state-session.js';
import { connect } from '../../src/store/sqlite/driver.js';
import { BUSY, type Outcome, Store } from '../../src/store/store.js';
import { done, tempDir } from '../store/support.js';
import { admission, INFO, open } from '../store/support-shapes.js';

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
      const stateSession = new StateSession({
        openStore: () => Store.open(path),
        session: { ...INFO, observe: false },
        toolsChanged: () => {},
        warn: (text) => warnings.push(text),
      });
      const rows = done(stateSession.admit(endings.map(() => admission(open())))).map(({ row }) => row);
      const inOrder = endings
        .map((one, i) => ({ ...one, row: rows[i] ?? 0, place: i + one.place }))
        .sort((a, b) => a.place - b.place);
      for (const { row, outcome, latencyMs } of inOrder) stateSession.settle(row, outcome, latencyMs);
      for (const { row, again } of inOrder) if (again) stateSession.settle(row, again, 9);
      stateSession.close();
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
  const stateSession = new StateSession({
    openStore: () => Store.open(path, { openWaitMs: 20 }),
    session: INFO,
    toolsChanged: () => {},
    warn: (text) => warnings.push(text),
  });
  try {
    stateSession.open();
    expect(stateSession.isStarting).toBe(true);
    expect(stateSession.admit([admission(open())])).toBe(BUSY);
    await new Promise((resume) => setTimeout(resume, 600));
    expect(stateSession.admit([admission(open())])).toBe(BUSY);
  } finally {
    holder.close();
  }
  await expect
    .poll(() => stateSession.admit([admission(open())]), { timeout: 20_000 })
    .toMatchObject([{ kind: 'allowed' }]);
  expect(stateSession.isStarting).toBe(false);
  expect(warnings).toEqual([]);
  stateSession.close();
});
