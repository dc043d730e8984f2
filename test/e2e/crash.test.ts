import { expect, test } from 'vitest';
import { Store } from '../../src/store/store.js';
import { damage } from '../store/support.js';
import { Rig } from '../support/rig.js';

const MAX = 2000;
const POLICY = {
  version: '1',
  default: 'deny',
  tools: { echo: { limits: [{ counter: 'echo', window: 'day', max: MAX, scope: 'grant' }] } },
};
const ROUNDS = 25;
const WRAPPERS = 4;
/** Every call of a burst is sent at once; the kill comes anywhere between the first decision and the last outcome. */
const BURST = 40;
const LONGEST_MS = 60;

test('G1 G4: after a hundred kill -9 under load, charges = allowed rows >= calls that the server saw, and never more than max', {
  timeout: 180_000,
}, async () => {
  await using rig = new Rig();
  let kills = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const wrappers = Array.from({ length: WRAPPERS }, () => rig.wrap({ policy: POLICY }));
    await Promise.all(
      wrappers.map(async (wrapper) => {
        await wrapper.initialize();
        for (let i = 0; i < BURST; i++) {
          wrapper.send({
            jsonrpc: '2.0',
            id: i,
            method: 'tools/call',
            params: { name: 'echo', arguments: { i } },
          });
        }
        await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_MS));
        wrapper.child.kill('SIGKILL');
        kills++;
        await wrapper.exit;
      }),
    );
  }
  expect(kills).toBe(ROUNDS * WRAPPERS);
  // What still lies in the pipes of servers whose wrapper is gone is written down in a moment.
  let seen = -1;
  await expect
    .poll(
      () => {
        const before = seen;
        seen = rig.receivedCalls().length;
        return seen === before;
      },
      { interval: 200, timeout: 10_000 },
    )
    .toBe(true);

  const store = Store.open(rig.db);
  try {
    expect(damage(store)).toEqual([]);
    const allowed = store.log({ limit: 1_000_000 }).filter(({ decision }) => decision === 'allow').length;
    const [counter] = store.counters();
    expect(Number(counter?.used)).toBe(allowed);
    expect(seen).toBeLessThanOrEqual(allowed);
    expect(allowed).toBeLessThanOrEqual(MAX);
    // Otherwise nothing was shown.
    expect(seen).toBeGreaterThan(BURST);
  } finally {
    store.close();
  }
});
