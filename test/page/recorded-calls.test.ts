import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RecordedCalls } from '../../src/page/recorded-calls.js';
import { Store } from '../../src/store/store.js';
import { admission, INFO, open } from '../store/support-shapes.js';

test('recorded calls are read once, then as they come, and a call in flight is read again until it has its answer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-recorded-'));
  let now = Date.UTC(2026, 10, 22, 11);
  const store = Store.open(join(folder, 'state.db'), { now: () => now });
  try {
    const session = store.startSession(INFO);
    const call = () => {
      const admitted = store.admit(session, [admission(open())]);
      if (typeof admitted === 'symbol' || admitted[0]?.kind !== 'allowed') throw new Error('not admitted');
      return admitted[0].row;
    };
    const recorded = new RecordedCalls(store, () => now);
    const outcomes = () => recorded.calls().map(({ row }) => row.outcome);
    expect(outcomes()).toEqual([]);
    const first = call();
    expect(outcomes()).toEqual([undefined]);
    call();
    store.settle([{ first, last: first, outcome: 'error', latencyMs: 1 }]);
    expect(outcomes()).toEqual(['error', undefined]);
    // One that never had an answer is not looked at for ever, and those behind it are there all the same.
    now += 11 * 60_000;
    const last = call();
    expect(outcomes()).toEqual(['error', undefined, undefined]);
    store.settle([{ first: last, last, outcome: 'ok', latencyMs: 1 }]);
    expect(outcomes()).toEqual(['error', undefined, 'ok']);
    const kept = recorded.calls()[0];
    call();
    expect(recorded.calls()[0]).toBe(kept);
  } finally {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
