import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RecordedCalls } from '../../src/page/recorded-calls.js';
import { Store } from '../../src/store/store.js';
import { admission, INFO, open } from '../store/support-shapes.js';

test('recorded calls are read once, then as they come, and a call in flight is read again until it has its answer', async () => {
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
    const outcomes = async () => (await recorded.calls()).map(({ row }) => row.outcome);
    expect(await outcomes()).toEqual([]);
    const first = call();
    expect(await outcomes()).toEqual([undefined]);
    call();
    store.settle([{ first, last: first, outcome: 'error', latencyMs: 1 }]);
    expect(await outcomes()).toEqual(['error', undefined]);
    // One that never had an answer is not looked at for ever, and those behind it are there all the same.
    now += 11 * 60_000;
    const last = call();
    expect(await outcomes()).toEqual(['error', undefined, undefined]);
    store.settle([{ first: last, last, outcome: 'ok', latencyMs: 1 }]);
    expect(await outcomes()).toEqual(['error', undefined, 'ok']);
    const [kept] = await recorded.calls();
    call();
    expect((await recorded.calls())[0]).toBe(kept);
    // Asked twice at once, each row is there once.
    const [one, two] = await Promise.all(
      [new RecordedCalls(store, () => now), recorded].map((each) => each.calls()),
    );
    const both = await Promise.all([recorded.calls(), recorded.calls()]);
    expect([one?.length, two?.length, ...both.map(({ length }) => length)]).toEqual([4, 4, 4, 4]);
  } finally {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
