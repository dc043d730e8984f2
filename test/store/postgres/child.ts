// A machine of its own for the tests of several: `child <what> <address> <options>`, the last two as JSON. Says "ready",
// goes on when a line comes in, and says what it found.
import { readSync, writeSync } from 'node:fs';
import { openSharedStore } from '../../../src/store/postgres/open.js';
import type { StoreAddress } from '../../../src/store/shared-store.js';
import { admission, approvable, charge, INFO, open } from '../support-shapes.js';
import { HOUSE_MONEY, HOUSE_RATE } from './exactness.js';

const [, , what = '', address = '', options = '{}'] = process.argv;
const { machine, aheadMs = 0, forMs = 1000, count = 0 } = JSON.parse(options) as Record<string, never>;

const real = Date.now;
Date.now = () => real() + Number(aheadMs);

function say(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

const store = openSharedStore({
  address: JSON.parse(address) as StoreAddress,
  password: async () => undefined,
  machine: String(machine),
  host: String(machine),
  timeoutMs: 20_000,
});
const session = store.startSession({ ...INFO, pid: process.pid });
await store.exchange(session, [], []);
say('ready');
readSync(0, Buffer.alloc(16));

switch (what) {
  case 'exact': {
    /** Of what was refused: row, and from when on it would have fitted. */
    const refused: [number, number | undefined][] = [];
    let allowed = 0;
    const until = performance.now() + Number(forMs);
    while (performance.now() < until) {
      const calls = Array.from({ length: 3 }, () => {
        const money = ((1 + Math.floor(Math.random() * 900)) * 0.0003).toFixed(4);
        // What was wanted stands in the log too, also of what was refused.
        const argumentsText = JSON.stringify({ money });
        return admission(open(charge(HOUSE_RATE), charge(HOUSE_MONEY, money)), { argumentsText });
      });
      const { admitted } = await store.exchange(session, [], calls);
      for (const one of admitted)
        if (one.kind === 'exceeded') refused.push([one.row, one.exceeded.retryAt]);
        else if (one.kind === 'allowed') allowed += 1;
    }
    say({ allowed, refused });
    break;
  }
  case 'approvals': {
    let allowed = 0;
    const all = Array.from({ length: Number(count) }, (_, i) => i);
    for (let from = 0; from < all.length; from += 20) {
      const calls = all.slice(from, from + 20).map((i) => approvable(i));
      const { admitted } = await store.exchange(session, [], calls);
      allowed += admitted.filter(({ kind }) => kind === 'allowed').length;
    }
    say({ allowed });
    break;
  }
}
await store.endSession(session, []);
await store.close();
